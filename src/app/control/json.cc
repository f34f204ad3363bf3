#include "app/control/json.h"

#include <utility>

namespace danewerk::app {

// Parentheses: in braces nlohmann would make a list of one element.
Member::Member(std::string_view name, const char* text) : name_(name), value_(text) {}
Member::Member(std::string_view name, const std::string& text) : name_(name), value_(text) {}
Member::Member(std::string_view name, std::string_view text) : name_(name), value_(text) {}
Member::Member(std::string_view name, bool value) : name_(name), value_(value) {}
Member::Member(std::string_view name, int value) : name_(name), value_(value) {}
Member::Member(std::string_view name, long value) : name_(name), value_(value) {}
Member::Member(std::string_view name, long long value) : name_(name), value_(value) {}
Member::Member(std::string_view name, unsigned short value) : name_(name), value_(value) {}
Member::Member(std::string_view name, unsigned value) : name_(name), value_(value) {}
Member::Member(std::string_view name, unsigned long value) : name_(name), value_(value) {}
Member::Member(std::string_view name, unsigned long long value) : name_(name), value_(value) {}
Member::Member(std::string_view name, double value) : name_(name), value_(value) {}
Member::Member(std::string_view name, const std::vector<std::string>& texts) : name_(name), value_(texts) {}
Member::Member(std::string_view name, const Json& value) : name_(name), value_(value) {}
Member::Member(std::string_view name, Json&& value) : name_(name), value_(std::move(value)) {}
Member::Member(std::string_view name, std::nullptr_t) : name_(name) {}
Member::~Member() = default;

Json object(std::initializer_list<Member> members) {
  Json out = Json::object();
  for (const Member& member : members) out.emplace(std::string(member.name_), std::move(member.value_));
  return out;
}

void put(Json& to, const Member& member) { to[std::string(member.name_)] = std::move(member.value_); }

Json parse_json(std::string_view text) { return Json::parse(text, nullptr, false); }

}  // namespace danewerk::app
