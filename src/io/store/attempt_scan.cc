#include "io/store/attempt_scan.h"

namespace danewerk::io {
namespace {

constexpr std::int64_t slice = 250;  // rows: a few milliseconds, with what the reader makes of them
/// Rows are written when their round ends, so their order by id strays from that by instant by as much as a round lasts.
constexpr Duration stray = std::chrono::hours(6);

struct Slice {
  std::int64_t after = 0;
  bool more = false;
};

Result<std::optional<std::int64_t>> number(Result<Rows> query) {
  TRY(Rows rows, std::move(query));
  TRY(const bool found, rows.next());
  if (!found || rows.is_null(0)) return std::optional<std::int64_t>{};
  return std::optional(rows.number(0));
}

/// The id before the first attempt that can be as young as `since`: found by halving, for there is no index by instant.
Result<std::int64_t> place_before(Database& database, Instant since) {
  TRY(const auto first, number(database.query("SELECT min(id) FROM attempt")));
  TRY(const auto last, number(database.query("SELECT max(id) FROM attempt")));
  if (!first) return std::int64_t{0};
  std::int64_t low = *first - 1;
  for (std::int64_t high = *last; low < high;) {
    const std::int64_t middle = low + (high - low) / 2;
    TRY(const auto at, number(database.query("SELECT at FROM attempt WHERE id > ?1 ORDER BY id LIMIT 1", middle)));
    if (at && Instant{Duration{*at}} < since - stray) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<Slice> read_slice(Database& database, const AttemptFilter& filter, std::optional<std::int64_t> after,
                         const std::function<void(const SeenAttempt&)>& look) {
  if (!after) {
    TRY(after, place_before(database, filter.since));
  }
  TRY(const auto last, number(database.query("SELECT max(id) FROM attempt")));
  const std::int64_t end = *after + slice;
  std::optional<std::string> tenant;
  if (filter.tenant) tenant = filter.tenant->text();
  TRY(Rows rows, database.query("SELECT a.message, a.at, a.hop, a.evidence FROM attempt a WHERE a.id > ?1 AND a.id <= ?2 AND a.at >= ?3"
                                " AND a.code >= '2.' AND a.code < '3' AND a.hop NOT LIKE 'route:%'"
                                " AND (?4 IS NULL OR EXISTS (SELECT 1 FROM message m WHERE m.id = a.message AND m.tenant = ?4)) ORDER BY a.id",
                                *after, end, filter.since, tenant));
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) break;
    const std::string hop = rows.text(2);
    const std::string evidence = rows.text(3);
    look({types::QueueId::from_number(rows.number(0)), rows.instant(1), hop, evidence});
  }
  return Slice{end, last && end < *last};
}

}  // namespace

Task<Result<bool>> AttemptScan::next(std::function<void(const SeenAttempt&)> look) {
  std::function<Result<Slice>(Database&)> work = [filter = filter_, after = after_, look = std::move(look)](Database& database) {
    return read_slice(database, filter, after, look);
  };
  CO_TRY(const Slice seen, co_await store_.read<Slice>(Store::Lane::views, std::move(work)));
  after_ = seen.after;
  co_return seen.more;
}

}  // namespace danewerk::io
