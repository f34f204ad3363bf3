// SMTP-01, exhaustively: every string of up to seven octets over the five that matter, cut in every way that matters,
// against readings so plain that they can be checked by eye.
#include "engine/smtp/line_rules.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "engine/smtp/data_reader.h"
#include "engine/smtp/data_writer.h"

namespace danewerk::engine::smtp {
namespace {

constexpr std::string_view alphabet("\r\n.a\0", 5);

void each_string(std::size_t length, const std::function<void(const std::string&)>& use) {
  std::size_t count = 1;
  for (std::size_t i = 0; i < length; ++i) count *= alphabet.size();
  std::string text(length, ' ');
  for (std::size_t n = 0; n < count; ++n) {
    std::size_t rest = n;
    for (char& c : text) c = alphabet[rest % alphabet.size()], rest /= alphabet.size();
    use(text);
  }
}

bool is_clean(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') return false;
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return false;
  }
  return true;
}

LineFault judge(const std::string& text, std::size_t piece) {
  LineRules rules;
  for (std::size_t i = 0; i < text.size(); i += piece) rules.feed(std::string_view(text).substr(i, piece));
  rules.finish();
  return rules.fault();
}

TEST(LineRules, every_short_string_in_every_cut) {  // SMTP-01
  for (std::size_t length = 0; length <= 6; ++length) {
    each_string(length, [](const std::string& text) {
      for (std::size_t piece : {1, 2, 3, 8}) {
        ASSERT_EQ(is_clean(text), judge(text, piece) == LineFault::none) << testing::PrintToString(text) << " by " << piece;
      }
    });
  }
}

TEST(LineRules, names_the_fault) {
  EXPECT_EQ(judge("a\nb", 8), LineFault::bare_lf);
  EXPECT_EQ(judge("a\rb", 8), LineFault::bare_cr);
  EXPECT_EQ(judge("a\r", 8), LineFault::bare_cr);
  EXPECT_EQ(judge(std::string("a\0b", 3), 8), LineFault::nul);
  EXPECT_EQ(judge("a\r\r\n", 1), LineFault::bare_cr);
}

struct Framed {
  std::string text;
  std::size_t used = 0;
  bool ended = false;
};

/// RFC 5321 4.1.1.4 and 4.5.2 read literally: the first CRLF.CRLF ends (DATA itself begins a line); a dot after CRLF goes.
Framed plain_reading(const std::string& stream) {
  const std::string all = "\r\n" + stream;
  const std::size_t end = all.find("\r\n.\r\n");
  Framed out;
  out.ended = end != std::string::npos;
  const std::string body = out.ended ? all.substr(0, end + 2) : all;
  for (std::size_t i = 2; i < body.size(); ++i) {
    const bool stuffed = body[i] == '.' && body[i - 1] == '\n' && body[i - 2] == '\r';
    if (!stuffed) out.text += body[i];
  }
  out.used = out.ended ? end + 5 - 2 : stream.size();
  return out;
}

Framed read_in_pieces(const std::string& stream, std::size_t piece) {
  DataReader reader;
  Framed out;
  std::string held;
  for (std::size_t at = 0; at < stream.size() && !out.ended; at += piece) {
    held += stream.substr(at, piece);
    for (;;) {
      const DataReader::Step step = reader.read(held);
      out.text += step.text;
      out.used += step.used;
      held.erase(0, step.used);
      out.ended = step.state == DataReader::State::ended;
      if (out.ended || step.used == 0) break;
    }
  }
  EXPECT_LE(held.size(), out.ended ? piece : 2);
  return out;
}

TEST(DataReader, every_short_stream_in_every_cut) {  // SMTP-01, RFC 5321 4.1.1.4
  for (std::size_t length = 0; length <= 6; ++length) {
    each_string(length, [](const std::string& start) {
      const std::string stream = start + "\r\n.\r\nQ";  // ends here at the latest
      const Framed right = plain_reading(stream);
      for (std::size_t piece : {1, 2, 3, 16}) {
        const Framed got = read_in_pieces(stream, piece);
        ASSERT_TRUE(got.ended);
        ASSERT_EQ(got.text, right.text) << testing::PrintToString(stream) << " by " << piece;
        ASSERT_EQ(got.used, right.used) << testing::PrintToString(stream) << " by " << piece;
      }
    });
  }
}

TEST(DataWriter, whatever_goes_out_is_read_back_and_faults_never_leave) {  // SMTP-01
  for (std::size_t length = 0; length <= 6; ++length) {
    each_string(length, [](const std::string& body) {
      for (std::size_t piece : {1, 3, 8}) {
        DataWriter writer(DotStuffing::yes);
        std::string wire;
        for (std::size_t i = 0; i < body.size(); i += piece) writer.write(std::string_view(body).substr(i, piece), wire);
        writer.finish(wire);
        ASSERT_EQ(writer.fault() == LineFault::none, is_clean(body));
        if (writer.fault() != LineFault::none) {
          ASSERT_EQ(wire.find(".\r\n.\r\n"), std::string::npos);
          ASSERT_TRUE(is_clean(wire)) << testing::PrintToString(wire);
          continue;
        }
        const bool open = !body.empty() && !body.ends_with("\r\n");
        const Framed back = plain_reading(wire);
        ASSERT_TRUE(back.ended && back.used == wire.size());
        ASSERT_EQ(back.text, body + (open ? "\r\n" : ""));
      }
    });
  }
}

}  // namespace
}  // namespace danewerk::engine::smtp
