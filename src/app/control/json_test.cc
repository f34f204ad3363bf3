#include "app/control/json.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace danewerk::app {
namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();

TEST(ObjectTest, IsWhatABraceListOfTheSameMembersWouldBe) {
  const std::string text = "a text longer than what a string holds without memory of its own";
  const std::string_view view = text;
  const std::vector<std::string> texts{"one", "two"};
  const Json inner{{"b", 1}};
  const Json made = object({{"z", "literal"}, {"text", text}, {"view", view}, {"yes", true}, {"int", -1}, {"least", smallest}, {"port", std::uint16_t{25}},
                            {"most", largest}, {"share", 0.5}, {"texts", texts}, {"inner", inner}, {"nested", object({{"c", Json::array({1, 2})}})},
                            {"none", nullptr}, {"empty", ""}, {"a", std::vector<std::string>{}}});
  const Json braces{{"z", "literal"}, {"text", text}, {"view", view}, {"yes", true}, {"int", -1}, {"least", smallest}, {"port", std::uint16_t{25}},
                    {"most", largest}, {"share", 0.5}, {"texts", texts}, {"inner", inner}, {"nested", {{"c", Json::array({1, 2})}}},
                    {"none", nullptr}, {"empty", ""}, {"a", std::vector<std::string>{}}};
  EXPECT_EQ(made.dump(), braces.dump()) << "the order of the members too";
  for (const auto& [name, value] : made.items()) EXPECT_EQ(value.type(), braces[name].type()) << name;
}

TEST(ObjectTest, OfTwoMembersWithOneNameTheFirstCounts) {
  EXPECT_EQ(object({{"a", 1}, {"b", 2}, {"a", 3}}).dump(), (Json{{"a", 1}, {"b", 2}, {"a", 3}}).dump());
  EXPECT_EQ(object({}).dump(), "{}");
}

TEST(PutTest, AddsAtTheEndOrReplacesInItsPlace) {
  Json json = object({{"a", 1}, {"b", 2}});
  put(json, {"c", "new"});
  put(json, {"a", object({{"text", "other"}})});
  EXPECT_EQ(json.dump(), R"({"a":{"text":"other"},"b":2,"c":"new"})");
  Json none;
  put(none, {"a", true});
  EXPECT_EQ(none.dump(), R"({"a":true})");
}

TEST(PutTest, MayReadTheObjectThatItChanges) {
  Json json = object({{"a", Json::array({1, 2})}});
  put(json, {"b", json["a"]});
  put(json, {"a", json});
  EXPECT_EQ(json.dump(), R"({"a":{"a":[1,2],"b":[1,2]},"b":[1,2]})");
}

TEST(ParseTest, TellsWhatIsNoJson) {
  EXPECT_EQ(parse_json(R"({"b":1,"a":[]})").dump(), R"({"b":1,"a":[]})");
  EXPECT_TRUE(parse_json("{\"a\":").is_discarded());
  EXPECT_TRUE(parse_json("").is_discarded());
}

}  // namespace
}  // namespace danewerk::app
