#include "io/store/simulated_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <new>

#include "io/store/page_cache.h"
#include "io/store/simulated_disk.h"

namespace danewerk::io {
namespace {

using Fate = SimulatedDisk::Fate;

struct State {
  SimulatedDisk* disk = nullptr;
  SimulatedDisk::File file;
  std::string name;
  bool sync_name = false;    // a log's first sync also syncs its directory entry, as SQLite's unix VFS does
  bool remove_after = false;
  int lock = SQLITE_LOCK_NONE;
  bool shm_open = false;
  std::array<bool, SQLITE_SHM_NLOCK> shm_shared{};
  std::array<bool, SQLITE_SHM_NLOCK> shm_exclusive{};
};

struct OpenFile {
  sqlite3_file base;
  State* state;
};

State& state_of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file)->state; }

int code_of(Fate fate, int otherwise) {
  switch (fate) {
    case Fate::done: return SQLITE_OK;
    case Fate::full: return SQLITE_FULL;
    default: return otherwise;
  }
}

int close_file(sqlite3_file* file) {
  State& state = state_of(file);
  if (state.remove_after) state.disk->remove_file(state.name, false);
  delete &state;
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* into, int amount, sqlite3_int64 offset) {
  State& state = state_of(file);
  std::size_t got = 0;
  const std::span<char> room(static_cast<char*>(into), static_cast<std::size_t>(amount));
  const Fate fate = state.disk->read(state.file, static_cast<std::uint64_t>(offset), room, got);
  if (fate != Fate::done) return SQLITE_IOERR_READ;
  if (got == room.size()) return SQLITE_OK;
  std::memset(room.data() + got, 0, room.size() - got);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  State& state = state_of(file);
  const std::string_view octets(static_cast<const char*>(data), static_cast<std::size_t>(amount));
  return code_of(state.disk->write(state.file, static_cast<std::uint64_t>(offset), octets), SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  State& state = state_of(file);
  return code_of(state.disk->truncate(state.file, static_cast<std::uint64_t>(size)), SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* file, int) {
  State& state = state_of(file);
  const Fate fate = state.disk->sync(state.file, state.sync_name ? &state.name : nullptr);
  if (fate == Fate::done) state.sync_name = false;
  return code_of(fate, SQLITE_IOERR_FSYNC);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  State& state = state_of(file);
  *size = static_cast<sqlite3_int64>(state.disk->size(state.file));
  return SQLITE_OK;
}

int lock_file(sqlite3_file* file, int level) {
  State& state = state_of(file);
  const std::lock_guard guard(state.disk->locks_mutex());
  simulated::Inode& inode = *state.file;
  if (state.lock >= level) return SQLITE_OK;
  if (state.lock == SQLITE_LOCK_NONE) {
    if (inode.exclusive) return SQLITE_BUSY;
    ++inode.shared_locks;
    state.lock = SQLITE_LOCK_SHARED;
  }
  if (level >= SQLITE_LOCK_RESERVED && state.lock < SQLITE_LOCK_RESERVED) {
    if (inode.reserved) return SQLITE_BUSY;
    inode.reserved = true;
    state.lock = SQLITE_LOCK_RESERVED;
  }
  if (level == SQLITE_LOCK_EXCLUSIVE) {
    if (inode.shared_locks > 1) return SQLITE_BUSY;
    inode.exclusive = true;
    state.lock = SQLITE_LOCK_EXCLUSIVE;
  }
  return SQLITE_OK;
}

int unlock_file(sqlite3_file* file, int level) {
  State& state = state_of(file);
  const std::lock_guard guard(state.disk->locks_mutex());
  simulated::Inode& inode = *state.file;
  if (state.lock == SQLITE_LOCK_EXCLUSIVE && level < SQLITE_LOCK_EXCLUSIVE) inode.exclusive = false;
  if (state.lock >= SQLITE_LOCK_RESERVED && level < SQLITE_LOCK_RESERVED) inode.reserved = false;
  if (state.lock >= SQLITE_LOCK_SHARED && level < SQLITE_LOCK_SHARED) --inode.shared_locks;
  state.lock = std::min(state.lock, level);
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* file, int* reserved) {
  State& state = state_of(file);
  const std::lock_guard guard(state.disk->locks_mutex());
  *reserved = state.file->reserved ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size_of(sqlite3_file*) { return static_cast<int>(simulated::sector_size); }
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** into) {
  State& state = state_of(file);
  const std::lock_guard guard(state.disk->locks_mutex());
  simulated::Inode& inode = *state.file;
  if (!state.shm_open) {
    state.shm_open = true;
    ++inode.shm_users;
  }
  const auto index = static_cast<std::size_t>(region);
  *into = nullptr;
  if (inode.shm.size() <= index && extend == 0) return SQLITE_OK;
  while (inode.shm.size() <= index) {
    inode.shm.push_back(std::make_unique<std::string>(static_cast<std::size_t>(size), '\0'));
  }
  *into = inode.shm[index]->data();
  return SQLITE_OK;
}

int shm_unlock(State& state, std::size_t first, std::size_t count) {
  simulated::Inode& inode = *state.file;
  for (std::size_t i = first; i < first + count; ++i) {
    if (std::exchange(state.shm_shared[i], false)) --inode.shm_shared[i];
    if (std::exchange(state.shm_exclusive[i], false)) inode.shm_exclusive[i] = false;
  }
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  State& state = state_of(file);
  const std::lock_guard guard(state.disk->locks_mutex());
  simulated::Inode& inode = *state.file;
  const auto first = static_cast<std::size_t>(offset);
  const auto end = first + static_cast<std::size_t>(count);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) return shm_unlock(state, first, end - first);
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (std::size_t i = first; i < end; ++i) {
    const int others_sharing = inode.shm_shared[i] - (state.shm_shared[i] ? 1 : 0);
    if (inode.shm_exclusive[i] && !state.shm_exclusive[i]) return SQLITE_BUSY;
    if (exclusive && others_sharing > 0) return SQLITE_BUSY;
  }
  for (std::size_t i = first; i < end; ++i) {
    if (exclusive) {
      state.shm_exclusive[i] = inode.shm_exclusive[i] = true;
    } else if (!std::exchange(state.shm_shared[i], true)) {
      ++inode.shm_shared[i];
    }
  }
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) { std::atomic_thread_fence(std::memory_order_seq_cst); }

int shm_unmap(sqlite3_file* file, int) {
  State& state = state_of(file);
  const std::lock_guard guard(state.disk->locks_mutex());
  if (!std::exchange(state.shm_open, false)) return SQLITE_OK;
  shm_unlock(state, 0, SQLITE_SHM_NLOCK);
  if (--state.file->shm_users == 0) state.file->shm.clear();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods methods = {
    2,           close_file,  read_file,      write_file,   truncate_file,  sync_file, file_size, lock_file,
    unlock_file, check_reserved, file_control, sector_size_of, characteristics, shm_map, shm_lock, shm_barrier,
    shm_unmap,   nullptr,     nullptr};

SimulatedDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<SimulatedDisk*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* open = reinterpret_cast<OpenFile*>(file);
  open->base.pMethods = nullptr;
  SimulatedDisk& disk = disk_of(vfs);
  if (disk.power_is_off()) return SQLITE_CANTOPEN;
  auto state = std::make_unique<State>();
  state->disk = &disk;
  state->name = name == nullptr ? "temporary" : name;
  state->remove_after = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  state->file = name == nullptr ? nullptr : disk.find(state->name);
  if (!state->file) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    if (disk.make_file(state->name, state->file) != Fate::done) return SQLITE_CANTOPEN;
    state->sync_name = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  }
  open->state = state.release();
  open->base.pMethods = &methods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  const Fate fate = disk_of(vfs).remove_file(name, sync_directory != 0);
  return fate == Fate::missing ? SQLITE_IOERR_DELETE_NOENT : code_of(fate, SQLITE_IOERR_DELETE);
}

int has_access(sqlite3_vfs* vfs, const char* name, int, int* answer) {
  const auto file = disk_of(vfs).find(name);
  *answer = file ? 1 : 0;
  return SQLITE_OK;
}

int full_name(sqlite3_vfs*, const char* name, int room, char* into) {
  sqlite3_snprintf(room, into, "%s", name);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int amount, char* into) {
  disk_of(vfs).random({reinterpret_cast<std::uint8_t*>(into), static_cast<std::size_t>(amount)});
  return amount;
}

int no_sleep(sqlite3_vfs*, int microseconds) { return microseconds; }

int current_time(sqlite3_vfs*, sqlite3_int64* milliseconds) {
  *milliseconds = 212000000000000;  // a day in 2006 (Julian milliseconds): SQLite uses it for temporary names only
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) { return 0; }

struct Registered {
  sqlite3_vfs vfs{};
  std::string name;
};

std::mutex registry_mutex;
std::map<std::string, std::unique_ptr<Registered>>& registry() {
  static std::map<std::string, std::unique_ptr<Registered>> known;
  return known;
}

}  // namespace

void register_simulated_vfs(SimulatedDisk& disk, const std::string& name) {
  auto entry = std::make_unique<Registered>();
  entry->name = name;
  sqlite3_vfs& vfs = entry->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(OpenFile);
  vfs.mxPathname = 256;
  vfs.zName = entry->name.c_str();
  vfs.pAppData = &disk;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = has_access;
  vfs.xFullPathname = full_name;
  vfs.xRandomness = randomness;
  vfs.xSleep = no_sleep;
  vfs.xGetLastError = last_error;
  vfs.xCurrentTimeInt64 = current_time;
  use_page_cache();  // registering starts SQLite, and then it would be too late
  CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
  const std::lock_guard guard(registry_mutex);
  registry()[name] = std::move(entry);
}

void unregister_simulated_vfs(const std::string& name) {
  const std::lock_guard guard(registry_mutex);
  const auto found = registry().find(name);
  if (found == registry().end()) return;
  sqlite3_vfs_unregister(&found->second->vfs);
  registry().erase(found);
}

}  // namespace danewerk::io
