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

/// So much of a lane is wanted, at most.
struct LaneWant {
  types::Lane lane;
  std::size_t most = 0;
};
/// What a lane gave, and when its next mail that nobody holds is due.
struct LaneClaim {
  types::Lane lane;
  std::size_t taken = 0;  ///< groups
  std::optional<Instant> next;
};
struct Claimed {
  std::vector<types::DueRecipients> due;
  std::vector<LaneClaim> lanes;  ///< in the order asked
};
struct WaitingLane {
  types::Lane lane;
  Instant next{};
};

/// Costs by what is claimed and by what the lanes have in delivery, not by what waits.
Result<Claimed> claim_lanes(Database& database, Claims& claims, const std::vector<LaneWant>& wants, Instant now);

/// Every lane with mail and its earliest instant; costs by the number of lanes.
Result<std::vector<WaitingLane>> waiting_lanes(Database& database);

/// From all lanes in order of their names.
Result<std::vector<types::DueRecipients>> claim_due_rows(Database& database, Claims& claims, Instant now, std::size_t limit);

Result<std::vector<types::QueueEntry>> list_messages(Database& database, const types::QueueFilter& filter);
/// Newest first, queued and finished.
Result<std::vector<types::QueueEntry>> find_messages(Database& database, const types::TraceQuery& query);
/// Error: not_found.
Result<types::QueueDetail> show_message(Database& database, types::QueueId id);
Result<types::QueueCounts> count_messages(Database& database, Instant now);

/// Which recipients of the messages that match, and from where on.
enum class Among : std::uint8_t {
  waiting_later,  ///< waiting, and not due yet
  waiting,
  held,
  unfinished,  ///< waiting or held
};

struct RecipientKey {
  std::int64_t message = 0;
  std::int64_t position = 0;
  friend auto operator<=>(const RecipientKey&, const RecipientKey&) = default;
};

/// Enough of one to show it, and to claim it.
struct Matching {
  RecipientKey key;
  types::Lane lane;
  std::string address;  ///< empty for the bare Postmaster
  Instant next_at{};
  std::string code;
  std::string sentence;
};

/// Recipients behind `after` of messages received at `now` or before, oldest message first, without the filter's paging.
Result<std::vector<Matching>> find_matching(Database& database, const types::QueueFilter& filter, Among among, Instant now,
                                            RecipientKey after, std::size_t most);

struct MatchCount {
  std::uint64_t recipients = 0;
  std::uint64_t messages = 0;
};
Result<MatchCount> count_matching(Database& database, const types::QueueFilter& filter, Among among, Instant now);

/// One next hop's mail.
struct HopCount {
  types::HopKey hop;
  std::uint64_t waiting = 0;  ///< recipients
  Instant next{};
};
/// The `most` hops with the most waiting; of one hop if given.
Result<std::vector<HopCount>> count_hops(Database& database, const std::optional<types::HopKey>& hop, std::uint32_t most);

/// The groups those recipients form, with their last code and sentence, due or not. None where nobody waits or is held any more.
Result<std::vector<types::DueRecipients>> read_unfinished(Database& database, const std::vector<RecipientKey>& keys);

}  // namespace danewerk::io
