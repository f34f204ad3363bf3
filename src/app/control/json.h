// JSON as the control operations speak it, made by functions that are compiled once.
//
// A brace list of nlohmann's, `Json json{{"a", x}, {"b", y}}`, is a tree of its references to values to come: building and ending each of them
// is compiled inline wherever one is written, and so is its parser wherever text is parsed. All operations together paid more for that than
// for what they do (docs/decisions/0091). Here the same object is
//
//   Json json = object({{"a", x}, {"b", y}});        put(json, {"c", z});
//
// with the members in the order in which they stand. What has no constructor of its own below becomes JSON as nlohmann makes it.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace danewerk::app {

using Json = nlohmann::ordered_json;

/// A name and a value, for as long as the call that it is written in. Its name is not copied.
class Member {
 public:
  Member(std::string_view name, const char* text);
  Member(std::string_view name, const std::string& text);
  Member(std::string_view name, std::string_view text);
  Member(std::string_view name, bool value);
  Member(std::string_view name, int value);
  Member(std::string_view name, long value);
  Member(std::string_view name, long long value);
  Member(std::string_view name, unsigned short value);
  Member(std::string_view name, unsigned value);
  Member(std::string_view name, unsigned long value);
  Member(std::string_view name, unsigned long long value);
  Member(std::string_view name, double value);
  Member(std::string_view name, const std::vector<std::string>& texts);
  Member(std::string_view name, const Json& value);
  Member(std::string_view name, Json&& value);
  Member(std::string_view name, std::nullptr_t);
  Member(std::string_view name, const void*) = delete;  // any other pointer would be a bool
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member();

 private:
  friend Json object(std::initializer_list<Member> members);
  friend void put(Json& to, const Member& member);

  std::string_view name_;
  mutable Json value_;  // an initializer list gives its elements as const; whoever reads one takes the value
};

/// An object of these members, in this order. Of two with one name the first counts.
Json object(std::initializer_list<Member> members);

/// `to[name] = value`: at the end, or in the place of what has that name. `to` is an object, or null and becomes one.
void put(Json& to, const Member& member);

/// What the text says; is_discarded() where it is no JSON.
Json parse_json(std::string_view text);

}  // namespace danewerk::app
