#include <gtest/gtest.h>

#include "io/log/log.h"

namespace danewerk::io {
namespace {

constexpr types::LogEvent said{"edge.said", types::LogLevel::info, "A peer spoke.", ""};

TEST(Log, a_peer_cannot_forge_a_record) {
  const Instant at = *parse_rfc3339("2026-11-23T12:00:00Z");
  EXPECT_EQ(format_record(LogFormat::logfmt, at, said, {{"helo", "a\nlevel=error \"x\"\x1b[2J"}, {"n", "1"}}),
            R"(time=2026-11-23T12:00:00Z level=info event=edge.said helo="a\u000alevel=error \"x\"\u001b[2J" n=1 msg="A peer spoke.")");
  EXPECT_EQ(format_record(LogFormat::json, at, said, {{"helo", "\"},"}}),
            R"({"time":"2026-11-23T12:00:00Z","level":"info","event":"edge.said","helo":"\"},","msg":"A peer spoke."})");
}

}  // namespace
}  // namespace danewerk::io
