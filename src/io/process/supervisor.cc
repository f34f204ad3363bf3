#include "io/process/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace danewerk::io {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
constexpr std::chrono::seconds lived_well{60};
constexpr std::chrono::seconds longest_wait{60};
// The mail process lets mail coming in finish for 30 s, then mail going out for another 30 (app/serve/worker.cc): ending it
// before would cut off what it promised to finish.
constexpr std::chrono::seconds patience_at_stop{65};

struct Running {
  const ChildSpec* spec;
  pid_t pid = 0;  // 0: not running
  SteadyTime started;
  SteadyTime start_again = SteadyTime::max();
  std::chrono::seconds wait{0};
};

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return std::string("ended by signal ") + strsignal(WTERMSIG(status));
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

class Family {
 public:
  Family(const std::vector<ChildSpec>& specs, std::string run_directory, const SupervisorReport& report)
      : run_directory_(std::move(run_directory)), report_(report) {
    for (const ChildSpec& spec : specs) children_.push_back({&spec, 0, {}, SteadyTime::max(), std::chrono::seconds{0}});
  }

  Result<void> start_all() {
    for (Running& child : children_) {
      if (end_leftover(run_directory_, child.spec->name)) report_(child.spec->name, "ended a leftover of an earlier run");
    }
    for (Running& child : children_) TRY_VOID(start(child));
    return {};
  }

  void collect() {
    int status = 0;
    while (const pid_t pid = waitpid(-1, &status, WNOHANG)) {
      if (pid < 0) return;
      const auto child = std::find_if(children_.begin(), children_.end(), [pid](const Running& c) { return c.pid == pid; });
      if (child == children_.end()) continue;
      const auto now = std::chrono::steady_clock::now();
      if (now - child->started >= lived_well) child->wait = std::chrono::seconds{0};
      child->pid = 0;
      child->start_again = now + child->wait;
      report_(child->spec->name, how_it_ended(status) + ", starting again in " + std::to_string(child->wait.count()) + " s");
      child->wait = std::min(longest_wait, std::max(std::chrono::seconds{1}, child->wait * 2));
    }
  }

  void start_due() {
    for (Running& child : children_) {
      if (child.pid != 0 || std::chrono::steady_clock::now() < child.start_again) continue;
      if (auto started = start(child); !started) {
        report_(child.spec->name, started.error().what);
        child.start_again = std::chrono::steady_clock::now() + std::max(std::chrono::seconds{1}, child.wait);
      }
    }
  }

  int milliseconds_to_next_start() const {
    auto next = std::chrono::steady_clock::now() + std::chrono::hours{1};
    for (const Running& child : children_) {
      if (child.pid == 0) next = std::min(next, child.start_again);
    }
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(0, rest.count()));
  }

  void pass_on(int signal_number) {
    if (!children_.empty() && children_.back().pid != 0) kill(children_.back().pid, signal_number);
  }

  /// Last started, first ended: mail stops before the resolver it needs.
  void stop_all() {
    for (auto child = children_.rbegin(); child != children_.rend(); ++child) {
      if (child->pid == 0) continue;
      kill(child->pid, SIGTERM);
      const auto give_up = std::chrono::steady_clock::now() + patience_at_stop;
      while (waitpid(child->pid, nullptr, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() >= give_up) kill(child->pid, SIGKILL);
        usleep(5'000);
      }
      child->pid = 0;
      end_leftover(run_directory_, child->spec->name);
    }
  }

 private:
  Result<void> start(Running& child) {
    TRY(child.pid, start_child(*child.spec));
    child.started = std::chrono::steady_clock::now();
    child.start_again = SteadyTime::max();
    // A full disk must not keep mail from going out, and children die with us all the same: the kernel sees to that (child.h).
    if (auto noted = note_child(run_directory_, child.spec->name, child.pid); !noted) {
      report_(child.spec->name, noted.error().what + "; it runs, but if it outlived us the next start would not know it for ours");
    }
    return {};
  }

  std::vector<Running> children_;
  std::string run_directory_;
  const SupervisorReport& report_;
};

/// Held while a supervisor lives. Without it a second start would take the children of the first for leftovers, and end them.
class RunLock {
 public:
  /// Errors: conflict, naming the other process; unavailable.
  static Result<RunLock> take(const std::string& run_directory) {
    const std::string path = run_directory + "/supervisor.lock";
    RunLock lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (lock.file_ < 0) return fail(ErrorKind::unavailable, "cannot open " + path + ": " + std::strerror(errno));
    // A supervisor killed between fork and exec leaves a child that holds it for a moment longer.
    for (int i = 0; flock(lock.file_, LOCK_EX | LOCK_NB) != 0; ++i) {
      if (errno != EWOULDBLOCK) return fail(ErrorKind::unavailable, "cannot lock " + path + ": " + std::strerror(errno));
      if (i == 100) return fail(ErrorKind::conflict, run_directory + " is in use by process " + lock.holder() + ", which runs already; stop it first");
      usleep(10'000);
    }
    const std::string pid = std::to_string(getpid()) + "\n";
    static_cast<void>(!ftruncate(lock.file_, 0));  // the number is only for the sentence above: a full disk must not matter
    static_cast<void>(!pwrite(lock.file_, pid.data(), pid.size(), 0));
    return lock;
  }
  RunLock(RunLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock() {
    if (file_ >= 0) close(file_);
  }

 private:
  explicit RunLock(int file) : file_(file) {}
  std::string holder() const {
    char text[16] = {};
    const ssize_t n = pread(file_, text, sizeof text - 1, 0);
    std::string pid(text, n > 0 ? static_cast<std::size_t>(n) : 0);
    return pid.substr(0, pid.find('\n'));
  }

  int file_;
};

}  // namespace

Result<int> supervise(const PrepareChildren& prepare, const std::string& run_directory, const SupervisorReport& report) {
  TRY(const RunLock lock, RunLock::take(run_directory));
  TRY(const std::vector<ChildSpec> children, prepare());
  sigset_t signals;
  sigemptyset(&signals);
  for (int s : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&signals, s);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int signal_queue = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signal_queue < 0) return fail(ErrorKind::unavailable, std::string("signalfd: ") + std::strerror(errno));
  Family family(children, run_directory, report);
  if (auto started = family.start_all(); !started) {
    family.stop_all();
    close(signal_queue);
    return Failure{std::move(started).error()};
  }
  bool stopping = false;
  while (!stopping) {
    pollfd wait_for{signal_queue, POLLIN, 0};
    poll(&wait_for, 1, family.milliseconds_to_next_start());
    signalfd_siginfo info{};
    while (read(signal_queue, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) stopping = true;
      if (info.ssi_signo == SIGHUP) family.pass_on(SIGHUP);
    }
    family.collect();
    if (!stopping) family.start_due();
  }
  family.stop_all();
  close(signal_queue);
  return 0;
}

}  // namespace danewerk::io
