// SimulatedDisk: a disk in memory that can lose power, return errors and be full.
//
// What a program may rely on after a power failure is exactly what it has synced; the rest may be there, or not, or in
// part, sector by sector. Real machines show this once in a thousand cuts; this disk shows every variant, from a seed.
// It is a StoreDisk for the spool and at the same time an SQLite VFS for the database, so one cut hits both.
//
// The model: each file remembers, for every sector of 512 octets written since its last sync, what it held then. A name
// made or removed is likewise only pending until the directory is synced. When the power goes, each pending sector and
// name is kept or reverted by a coin. From then on every operation fails; `after_power_cut()` is the disk as the next
// start finds it. A sync that fails (fail_sync) leaves its sectors lost as Linux does: readable now, and no later sync
// of the same file will save them, only writing them again.
//
// SQLite's own semantics are mirrored: a new log's first sync syncs its directory entry, the main file's does not.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "io/runtime/entropy.h"
#include "io/store/disk.h"

namespace danewerk::io {

namespace simulated {

constexpr std::size_t sector_size = 512;

/// One file's octets, now and as of its last sync. Not thread safe: SimulatedDisk's mutex guards it.
struct Inode {
  std::string octets;
  std::uint64_t durable_size = 0;
  std::map<std::uint64_t, std::string> pending;  // sector number -> what is on the platter
  std::map<std::uint64_t, std::string> lost;     // the same, after a failed sync: only a new write makes it pending again

  // SQLite's locks and shared memory, which live as long as the machine is up.
  int shared_locks = 0;
  bool reserved = false;
  bool exclusive = false;
  std::array<int, 8> shm_shared{};
  std::array<bool, 8> shm_exclusive{};
  std::vector<std::unique_ptr<std::string>> shm;
  int shm_users = 0;

  void write(std::uint64_t offset, std::string_view data);
  void truncate(std::uint64_t size);
  void synced();
  void sync_failed();
  /// What a power failure would leave.
  std::string survivor(Entropy& coin) const;

 private:
  void remember(std::uint64_t from, std::uint64_t to);
};

}  // namespace simulated

class SimulatedDisk final : public StoreDisk, public std::enable_shared_from_this<SimulatedDisk> {
 public:
  struct Faults {
    std::optional<std::uint64_t> power_cut_at;  ///< operation number (writes, syncs, names; from 0)
    std::optional<std::uint64_t> fail_sync;     ///< the n-th sync returns EIO
    std::optional<std::uint64_t> capacity;      ///< octets in all; beyond: disk full
  };

  static std::shared_ptr<SimulatedDisk> make(std::uint64_t seed, Faults faults);
  ~SimulatedDisk() override;

  /// The disk after the cut: pulls the plug now if it has not happened. `faults` are the new disk's.
  std::shared_ptr<SimulatedDisk> after_power_cut(Faults faults);
  bool power_is_off() const;
  std::uint64_t operations() const;
  std::uint64_t syncs() const;
  void set_faults(Faults faults);

  Result<std::unique_ptr<DiskLock>> prepare() override;
  std::string database_path() const override { return "store.sqlite"; }
  std::string vfs() const override { return vfs_name_; }
  Result<void> sync_database_directory() override;
  Result<std::unique_ptr<SpoolFile>> create(types::QueueId id) override;
  Result<std::unique_ptr<SpoolFile>> open(types::QueueId id) override;
  Result<void> remove(types::QueueId id) override;
  Result<std::vector<types::QueueId>> list() override;
  Result<Room> room() override;

  // The operations both faces are made of. Thread safe.
  enum class Fate : std::uint8_t { done, no_power, io_error, full, missing };
  using File = std::shared_ptr<simulated::Inode>;
  File find(const std::string& name) const;
  Fate make_file(const std::string& name, File& file);
  Fate remove_file(const std::string& name, bool sync_names);
  Fate write(const File& file, std::uint64_t offset, std::string_view data);
  Fate truncate(const File& file, std::uint64_t size);
  Fate sync(const File& file, const std::string* name_too);
  Fate read(const File& file, std::uint64_t offset, std::span<char> into, std::size_t& got) const;
  std::uint64_t size(const File& file) const;
  void random(std::span<std::uint8_t> into);
  std::mutex& locks_mutex() const noexcept { return mutex_; }

 private:
  SimulatedDisk(std::uint64_t seed, Faults faults);
  enum class Begin : std::uint8_t { go, last_one, off };
  Begin begin_operation();  // counts; last_one: the power goes while it runs
  Fate end_operation(Begin begin);
  void cut_power();
  std::uint64_t used() const;
  bool has_space(std::uint64_t more) const;

  const std::uint64_t seed_;
  const std::string vfs_name_;
  mutable std::mutex mutex_;
  SeededEntropy coin_;
  Faults faults_;
  std::uint64_t operations_ = 0;
  std::uint64_t syncs_ = 0;
  bool locked_ = false;
  bool power_off_ = false;
  std::map<std::string, File> names_;          // as the program sees them
  std::map<std::string, File> durable_names_;  // as the platter has them
  std::map<std::string, std::string> survived_;
};

}  // namespace danewerk::io
