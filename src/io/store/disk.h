// StoreDisk: everything the store asks of a file system besides what SQLite asks through its own VFS.
//
// A seam with two implementations: PosixDisk, which the program runs on, and SimulatedDisk, in memory, which loses
// unsynced writes when its power is cut, returns errors on request and can be full. Both also name the SQLite VFS that
// sits on the same disk, so that a power cut hits database and spool at the same moment.
//
// The spool holds one file for each body too large for a row, named by its queue id. The order that makes it durable:
// write, sync() (data, then the directory entry), commit the row. A file without a row is an orphan: swept at start.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "types/queue_id.h"

namespace danewerk::io {

/// One body on disk. Used by one thread at a time.
class SpoolFile {
 public:
  virtual ~SpoolFile() = default;
  /// Appends all of it. Errors: limit if the disk is full, unavailable otherwise.
  virtual Result<void> append(std::string_view octets) = 0;
  /// Returns when the octets and the file's name would survive a power failure.
  virtual Result<void> sync() = 0;
  /// Fills `into` from `offset` on; fewer octets only at the end.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const = 0;
  virtual Result<ByteCount> size() const = 0;
};

/// Held while the store is open.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

/// The room left to us on the file system of the database, and on that of the spool (often the same).
struct Room {
  ByteCount database{};
  ByteCount spool{};
};

/// Thread safe.
class StoreDisk {
 public:
  virtual ~StoreDisk() = default;
  /// Makes the directories and the empty database file where missing, readable by their owner only, and locks them
  /// against a second process. Errors: conflict, naming the other process; denied; unavailable.
  virtual Result<std::unique_ptr<DiskLock>> prepare() = 0;
  virtual std::string database_path() const = 0;
  /// The SQLite VFS to open it with; empty for the default one.
  virtual std::string vfs() const = 0;
  /// Makes the names of the database's files durable: SQLite syncs its directory for logs only.
  virtual Result<void> sync_database_directory() = 0;

  virtual Result<std::unique_ptr<SpoolFile>> create(types::QueueId id) = 0;
  /// Error: not_found.
  virtual Result<std::unique_ptr<SpoolFile>> open(types::QueueId id) = 0;
  /// Removing what is not there is no error.
  virtual Result<void> remove(types::QueueId id) = 0;
  virtual Result<std::vector<types::QueueId>> list() = 0;
  virtual Result<Room> room() = 0;
};

}  // namespace danewerk::io
