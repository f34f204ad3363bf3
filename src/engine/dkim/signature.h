// Signature: one DKIM-Signature field, to be written or to be judged. The hashing and the keys are the caller's (io/tls).
//
//   writing:  Signature s = ...; s.headers = headers_to_sign(fields); s.body_hash = ...;
//             sign(signed_octets(s, fields, unsigned_field(s)))  ->  written(s, signature)
//   judging:  Signature::parse(field) ; refusal(s, ...) ; verify(signed_octets(s, fields, without_b(field.text)))
//
// Which fields we sign: From one time more than it stands there, so that nobody adds a second author; likewise what people are
// shown, where it is there at all; the rest as often as it stands. What we refuse though the standard leaves it open: l=,
// because whoever appends to the body then speaks in the author's name (RFC 6376 8.2; RFC 8460 3 forbids it for reports).
//
// RFC 6376 3.5 (tags), 3.7 (what is hashed), 5.4 (what to sign), 6.1 (judging); RFC 8301 3.1; RFC 8463 3.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "engine/dkim/canonical.h"
#include "engine/dkim/header.h"
#include "engine/dkim/key_record.h"
#include "types/dkim_key.h"

namespace danewerk::dkim {

struct Signature {
  types::DkimAlgorithm algorithm = types::DkimAlgorithm::rsa_sha256;
  Canonical header_form = Canonical::relaxed;
  Canonical body_form = Canonical::relaxed;
  types::DomainName domain;           ///< d=
  types::DomainName selector;         ///< s=
  std::vector<std::string> headers;   ///< h=, lower case, in order
  Bytes body_hash;                    ///< bh=
  Bytes signature;                    ///< b=
  std::string identity_domain;        ///< what follows the last '@' of i=; empty where there is none
  std::optional<std::string> length;  ///< l=, as written
  std::optional<Instant> made;        ///< t=
  std::optional<Instant> expires;     ///< x=

  /// Of the value of a DKIM-Signature field. Errors: malformed, naming the tag; refused: an algorithm we do not accept.
  static Result<Signature> parse(std::string_view value);
};

/// The names for h= (see above). RFC 6376 5.4.
std::vector<std::string> headers_to_sign(const std::vector<HeaderField>& fields);

/// The field with an empty b=, folded, without its last CRLF.
std::string unsigned_field(const Signature& signature);
/// The whole field, ending in CRLF.
std::string written(const Signature& signature, const Bytes& octets);

/// A received field's text with the value of b= taken out, without its last CRLF. RFC 6376 3.5, b=.
std::string without_b(std::string_view field_text);

/// The octets to be hashed and signed: the fields named in h=, each time the lowest not yet taken, then the signature's own.
/// RFC 6376 3.7, 5.4.2.
std::string signed_octets(const Signature& signature, const std::vector<HeaderField>& fields, const std::string& own_field);

/// Why the signature does not count whatever its mathematics say; nothing if it may be verified. `now` bounds t= and x=.
std::optional<std::string> refusal(const Signature& signature, Instant now);
/// The same for the key: revoked, of another algorithm, not for this service, ... RFC 6376 6.1.2.
std::optional<std::string> refusal(const Signature& signature, const KeyRecord& key, Service service);

}  // namespace danewerk::dkim
