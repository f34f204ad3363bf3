#include "io/process/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace danewerk::io {
namespace {

Failure<Error> system_failure(const std::string& doing, const std::string& path) {
  const ErrorKind kind = errno == EACCES || errno == EPERM || errno == EROFS ? ErrorKind::denied : ErrorKind::unavailable;
  return fail(kind, "cannot " + doing + " " + path + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

Result<void> write_whole(int fd, const std::string& text, const std::string& path) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return system_failure("write", path);
    done += static_cast<std::size_t>(wrote);
  }
  if (fsync(fd) != 0) return system_failure("write", path);
  return {};
}

Result<void> write_new(const std::string& path, const std::string& text, const std::optional<RunAs>& reader) {
  unlink(path.c_str());
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return system_failure("create", path);
  if (reader && fchown(file.get(), 0, reader->gid) != 0) return system_failure("give away", path);
  if (fchmod(file.get(), 0640) != 0) return system_failure("protect", path);
  return write_whole(file.get(), text, path);
}

}  // namespace

Result<void> prepare_child_directory(const std::string& path, const std::optional<RunAs>& user) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(ErrorKind::unavailable, "cannot make directory " + path + ": " + error.message());
  const Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (directory.get() < 0) return system_failure("open directory", path);
  if (user && fchown(directory.get(), user->uid, user->gid) != 0) return system_failure("give away", path);
  if (fchmod(directory.get(), 0750) != 0) return system_failure("protect", path);
  return {};
}

Result<void> write_child_config(const std::string& path, const std::string& text, const std::optional<RunAs>& reader) {
  const std::string fresh = path + ".new";
  TRY_VOID(write_new(fresh, text, reader));
  if (rename(fresh.c_str(), path.c_str()) != 0) return system_failure("replace", path);
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const Descriptor directory(open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || fsync(directory.get()) != 0) return system_failure("sync directory", parent);
  return {};
}

Result<std::string> quoted_setting(const std::string& what, const std::string& value) {
  const bool plain = std::none_of(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '"' || c == '\\'; });
  if (!plain) return fail(ErrorKind::malformed, what + ": quotes, backslashes and control characters cannot stand in it");
  return "\"" + value + "\"";
}

std::string absolute(const types::DomainName& name) { return name.is_root() ? "." : name.to_string() + "."; }

std::string number(ByteCount count) { return std::to_string(static_cast<std::uint64_t>(count)); }
std::string number(Ttl ttl) { return std::to_string(ttl.count()); }
std::string number(types::Port port) { return std::to_string(static_cast<unsigned>(port)); }

}  // namespace danewerk::io
