// PosixDisk: the store on a real file system.
//
//   <directory>/lock                 flock(2)ed while open; holds the process id for people
//   <directory>/store.sqlite[-wal,-shm]
//   <spool>/<xx>/<queue id>          64 directories made at start, chosen by the id's low bits
//
// Everything is 0600 in directories of 0700: the store holds private keys and other people's mail.
// docs/formats/spool.md.
#pragma once

#include <string>

#include "io/store/disk.h"

namespace danewerk::io {

class PosixDisk final : public StoreDisk {
 public:
  /// `spool` empty: `<directory>/spool`.
  explicit PosixDisk(std::string directory, std::string spool = "");

  Result<std::unique_ptr<DiskLock>> prepare() override;
  std::string database_path() const override { return directory_ + "/store.sqlite"; }
  std::string vfs() const override { return ""; }
  Result<void> sync_database_directory() override;
  Result<std::unique_ptr<SpoolFile>> create(types::QueueId id) override;
  Result<std::unique_ptr<SpoolFile>> open(types::QueueId id) override;
  Result<void> remove(types::QueueId id) override;
  Result<std::vector<types::QueueId>> list() override;
  Result<Room> room() override;

 private:
  std::string shard_path(types::QueueId id) const;
  std::string file_path(types::QueueId id) const;

  std::string directory_;
  std::string spool_;
};

}  // namespace danewerk::io
