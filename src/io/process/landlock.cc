#include "io/process/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace danewerk::io {
namespace {

constexpr std::uint64_t file_rights = LANDLOCK_ACCESS_FS_WRITE_FILE;
constexpr std::uint64_t all_rights = file_rights | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

bool allow(int ruleset, const char* path, std::uint64_t rights) {
  const int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return false;
  const landlock_path_beneath_attr rule{rights, fd};
  const bool added = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  close(fd);
  return added;
}

}  // namespace

bool landlock_available() {
  return syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

bool write_only_below(const std::vector<std::string>& directories) {
  if (!landlock_available()) return true;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = all_rights;
  const int ruleset = static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (ruleset < 0) return false;
  bool allowed = allow(ruleset, "/dev/null", file_rights);
  for (const std::string& directory : directories) allowed = allow(ruleset, directory.c_str(), all_rights) && allowed;
  const bool restricted = allowed && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  const int error_number = errno;
  close(ruleset);
  errno = error_number;
  return restricted;
}

}  // namespace danewerk::io
