// CertificateStore: certificates that others issued, and every order to a CA, with its instants.
//
// An order is written down before the CA hears of it, so that a crash in the middle still counts against the CA's limits. What a
// challenge put into the zone is noted before it is there, so that it is taken out even if we die in between.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/store/store.h"
#include "types/queued_message.h"
#include "types/stored_certificate.h"

namespace danewerk::io {

struct OrderRow {
  std::int64_t id = 0;
  std::string names;  ///< as in begin_order
  Instant began_at{};
  std::optional<Instant> ended_at;
  std::string failure;
  std::optional<Instant> not_before;
  friend bool operator==(const OrderRow&, const OrderRow&) = default;
};

struct ChallengeRow {
  types::DomainName name;
  std::string value;
  friend bool operator==(const ChallengeRow&, const ChallengeRow&) = default;
};

/// Thread safe.
class CertificateStore {
 public:
  explicit CertificateStore(Store& store) : store_(store) {}

  /// Sorted by subject.
  Task<Result<std::vector<types::StoredCertificate>>> certificates();
  Task<Result<std::optional<types::StoredCertificate>>> find(std::string subject);
  /// Those of customers' names, sorted.
  Task<Result<std::vector<std::string>>> name_subjects();
  /// How many orders began at or after `since`.
  Task<Result<std::uint32_t>> orders_since(Instant since);
  /// Replaces the one of that subject. With `act` a person did it: the ledger has it.
  Task<Result<void>> put(types::StoredCertificate certificate, std::optional<types::AdminAct> act);
  /// Error: not_found.
  Task<Result<void>> erase(std::string subject, types::AdminAct act);
  /// Those of keys that are in `keys` no more.
  Task<Result<void>> forget_keys_but(std::vector<std::string> keys);

  /// `names`: sorted, with spaces between. Returns the order's id.
  Task<Result<std::int64_t>> begin_order(std::string names, Instant at);
  /// An empty `failure`: the certificate came.
  Task<Result<void>> end_order(std::int64_t id, Instant at, std::string failure, std::optional<Instant> not_before);
  /// Orders that began before `start` and have no end were cut off by a crash: they failed, at `start`. The process that began them is
  /// gone, for a store has one at a time.
  Task<Result<void>> end_cut_off(Instant start);
  /// Oldest first, the latest 50 of these names; without names, of all.
  Task<Result<std::vector<OrderRow>>> orders(std::string names);

  Task<Result<void>> note_challenge(ChallengeRow challenge, Instant at);
  Task<Result<void>> forget_challenge(ChallengeRow challenge);
  Task<Result<std::vector<ChallengeRow>>> challenges();

 private:
  Store& store_;
};

}  // namespace danewerk::io
