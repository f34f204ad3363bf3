// Proof: that a domain published, at an instant, the TLSA record which a delivery matched; from signed records alone.
//
// An auditor has our log, which says "we delivered there, over TLS, to a server that matched this record". What the log says of
// the domain's DNS need not be believed: the signatures of the time, kept with the delivery, show it to anyone who knows the
// root's keys of that time. What no signature covers is said as what it is: the log's own statement, or an unsigned link.
//
// The way from domain to record is walked here anew, by the rules of RFC 7672; nothing that whoever gathered the records may have
// concluded is looked at. An exact proof holds no record that nothing rests on, so no octet of it goes unchecked.
//
// RFC 7672 2.2.1 (MX, insecure MX), 2.2.2 (expanded names first), 2.2.3; RFC 7505; RFC 4035 5.
#pragma once

#include <string>
#include <vector>

#include "engine/dnssec/answer.h"

namespace danewerk::engine::dnssec {

/// How the host was found.
enum class Way : std::uint8_t {
  mx,     ///< by the MX records of the next-hop domain, or as itself where it has none
  named,  ///< an operator or the recipient's address named it
};

struct CertificateHashes {
  std::string cert_sha256, spki_sha256;  ///< lower-case hex
  friend bool operator==(const CertificateHashes&, const CertificateHashes&) = default;
};

/// What the log says was relied upon.
struct Claim {
  Instant at{};
  Name next_hop;  ///< the recipient's domain where way is mx
  Way way = Way::mx;
  Name host;      ///< as the MX record names it
  Name base;      ///< TLSA base domain
  std::uint16_t port = 25;
  Bytes record;   ///< RDATA of the TLSA record that matched
  std::vector<CertificateHashes> presented;  ///< the chain the server sent, leaf first
  std::uint32_t depth = 0;                   ///< which of them the record matched
  friend bool operator==(const Claim&, const Claim&) = default;
};

struct Finding {
  enum class Weight : std::uint8_t {
    proven,    ///< by signatures up to the root's keys
    unsigned_link,  ///< provably not protected by DNSSEC
    log,       ///< our own statement
  } weight = Weight::proven;
  std::string text;
};

struct Report {
  std::vector<Finding> findings;                ///< in order, from the domain to the record
  std::map<std::size_t, std::size_t> rests_on;  ///< sets needed, each with its signature
};

/// Success if the records prove that `claim.base` published `claim.record` at `claim.at`, and each link to it from the next hop is
/// proven, or provably unsigned. Error: refused, naming the link that is neither; also where the log contradicts itself.
Result<Report> prove(const std::vector<RecordSet>& sets, const Claim& claim, const std::vector<TrustAnchor>& anchors, const Crypto& crypto);

/// Only what the report rests on, each set with the one signature that held.
std::vector<RecordSet> needed(const std::vector<RecordSet>& sets, const Report& report);
/// Error: refused, if a set or a signature is there that nothing rests on.
Result<void> check_exact(const std::vector<RecordSet>& sets, const Report& report);

/// "_25._tcp.mx.example.com."; absent where that is too long.
std::optional<Name> tlsa_name(const Name& base, std::uint16_t port);
/// "3 1 1 ab12..."; empty where it is no TLSA record.
std::string tlsa_text(ByteView rdata);

}  // namespace danewerk::engine::dnssec
