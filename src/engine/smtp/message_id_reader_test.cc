// Message-ID: found in any dress, in pieces of any size, and never in the body.
#include "engine/smtp/message_id_reader.h"

#include <gtest/gtest.h>

namespace danewerk::engine::smtp {
namespace {

std::string id_in(std::string_view message, std::size_t piece) {
  MessageIdReader reader;
  for (std::size_t at = 0; at < message.size(); at += piece) reader.feed(message.substr(at, piece));
  return reader.id();
}

struct Case {
  const char* message;
  const char* id;
};

// RFC 5322 3.6.4, 2.2.3
TEST(MessageIdReader, finds_it_whatever_the_pieces) {
  const Case cases[] = {
      {"Message-ID: <a@b.test>\r\n\r\n", "a@b.test"},
      {"Subject: x\r\nMESSAGE-id:<a@b.test>\r\nTo: y\r\n\r\nbody", "a@b.test"},
      {"Message-ID:\r\n\t<a@b.test>\r\n\r\n", "a@b.test"},
      {"Message-ID : <a@b.test>\r\n\r\n", "a@b.test"},
      {"Message-ID: (made by hand) <a@b.test> (really)\r\n\r\n", "a@b.test"},
      {"Message-ID: a@b.test\r\n\r\n", "a@b.test"},
      {"Message-ID: <a@b.test>\r\nMessage-ID: <second@b.test>\r\n\r\n", "a@b.test"},
      {"Message-ID: <a@b.test>", "a@b.test"},
      {"Message-ID:\r\nSubject: <no@b.test>\r\n\r\n", ""},
      {"Message-ID:  \r\nMessage-ID: <a@b.test>\r\n\r\n", "a@b.test"},
      {"X-Message-ID: <a@b.test>\r\n\r\n", ""},
      {"Message-IDs: <a@b.test>\r\n\r\n", ""},
      {"References: x\r\n Message-ID: <a@b.test>\r\n\r\n", ""},
      {"Subject: x\r\n\r\nMessage-ID: <a@b.test>\r\n", ""},
      {"\r\nMessage-ID: <a@b.test>\r\n", ""},
      {" Message-ID: <a@b.test>\r\nSubject: x\r\n\r\n", ""},
      {"", ""},
      {"Message-ID: <a \x01 b@c>\r\n\r\n", "ab@c"},
  };
  for (const Case& one : cases) {
    for (const std::size_t piece : {1U, 2U, 7U, 65536U}) EXPECT_EQ(id_in(one.message, piece), one.id) << one.message << " in pieces of " << piece;
  }
}

TEST(MessageIdReader, keeps_a_bounded_amount) {
  MessageIdReader reader;
  reader.feed("Message-ID: <");
  for (int i = 0; i < 100'000; ++i) reader.feed("aaaaaaaaaa");
  EXPECT_EQ(reader.id().size(), MessageIdReader::longest);
}

TEST(MessageIdReader, what_a_person_types) {
  EXPECT_EQ(MessageIdReader::id_of(" <a@b.test> "), "a@b.test");
  EXPECT_EQ(MessageIdReader::id_of("a@b.test"), "a@b.test");
  EXPECT_EQ(MessageIdReader::id_of("<a@b.test"), "a@b.test");
}

}  // namespace
}  // namespace danewerk::engine::smtp
