// Rules and MessageDemands: what we allow ourselves, and what a message or its destination asks beyond the standard.
//
// Rules belong to the running system: its own names (for the loop rule), the families it can reach, and the bounds that
// keep a hostile zone from turning one message into ten thousand lookups. MessageDemands belong to one message on its
// way to one destination: the sender's REQUIRETLS and the operator's settings for that destination. Both are arguments;
// there is no global setting.
//
// RFC 5321 5.1 (own host), RFC 7672 6 and 9.1 (mandatory, audit, off), RFC 8689 4.2.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "types/domain_name.h"
#include "types/envelope.h"
#include "types/ip_address.h"
#include "types/tlsa_record.h"

namespace danewerk::types {

/// Which family is tried first. The families alternate, so that the second try is already the other family and a
/// broken path costs one timeout, not all of them; within a family the resolver's order is kept (RFC 5321 5.1).
enum class AddressOrder : std::uint8_t { v6_first, v4_first, v6_only, v4_only };

/// What we make of a sender's TLS-Required: No (RFC 8689 3; decision 0055).
enum class WaiverUse : std::uint8_t {
  honour,
  ignore,  ///< as if it were not there
  refuse,  ///< not taken in submission; ignored in what waits already
};

struct Rules {
  std::vector<DomainName> own_names;       ///< "any of the names ... by which it might be known" (RFC 5321 5.1)
  std::vector<IpAddress> own_addresses;    ///< the same for addresses; checked on port 25 only
  AddressOrder address_order = AddressOrder::v6_first;
  WaiverUse waivers = WaiverUse::honour;
  std::size_t max_mx_hosts = 20;           ///< the best preferences are considered, the rest is named as left out
  std::size_t max_addresses_per_host = 8;  ///< RFC 5321 5.1 allows a limit and wants at least two
  std::size_t max_aliases = 16;            ///< RES-09: a longer chain of CNAMEs counts as a failed lookup
  std::size_t max_tlsa_records = 100;      ///< a larger set counts as a failed lookup, never as none

  /// Digest agility, strongest first (RFC 7671 9, CRT-08); a digest not listed is not used.
  std::vector<TlsaMatching> digest_order{TlsaMatching::sha2_512, TlsaMatching::sha2_256};

  friend bool operator==(const Rules&, const Rules&) = default;
};

/// How far DANE decides for a destination.
enum class DaneMode : std::uint8_t {
  opportunistic,  ///< RFC 7672: in force wherever the destination publishes it
  mandatory,      ///< RFC 7672 6, TL-14: only to hosts authenticated by DANE, of a securely known next hop
  none,           ///< TLSA is not even asked for: an exception the operator answers for (RFC 7672 9.1)
  audit,          ///< TL-15: a host that fails is used all the same, and reported. A failed lookup still keeps us
                  ///< away (RFC 7672 2.1.2 knows no exception; 9.1 speaks of authentication)
};

/// How far MTA-STS decides for a destination where DANE does not (STS-12).
enum class StsMode : std::uint8_t {
  opportunistic,  ///< RFC 8461: in force wherever the destination publishes it
  mandatory,      ///< only to hosts that a policy in mode enforce names, with a certificate valid for them
  none,           ///< the policy is not even looked up: an exception the operator answers for
  audit,          ///< a policy in mode enforce counts as one in mode testing
};

/// What a destination must give where nothing it publishes demands more (TLS-08).
enum class TlsMode : std::uint8_t {
  opportunistic,
  require,  ///< TLS with whoever answers
  verify,   ///< TLS with a certificate valid for one of MessageDemands::verify_names
};

struct MessageDemands {
  /// RFC 8689. A notification with a null reverse-path is sent on even where `yes` cannot be met (RFC 8689 5): the
  /// caller then says `no`. `waived` yields to what the operator demands: `mandatory`, `require` (decision 0055).
  RequireTls require_tls = RequireTls::no;
  DaneMode dane = DaneMode::opportunistic;
  TlsMode tls = TlsMode::opportunistic;
  StsMode mta_sts = StsMode::opportunistic;
  /// For TlsMode::verify; empty: the MX host's own name. Names given here are demanded beside DANE too.
  std::vector<ReferenceName> verify_names{};

  friend bool operator==(const MessageDemands&, const MessageDemands&) = default;
};

const char* to_string(DaneMode mode) noexcept;
const char* to_string(RequireTls tag) noexcept;
const char* to_string(StsMode mode) noexcept;
const char* to_string(TlsMode mode) noexcept;

}  // namespace danewerk::types
