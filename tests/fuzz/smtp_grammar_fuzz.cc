// The grammar under any line: what it lets through holds no control character, and what it read is written again
// (command_text.h) as a line that reads the same (RFC 5321 4.1, RFC 3461 4).
#include <algorithm>
#include <cstdint>
#include <string>

#include "engine/smtp/command_text.h"
#include "engine/smtp/grammar.h"

namespace {

using namespace danewerk;
using namespace danewerk::engine::smtp;

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Capabilities everything() {
  return Capabilities::from_ehlo({250, std::nullopt, {"mx.example", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "REQUIRETLS"}});
}

std::string without_crlf(const std::string& line) { return line.substr(0, line.size() - 2); }

void check_mail(const Mail& mail, const Dialect& dialect) {
  const types::Sender& sender = mail.sender;
  CHECK(is_clean(types::to_string(sender.path)) && is_clean(sender.envelope_id.value_or("")));
  const std::string line = mail_command(sender, sender.declared_size.value_or(ByteCount{0}), everything());
  const auto again = parse_command(without_crlf(line), dialect);
  CHECK(again.has_value());
  types::Sender back = std::get<Mail>(*again).sender;
  if (sender.declared_size == ByteCount{0}) back.declared_size = ByteCount{0};  // SIZE=0 is not written
  CHECK(back == sender);
}

void check_rcpt(const Rcpt& rcpt, const Dialect& dialect) {
  CHECK(is_clean(types::to_string(rcpt.recipient.path)));
  if (rcpt.recipient.original) CHECK(is_clean(rcpt.recipient.original->address));
  const auto again = parse_command(without_crlf(rcpt_command(rcpt.recipient, everything())), dialect);
  // A U-label domain grows when it becomes A-labels, an address type utf-8 when it is written in ASCII.
  if (!again) return;
  CHECK(std::get<Rcpt>(*again).recipient == rcpt.recipient);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  Dialect dialect;
  dialect.tls = (data[0] & 1) != 0 ? TlsState::encrypted : TlsState::clear;
  dialect.utf8 = (data[0] & 2) != 0 ? types::Smtputf8::yes : types::Smtputf8::no;
  const auto command = parse_command(line, dialect);
  if (!command) {
    CHECK(command.error().code >= 500 && command.error().code < 600 && command.error().enhanced);
    return 0;
  }
  CHECK(is_clean(line) || line.find('\t') != std::string_view::npos);
  if (const auto* mail = std::get_if<Mail>(&*command)) check_mail(*mail, dialect);
  if (const auto* rcpt = std::get_if<Rcpt>(&*command)) check_rcpt(*rcpt, dialect);
  if (const auto* ehlo = std::get_if<Ehlo>(&*command)) CHECK(!ehlo->name.empty());
  return 0;
}
