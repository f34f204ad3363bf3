#include <map>
#include <set>

#include "io/store/queue_rows.h"
#include "io/store/queue_views.h"

namespace danewerk::io {
namespace {

using Wanted = std::map<std::int64_t, std::set<std::string>>;  // message -> hops

class DueScan {
 public:
  DueScan(Database& database, Claims::Scan& scan, Instant now, std::size_t limit, std::size_t most_per_hop, Wanted& wanted)
      : database_(database), scan_(scan), now_(now), limit_(limit), most_per_hop_(most_per_hop), wanted_(wanted) {}

  /// Walks the index behind `from` up to `until`. True if it got to the end, false if limit or budget stopped it; `at`
  /// is then the last place looked at.
  Result<bool> walk(const ScanPlace& from, const std::optional<ScanPlace>& until, ScanPlace& at) {
    TRY(Rows rows, database_.query("SELECT next_at, message, hop FROM recipient WHERE state = 0 AND next_at <= ?1"
                                   " AND (next_at, message, hop) > (?2, ?3, ?4) ORDER BY next_at, message, hop",
                                   now_, from.next_at, from.message, from.hop));
    while (true) {
      if (taken_ >= limit_ || looked_ >= scan_budget) return false;
      TRY(const bool more, rows.next());
      if (!more) return true;
      ++looked_;
      ScanPlace here{rows.number(0), rows.number(1), rows.text(2)};
      if (until && here > *until) return true;
      const Claims::Key key{here.message, here.hop};
      if (here != at && scan_.take(key, most_per_hop_)) {
        wanted_[key.first].insert(key.second);
        ++taken_;
      }
      at = std::move(here);
    }
  }

 private:
  Database& database_;
  Claims::Scan& scan_;
  Instant now_;
  std::size_t limit_;
  std::size_t most_per_hop_;
  std::size_t taken_ = 0;
  std::size_t looked_ = 0;
  Wanted& wanted_;
};

/// The message's part of every group of it that was claimed.
Result<types::DueRecipients> read_group_head(Database& database, std::int64_t message, const std::string& hop) {
  TRY(Rows rows, database.query("SELECT tenant, origin, received_at, length(CAST(prepended AS BLOB)) + body_size,"
                                " sender, declared_size, body_kind, utf8, require_tls, dsn_return, envelope_id"
                                " FROM message WHERE id = ?1",
                                message));
  TRY(const bool found, rows.next());
  if (!found) return fail(ErrorKind::corrupt, "a recipient waits without its message");
  TRY(auto tenant, read_tenant(rows, 0));
  TRY(auto sender, read_sender(rows, 4));
  return types::DueRecipients{types::QueueId::from_number(message), types::HopKey{hop}, std::move(tenant),
                              static_cast<types::Origin>(rows.number(1)), std::move(sender), rows.instant(2),
                              ByteCount{static_cast<std::uint64_t>(rows.number(3))}, {}};
}

Result<void> read_groups(Database& database, std::int64_t message, const std::set<std::string>& hops, Instant now,
                         std::vector<types::DueRecipients>& into) {
  std::map<std::string, types::DueRecipients> groups;
  TRY(Rows rows, database.query("SELECT position, hop, attempts, memo, address, notify, original_type, original_address"
                                " FROM recipient WHERE message = ?1 AND +state = 0 AND next_at <= ?2 ORDER BY position",
                                message, now));
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) break;
    const std::string hop = rows.text(1);
    if (!hops.contains(hop)) continue;
    auto group = groups.find(hop);
    if (group == groups.end()) {
      TRY(auto head, read_group_head(database, message, hop));
      group = groups.emplace(hop, std::move(head)).first;
    }
    TRY(auto recipient, read_recipient(rows, 4));
    group->second.recipients.push_back({static_cast<std::uint32_t>(rows.number(0)), std::move(recipient),
                                        static_cast<std::uint32_t>(rows.number(2)), rows.text(3)});
  }
  for (auto& [hop, group] : groups) into.push_back(std::move(group));
  return {};
}

Result<std::vector<types::DueRecipients>> scan_and_read(Database& database, Claims::Scan& scan, ScanPlace& place, Instant now,
                                                        std::size_t limit, std::size_t most_per_hop, Wanted& taken) {
  DueScan due(database, scan, now, limit, most_per_hop, taken);
  ScanPlace at = place;
  TRY(bool to_the_end, due.walk(place, std::nullopt, at));
  if (to_the_end && place != ScanPlace{}) {
    const ScanPlace stop = place;
    at = ScanPlace{};
    TRY(to_the_end, due.walk(ScanPlace{}, stop, at));
  }
  place = to_the_end ? ScanPlace{} : at;
  std::vector<types::DueRecipients> out;
  for (const auto& [message, hops] : taken) TRY_VOID(read_groups(database, message, hops, now, out));
  return out;
}

}  // namespace

Result<std::vector<types::DueRecipients>> claim_due_rows(Database& database, Claims& claims, ScanPlace& place, Instant now,
                                                         std::size_t limit, std::size_t most_per_hop) {
  Claims::Scan scan(claims);
  TRY_VOID(database.script("BEGIN"));  // one snapshot for the scan and what is read behind it
  Wanted taken;
  auto out = scan_and_read(database, scan, place, now, limit, most_per_hop, taken);
  static_cast<void>(database.script("COMMIT"));
  if (!out) {
    for (const auto& [message, hops] : taken) {
      for (const auto& hop : hops) claims.release({message, hop});
    }
  }
  return out;
}

Result<std::optional<Instant>> earliest_unclaimed(Database& database, const Claims& claims) {
  TRY(Rows rows, database.query("SELECT next_at, message, hop FROM recipient WHERE state = 0 ORDER BY next_at, message, hop"));
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return std::optional<Instant>{};
    if (!claims.is_held({rows.number(1), rows.text(2)})) return std::optional(rows.instant(0));
  }
}

}  // namespace danewerk::io
