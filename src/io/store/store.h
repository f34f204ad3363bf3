// Store: the open store: its lock, its connections and its threads. QueueStore, DomainStore and KeyStore work through it.
//
//   one writer thread      every change, committed in groups (Writer)
//   reader threads         claims and bodies: what delivery waits for
//   one view thread        lists and counts, which may take a while and must not hold up delivery
//   file threads           spool files: writes and fsyncs, several at a time
//
// Opening locks the directory against a second process, migrates the schema, and sweeps: spool files that no row names
// are removed (their 250 was never said), rows whose file is missing are reported (that is a damaged disk).
//
// Lifetimes: destroy it after the TaskGroups that use it were joined and before the reactors they ran on.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "io/store/allowance.h"
#include "io/store/disk.h"
#include "io/store/workers.h"
#include "io/store/writer.h"

namespace danewerk::io {

struct StoreSettings {
  ByteCount small_body{256 * 1024};          ///< up to here a body lies in its row (decision 0098)
  ByteCount bodies_held{64 * 1024 * 1024};   ///< memory for those above body_chunk on their way there; who finds none left is spooled
  ByteCount room_floor{256 * 1024 * 1024};   ///< has_room() keeps this much free
  std::size_t reader_threads = 2;
  std::size_t file_threads = 4;
  Writer::Limits writer;
  /// turned_by_caller: no threads at all; turn() moves the writer. For simulations.
  Writer::Threading threading = Writer::Threading::own_thread;
};

/// What opening found and did.
struct SweepReport {
  std::uint64_t orphans_removed = 0;
  std::vector<types::QueueId> bodies_missing;
};

class Store {
 public:
  /// Errors: conflict (another process has it open, or its schema is newer), denied, unavailable, limit (disk full).
  static Result<std::unique_ptr<Store>> open(std::shared_ptr<StoreDisk> disk, StoreSettings settings);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Success if `more` octets may still be taken: the edge answers 452 otherwise (RFC 5321 4.5.3.1.10). Cheap: two statvfs.
  Result<void> has_room(ByteCount more) const;
  /// Why the store refuses writes, if it does: the edge answers 451 then.
  std::optional<Error> broken() const { return writer_->broken(); }
  const SweepReport& swept() const noexcept { return swept_; }

  // For the stores built on it.
  Writer& writer() noexcept { return *writer_; }
  Workers& files() noexcept { return *files_; }
  StoreDisk& disk() noexcept { return *disk_; }
  Allowance& bodies_held() noexcept { return bodies_held_; }
  const StoreSettings& settings() const noexcept { return settings_; }
  /// Never the same twice, always rising, also over restarts. Thread safe.
  types::QueueId next_id(Instant now);

  enum class Lane : std::uint8_t { delivery, views };
  /// Runs `work` on a reading connection. It must own what it refers to.
  template <class T>
  Task<Result<T>> read(Lane lane, std::function<Result<T>(Database&)> work) {
    const auto found = std::make_shared<std::optional<Result<T>>>();
    std::function<void(Database&)> job = [found, work = std::move(work)](Database& database) { found->emplace(work(database)); };
    co_await read_job(lane, std::move(job));
    co_return *std::move(*found);
  }
  /// The same, at once and on this thread: only before any task uses the store.
  Database& reading_at_start() noexcept { return viewing_.front(); }
  /// With turned_by_caller: commits one group; false if there is nothing to do.
  bool turn() { return writer_->turn(); }

 private:
  Store(std::shared_ptr<StoreDisk> disk, StoreSettings settings)
      : disk_(std::move(disk)), settings_(settings), bodies_held_(static_cast<std::uint64_t>(settings.bodies_held)) {}
  /// What read() does, whatever is read.
  Task<> read_job(Lane lane, std::function<void(Database&)> job);
  Result<void> open_connections();
  Result<void> sweep();

  std::shared_ptr<StoreDisk> disk_;
  StoreSettings settings_;
  Allowance bodies_held_;
  std::unique_ptr<DiskLock> lock_;
  SweepReport swept_;
  std::atomic<std::int64_t> last_id_ = 0;
  // Destroyed from the bottom up: threads before what they work on; the writer's connection closes last of all.
  std::unique_ptr<Writer> writer_;
  std::vector<Database> reading_;
  std::vector<Database> viewing_;
  std::unique_ptr<Workers> files_;
  std::unique_ptr<Workers> readers_;
  std::unique_ptr<Workers> viewer_;
};

}  // namespace danewerk::io
