// The server session under any octets: nothing reaches a CHECK, memory stays bounded, no chunk holds a bare line end
// that is then accepted, and the conversation does not depend on how the octets were cut (SMTP-01). The first octet
// chooses the cut; STARTTLS is refused, because what stands behind it is judged by when it came.
#include <cstdint>
#include <string>

#include "engine/smtp/server_session.h"

namespace {

using namespace danewerk;
using namespace danewerk::engine::smtp;

constexpr Instant now{std::chrono::hours(1)};

std::string converse(std::string_view talk, std::size_t piece) {
  ServerOptions options;
  options.host = "mx.example";
  options.limits.message = ByteCount{2000};
  options.limits.discard = ByteCount{3000};
  ServerSession session(options, now);
  std::string heard;
  std::string body;
  LineRules rules;
  const auto pump = [&] {
    while (auto request = session.next()) {
      if (auto* chunk = std::get_if<BodyChunk>(&*request)) {
        rules.feed(chunk->octets);
        body += chunk->octets;
        continue;
      }
      heard += session.take_output() + "@" + std::to_string(request->index());
      if (std::holds_alternative<BodyStart>(*request)) rules = {};
      if (std::holds_alternative<BodyAbandoned>(*request)) body.clear();
      if (auto* end = std::get_if<BodyEnd>(&*request)) {
        rules.finish();
        CHECK(rules.fault() == LineFault::none);
        CHECK(static_cast<std::uint64_t>(end->size) == body.size());
        heard += "<" + std::exchange(body, {}) + ">";
      }
      if (std::holds_alternative<BodyAbandoned>(*request) || std::holds_alternative<Closed>(*request)) continue;
      const bool tls = std::holds_alternative<StartTlsGiven>(*request);
      session.reply(tls ? Decision::say({454, types::EnhancedCode{4, 7, 0}, {"no"}}) : Decision::accept(), now);
    }
    heard += session.take_output();
  };
  pump();
  while (!talk.empty()) {
    session.received(talk.substr(0, piece), now);
    talk.remove_prefix(std::min(piece, talk.size()));
    pump();
    CHECK(session.held() <= options.limits.path_command_line + 1);
  }
  return heard;
}

bool names_starttls(std::string_view talk) {
  std::string lower(talk);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lower.find("starttls") != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view talk(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string cut = converse(talk, 1 + data[0] % 16);
  const std::string whole = converse(talk, talk.size() + 1);
  CHECK(names_starttls(talk) || cut == whole);
  return 0;
}
