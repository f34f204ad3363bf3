// DnsQuestion, DnsAnswer, Lookup: what was asked of the resolver, and what came back.
//
// A lookup has exactly three kinds of end, and mail depends on keeping them apart: records; a proof or statement that
// there are none (an answer like any other, RES-04); or failure to find out (LookupError), which is never "there are
// none" (RES-02). Aliases are kept as followed, because RFC 7672 2.2.2 decides by where a chain of CNAMEs began.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "types/domain_name.h"
#include "types/ip_address.h"
#include "types/secured.h"
#include "types/tlsa_record.h"

namespace danewerk::types {

/// RFC 1035 3.2.2 and the IANA registry: the types we ask for. Other values may appear in zone data.
enum class RecordType : std::uint16_t {
  a = 1, ns = 2, cname = 5, soa = 6, mx = 15, txt = 16, aaaa = 28, dname = 39, ds = 43, rrsig = 46, nsec = 47,
  dnskey = 48, nsec3 = 50, nsec3param = 51, tlsa = 52, cds = 59, cdnskey = 60, caa = 257,
};

/// "A", "TLSA", or "TYPE65280" (RFC 3597 5).
std::string to_string(RecordType type);

struct DnsQuestion {
  DomainName name;
  RecordType type = RecordType::a;

  /// "mx.example.com A"
  std::string to_string() const;
  friend auto operator<=>(const DnsQuestion&, const DnsQuestion&) = default;
};

/// RFC 5321 5.1. An exchange of "." is the null MX (RFC 7505). An exchange that is no host name (DomainName::parse
/// refuses it) is kept as nothing, with its text for people.
struct MxRecord {
  std::uint16_t preference = 0;
  std::optional<DomainName> exchange;
  std::string exchange_text;
  friend auto operator<=>(const MxRecord&, const MxRecord&) = default;
};

/// The strings of one TXT record, as received; RFC 8461 3.1 and RFC 8460 3 join them without spaces.
struct TxtRecord {
  std::vector<std::string> strings;
  std::string joined() const;
  friend auto operator<=>(const TxtRecord&, const TxtRecord&) = default;
};

/// A record that is a name: CNAME, NS, DNAME.
struct NameRecord {
  DomainName target;
  friend auto operator<=>(const NameRecord&, const NameRecord&) = default;
};

/// Anything else, uninterpreted, without compression.
struct RawRecord {
  Bytes rdata;
  friend auto operator<=>(const RawRecord&, const RawRecord&) = default;
};

using RecordData = std::variant<IpAddress, MxRecord, TlsaRecord, TxtRecord, NameRecord, RawRecord>;

enum class Existence : std::uint8_t {
  records,  ///< at least one record of the type asked
  no_data,  ///< the name exists, the type does not (also compact denial, RES-18)
  no_name,  ///< NXDOMAIN
};

struct DnsAnswer {
  DnsQuestion question;
  Existence existence = Existence::no_data;
  std::vector<DomainName> aliases;  ///< targets of the CNAMEs followed, in order; empty where the name is no alias
  std::vector<RecordData> records;  ///< of the type asked, at canonical_name()

  bool is_alias() const noexcept { return !aliases.empty(); }
  /// The fully CNAME-expanded name.
  const DomainName& canonical_name() const noexcept { return aliases.empty() ? question.name : aliases.back(); }

  template <class Record>
  std::vector<Record> all() const {
    std::vector<Record> out;
    for (const RecordData& data : records) {
      if (const auto* record = std::get_if<Record>(&data)) out.push_back(*record);
    }
    return out;
  }
  friend bool operator==(const DnsAnswer&, const DnsAnswer&) = default;
};

enum class LookupErrorKind : std::uint8_t {
  bogus,            ///< SERVFAIL, and the resolver's extended error names a validation fault (EDE 6 to 12)
  server_failure,   ///< SERVFAIL otherwise
  refused,          ///< REFUSED, NOTIMP, FORMERR or another RCODE that is no answer
  timeout,          ///< our own deadline passed
  malformed,        ///< a reply we cannot read, or that does not belong to the question
  too_large,        ///< more records or octets than we accept
  alias_loop,       ///< CNAMEs without end (RES-09)
  resolver_unfit,   ///< the canary failed: the resolver does not validate, the clock or trust anchor is wrong
  unreachable,      ///< the resolver is not there
};

const char* to_string(LookupErrorKind kind) noexcept;

/// Why a lookup failed. For mail all kinds mean the same: not now, and never "no records" (RFC 7672 2.1.1).
struct LookupError {
  LookupErrorKind kind = LookupErrorKind::server_failure;
  std::string what;
  Instant asked;
  std::vector<ExtendedError> extended_errors;

  /// True where the fault is on our side (design.md 9.8): it never counts toward a message's limit.
  bool is_our_fault() const noexcept {
    return kind == LookupErrorKind::resolver_unfit || kind == LookupErrorKind::unreachable;
  }
  friend bool operator==(const LookupError&, const LookupError&) = default;
};

using Lookup = Result<Secured<DnsAnswer>, LookupError>;

}  // namespace danewerk::types
