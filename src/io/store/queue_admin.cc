// What people do to the queue: look, retry, drop, prune.
#include <map>

#include "io/store/queue_rows.h"
#include "io/store/queue_store.h"
#include "io/store/unlink_body.h"

namespace danewerk::io {
namespace {

constexpr std::size_t change_slice_size = 1000;  // recipients a transaction: others' commits must not wait long

/// One recipient, unless it has changed since it was found.
Result<void> change_one(Database& database, Change change, RecipientKey key, Instant now, std::int64_t& changed) {
  auto done = Result<void>{};
  switch (change) {
    case Change::retry:
      done = database.run("UPDATE recipient SET next_at = ?3 WHERE message = ?1 AND position = ?2 AND state = 0", key.message, key.position, now);
      break;
    case Change::hold:
      done = database.run("UPDATE recipient SET state = 4 WHERE message = ?1 AND position = ?2 AND state = 0", key.message, key.position);
      break;
    case Change::release:
      done = database.run("UPDATE recipient SET state = 0, next_at = ?3 WHERE message = ?1 AND position = ?2 AND state = 4", key.message,
                          key.position, now);
      break;
    case Change::drop: break;
  }
  if (done) changed += database.changes();
  return done;
}

Result<void> drop_slice(Database& database, const std::vector<Matching>& slice, const types::AdminAct& act, std::vector<types::QueueId>& unlink) {
  for (std::size_t i = 0; i < slice.size();) {
    const types::QueueId id = types::QueueId::from_number(slice[i].key.message);
    std::vector<std::int64_t> positions;
    for (; i < slice.size() && slice[i].key.message == id.number(); ++i) positions.push_back(slice[i].key.position);
    TRY(const Applied applied, drop_recipients(database, id, positions, act));
    if (applied.unlink) unlink.push_back(id);
  }
  return {};
}

/// A claim first, then what the rows say now: so nobody's result can lie between.
Result<Matched> take_matching(Database& database, Claims& claims, const types::QueueFilter& filter, Instant now, RecipientKey after, std::size_t most) {
  TRY(const auto found, find_matching(database, filter, Among::unfinished, now, after, most));
  Matched out{{}, found.size(), 0, found.empty() ? after : found.back().key};
  std::map<Claims::Key, bool> taken;
  std::vector<RecipientKey> mine;
  for (const Matching& one : found) {
    const Claims::Key key{one.key.message, one.lane.hop.text};
    const auto [at, fresh] = taken.emplace(key, false);
    if (fresh) at->second = claims.take(key, one.lane.tenant);
    if (at->second) mine.push_back(one.key);
    out.in_delivery += at->second ? 0 : 1;
  }
  auto due = read_unfinished(database, mine);
  if (due) out.due = std::move(*due);
  for (const types::DueRecipients& group : out.due) taken[{group.id.number(), group.hop.text}] = false;
  for (const auto& [key, still_mine] : taken) {
    if (still_mine) claims.release(key, now);
  }
  if (!due) return Failure{std::move(due).error()};
  return out;
}

Result<std::int64_t> one_number(Result<Rows> query) {
  TRY(Rows rows, std::move(query));
  TRY_VOID(rows.next());
  return rows.number(0);
}

/// Pages that hold something; those on the free list are used before the file grows.
Result<std::uint64_t> octets_in_use(Database& database) {
  TRY(const std::int64_t pages, one_number(database.query("PRAGMA page_count")));
  TRY(const std::int64_t free, one_number(database.query("PRAGMA freelist_count")));
  TRY(const std::int64_t size, one_number(database.query("PRAGMA page_size")));
  return static_cast<std::uint64_t>(pages - free) * static_cast<std::uint64_t>(size);
}

}  // namespace

const char* name_of(Change change) noexcept {
  switch (change) {
    case Change::retry: return "retry";
    case Change::hold: return "hold";
    case Change::release: return "release";
    case Change::drop: return "drop";
  }
  return "change";
}

Among among_of(Change change) noexcept {
  switch (change) {
    case Change::retry: return Among::waiting_later;
    case Change::hold: return Among::waiting;
    case Change::release: return Among::held;
    case Change::drop: break;
  }
  return Among::unfinished;
}

Task<Result<std::vector<types::QueueEntry>>> QueueStore::list(types::QueueFilter filter) {
  using Entries = std::vector<types::QueueEntry>;
  std::function<Result<Entries>(Database&)> work = [filter = std::move(filter)](Database& database) {
    return list_messages(database, filter);
  };
  co_return co_await store_.read<Entries>(Store::Lane::views, std::move(work));
}

Task<Result<std::vector<types::QueueEntry>>> QueueStore::trace(types::TraceQuery query) {
  using Entries = std::vector<types::QueueEntry>;
  std::function<Result<Entries>(Database&)> work = [query = std::move(query)](Database& database) {
    return find_messages(database, query);
  };
  co_return co_await store_.read<Entries>(Store::Lane::views, std::move(work));
}

Task<Result<types::QueueDetail>> QueueStore::show(types::QueueId id) {
  std::function<Result<types::QueueDetail>(Database&)> work = [id](Database& database) { return show_message(database, id); };
  co_return co_await store_.read<types::QueueDetail>(Store::Lane::views, std::move(work));
}

Task<Result<types::QueueCounts>> QueueStore::counts(Instant now) {
  std::function<Result<types::QueueCounts>(Database&)> work = [now](Database& database) {
    return count_messages(database, now);
  };
  auto counts = co_await store_.read<types::QueueCounts>(Store::Lane::views, std::move(work));
  if (counts) counts->claimed = claims_->size();
  co_return counts;
}

Task<Result<Preview>> QueueStore::preview(types::QueueFilter filter, Among among, Instant now, std::size_t most_shown) {
  std::function<Result<Preview>(Database&)> work = [filter = std::move(filter), among, now, most_shown](Database& database) -> Result<Preview> {
    Preview out;
    TRY(out.count, count_matching(database, filter, among, now));
    TRY(out.first, find_matching(database, filter, among, now, {0, -1}, most_shown));
    return out;
  };
  co_return co_await store_.read<Preview>(Store::Lane::views, std::move(work));
}

Task<Result<void>> QueueStore::change_slice(Change change, std::shared_ptr<const std::vector<Matching>> slice, types::AdminAct act,
                                            std::string subject, std::optional<types::TenantId> tenant) {
  auto unlink = std::make_shared<std::vector<types::QueueId>>();
  Writer::Work work = [change, slice, act, subject = std::move(subject), tenant, unlink](Database& database) -> Result<void> {
    unlink->clear();
    if (change == Change::drop) return drop_slice(database, *slice, act, *unlink);
    std::int64_t changed = 0;
    for (const Matching& one : *slice) TRY_VOID(change_one(database, change, one.key, act.at, changed));
    return insert_ledger(database, act, tenant, std::string("queue.") + name_of(change), subject,
                         "{\"recipients\":" + std::to_string(changed) + "}");
  };
  Writer::Answer settled = [change, slice, unlink, at = act.at, store = &store_, claims = claims_, ahead = ahead_](const Result<void>& result) {
    if (!result) return;
    for (const types::QueueId id : *unlink) unlink_body(*store, id);
    for (const Matching& one : *slice) {
      if (change == Change::drop) ahead->forget(types::QueueId::from_number(one.key.message));
    }
    if (change != Change::retry && change != Change::release) return;
    for (const Matching& one : *slice) claims->note(one.lane, at);
  };
  co_return co_await store_.writer().write(std::move(work), std::move(settled));
}

Task<Result<std::uint64_t>> QueueStore::change(Change change, types::QueueFilter filter, types::AdminAct act) {
  using Slice = std::vector<Matching>;
  const std::string subject = filter.id ? filter.id->to_string() : filter.hop ? filter.hop->text : "queue";
  const auto tenant = filter.tenant;
  std::uint64_t count = 0;
  for (RecipientKey after{0, -1};;) {
    std::function<Result<Slice>(Database&)> search = [filter, change, now = act.at, after](Database& database) {
      return find_matching(database, filter, among_of(change), now, after, change_slice_size);
    };
    CO_TRY(Slice found, co_await store_.read<Slice>(Store::Lane::views, std::move(search)));
    if (found.empty()) co_return count;
    after = found.back().key;
    count += found.size();
    auto slice = std::make_shared<const Slice>(std::move(found));
    CO_TRY_VOID(co_await change_slice(change, std::move(slice), act, subject, tenant));
  }
}

Task<Result<std::uint64_t>> QueueStore::retry(types::QueueFilter filter, types::AdminAct act) {
  return change(Change::retry, std::move(filter), std::move(act));
}

Task<Result<Matched>> QueueStore::claim_matching(types::QueueFilter filter, Instant now, RecipientKey after, std::size_t most) {
  std::function<Result<Matched>(Database&)> work = [claims = claims_, filter = std::move(filter), now, after, most](Database& database) {
    return take_matching(database, *claims, filter, now, after, most);
  };
  co_return co_await store_.read<Matched>(Store::Lane::views, std::move(work));
}

Task<Result<std::vector<HopCount>>> QueueStore::hops(std::optional<types::HopKey> hop, std::uint32_t most) {
  using Hops = std::vector<HopCount>;
  std::function<Result<Hops>(Database&)> work = [hop = std::move(hop), most](Database& database) { return count_hops(database, hop, most); };
  co_return co_await store_.read<Hops>(Store::Lane::views, std::move(work));
}

Task<Result<std::vector<types::QueueId>>> QueueStore::drop(std::vector<types::QueueId> ids, types::AdminAct act) {
  struct Job {
    std::vector<types::QueueId> ids;
    types::AdminAct act;
    std::vector<types::QueueId> dropped;
    std::vector<types::QueueId> unlink;
  };
  auto job = std::make_shared<Job>(Job{std::move(ids), std::move(act), {}, {}});
  Writer::Work work = [job](Database& database) -> Result<void> {
    job->dropped.clear();
    job->unlink.clear();
    for (const types::QueueId id : job->ids) {
      TRY(const Applied applied, drop_message(database, id, job->act));
      if (applied.known) job->dropped.push_back(id);
      if (applied.unlink) job->unlink.push_back(id);
    }
    return {};
  };
  Writer::Answer settled = [job, store = &store_, ahead = ahead_](const Result<void>& result) {
    if (!result) return;
    for (const types::QueueId id : job->unlink) unlink_body(*store, id);
    for (const types::QueueId id : job->dropped) ahead->forget(id);
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work), std::move(settled)));
  co_return std::move(job->dropped);
}

Task<Result<std::uint32_t>> QueueStore::prune_history(Instant before, std::uint32_t most) {
  auto count = std::make_shared<std::uint32_t>(0);
  Writer::Work work = [count, before, most](Database& database) -> Result<void> {
    TRY(*count, prune(database, before, most));
    return {};
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work)));
  co_return *count;
}

Task<Result<std::uint32_t>> QueueStore::prune_to_size(ByteCount size, ByteCount waiting, std::uint32_t most) {
  auto count = std::make_shared<std::uint32_t>(0);
  const auto bound = static_cast<std::uint64_t>(size) + static_cast<std::uint64_t>(waiting);
  Writer::Work work = [count, bound, most](Database& database) -> Result<void> {
    *count = 0;
    TRY(const std::uint64_t used, octets_in_use(database));
    if (used <= bound) return {};
    TRY(*count, prune(database, Instant::max(), most));
    return {};
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work)));
  co_return *count;
}

Task<Result<ByteCount>> QueueStore::waiting_octets() {
  std::function<Result<ByteCount>(Database&)> work = [](Database& database) -> Result<ByteCount> {
    TRY(const std::int64_t sum, one_number(database.query("SELECT coalesce(sum(body_size), 0) FROM message WHERE waiting > 0 AND spooled = 0")));
    return ByteCount{static_cast<std::uint64_t>(sum)};
  };
  co_return co_await store_.read<ByteCount>(Store::Lane::views, std::move(work));
}

Task<Result<std::vector<LedgerRow>>> QueueStore::ledger(std::optional<std::string> subject, std::uint32_t most) {
  using Found = std::vector<LedgerRow>;
  std::function<Result<Found>(Database&)> work = [subject = std::move(subject), most](Database& database) {
    return read_ledger(database, subject, most);
  };
  co_return co_await store_.read<Found>(Store::Lane::views, std::move(work));
}

}  // namespace danewerk::io
