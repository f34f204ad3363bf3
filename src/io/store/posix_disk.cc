#include "io/store/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace danewerk::io {
namespace {

constexpr unsigned shards = 64;
constexpr mode_t private_file = 0600;
constexpr mode_t private_directory = 0700;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const noexcept { return number_; }

 private:
  int number_;
};

Failure<Error> failed(const std::string& path, const char* what, int error) {
  ErrorKind kind = ErrorKind::unavailable;
  if (error == ENOSPC || error == EDQUOT) kind = ErrorKind::limit;
  if (error == ENOENT) kind = ErrorKind::not_found;
  if (error == EACCES || error == EPERM) kind = ErrorKind::denied;
  return fail(kind, std::string("store: cannot ") + what + " " + path + ": " + std::strerror(error));
}

Result<Descriptor> open_at(const std::string& path, int flags, const char* what) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, private_file));
  if (file.number() < 0) return failed(path, what, errno);
  return file;
}

Result<void> sync_directory(const std::string& path) {
  TRY(Descriptor directory, open_at(path, O_RDONLY | O_DIRECTORY, "open directory"));
  if (::fsync(directory.number()) != 0) return failed(path, "sync directory", errno);
  return {};
}

Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), private_directory) != 0 && errno != EEXIST) return failed(path, "make directory", errno);
  TRY(Descriptor directory, open_at(path, O_RDONLY | O_DIRECTORY, "open directory"));
  struct stat facts{};
  if (::fstat(directory.number(), &facts) != 0) return failed(path, "look at directory", errno);
  const bool is_private = (facts.st_mode & 077) == 0;
  if (!is_private && ::fchmod(directory.number(), private_directory) != 0) return failed(path, "make private", errno);
  return {};
}

class PosixLock final : public DiskLock {
 public:
  explicit PosixLock(Descriptor file) : file_(std::move(file)) {}

 private:
  Descriptor file_;
};

/// The pid that the lock file's holder wrote, for the error sentence.
std::string holder(const Descriptor& file) {
  std::array<char, 32> text{};
  const ssize_t n = ::pread(file.number(), text.data(), text.size() - 1, 0);
  std::string pid(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
  return pid.empty() ? "another process" : "process " + pid;
}

Result<std::unique_ptr<DiskLock>> lock_directory(const std::string& directory) {
  const std::string path = directory + "/lock";
  TRY(Descriptor file, open_at(path, O_RDWR | O_CREAT, "open lock file"));
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed(path, "lock", errno);
    return fail(ErrorKind::conflict, "store: " + directory + " is in use by " + holder(file) +
                                         "; stop it first, or give this one a directory of its own");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.number(), 0) != 0 || ::pwrite(file.number(), pid.data(), pid.size(), 0) < 0) {
    return failed(path, "write", errno);
  }
  return std::unique_ptr<DiskLock>(std::make_unique<PosixLock>(std::move(file)));
}

class PosixSpoolFile final : public SpoolFile {
 public:
  PosixSpoolFile(Descriptor file, std::string path, std::string directory)
      : file_(std::move(file)), path_(std::move(path)), directory_(std::move(directory)) {}

  Result<void> append(std::string_view octets) override {
    while (!octets.empty()) {
      const ssize_t n = ::write(file_.number(), octets.data(), octets.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed(path_, "write", errno);
      octets.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(file_.number()) != 0) return failed(path_, "sync", errno);
    return sync_directory(directory_);
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const override {
    std::size_t got = 0;
    while (got < into.size()) {
      const ssize_t n = ::pread(file_.number(), into.data() + got, into.size() - got, static_cast<off_t>(offset + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed(path_, "read", errno);
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }

  Result<ByteCount> size() const override {
    struct stat facts{};
    if (::fstat(file_.number(), &facts) != 0) return failed(path_, "look at", errno);
    return ByteCount{static_cast<std::uint64_t>(facts.st_size)};
  }

 private:
  Descriptor file_;
  std::string path_;
  std::string directory_;
};

std::string shard_name(unsigned shard) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {digits[shard >> 4], digits[shard & 15]};
}

Result<ByteCount> room_at(const std::string& path) {
  struct statvfs facts{};
  if (::statvfs(path.c_str(), &facts) != 0) return failed(path, "ask the room on", errno);
  return ByteCount{static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize};
}

Result<void> list_shard(const std::string& path, std::vector<types::QueueId>& into) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return failed(path, "list", errno);
  while (const dirent* entry = ::readdir(directory)) {
    // A name that is not a queue id is not ours: left alone.
    if (auto id = types::QueueId::parse(entry->d_name)) into.push_back(*id);
  }
  ::closedir(directory);
  return {};
}

}  // namespace

PosixDisk::PosixDisk(std::string directory, std::string spool)
    : directory_(std::move(directory)), spool_(spool.empty() ? directory_ + "/spool" : std::move(spool)) {}

Result<std::unique_ptr<DiskLock>> PosixDisk::prepare() {
  TRY_VOID(make_directory(directory_));
  TRY(auto lock, lock_directory(directory_));
  TRY_VOID(make_directory(spool_));
  for (unsigned shard = 0; shard < shards; ++shard) TRY_VOID(make_directory(spool_ + "/" + shard_name(shard)));
  TRY_VOID(sync_directory(spool_));
  // SQLite gives its log and shared-memory files the mode of the database file: so that one is made here.
  TRY(Descriptor database, open_at(database_path(), O_RDWR | O_CREAT, "open"));
  if (::fchmod(database.number(), private_file) != 0) return failed(database_path(), "make private", errno);
  TRY_VOID(sync_directory(directory_));
  return lock;
}

Result<void> PosixDisk::sync_database_directory() { return sync_directory(directory_); }

std::string PosixDisk::shard_path(types::QueueId id) const {
  return spool_ + "/" + shard_name(static_cast<unsigned>(id.number() % shards));
}

std::string PosixDisk::file_path(types::QueueId id) const { return shard_path(id) + "/" + id.to_string(); }

Result<std::unique_ptr<SpoolFile>> PosixDisk::create(types::QueueId id) {
  const std::string path = file_path(id);
  // Not O_EXCL: an id may return after a crash that forgot it, and then the file is an orphan of ours.
  TRY(Descriptor file, open_at(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, "create"));
  return std::unique_ptr<SpoolFile>(std::make_unique<PosixSpoolFile>(std::move(file), path, shard_path(id)));
}

Result<std::unique_ptr<SpoolFile>> PosixDisk::open(types::QueueId id) {
  const std::string path = file_path(id);
  TRY(Descriptor file, open_at(path, O_RDONLY, "open"));
  return std::unique_ptr<SpoolFile>(std::make_unique<PosixSpoolFile>(std::move(file), path, shard_path(id)));
}

Result<void> PosixDisk::remove(types::QueueId id) {
  const std::string path = file_path(id);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed(path, "remove", errno);
  return {};
}

Result<std::vector<types::QueueId>> PosixDisk::list() {
  std::vector<types::QueueId> ids;
  for (unsigned shard = 0; shard < shards; ++shard) TRY_VOID(list_shard(spool_ + "/" + shard_name(shard), ids));
  return ids;
}

Result<Room> PosixDisk::room() {
  TRY(const ByteCount database, room_at(directory_));
  TRY(const ByteCount spool, room_at(spool_));
  return Room{database, spool};
}

}  // namespace danewerk::io
