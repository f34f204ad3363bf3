#include "io/process/child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "io/process/landlock.h"

namespace danewerk::io {
namespace {

/// Leaves exactly CAP_NET_BIND_SERVICE, or nothing, also across exec.
bool keep_only_bind_capability(bool keep) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  const std::uint32_t bit = keep ? 1U << CAP_NET_BIND_SERVICE : 0U;
  data[0] = {bit, bit, bit};
  if (syscall(SYS_capset, &header, data) != 0) return false;
  if (!keep) return true;
  return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) == 0;
}

bool become(const ChildSpec& spec) {
  if (spec.run_as) {
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return false;
    if (setgroups(spec.more_groups.size(), spec.more_groups.data()) != 0 || setresgid(spec.run_as->gid, spec.run_as->gid, spec.run_as->gid) != 0) return false;
    if (setresuid(spec.run_as->uid, spec.run_as->uid, spec.run_as->uid) != 0) return false;
    if (!keep_only_bind_capability(spec.may_bind_low_ports)) return false;
  }
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

void limit_memory(const ChildSpec& spec) {
  if (!spec.memory_limit) return;
  const auto octets = static_cast<rlim_t>(*spec.memory_limit);
  const rlimit limit{octets, octets};
  setrlimit(RLIMIT_AS, &limit);
}

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const std::string& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

/// In the forked child: gives up what it must not have and executes. Reports the failed step's errno on `report`.
[[noreturn]] void run_child(const ChildSpec& spec, char* const* argv, char* const* environment, pid_t parent, int report) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  limit_memory(spec);
  if (spec.output >= 0) {
    dup2(spec.output, STDOUT_FILENO);
    dup2(spec.output, STDERR_FILENO);
  }
  // PR_SET_PDEATHSIG is cleared when credentials change, so it comes after; the parent may have died meanwhile.
  const bool ready = become(spec) && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent &&
                     (spec.writable.empty() || write_only_below(spec.writable));
  if (ready) execve(argv[0], argv, environment);
  const int error_number = errno;
  static_cast<void>(!write(report, &error_number, sizeof error_number));
  _exit(127);
}

/// Field 22 of /proc/PID/stat: clock ticks since boot at which the process started; empty if there is none. One that has
/// ended and only waits to be collected (by an init that takes its time) is none.
std::string start_time(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return {};
  const std::size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos) return {};
  std::istringstream rest(line.substr(end_of_name + 2));
  std::string field;
  for (int number = 3; number <= 22; ++number) {
    rest >> field;
    if (number == 3 && (field == "Z" || field == "X")) return {};
  }
  return field;
}

}  // namespace

Result<RunAs> RunAs::find(const std::string& user) {
  const passwd* entry = getpwnam(user.c_str());
  if (!entry) {
    return fail(ErrorKind::not_found, "there is no user '" + user + "'; create it: useradd --system --no-create-home " + user);
  }
  return RunAs{user, entry->pw_uid, entry->pw_gid};
}

Result<pid_t> start_child(const ChildSpec& spec) {
  CHECK(!spec.argv.empty());
  if (access(spec.argv[0].c_str(), X_OK) != 0) {
    return fail(ErrorKind::not_found, spec.name + ": cannot run " + spec.argv[0] + ": " + std::strerror(errno));
  }
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return fail(ErrorKind::unavailable, spec.name + ": pipe: " + std::strerror(errno));
  const auto argv = pointers_to(spec.argv);
  const auto environment = pointers_to(spec.environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) run_child(spec, argv.data(), environment.data(), parent, report[1]);
  close(report[1]);
  int error_number = 0;
  const bool failed = pid > 0 && read(report[0], &error_number, sizeof error_number) == sizeof error_number;
  close(report[0]);
  if (pid < 0) return fail(ErrorKind::unavailable, spec.name + ": fork: " + std::strerror(errno));
  if (failed) {
    waitpid(pid, nullptr, 0);
    return fail(ErrorKind::denied, spec.name + ": cannot start " + spec.argv[0] + ": " + std::strerror(error_number));
  }
  return pid;
}

Result<void> note_child(const std::string& directory, const std::string& name, pid_t pid) {
  std::ofstream file(directory + "/" + name + ".pid", std::ios::trunc);
  file << pid << ' ' << start_time(pid) << '\n';
  file.close();
  if (!file) return fail(ErrorKind::unavailable, "cannot write " + directory + "/" + name + ".pid");
  return {};
}

bool end_leftover(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name + ".pid";
  std::ifstream file(path);
  pid_t pid = 0;
  std::string started;
  const bool read = static_cast<bool>(file >> pid >> started);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  if (!read || pid <= 1 || start_time(pid) != started) return false;
  kill(pid, SIGKILL);
  for (int i = 0; i < 200 && start_time(pid) == started; ++i) usleep(10'000);  // until the kernel has taken it down
  return true;
}

}  // namespace danewerk::io
