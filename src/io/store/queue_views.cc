#include "io/store/queue_views.h"

#include <algorithm>
#include <iterator>

#include "io/store/queue_rows.h"

namespace danewerk::io {
namespace {

// "+state" keeps SQLite from walking the index of everything due where one message's rows are meant.
// ?1 after, ?2 before or equal, ?3 tenant, ?4 hop, ?5 recipient, ?6 limit
#define DW_ENTRY_COLUMNS                                                                                          \
  "SELECT m.id, m.tenant, m.origin, m.received_at, m.finished_at,"                                                \
  " length(CAST(m.prepended AS BLOB)) + m.body_size, m.recipients, m.waiting,"                                    \
  " (SELECT min(next_at) FROM recipient r WHERE r.message = m.id AND +r.state = 0), m.sender, m.declared_size,"    \
  " m.body_kind, m.utf8, m.require_tls, m.dsn_return, m.envelope_id, m.prepended, m.message_id, m.arrival, m.about"   \
  " FROM message m"
#define DW_ENTRY_FILTER                                                                                           \
  " m.id > ?1 AND m.id <= ?2 AND (?3 IS NULL OR m.tenant = ?3)"                                                   \
  " AND (?4 IS NULL OR EXISTS (SELECT 1 FROM recipient r WHERE r.message = m.id AND r.hop = ?4))"                 \
  " AND (?5 IS NULL OR EXISTS (SELECT 1 FROM recipient r WHERE r.message = m.id AND r.address = ?5))"             \
  " ORDER BY m.id LIMIT ?6"
constexpr std::string_view list_queued = DW_ENTRY_COLUMNS " WHERE m.waiting > 0 AND" DW_ENTRY_FILTER;
constexpr std::string_view list_finished = DW_ENTRY_COLUMNS " WHERE m.waiting = 0 AND" DW_ENTRY_FILTER;
constexpr std::string_view list_all = DW_ENTRY_COLUMNS " WHERE" DW_ENTRY_FILTER;
constexpr std::string_view one_entry = DW_ENTRY_COLUMNS " WHERE m.id = ?1";
constexpr std::string_view notices_about = DW_ENTRY_COLUMNS " WHERE m.about = ?1 ORDER BY m.id";
// ?1 bucket, ?2 key, ?3 the least id, ?4 Message-ID, ?5 address, ?6 limit
constexpr std::string_view in_bucket = DW_ENTRY_COLUMNS
    " WHERE m.id IN (SELECT message FROM found WHERE bucket = ?1 AND key = ?2) AND m.id >= ?3"
    " AND (m.message_id = ?4 OR m.sender = ?5 COLLATE NOCASE OR EXISTS (SELECT 1 FROM recipient r WHERE r.message = m.id"
    " AND r.address = ?5 COLLATE NOCASE)) ORDER BY m.id DESC LIMIT ?6";
#undef DW_ENTRY_COLUMNS
#undef DW_ENTRY_FILTER
constexpr int prepended_column = 16;
constexpr int message_id_column = 17;
constexpr int arrival_column = 18;
constexpr int about_column = 19;

struct Bounds {
  std::int64_t after = 0;
  std::int64_t last = INT64_MAX;
  std::optional<std::string> tenant;
  std::optional<std::string> hop;
};

Bounds bounds_of(const types::QueueFilter& filter) {
  Bounds bounds;
  if (filter.after) bounds.after = filter.after->number();
  if (filter.id) {
    bounds.after = std::max(bounds.after, filter.id->number() - 1);
    bounds.last = filter.id->number();
  }
  if (filter.tenant) bounds.tenant = filter.tenant->text();
  if (filter.hop) bounds.hop = filter.hop->text;
  return bounds;
}

std::string_view sql_of(types::QueueFilter::Which which) {
  switch (which) {
    case types::QueueFilter::Which::queued: return list_queued;
    case types::QueueFilter::Which::finished: return list_finished;
    case types::QueueFilter::Which::all: return list_all;
  }
  return list_all;
}

Result<types::QueueEntry> read_entry(const Rows& rows) {
  TRY(auto tenant, read_tenant(rows, 1));
  TRY(auto sender, read_sender(rows, 9));
  return types::QueueEntry{types::QueueId::from_number(rows.number(0)),
                           std::move(tenant),
                           static_cast<types::Origin>(rows.number(2)),
                           std::move(sender),
                           rows.instant(3),
                           rows.maybe_instant(4),
                           ByteCount{static_cast<std::uint64_t>(rows.number(5))},
                           static_cast<std::uint32_t>(rows.number(6)),
                           static_cast<std::uint32_t>(rows.number(7)),
                           rows.maybe_instant(8),
                           rows.text(message_id_column)};
}

Result<std::vector<types::QueueEntry>> read_entries(Result<Rows> query) {
  TRY(Rows rows, std::move(query));
  std::vector<types::QueueEntry> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    TRY(auto entry, read_entry(rows));
    out.push_back(std::move(entry));
  }
}

Result<std::vector<types::QueuedRecipient>> read_recipients(Database& database, types::QueueId id) {
  TRY(Rows rows, database.query("SELECT position, hop, state, next_at, attempts, last_at, code, sentence, evidence,"
                                " address, notify, original_type, original_address"
                                " FROM recipient WHERE message = ?1 ORDER BY position",
                                id.number()));
  std::vector<types::QueuedRecipient> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    TRY(auto recipient, read_recipient(rows, 9));
    TRY(auto code, read_code(rows, 6));
    out.push_back({static_cast<std::uint32_t>(rows.number(0)), std::move(recipient), types::HopKey{rows.text(1)},
                   static_cast<types::RecipientState>(rows.number(2)), rows.instant(3),
                   static_cast<std::uint32_t>(rows.number(4)), rows.maybe_instant(5), code, rows.text(7), rows.text(8)});
  }
}

Result<std::vector<types::AttemptEvidence>> read_attempts(Database& database, types::QueueId id) {
  TRY(Rows rows, database.query("SELECT a.at, a.hop, a.host, a.code, a.sentence, a.evidence, p.state, p.why FROM attempt a"
                                " LEFT JOIN attempt_proof p ON p.attempt = a.id WHERE a.message = ?1 ORDER BY a.id",
                                id.number()));
  std::vector<types::AttemptEvidence> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    TRY(auto code, read_code(rows, 3));
    out.push_back({rows.instant(0), types::HopKey{rows.text(1)}, rows.text(2), code.value_or(types::EnhancedCode{}),
                   rows.text(4), rows.text(5), static_cast<types::ProofState>(rows.number(6)), rows.text(7)});
  }
}

Result<std::uint64_t> count(Result<Rows> query) {
  TRY(Rows rows, std::move(query));
  TRY_VOID(rows.next());
  return static_cast<std::uint64_t>(rows.number(0));
}

}  // namespace

Result<std::vector<types::QueueEntry>> list_messages(Database& database, const types::QueueFilter& filter) {
  const Bounds bounds = bounds_of(filter);
  return read_entries(database.query(sql_of(filter.which), bounds.after, bounds.last, bounds.tenant, bounds.hop, filter.recipient,
                                     filter.limit));
}

Result<std::vector<types::QueueEntry>> find_messages(Database& database, const types::TraceQuery& query) {
  const std::int64_t least = query.since ? types::QueueId::first_at(*query.since).number() : 0;
  const std::int64_t key = found_key(query.message_id ? *query.message_id : query.address.value_or(""));
  std::vector<types::QueueEntry> out;
  for (std::int64_t before = INT64_MAX; out.size() < query.limit;) {  // from the newest bucket back
    TRY(Rows rows, database.query("SELECT max(bucket) FROM found WHERE bucket < ?1", before));
    TRY_VOID(rows.next());
    if (rows.is_null(0) || rows.number(0) < found_bucket(least)) break;
    before = rows.number(0);
    TRY(auto here, read_entries(database.query(in_bucket, before, key, least, query.message_id, query.address, query.limit - out.size())));
    std::move(here.begin(), here.end(), std::back_inserter(out));
  }
  return out;
}

Result<types::QueueDetail> show_message(Database& database, types::QueueId id) {
  TRY(auto notices, read_entries(database.query(notices_about, id.number())));
  TRY(Rows rows, database.query(one_entry, id.number()));
  TRY(const bool found, rows.next());
  if (!found) return fail(ErrorKind::not_found, "no message " + id.to_string() + " in the queue or its history");
  TRY(auto entry, read_entry(rows));
  TRY(auto recipients, read_recipients(database, id));
  TRY(auto attempts, read_attempts(database, id));
  const auto about = rows.is_null(about_column) ? std::nullopt : std::optional(types::QueueId::from_number(rows.number(about_column)));
  return types::QueueDetail{std::move(entry), rows.text(prepended_column), std::move(recipients), std::move(attempts),
                            rows.text(arrival_column), about, std::move(notices)};
}

Result<types::QueueCounts> count_messages(Database& database, Instant now) {
  types::QueueCounts counts;
  TRY(counts.messages, count(database.query("SELECT count(*) FROM message WHERE waiting > 0")));
  TRY(counts.waiting, count(database.query("SELECT count(*) FROM recipient WHERE state = 0")));
  TRY(counts.due, count(database.query("SELECT count(*) FROM recipient WHERE state = 0 AND next_at <= ?1", now)));
  TRY(counts.finished, count(database.query("SELECT count(*) FROM message WHERE finished_at IS NOT NULL")));
  return counts;
}

Result<std::vector<RecipientKey>> find_waiting(Database& database, const types::QueueFilter& filter, Instant now) {
  // By id it is one message's rows; otherwise all that wait, in the order of their instants.
  constexpr std::string_view by_id =
      "SELECT r.message, r.position FROM recipient r JOIN message m ON m.id = r.message WHERE r.message = ?5 AND +r.state = 0"
      " AND r.next_at > ?1 AND (?2 IS NULL OR m.tenant = ?2) AND (?3 IS NULL OR r.hop = ?3) AND (?4 IS NULL OR r.address = ?4)";
  constexpr std::string_view by_instant =
      "SELECT r.message, r.position FROM recipient r JOIN message m ON m.id = r.message WHERE r.state = 0"
      " AND r.next_at > ?1 AND (?2 IS NULL OR m.tenant = ?2) AND (?3 IS NULL OR r.hop = ?3) AND (?4 IS NULL OR r.address = ?4)";
  const Bounds bounds = bounds_of(filter);
  auto query = filter.id ? database.query(by_id, now, bounds.tenant, bounds.hop, filter.recipient, filter.id->number())
                         : database.query(by_instant, now, bounds.tenant, bounds.hop, filter.recipient);
  TRY(Rows rows, std::move(query));
  std::vector<RecipientKey> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    out.push_back({rows.number(0), rows.number(1)});
  }
}

}  // namespace danewerk::io
