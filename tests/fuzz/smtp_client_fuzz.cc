// The client session under any octets a server may send: nothing reaches a CHECK, and while TLS is required and not
// established not one octet of MAIL, RCPT, DATA or a body is produced (TLS-08). The first octet chooses the options,
// the second the cut; every message in between is attempted, with body, as soon as the session allows.
#include <cstdint>
#include <string>

#include "engine/smtp/client_session.h"

namespace {

using namespace danewerk;
using namespace danewerk::engine::smtp;

constexpr Instant now{std::chrono::hours(1)};
constexpr std::string_view body = ".line\r\n";

types::Envelope envelope() {
  types::Envelope e{{}, {types::Recipient{types::Postmaster{}, {}, {}}}};
  e.recipients.push_back({*types::Mailbox::parse("b@b.example"), {}, {}});
  return e;
}

struct Drive {
  ClientSession session;
  std::uint8_t options;
  std::string sent;

  void act(const ClientEvent& event) {
    if (std::holds_alternative<NeedTls>(event) && (options & 8) == 0) session.tls_established(now);
    if (std::holds_alternative<Ready>(event) || std::holds_alternative<MessageResult>(event)) {
      if (!session.begin_message(envelope(), ByteCount{body.size()}, now)) session.quit(now);
    }
    if (std::holds_alternative<NeedBody>(event)) {
      CHECK(session.body(body, now).has_value() == session.end_body(now).has_value());
    }
  }
  void pump() {
    while (auto event = session.next()) act(*event);
    sent += session.take_output();
    if (sent.size() > 65536) sent.erase(0, sent.size() - 4096);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  ClientOptions options;
  options.hello_name = "out.example";
  options.tls = (data[0] & 1) != 0 ? TlsDemand::required : (data[0] & 2) != 0 ? TlsDemand::opportunistic : TlsDemand::none;
  options.protocol = (data[0] & 4) != 0 ? Protocol::lmtp : Protocol::smtp;
  options.bdat = (data[0] & 16) != 0 ? UseBdat::when_offered : UseBdat::no;
  Drive drive{ClientSession(options, now), data[0], {}};
  std::string_view talk(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t piece = 1 + data[1];
  while (!talk.empty()) {
    drive.session.received(talk.substr(0, piece), now);
    talk.remove_prefix(std::min(piece, talk.size()));
    drive.pump();
    if (options.tls == TlsDemand::required && drive.session.tls() == TlsState::clear) {
      for (const char* word : {"MAIL", "RCPT", "DATA", "BDAT", ".line"}) CHECK(drive.sent.find(word) == std::string::npos);
    }
  }
  drive.session.peer_closed();
  drive.pump();
  return 0;
}
