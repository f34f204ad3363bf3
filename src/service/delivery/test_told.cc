#include "service/delivery/test_told.h"

#include <nlohmann/json.hpp>
#include <ostream>

namespace danewerk::service::test {
namespace {

using Json = nlohmann::json;

Json parse(const std::string& json) {
  Json read = Json::parse(json, nullptr, false);
  return read.is_discarded() ? Json() : read;
}

}  // namespace

Told::Told(const std::string& json) : json_(parse(json).dump()) {}

Told Told::operator[](std::string_view member) const {
  const Json whole = parse(json_);
  const auto found = whole.find(std::string(member));
  return Told(found == whole.end() ? "null" : found->dump());
}

Told Told::operator[](std::size_t index) const {
  const Json whole = parse(json_);
  return Told(whole.is_array() && index < whole.size() ? whole[index].dump() : "null");
}

bool Told::contains(std::string_view member) const { return parse(json_).contains(std::string(member)); }

std::size_t Told::size() const { return parse(json_).size(); }

std::string Told::text() const {
  const Json read = parse(json_);
  return read.is_string() ? read.get<std::string>() : "";
}

std::int64_t Told::number(std::string_view member) const {
  const Json read = parse((*this)[member].json_);
  return read.is_number_integer() ? read.get<std::int64_t>() : 0;
}

bool Told::operator==(std::string_view text) const { return parse(json_).is_string() && this->text() == text; }

std::ostream& operator<<(std::ostream& out, const Told& told) { return out << told.json_; }

}  // namespace danewerk::service::test
