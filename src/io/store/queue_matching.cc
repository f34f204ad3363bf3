// What people name by a filter: found and counted recipient by recipient, and claimed to be ended by hand.
#include <map>

#include "io/store/queue_rows.h"
#include "io/store/queue_views.h"

namespace danewerk::io {
namespace {

// The queue is walked by message, oldest first, over the index of unfinished messages; CROSS JOIN keeps that order.
// ?1 ?2 behind (message, position), ?3 last message, ?4 ?5 states, ?6 tenant, ?7 hop, ?8 recipient, ?9 sender, ?10 code,
// ?11 received before, ?12 due after
#define DW_MATCHING                                                                                                  \
  " FROM message m CROSS JOIN recipient r ON r.message = m.id WHERE m.waiting > 0 AND m.id >= ?1 AND m.id <= ?3"       \
  " AND (m.id > ?1 OR r.position > ?2) AND (r.state = ?4 OR r.state = ?5) AND (?6 IS NULL OR m.tenant = ?6)"          \
  " AND (?7 IS NULL OR r.hop = ?7) AND (?8 IS NULL OR r.address = ?8) AND (?9 IS NULL OR coalesce(m.sender, '') = ?9)" \
  " AND (?10 IS NULL OR coalesce(r.code, '') GLOB ?10) AND (?11 IS NULL OR m.received_at < ?11)"                     \
  " AND (?12 IS NULL OR r.next_at > ?12)"
constexpr std::string_view matching_rows = "SELECT r.message, r.position, m.tenant, r.hop, r.address, r.next_at, r.code, r.sentence" DW_MATCHING
                                           " ORDER BY m.id, r.position LIMIT ?13";
constexpr std::string_view matching_count = "SELECT count(*), count(DISTINCT m.id)" DW_MATCHING;
#undef DW_MATCHING

struct States {
  types::RecipientState one, other;
};

States states_of(Among among) {
  using types::RecipientState;
  switch (among) {
    case Among::held: return {RecipientState::held, RecipientState::held};
    case Among::unfinished: return {RecipientState::waiting, RecipientState::held};
    default: return {RecipientState::waiting, RecipientState::waiting};
  }
}

template <class... More>
Result<Rows> matching(Database& database, std::string_view sql, const types::QueueFilter& filter, Among among, Instant now,
                      RecipientKey after, const More&... more) {
  std::int64_t last = types::QueueId::first_at(now + Duration{1}).number() - 1;
  if (filter.id) {
    if (after.message < filter.id->number()) after = {filter.id->number(), -1};
    last = filter.id->number();
  }
  const auto tenant = filter.tenant ? std::optional(filter.tenant->text()) : std::nullopt;
  const auto hop = filter.hop ? std::optional(filter.hop->text) : std::nullopt;
  const auto due_after = among == Among::waiting_later ? std::optional(now) : std::nullopt;
  const States states = states_of(among);
  return database.query(sql, after.message, after.position, last, states.one, states.other, tenant, hop, filter.recipient,
                        filter.sender, filter.code, filter.received_before, due_after, more...);
}

}  // namespace

Result<std::vector<Matching>> find_matching(Database& database, const types::QueueFilter& filter, Among among, Instant now,
                                            RecipientKey after, std::size_t most) {
  TRY(Rows rows, matching(database, matching_rows, filter, among, now, after, most));
  std::vector<Matching> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    TRY(auto tenant, read_tenant(rows, 2));
    out.push_back({{rows.number(0), rows.number(1)}, {std::move(tenant), types::HopKey{rows.text(3)}}, rows.text(4),
                   rows.instant(5), rows.text(6), rows.text(7)});
  }
}

Result<MatchCount> count_matching(Database& database, const types::QueueFilter& filter, Among among, Instant now) {
  TRY(Rows rows, matching(database, matching_count, filter, among, now, {0, -1}));
  TRY_VOID(rows.next());
  return MatchCount{static_cast<std::uint64_t>(rows.number(0)), static_cast<std::uint64_t>(rows.number(1))};
}

Result<std::vector<HopCount>> count_hops(Database& database, const std::optional<types::HopKey>& hop, std::uint32_t most) {
  const auto one = hop ? std::optional(hop->text) : std::nullopt;
  TRY(Rows rows, database.query("SELECT hop, count(*), min(next_at) FROM recipient WHERE state = 0 AND (?1 IS NULL OR hop = ?1)"
                                " GROUP BY hop ORDER BY count(*) DESC, hop LIMIT ?2",
                                one, most));
  std::vector<HopCount> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    out.push_back({types::HopKey{rows.text(0)}, static_cast<std::uint64_t>(rows.number(1)), rows.instant(2)});
  }
}

Result<std::vector<types::DueRecipients>> read_unfinished(Database& database, const std::vector<RecipientKey>& keys) {
  std::map<std::pair<std::int64_t, std::string>, types::DueRecipients> groups;
  for (const RecipientKey& key : keys) {
    TRY(Rows rows, database.query("SELECT hop, attempts, memo, address, notify, original_type, original_address, code, sentence"
                                  " FROM recipient WHERE message = ?1 AND position = ?2 AND state IN (0, 4)",
                                  key.message, key.position));
    TRY(const bool found, rows.next());
    if (!found) continue;
    const std::pair name{key.message, rows.text(0)};
    auto group = groups.find(name);
    if (group == groups.end()) {
      TRY(auto head, read_group_head(database, key.message, name.second));
      group = groups.emplace(name, std::move(head)).first;
    }
    TRY(auto recipient, read_recipient(rows, 3));
    TRY(auto code, read_code(rows, 7));
    group->second.recipients.push_back({static_cast<std::uint32_t>(key.position), std::move(recipient),
                                        static_cast<std::uint32_t>(rows.number(1)), rows.text(2), code, rows.text(8)});
  }
  std::vector<types::DueRecipients> out;
  for (auto& [name, group] : groups) out.push_back(std::move(group));
  return out;
}

}  // namespace danewerk::io
