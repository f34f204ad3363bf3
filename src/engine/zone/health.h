// examine(): what is wrong with the zone or will be soon, from what its servers, its parent and our resolver show.
//
// A delegation breaks in ways that nobody sees until mail stops: signatures that a cut-off secondary lets run out, a DS that
// no key of the zone answers to, name servers that the parent names and the zone does not. Each is visible days before. Each
// finding says what was seen where, whose it is to mend, and what to do.
//
// RFC 6781 4.4.2 (signatures, SOA expire), RFC 7344 4.1 (CDS must not break the delegation), RFC 4035 2.4 (every DS needs its
// DNSKEY), RFC 1982 (serials); PUB-08, PUB-13.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "types/domain_name.h"
#include "types/finding.h"

namespace danewerk::zone {

/// One authoritative server, as it answered just now.
struct ServerState {
  std::string server;
  std::string fault;                        ///< why its answers do not count; empty where they do
  std::optional<std::uint32_t> serial;
  Duration expire{};                        ///< SOA: how long a secondary serves without hearing from its primary
  std::optional<Instant> signed_until;      ///< the earliest end among the signatures of SOA, NS, DNSKEY and TLSA
  std::vector<types::DomainName> name_servers;
};

/// What the parent zone says of ours.
struct ParentState {
  enum class Answer : std::uint8_t { not_asked, given, failed };
  Answer answer = Answer::not_asked;
  std::vector<Bytes> ds;                        ///< RDATA; empty: the parent has none
  std::vector<types::DomainName> name_servers;  ///< of the delegation; empty: could not be seen
  std::string fault;
};

struct ZoneState {
  types::DomainName apex;
  std::vector<ServerState> servers;  ///< the first is the primary
  std::vector<Bytes> own_ds;         ///< the DS (SHA-256) of each entry point among the zone's keys
  std::vector<Bytes> cds;            ///< what the zone says its parent should hold; empty: nothing said
  std::vector<Bytes> cdnskey;        ///< the same as keys
  ParentState parent;
};

struct Limits {
  Duration signature_life = std::chrono::days(14);
  Duration signature_refresh = std::chrono::days(7);  ///< signatures should be renewed so long before their end
};

/// The DS set that the parent should hold: what the zone's CDS says, or, where it says nothing, the DS of every entry point.
const std::vector<Bytes>& to_hand_over(const ZoneState& zone);

/// The worst first. Subjects are server names, or the zone.
std::vector<types::Finding> examine(const ZoneState& zone, const Limits& limits, Instant now);

/// RFC 1982 3.2: `serial` comes before `other`.
bool serial_before(std::uint32_t serial, std::uint32_t other) noexcept;

/// "12345 13 2 ab12...", or why not.
std::string ds_text(const Bytes& rdata);

}  // namespace danewerk::zone
