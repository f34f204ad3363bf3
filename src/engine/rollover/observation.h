// What was seen of the world: every authoritative server, a validating resolver, and every edge behind the published addresses.
//
// Facts of one look, for rollover.h to decide on. A server that answers wrongly contradicts; one that cannot be asked leaves
// open. An edge is an address together with a line of keys: a connection that accepts only that kind of signature shows which
// key is served there, whichever machine answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/instant.h"
#include "types/key_algorithm.h"
#include "types/tlsa_record.h"

namespace danewerk::rollover {

enum class Sight : std::uint8_t {
  verified,     ///< answered, and its signatures fit our zone's keys
  unverified,   ///< answered, but unsigned, wrongly signed or out of date: not to be relied on
  unreachable,  ///< no answer we could use
};
const char* to_string(Sight sight) noexcept;

/// What one authoritative server answered. `records` are those found in the set of every shard.
struct ServerSight {
  std::string server;
  Sight sight = Sight::unreachable;
  types::TlsaSet records;
  std::string detail;  ///< for people: serial and signature life, or what is wrong
  std::optional<Instant> signed_until;
  Ttl ttl{0};  ///< how long caches keep what it gave: the longest of its sets, the negative TTL where there was none
};

/// What a validating resolver without a cached answer made of our records.
enum class Validation : std::uint8_t { not_asked, secure, insecure, failed };
const char* to_string(Validation validation) noexcept;

enum class EdgeAnswer : std::uint8_t {
  presented,     ///< it served a key of this line: `record`
  no_such_line,  ///< it speaks TLS, but has no key of this line
  unreachable,   ///< no connection, no STARTTLS, or the conversation broke
};

struct EdgeSight {
  std::string address;
  types::KeyLine line = types::KeyLine::ecdsa;
  EdgeAnswer answer = EdgeAnswer::unreachable;
  types::TlsaRecord record;  ///< the `3 1 1` of the key presented
  std::string detail;
};

struct EdgeObservation {
  Instant at;  ///< when the first connection was begun
  std::vector<EdgeSight> sights;
};

struct ZoneObservation {
  enum class Primary : std::uint8_t { unknown, as_desired, differs };
  Instant at;  ///< when the last server had answered
  Primary primary = Primary::unknown;
  types::TlsaSet at_primary;  ///< every TLSA record that the primary holds at our names, ours or not
  std::vector<ServerSight> servers;
  Validation validation = Validation::not_asked;
  types::TlsaSet validated;  ///< the records it returned, where secure
  std::string validation_detail;
  std::optional<EdgeObservation> edges;  ///< the last probe since this process started
};

bool holds(const types::TlsaSet& set, const types::TlsaRecord& record);

/// True where every server shows the record, verified, and there is at least one.
bool seen_everywhere(const types::TlsaRecord& record, const ZoneObservation& observation);
bool seen_somewhere(const types::TlsaRecord& record, const ZoneObservation& observation);
/// Names the servers that do not show the record: "ns2 (unreachable: timeout), ns3 (without it)".
std::string who_lacks(const types::TlsaRecord& record, const ZoneObservation& observation);

}  // namespace danewerk::rollover
