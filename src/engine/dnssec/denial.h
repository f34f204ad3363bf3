// Denial: what signed records say is not there.
//
// "There is no TLSA record", "there is no MX record", "this zone has no DS", "this answer was rightly made from a wildcard": each
// is proven by NSEC or NSEC3 records, and each has its own rules, because the same record that proves one thing proves nothing
// about another: an NSEC from above a delegation says nothing about what lies below it, and an opt-out span says nothing at all
// about names with unsigned delegations. A finding holds the sets it rests on.
//
// RFC 4035 5.4, 3.1.3; RFC 5155 8; RFC 6840 4.1 (ancestor delegations), 4.3; RFC 9276 3.2 (iterations).
#pragma once

#include <optional>
#include <vector>

#include "engine/dnssec/chain.h"

namespace danewerk::engine::dnssec {

struct Denied {
  enum class What : std::uint8_t {
    no_data,  ///< the name exists, or a wildcard stands for it, without this type
    no_name,  ///< neither it nor a wildcard for it exists
    opt_out,  ///< nothing signed: at most an unsigned delegation (RFC 5155 6)
  } what = What::no_data;
  bool delegation = false;  ///< no_data for DS, at a delegation: the zone below is unsigned
  std::string how;          ///< for people: "NSEC at mx.example.com."
  std::vector<Authentic> rests_on;
};

/// The types at a delegation seen from above: NS without SOA.
bool is_delegation(const std::set<RecordType>& types);
/// Whether the types at a name show that `type` is not there, by a zone that may say so: a CNAME hides all others (RFC 6840 4.3), DS is
/// the parent's to deny and all else the child's (RFC 4035 5.2, RFC 6840 4.1).
bool denies(const std::set<RecordType>& types, RecordType type);

class Denial {
 public:
  /// `chain` outlives it.
  explicit Denial(Chain& chain) : chain_(chain) {}

  /// Whether the records prove that `name` has no `type`.
  std::optional<Denied> of(const Name& name, RecordType type);
  /// Whether they prove that no name closer to `name` than the wildcard below the ancestor with `labels` labels exists, so that
  /// an answer made from that wildcard is right (RFC 4035 5.3.4, RFC 5155 8.8). opt_out does not count.
  std::optional<Denied> of_closer(const Name& name, std::size_t labels, const Name& zone);

 private:
  struct Span {  // of NSEC
    Authentic authentic;
    Name owner;
    Nsec nsec;
  };
  struct HashedSpan {  // of NSEC3
    Authentic authentic;
    Bytes hash;
    Nsec3 nsec3;
  };
  struct Encloser {
    Name name;
    const HashedSpan* at = nullptr;
    const HashedSpan* next_closer = nullptr;
  };
  void load();
  void load_nsec(std::size_t place);
  void load_nsec3(std::size_t place);

  std::optional<Denied> by_nsec(const Name& name, RecordType type) const;
  const Span* at(const Name& name, RecordType type) const;
  const Span* covering(const Name& name) const;
  std::optional<Denied> by_nsec3(const Name& name, RecordType type, const Name& zone);
  const HashedSpan* at_hash(const Name& name, const Name& zone, RecordType type);
  const HashedSpan* covering_hash(const Name& name, const Name& zone);
  std::optional<Encloser> closest(const Name& name, const Name& zone);
  std::optional<Bytes> hash(const Name& name, const Nsec3& with);

  Chain& chain_;
  bool loaded_ = false;
  std::vector<Span> spans_;
  std::vector<HashedSpan> hashed_;
  std::map<std::pair<Name, Bytes>, Bytes> hashes_;
  std::size_t work_ = 0;
};

}  // namespace danewerk::engine::dnssec
