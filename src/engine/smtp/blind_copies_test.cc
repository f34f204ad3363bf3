#include "engine/smtp/blind_copies.h"

#include <gtest/gtest.h>

namespace danewerk::engine::smtp {
namespace {

std::string passed(std::string_view message, std::size_t piece) {
  BlindCopies blind;
  std::string out;
  while (!message.empty()) {
    out += blind.pass(message.substr(0, piece));
    message.remove_prefix(std::min(piece, message.size()));
  }
  return out += blind.rest();
}

struct Row {
  const char* message;
  const char* passes;
};

TEST(BlindCopies, go_and_nothing_else_does) {
  constexpr Row rows[] = {
      {"From: a@b\r\nBcc: c@d,\r\n e@f\r\n\tg@h\r\nSubject: x\r\n y\r\n\r\nBcc: text\r\n", "From: a@b\r\nSubject: x\r\n y\r\n\r\nBcc: text\r\n"},
      {"bCC : c@d\r\nReSent-BCC: e@f\r\n\r\n", "\r\n"},
      {"Bccs: a\r\nX-Bcc: b\r\nBcc\r\nSubject: Bcc: c\r\n Bcc: d\r\n\r\n", "Bccs: a\r\nX-Bcc: b\r\nBcc\r\nSubject: Bcc: c\r\n Bcc: d\r\n\r\n"},
      {"\r\nBcc: a text without a header\r\n", "\r\nBcc: a text without a header\r\n"},
      {"Bcc: a header without a text", ""},
      {"Subject: x\r\nBc", "Subject: x\r\nBc"},
      {"", ""},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {1, 2, 7, 1000}) EXPECT_EQ(passed(row.message, piece), row.passes) << row.message << " by " << piece;
  }
}

TEST(BlindCopies, a_line_without_an_end_is_not_held) {
  const std::string line = "X" + std::string(100'000, 'y');
  BlindCopies blind;
  EXPECT_EQ(blind.pass(line), line);
}

}  // namespace
}  // namespace danewerk::engine::smtp
