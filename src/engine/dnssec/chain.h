// Chain: whether a set of records is signed by keys that the root's keys vouch for, at a given instant.
//
// This is a validator for records that are all there already: a proof. It asks nobody, trusts no flag, and knows nothing of how
// the records were gathered; what is missing or wrong ends in a sentence that says so. Every set that a conclusion rests on is
// marked, so that a proof can be held to the records it needs: one that nothing rests on is one whose octets nobody checked.
//
// The work is bounded (KeyTrap, CVE-2023-50387): so many signatures in all, whatever the records say.
//
// RFC 4035 5.2 (from DS to DNSKEY), 5.3 (RRSIG); RFC 4034 3.1.5 (times); RFC 6840 5.11; RFC 5011 (revoked keys do not count).
#pragma once

#include <map>
#include <set>

#include "base/instant.h"
#include "engine/dnssec/crypto.h"
#include "engine/dnssec/record_set.h"

namespace danewerk::engine::dnssec {

/// A key of the root, or the digest of one, that the verifier trusts beforehand. RDATA as in the zone.
struct TrustAnchor {
  RecordType type = RecordType::ds;  ///< ds or dnskey
  Bytes rdata;
  friend bool operator==(const TrustAnchor&, const TrustAnchor&) = default;
};

/// A set whose signature holds.
struct Authentic {
  std::size_t set = 0;       ///< place in the list
  std::size_t signature = 0;  ///< the one that holds
  Name zone;                 ///< who signed it
  std::size_t labels = 0;    ///< fewer than the owner has: it was made from the wildcard below the ancestor with so many
  bool expanded = false;     ///< from a wildcard
};

class Chain {
 public:
  /// `sets` and what `crypto` refers to outlive it.
  Chain(const std::vector<RecordSet>& sets, const std::vector<TrustAnchor>& anchors, const Crypto& crypto, Instant at);

  /// The place of a set; absent where there is none.
  std::optional<std::size_t> find(const Name& owner, RecordType type) const;
  const RecordSet& set(std::size_t place) const { return sets_[place]; }
  std::size_t size() const noexcept { return sets_.size(); }

  /// Error: refused, saying why the set counts for nothing.
  Result<Authentic> authenticate(std::size_t place);
  /// Notes that a conclusion rests on this set, and on the keys of the zone that signed it, up to the root.
  void rest_on(const Authentic& authentic);
  /// Sets that conclusions rest on, each with the signature that held.
  const std::map<std::size_t, std::size_t>& rested_on() const noexcept { return rested_on_; }

  /// Whether all of an authentic DS set names algorithms or digests we do not know: the zone counts as unsigned (RFC 4035 5.2).
  bool nothing_known(const RecordSet& ds) const;
  const Crypto& crypto() const noexcept { return crypto_; }

 private:
  struct Keys {
    std::vector<Bytes> rdatas;
    std::vector<Authentic> rests_on;  ///< the zone's DNSKEY set, and its DS set
    std::optional<Error> error;
  };
  const Keys& keys_of(const Name& zone);
  Result<void> load_keys(const Name& zone, Keys& into);
  std::vector<Bytes> vouched_for(const Name& zone, const RecordSet& keys, const std::vector<Bytes>& ds) const;
  Result<Authentic> check(std::size_t place, const Name* only_signer, const std::vector<Bytes>& keys);
  std::string fault_of(const RecordSet& set, ByteView rrsig, const Rrsig& facts, const std::vector<Bytes>& keys);

  const std::vector<RecordSet>& sets_;
  const std::vector<TrustAnchor>& anchors_;
  const Crypto& crypto_;
  std::uint32_t now_;
  std::map<std::pair<Name, RecordType>, std::size_t> places_;
  std::map<Name, Keys> keys_;
  std::map<std::size_t, std::size_t> rested_on_;
  std::size_t work_ = 0;
};

}  // namespace danewerk::engine::dnssec
