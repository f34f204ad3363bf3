// RrSet and ZoneChange: what should stand in a zone, and one step towards it, as values.
//
// engine/zone computes a change, io/dns carries it out as one DNS UPDATE message, the ledger keeps it. Nothing in here
// knows about messages: a change says what must be true beforehand, what goes, and what comes. The server applies all of
// it or nothing (RFC 2136 3.4). A change whose prerequisites name the RRset we believe is there can be repeated safely
// and never overwrites what somebody else wrote (DDNS-02).
//
// RDATA is held uncompressed, names in it in lower case (the canonical form of RFC 4034 6.2), so that equality of octets
// is equality of records.
#pragma once

#include <compare>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "types/dns_answer.h"
#include "types/domain_name.h"

namespace danewerk::types {

/// RFC 1035 3.1: length-prefixed labels, closed by the empty one; not compressed.
Bytes to_wire(const DomainName& name);

/// The RDATA of a record in uncompressed wire form. A TXT string over 255 octets is split; an MX whose exchange is no
/// name (`exchange` empty) cannot be published and yields empty RDATA.
Bytes rdata_of(const RecordData& record);

struct RrSet {
  DomainName name;
  RecordType type = RecordType::a;
  Ttl ttl{0};
  std::vector<Bytes> rdatas;

  /// An RRset from typed records.
  static RrSet of(DomainName name, RecordType type, Ttl ttl, const std::vector<RecordData>& records);
  /// The same records in the order RFC 4034 6.3 gives them, each once.
  RrSet sorted() const;
  /// True where both hold the same records, whatever the order and TTL: what a prerequisite compares (RFC 2136 3.2.5).
  bool same_records(const RrSet& other) const;
  /// "mx.example.com 3600 TLSA x2"
  std::string to_string() const;
  friend auto operator<=>(const RrSet&, const RrSet&) = default;
};

/// RFC 2136 2.4.2: exactly these records, no more and no fewer; the TTL is not compared.
struct RrSetIs {
  RrSet set;
  friend auto operator<=>(const RrSetIs&, const RrSetIs&) = default;
};
/// RFC 2136 2.4.1
struct RrSetExists {
  DomainName name;
  RecordType type = RecordType::a;
  friend auto operator<=>(const RrSetExists&, const RrSetExists&) = default;
};
/// RFC 2136 2.4.3
struct RrSetAbsent {
  DomainName name;
  RecordType type = RecordType::a;
  friend auto operator<=>(const RrSetAbsent&, const RrSetAbsent&) = default;
};
/// RFC 2136 2.4.4
struct NameInUse {
  DomainName name;
  friend auto operator<=>(const NameInUse&, const NameInUse&) = default;
};
/// RFC 2136 2.4.5
struct NameFree {
  DomainName name;
  friend auto operator<=>(const NameFree&, const NameFree&) = default;
};
using Prerequisite = std::variant<RrSetIs, RrSetExists, RrSetAbsent, NameInUse, NameFree>;

/// RFC 2136 2.5.2
struct DeleteRrSet {
  DomainName name;
  RecordType type = RecordType::a;
  friend auto operator<=>(const DeleteRrSet&, const DeleteRrSet&) = default;
};
/// RFC 2136 2.5.3
struct DeleteName {
  DomainName name;
  friend auto operator<=>(const DeleteName&, const DeleteName&) = default;
};
/// RFC 2136 2.5.4
struct DeleteRecord {
  DomainName name;
  RecordType type = RecordType::a;
  Bytes rdata;
  friend auto operator<=>(const DeleteRecord&, const DeleteRecord&) = default;
};
using Deletion = std::variant<DeleteRrSet, DeleteName, DeleteRecord>;

/// One atomic step. Deletions are carried out before additions.
struct ZoneChange {
  DomainName zone;
  std::vector<Prerequisite> prerequisites;
  std::vector<Deletion> deletes;
  std::vector<RrSet> adds;

  bool empty() const noexcept { return deletes.empty() && adds.empty(); }
  friend auto operator<=>(const ZoneChange&, const ZoneChange&) = default;
};

}  // namespace danewerk::types
