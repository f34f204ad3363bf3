// AttemptScan: the recorded attempts of some days, streamed past a reader in slices.
//
// A million attempts with their evidence are more than a gigabyte: nobody may hold them, and no connection may be kept
// reading for the half minute it takes to look at them, or the write-ahead log grows behind it and every other view waits.
// So each slice is a short read of its own in the store's view lane, and between two slices others have their turn.
#pragma once

#include <functional>
#include <optional>

#include "io/store/store.h"
#include "types/queued_message.h"

namespace danewerk::io {

/// Valid during the call only.
struct SeenAttempt {
  types::QueueId message;
  Instant at;
  std::string_view hop;
  std::string_view evidence;  ///< JSON
};

struct AttemptFilter {
  Instant since{};
  std::optional<types::TenantId> tenant;
};

class AttemptScan {
 public:
  AttemptScan(Store& store, AttemptFilter filter) : store_(store), filter_(std::move(filter)) {}

  /// Gives the next attempts that a host completed, by age, to `look`, which runs on the store's view thread and must own
  /// what it refers to. False at the end. Attempts to our own mailbox routes are not among them.
  Task<Result<bool>> next(std::function<void(const SeenAttempt&)> look);

 private:
  Store& store_;
  AttemptFilter filter_;
  std::optional<std::int64_t> after_;
};

}  // namespace danewerk::io
