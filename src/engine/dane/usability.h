// Usability: which of the published TLSA records may authenticate an SMTP server, and why the others may not.
//
// A TLSA set in the wild is rarely clean: records for the Web's certificate usages, digests cut short, keys of another
// decade, a SHA2-256 record forgotten beside its SHA2-512 sister. Two steps decide what counts, in this order:
//
//   1. each record is usable or not, by itself (RFC 6698 4.1, RFC 7672 3.1, TL-12);
//   2. digest agility: of the usable records, per (usage, selector), all Full(0) records and only those of the strongest
//      digest (RFC 7671 9, CRT-08). The order matters: a malformed SHA2-512 record must not push a good SHA2-256 one out.
//
// A set of which nothing is usable is not the same as no set: the server has said "I do TLS", so TLS is required and
// cleartext is over, though nobody can be authenticated (RFC 7672 2.2). Invariant: every record that came in is in the
// Selection, in the order received, with its reason; nothing is dropped in silence.
//
// Whether the data of a Full(0) record is a certificate or a key is a fact from io/tls (types::AssociationData).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "types/tlsa_record.h"
#include "types/verdict.h"

namespace danewerk::dane {

/// A record together with what io/tls found out about its data.
struct RecordFact {
  types::TlsaRecord record;
  types::AssociationData data = types::AssociationData::digest;
};

enum class RecordUse : std::uint8_t {
  used,              ///< takes part in authentication
  superseded,        ///< usable, but a stronger digest is published for the same usage and selector
  truncated,         ///< RDATA of fewer than three octets
  usage_not_smtp,    ///< PKIX-TA(0), PKIX-EE(1), or a usage nobody defined
  selector_unknown,  ///< not Cert(0) or SPKI(1)
  matching_unknown,  ///< not Full(0), SHA2-256(1) or SHA2-512(2)
  digest_disabled,   ///< a digest that local policy leaves out of its order
  no_data,           ///< no association data at all
  digest_length,     ///< not 32 or 64 octets
  data_unparsable,   ///< Full(0) data that is not the certificate or key the selector announces
  data_too_weak,     ///< Full(0) data whose key or signature is below the floor for any authentication
};

/// Short word for JSON and logs: "used", "superseded", "usage-not-smtp".
const char* to_string(RecordUse use) noexcept;

/// True for the nine kinds that are neither used nor superseded.
bool is_unusable(RecordUse use) noexcept;

struct JudgedRecord {
  types::TlsaRecord record;
  RecordUse use = RecordUse::used;
  std::string reason;  ///< for people, e.g. "digest of 31 octets; SHA2-256(1) has 32"

  friend bool operator==(const JudgedRecord&, const JudgedRecord&) = default;
};

/// Digests from the strongest to the weakest. A digest that is not listed is not used at all (RFC 7671 9).
using DigestOrder = std::vector<types::TlsaMatching>;

/// SHA2-512, SHA2-256: RFC 7671 9's own example.
const DigestOrder& default_digest_order();

struct Selection {
  std::vector<JudgedRecord> records;  ///< all that came in, in the order received

  /// Those to authenticate with; empty means outcome (b) of TL-11: TLS required, nobody authenticated.
  types::TlsaSet usable() const;
};

/// Judges every record, then applies digest agility. RFC 6698 4.1, RFC 7671 9, RFC 7672 3.1 and 5; TL-12, CRT-08.
Selection select_records(std::span<const RecordFact> facts, const DigestOrder& order = default_digest_order());

/// The Verdict for a selection without usable records (CHECKed), naming every record and its reason. RFC 7672 2.2 (b).
types::Verdict all_unusable(const Selection& selection);

}  // namespace danewerk::dane
