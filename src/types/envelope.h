// Envelope: everything MAIL and RCPT said about a message, kept to be passed on unchanged.
//
// DSN parameters (RFC 3461) and REQUIRETLS or its opposite (RFC 8689) are promises to the sender; they travel with the message from the
// session into the store and out again, and nothing on the way may forget them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "types/mailbox.h"

namespace danewerk::types {

enum class BodyKind : std::uint8_t { seven_bit, eight_bit_mime, binary_mime };  ///< RFC 6152, RFC 3030
enum class DsnReturn : std::uint8_t { unspecified, full, headers };             ///< RFC 3461 4.3

/// The tag of RFC 8689 4.1. One value, because a message has one: the parameter wins over the header field (RTL-02).
enum class RequireTls : std::uint8_t {
  no,      ///< the sender said nothing
  yes,     ///< MAIL had REQUIRETLS
  waived,  ///< the header holds "TLS-Required: No": DANE and MTA-STS of the destination are not to stop it (RFC 8689 3)
};

/// RFC 3461 4.1. `unspecified` (no NOTIFY given) lets the server choose: failure and, by custom, delay.
struct DsnNotify {
  bool specified = false;
  bool never = false;  ///< excludes the other three
  bool success = false;
  bool failure = false;
  bool delay = false;
  friend bool operator==(const DsnNotify&, const DsnNotify&) = default;
};

/// RFC 3461 4.2: the address the message was first sent to: "rfc822;user@example". Decoded from xtext.
struct OriginalRecipient {
  std::string address_type;
  std::string address;
  friend bool operator==(const OriginalRecipient&, const OriginalRecipient&) = default;
};

struct Sender {
  ReversePath path;
  std::optional<ByteCount> declared_size;  ///< RFC 1870
  BodyKind body = BodyKind::seven_bit;
  Smtputf8 utf8 = Smtputf8::no;
  RequireTls require_tls = RequireTls::no;
  DsnReturn dsn_return = DsnReturn::unspecified;
  std::optional<std::string> envelope_id;  ///< RFC 3461 4.4, decoded from xtext
  friend bool operator==(const Sender&, const Sender&) = default;
};

struct Recipient {
  ForwardPath path;
  DsnNotify notify;
  std::optional<OriginalRecipient> original;
  friend bool operator==(const Recipient&, const Recipient&) = default;
};

struct Envelope {
  Sender sender;
  std::vector<Recipient> recipients;
  friend bool operator==(const Envelope&, const Envelope&) = default;
};

}  // namespace danewerk::types
