#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "service/delivery/json_text.h"

namespace danewerk::service {
namespace {

TEST(JsonText, writes_what_the_library_writes) {
  JsonText json;
  json.begin().field("a", "x").field("n", 18446744073709551615U).field("yes", true).field("no", false);
  json.key("o").begin().end();
  json.key("l").begin_list();
  json.begin().field("q", "say \"hi\" \\ \x01").end();
  json.value("two");
  json.end_list();
  json.list("texts", std::vector<std::string>{"1", "2"}, [](const std::string& one) { return one; });
  json.list("nothing", std::vector<std::string>{}, [](const std::string& one) { return one; });
  json.field("last", std::string("\r\n")).end();
  EXPECT_EQ(std::move(json).take(), "{\"a\":\"x\",\"n\":18446744073709551615,\"yes\":true,\"no\":false,\"o\":{},"
                                    "\"l\":[{\"q\":\"say \\\"hi\\\" \\\\ \\u0001\"},\"two\"],\"texts\":[\"1\",\"2\"],\"last\":\"\\r\\n\"}");
}

TEST(JsonText, texts_are_whatever_a_peer_said) {
  constexpr unsigned seed = 8259;
  std::mt19937 random{seed};
  for (int i = 0; i < 2000; ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", text " + std::to_string(i));
    std::string said(random() % 12, '\0');
    for (char& c : said) c = static_cast<char>(random() % (i % 2 == 0 ? 256 : 0x90));
    JsonText json;
    json.begin().field("said", said).field("next", "sound").end();
    const nlohmann::ordered_json tree{{"said", said}, {"next", "sound"}};
    EXPECT_EQ(std::move(json).take(), tree.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
}

}  // namespace
}  // namespace danewerk::service
