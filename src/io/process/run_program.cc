#include "io/process/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace danewerk::io {
namespace {

/// Keeps the first half of what it may hold, and the latest of the rest.
class Kept {
 public:
  explicit Kept(std::size_t most) : half_(most / 2) {}
  void add(std::string_view text) {
    const std::size_t room = half_ - std::min(half_, begin_.size());
    begin_ += text.substr(0, room);
    end_ += text.substr(std::min(room, text.size()));
    if (end_.size() <= half_) return;
    end_.erase(0, end_.size() - half_);
    cut_ = true;
  }
  std::string text() const { return begin_ + (cut_ ? "\n[...]\n" : "") + end_; }

 private:
  std::size_t half_;
  std::string begin_, end_;
  bool cut_ = false;
};

/// What is there now; false at the end of it.
bool drain(int from, Kept& kept) {
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t n = read(from, buffer.data(), buffer.size());
    if (n > 0) kept.add({buffer.data(), static_cast<std::size_t>(n)});
    else if (n == 0) return false;
    else if (errno != EINTR) return true;
  }
}

ProgramEnd end_of(pid_t pid, std::optional<ProgramEnd::How> forced) {
  if (forced) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ProgramEnd out;
  out.how = forced.value_or(WIFEXITED(status) ? ProgramEnd::How::exited : ProgramEnd::How::signalled);
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  return out;
}

/// Waits for the end of `process`, the deadline or `stop`, whichever comes first.
std::optional<ProgramEnd::How> watch(int process, int output, int stop, Duration deadline, Kept& kept) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  std::array<pollfd, 3> waits{pollfd{process, POLLIN, 0}, pollfd{stop, POLLIN, 0}, pollfd{output, POLLIN, 0}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return ProgramEnd::How::deadline;
    const int ready = poll(waits.data(), waits.size(), static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return ProgramEnd::How::stopped;
    if (ready <= 0) continue;
    if (waits[2].revents != 0 && !drain(output, kept)) waits[2].fd = -1;
    if (waits[1].revents != 0) return ProgramEnd::How::stopped;
    if (waits[0].revents != 0) return std::nullopt;
  }
}

}  // namespace

Result<ProgramEnd> run_program(ChildSpec spec, Duration deadline, ByteCount most_output, int stop) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(ErrorKind::unavailable, spec.name + ": pipe: " + std::strerror(errno));
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  spec.output = ends[1];
  const auto pid = start_child(spec);
  close(ends[1]);
  if (!pid) {
    close(ends[0]);
    return Failure{pid.error()};
  }
  const int process = static_cast<int>(syscall(SYS_pidfd_open, *pid, 0));
  Kept kept(static_cast<std::size_t>(most_output));
  const auto forced = process < 0 ? std::optional(ProgramEnd::How::stopped) : watch(process, ends[0], stop, deadline, kept);
  ProgramEnd out = end_of(*pid, forced);
  drain(ends[0], kept);
  out.output = kept.text();
  close(ends[0]);
  if (process >= 0) close(process);
  return out;
}

}  // namespace danewerk::io
