#include "engine/smtp/tls_required.h"

#include <gtest/gtest.h>

#include <optional>

namespace danewerk::engine::smtp {
namespace {

struct Seen {
  bool waives;
  std::size_t count;
  friend bool operator==(const Seen&, const Seen&) = default;
};

/// Read in pieces of 1, 2, 7 and 65536 octets: the same each time.
Seen read(std::string_view message) {
  std::optional<Seen> seen;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{65536}}) {
    TlsRequiredField field;
    for (std::size_t at = 0; at < message.size(); at += piece) field.feed(message.substr(at, piece));
    field.finish();
    const Seen now{field.waives(), field.count()};
    if (seen) {
      EXPECT_EQ(*seen, now) << "in pieces of " << piece << ": " << message;
    }
    seen = now;
  }
  return *seen;
}

bool waives(std::string_view message) { return read(message).waives; }

// RFC 8689 3, RTL-02
TEST(TlsRequiredField, is_found_wherever_the_header_may_hold_it) {
  EXPECT_TRUE(waives("TLS-Required: No\r\n\r\ntext\r\n"));
  EXPECT_TRUE(waives("From: a\r\nTLS-Required: No\r\nSubject: x\r\n\r\ntext\r\n"));
  EXPECT_TRUE(waives("From: a\r\n folded: b\r\ntls-required:nO\r\n\r\n"));
  EXPECT_TRUE(waives("TLS-REQUIRED: \r\n\tno \r\n\r\n")) << "folding white space may stand before the value";
  EXPECT_TRUE(waives("Subject: x\r\nTLS-Required: No\r\n")) << "a message may end with its header";
  EXPECT_TRUE(waives("TLS-Required: No"));
}

TEST(TlsRequiredField, is_not_found_where_it_is_not) {
  EXPECT_FALSE(waives(""));
  EXPECT_FALSE(waives("Subject: x\r\n\r\nTLS-Required: No\r\n")) << "that is the text";
  EXPECT_FALSE(waives("\r\nTLS-Required: No\r\n\r\n")) << "an empty first line: there is no header";
  EXPECT_FALSE(waives("Subject: x\r\n TLS-Required: No\r\n\r\n")) << "a folded line belongs to the field before";
  EXPECT_FALSE(waives("X-TLS-Required: No\r\n\r\n"));
  EXPECT_FALSE(waives("TLS-Required-Not: No\r\n\r\n"));
  EXPECT_FALSE(waives("TLS-Required : No\r\n\r\n")) << "what loosens is not read generously";
}

TEST(TlsRequiredField, another_value_is_no_request) {
  for (const char* value : {"Yes", "", "N", "None", "Now", "No No", "No;", "\"No\"", "No (really)", "\r\n no\r\n no"}) {
    const Seen seen = read(std::string("TLS-Required: ") + value + "\r\nSubject: x\r\n\r\n");
    EXPECT_FALSE(seen.waives) << value;
    EXPECT_EQ(seen.count, 1U) << value;
  }
}

// RFC 8689 3: more than one instance MUST NOT appear
TEST(TlsRequiredField, two_of_them_are_none) {
  EXPECT_EQ(read("TLS-Required: No\r\nTLS-Required: No\r\n\r\n"), (Seen{false, 2}));
  EXPECT_EQ(read("TLS-Required: No\r\nSubject: x\r\nTLS-Required: Yes\r\n\r\n"), (Seen{false, 2}));
  EXPECT_EQ(read("TLS-Required: Yes\r\nTLS-Required: No\r\n"), (Seen{false, 2}));
}

TEST(TlsRequiredField, a_long_value_costs_no_memory_and_says_nothing) {
  EXPECT_FALSE(waives("TLS-Required: No" + std::string(100000, 'o') + "\r\n\r\n"));
  EXPECT_TRUE(waives("TLS-Required:" + std::string(100000, ' ') + "No\r\n\r\n"));
}

}  // namespace
}  // namespace danewerk::engine::smtp
