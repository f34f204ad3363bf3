#include "types/attempt.h"

namespace danewerk::types {

const char* to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::connect: return "connect";
    case Phase::greeting: return "greeting";
    case Phase::ehlo: return "EHLO";
    case Phase::starttls: return "STARTTLS";
    case Phase::handshake: return "TLS handshake";
    case Phase::authenticate: return "authentication";
    case Phase::ehlo_in_tls: return "EHLO in TLS";
    case Phase::mail: return "MAIL";
    case Phase::recipients: return "RCPT";
    case Phase::data: return "DATA";
    case Phase::content: return "end of content";
    case Phase::done: return "done";
  }
  return "connect";
}

const char* to_string(AttemptEnd end) noexcept {
  switch (end) {
    case AttemptEnd::completed: return "completed";
    case AttemptEnd::refused: return "refused";
    case AttemptEnd::not_connected: return "not_connected";
    case AttemptEnd::timed_out: return "timed_out";
    case AttemptEnd::lost: return "lost";
    case AttemptEnd::protocol_error: return "protocol_error";
    case AttemptEnd::starttls_not_offered: return "starttls_not_offered";
    case AttemptEnd::starttls_refused: return "starttls_refused";
    case AttemptEnd::handshake_failed: return "handshake_failed";
    case AttemptEnd::not_authenticated: return "not_authenticated";
    case AttemptEnd::extension_missing: return "extension_missing";
    case AttemptEnd::local_fault: return "local_fault";
  }
  return "local_fault";
}

const char* to_string(Extension extension) noexcept {
  switch (extension) {
    case Extension::requiretls: return "REQUIRETLS";
    case Extension::smtputf8: return "SMTPUTF8";
    case Extension::eight_bit_mime: return "8BITMIME";
    case Extension::binary_mime: return "BINARYMIME";
    case Extension::size: return "SIZE";
  }
  return "SIZE";
}

const char* to_string(Channel channel) noexcept { return channel == Channel::tls ? "tls" : "cleartext"; }

}  // namespace danewerk::types
