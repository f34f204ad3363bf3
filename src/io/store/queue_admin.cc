// What people do to the queue: look, retry, drop, prune.
#include "io/store/queue_rows.h"
#include "io/store/queue_store.h"

namespace danewerk::io {
namespace {

constexpr std::size_t retry_slice = 2000;  // recipients a transaction: others' commits must not wait long

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

Task<Result<void>> QueueStore::make_due(std::vector<RecipientKey> keys, Instant now) {
  Writer::Work work = [keys = std::move(keys), now](Database& database) -> Result<void> {
    for (const RecipientKey& key : keys) {
      TRY_VOID(database.run("UPDATE recipient SET next_at = ?3 WHERE message = ?1 AND position = ?2 AND state = 0", key.message,
                            key.position, now));
    }
    return {};
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<std::uint64_t>> QueueStore::retry(types::QueueFilter filter, types::AdminAct act) {
  using Keys = std::vector<RecipientKey>;
  const auto tenant = filter.tenant;
  const std::string subject = filter.id ? filter.id->to_string() : filter.hop ? filter.hop->text : "queue";
  std::function<Result<Keys>(Database&)> search = [filter = std::move(filter), now = act.at](Database& database) {
    return find_waiting(database, filter, now);
  };
  CO_TRY(Keys keys, co_await store_.read<Keys>(Store::Lane::views, std::move(search)));
  for (std::size_t i = 0; i < keys.size(); i += retry_slice) {
    const auto from = keys.begin() + static_cast<std::ptrdiff_t>(i);
    const auto to = keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), i + retry_slice));
    CO_TRY_VOID(co_await make_due(Keys(from, to), act.at));
  }
  Writer::Work note = [act, tenant, subject, count = keys.size()](Database& database) {
    return insert_ledger(database, act, tenant, "queue.retry", subject, "{\"recipients\":" + std::to_string(count) + "}");
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(note)));
  co_return keys.size();
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
  Writer::Answer settled = [job, store = &store_](const Result<void>& result) {
    if (!result) return;
    for (const types::QueueId id : job->unlink) {
      auto remove = [disk = &store->disk(), id](std::size_t) { static_cast<void>(disk->remove(id)); };
      store->files().post(std::move(remove));
    }
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
