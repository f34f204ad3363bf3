// Looking at the queue: what is due, and what people ask for. Plain functions on a reading connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/store/claims.h"
#include "io/store/database.h"
#include "types/queued_message.h"

namespace danewerk::io {

/// Where the last scan for due mail stopped: the next one goes on behind it, so that a long row of mail for a hop that
/// takes no more cannot hide the rest. Guarded by Claims::Scan.
struct ScanPlace {
  std::int64_t next_at = 0;
  std::int64_t message = 0;
  std::string hop;
  friend auto operator<=>(const ScanPlace&, const ScanPlace&) = default;
};

/// Index rows one scan looks at, at most: bounds its time whatever the queue's length.
constexpr std::size_t scan_budget = 20000;

Result<std::vector<types::DueRecipients>> claim_due_rows(Database& database, Claims& claims, ScanPlace& place, Instant now,
                                                         std::size_t limit, std::size_t most_per_hop);

/// The earliest next_at among those not claimed.
Result<std::optional<Instant>> earliest_unclaimed(Database& database, const Claims& claims);

Result<std::vector<types::QueueEntry>> list_messages(Database& database, const types::QueueFilter& filter);
/// Newest first, queued and finished.
Result<std::vector<types::QueueEntry>> find_messages(Database& database, const types::TraceQuery& query);
/// Error: not_found.
Result<types::QueueDetail> show_message(Database& database, types::QueueId id);
Result<types::QueueCounts> count_messages(Database& database, Instant now);

struct RecipientKey {
  std::int64_t message;
  std::int64_t position;
};
/// Recipients waiting for a later instant than `now` that match, without the filter's paging.
Result<std::vector<RecipientKey>> find_waiting(Database& database, const types::QueueFilter& filter, Instant now);

}  // namespace danewerk::io
