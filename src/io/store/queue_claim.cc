#include <map>
#include <set>

#include "io/store/queue_rows.h"
#include "io/store/queue_views.h"

namespace danewerk::io {
namespace {

using Wanted = std::map<std::int64_t, std::set<std::string>>;  // message -> hops

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

/// Takes up to `most` groups of the lane that are due, the longest due first; passes over those in delivery, which are as
/// many as the lane may have there.
Result<LaneClaim> take_from_lane(Database& database, Claims::Scan& scan, const types::Lane& lane, std::size_t most, Instant now,
                                 Wanted& taken) {
  LaneClaim claim{lane, 0, std::nullopt};
  TRY(Rows rows, database.query("SELECT next_at, message FROM recipient WHERE state = 0 AND hop = ?1 AND tenant = ?2"
                                " ORDER BY next_at, message",
                                lane.hop.text, lane.tenant.text()));
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return claim;
    const Instant due = rows.instant(0);
    const std::int64_t message = rows.number(1);
    const auto mine = taken.find(message);
    if (mine != taken.end() && mine->second.contains(lane.hop.text)) continue;  // another recipient of it
    if (due > now || claim.taken == most) {
      if (scan.is_held({message, lane.hop.text})) continue;
      claim.next = due;
      return claim;
    }
    if (!scan.take({message, lane.hop.text}, lane.tenant)) continue;
    taken[message].insert(lane.hop.text);
    ++claim.taken;
  }
}

Result<Claimed> claim_and_read(Database& database, Claims::Scan& scan, const std::vector<LaneWant>& wants, Instant now,
                               Wanted& taken) {
  Claimed out;
  for (const LaneWant& want : wants) {
    TRY(LaneClaim claim, take_from_lane(database, scan, want.lane, want.most, now, taken));
    out.lanes.push_back(std::move(claim));
  }
  for (const auto& [message, hops] : taken) TRY_VOID(read_groups(database, message, hops, now, out.due));
  return out;
}

}  // namespace

Result<Claimed> claim_lanes(Database& database, Claims& claims, const std::vector<LaneWant>& wants, Instant now) {
  Claims::Scan scan(claims);
  TRY_VOID(database.script("BEGIN"));  // one snapshot for the scan and what is read behind it
  Wanted taken;
  auto out = claim_and_read(database, scan, wants, now, taken);
  static_cast<void>(database.script("COMMIT"));
  if (!out) {
    for (const auto& [message, hops] : taken) {
      for (const auto& hop : hops) claims.release({message, hop}, now);
    }
  }
  return out;
}

Result<std::vector<WaitingLane>> waiting_lanes(Database& database) {
  std::vector<WaitingLane> out;
  std::string hop;
  std::string tenant;
  // One step of the index for each lane, however long it is. With (hop, tenant) > ... SQLite would walk through the lane it
  // leaves: it seeks to the first that is not less, and then looks for one that is greater.
  while (true) {
    TRY(Rows rows, database.query("SELECT hop, tenant, next_at FROM recipient WHERE state = 0 AND (hop, tenant, next_at) > (?1, ?2, ?3)"
                                  " ORDER BY hop, tenant, next_at LIMIT 1",
                                  hop, tenant, hop.empty() ? std::int64_t{0} : INT64_MAX));
    TRY(const bool more, rows.next());
    if (!more) return out;
    hop = rows.text(0);
    tenant = rows.text(1);
    TRY(auto id, read_tenant(rows, 1));
    out.push_back({types::Lane{std::move(id), types::HopKey{hop}}, rows.instant(2)});
  }
}

Result<std::vector<types::DueRecipients>> claim_due_rows(Database& database, Claims& claims, Instant now, std::size_t limit) {
  TRY(const auto lanes, waiting_lanes(database));
  std::vector<types::DueRecipients> out;
  for (const WaitingLane& one : lanes) {
    if (out.size() >= limit) break;
    if (one.next > now) continue;
    TRY(Claimed claimed, claim_lanes(database, claims, {{one.lane, limit - out.size()}}, now));
    for (auto& due : claimed.due) out.push_back(std::move(due));
  }
  return out;
}

}  // namespace danewerk::io
