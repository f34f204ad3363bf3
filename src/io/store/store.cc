#include "io/store/store.h"

#include <algorithm>
#include <unordered_set>

#include "io/store/schema.h"

namespace danewerk::io {

Result<std::unique_ptr<Store>> Store::open(std::shared_ptr<StoreDisk> disk, StoreSettings settings) {
  std::unique_ptr<Store> store(new Store(std::move(disk), settings));
  TRY(store->lock_, store->disk_->prepare());
  TRY_VOID(store->open_connections());
  TRY_VOID(store->sweep());
  return store;
}

Store::~Store() {
  // Queued changes are finished and answered before anything they use goes away.
  viewer_.reset();
  readers_.reset();
  if (writer_) writer_->stop();
  files_.reset();
  viewing_.clear();
  reading_.clear();
  writer_.reset();
}

Result<void> Store::open_connections() {
  const std::string path = disk_->database_path();
  TRY(Database writing, Database::open(path, disk_->vfs(), Database::Mode::writer));
  TRY_VOID(migrate(writing));
  TRY_VOID(disk_->sync_database_directory());
  const bool threads = settings_.threading == Writer::Threading::own_thread;
  const std::size_t readers = std::max<std::size_t>(1, settings_.reader_threads);
  for (std::size_t i = 0; i <= readers; ++i) {
    TRY(Database reading, Database::open(path, disk_->vfs(), Database::Mode::reader));
    (i < readers ? reading_ : viewing_).push_back(std::move(reading));
  }
  writer_ = std::make_unique<Writer>(std::move(writing), settings_.writer, settings_.threading);
  files_ = std::make_unique<Workers>(threads ? std::max<std::size_t>(1, settings_.file_threads) : 0, "store-file");
  readers_ = std::make_unique<Workers>(threads ? readers : 0, "store-read");
  viewer_ = std::make_unique<Workers>(threads ? 1 : 0, "store-view");
  return {};
}

Result<void> Store::sweep() {
  Database& database = reading_at_start();
  TRY(Rows last, database.query("SELECT max(id) FROM message"));
  TRY(const bool any, last.next());
  if (any && !last.is_null(0)) last_id_ = last.number(0);
  std::unordered_set<std::int64_t> wanted;
  TRY(Rows rows, database.query("SELECT id FROM message WHERE spooled = 1"));
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) break;
    wanted.insert(rows.number(0));
  }
  TRY(const auto files, disk_->list());
  for (const types::QueueId id : files) {
    if (wanted.erase(id.number()) != 0) continue;
    TRY_VOID(disk_->remove(id));
    ++swept_.orphans_removed;
  }
  for (const std::int64_t number : wanted) swept_.bodies_missing.push_back(types::QueueId::from_number(number));
  std::sort(swept_.bodies_missing.begin(), swept_.bodies_missing.end());
  return {};
}

Result<void> Store::has_room(ByteCount more) const {
  TRY(const Room room, disk_->room());
  const auto least = std::min(static_cast<std::uint64_t>(room.database), static_cast<std::uint64_t>(room.spool));
  const auto floor = static_cast<std::uint64_t>(settings_.room_floor);
  if (least >= floor && least - floor >= static_cast<std::uint64_t>(more)) return {};
  return fail(ErrorKind::limit, "the store's disk has " + std::to_string(least >> 20) + " MiB left and keeps " +
                                    std::to_string(floor >> 20) + " MiB free: make room, or lower the floor");
}

Task<> Store::read_job(Lane lane, std::function<void(Database&)> job) {
  Workers& workers = lane == Lane::delivery ? *readers_ : *viewer_;
  std::vector<Database>& connections = lane == Lane::delivery ? reading_ : viewing_;
  Workers::Job on_thread = [&connections, job = std::move(job)](std::size_t thread) { job(connections[thread]); };
  co_await workers.run_job(std::move(on_thread));
}

types::QueueId Store::next_id(Instant now) {
  const std::int64_t earliest = types::QueueId::first_at(now).number();
  std::int64_t last = last_id_.load();
  std::int64_t next = 0;
  do {
    next = std::max(last + 1, earliest);
  } while (!last_id_.compare_exchange_weak(last, next));
  return types::QueueId::from_number(next);
}

}  // namespace danewerk::io
