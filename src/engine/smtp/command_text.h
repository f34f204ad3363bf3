// Envelopes written as MAIL and RCPT commands, with just those parameters the server offered.
//
// What a message needs and a server lacks is found out here, before anything is sent: such a message cannot be sent over
// this connection, and the reason is a definite code (5.6.3, 5.6.7, 5.7.10, 5.7.30, 5.3.4), never a silent downgrade.
// DSN parameters are dropped where DSN is not offered; the caller sees that in the Capabilities and issues "relayed"
// notices (RFC 3461 5.2.2). RFC 1870 6.1, RFC 6152 3, RFC 6531 3.2, RFC 3461 4, RFC 8689 4.2.1.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/smtp/capabilities.h"
#include "engine/smtp/grammar.h"
#include "types/envelope.h"

namespace danewerk::engine::smtp {

/// Why a message cannot go over this connection. Nothing of it was sent.
struct Unsendable {
  types::EnhancedCode code;
  std::string why;
};

/// Error where this server, as it presented itself, cannot take this message. `size` 0 is: not known.
Result<void, Unsendable> check_sendable(const types::Envelope& envelope, ByteCount size, const Capabilities& peer, TlsState tls);

/// True where the sender said so or an address is not ASCII (RFC 6531 3.4, 3.5).
bool needs_smtputf8(const types::Envelope& envelope);

/// "MAIL FROM:<a@b.example> SIZE=1000\r\n"
std::string mail_command(const types::Sender& sender, ByteCount size, const Capabilities& peer);
/// "RCPT TO:<c@d.example> NOTIFY=FAILURE\r\n"
std::string rcpt_command(const types::Recipient& recipient, const Capabilities& peer);

}  // namespace danewerk::engine::smtp
