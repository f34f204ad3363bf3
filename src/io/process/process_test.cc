// These tests start real processes: /bin/sh and what it runs.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "io/process/child.h"
#include "io/process/landlock.h"
#include "io/process/supervisor.h"

namespace danewerk::io {
namespace {

class Directory {
 public:
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-process-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

ChildSpec shell(const std::string& script) { return {"shell", {"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"}, {}, false, {}, {}}; }

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    usleep(5'000);
  }
  return false;
}

TEST(Child, says_what_cannot_be_run) {
  const auto started = start_child({"ghost", {"/nonexistent/program"}, {}, {}, false, {}, {}});
  EXPECT_EQ(started.error().kind, ErrorKind::not_found);
  EXPECT_NE(started.error().what.find("/nonexistent/program"), std::string::npos);
}

TEST(Child, writes_only_where_it_may) {
  if (!landlock_available()) GTEST_SKIP() << "this kernel has no Landlock";
  const Directory own;
  const Directory other;
  ChildSpec spec = shell("echo in > " + own.file("a") + "; echo out > " + other.file("b") + "; exit 0");
  spec.writable = {own.path()};
  const pid_t pid = *start_child(spec);
  waitpid(pid, nullptr, 0);
  EXPECT_EQ(contents(own.file("a")), "in\n");
  EXPECT_FALSE(std::filesystem::exists(other.file("b")));
}

TEST(Child, runs_as_its_own_user_with_one_capability) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const Directory own;
  std::filesystem::permissions(own.path(), std::filesystem::perms::all);
  ChildSpec spec = shell("id -u > " + own.file("id") + "; grep CapEff /proc/self/status >> " + own.file("id"));
  spec.run_as = *RunAs::find("nobody");
  spec.may_bind_low_ports = true;
  waitpid(*start_child(spec), nullptr, 0);
  EXPECT_EQ(contents(own.file("id")), "65534\nCapEff:\t0000000000000400\n");
}

TEST(Child, a_leftover_is_recognised_and_a_stranger_is_not) {
  const Directory run;
  const pid_t pid = *start_child(shell("exec sleep 1000"));
  EXPECT_TRUE(note_child(run.path(), "shell", pid));
  std::thread reaper([pid] { waitpid(pid, nullptr, 0); });
  EXPECT_TRUE(end_leftover(run.path(), "shell"));
  reaper.join();
  std::ofstream(run.file("shell.pid")) << getpid() << " 12345\n";
  EXPECT_FALSE(end_leftover(run.path(), "shell"));
}

/// Runs the supervisor in a process of its own, as in production, and returns its pid.
pid_t supervised(const std::vector<ChildSpec>& children, const Directory& run) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const auto result = supervise([&] { return children; }, run.path(), [](const std::string&, const std::string&) {});
  _exit(result ? *result : 1);
}

TEST(Supervisor, starts_again_what_ends_and_stops_in_order) {
  const Directory run;
  const pid_t pid = supervised({shell("echo x >> " + run.file("starts"))}, run);
  EXPECT_TRUE(eventually([&] { return contents(run.file("starts")).size() >= 4; }));
  kill(pid, SIGTERM);
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// A disk without room for a pid file: what it is for, a leftover after a fault of the kernel's, is no reason not to serve.
TEST(Supervisor, starts_where_no_pid_file_can_be_written) {
  const Directory run;
  std::filesystem::create_directories(run.file("shell.pid") + "/in the way");
  const pid_t pid = supervised({shell("echo x >> " + run.file("starts"))}, run);
  EXPECT_TRUE(eventually([&] { return contents(run.file("starts")).size() >= 4; }));
  kill(pid, SIGTERM);
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Supervisor, its_children_die_with_it_even_by_sigkill) {
  const Directory run;
  const pid_t pid = supervised({shell("echo $$ > " + run.file("pid") + "; exec sleep 1000")}, run);
  EXPECT_TRUE(eventually([&] { return !contents(run.file("pid")).empty(); }));
  const pid_t child = std::stoi(contents(run.file("pid")));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  EXPECT_TRUE(eventually([&] { return kill(child, 0) != 0; }));
}

TEST(Supervisor, a_second_one_is_refused_and_ends_nobody) {
  const Directory run;
  const pid_t pid = supervised({shell("echo $$ > " + run.file("pid") + "; exec sleep 1000")}, run);
  EXPECT_TRUE(eventually([&] { return !contents(run.file("shell.pid")).empty() && !contents(run.file("pid")).empty(); }));
  bool prepared = false;
  const auto prepare = [&prepared] {
    prepared = true;
    return std::vector{shell("exit 0")};
  };
  const auto second = supervise(prepare, run.path(), [](const std::string&, const std::string&) {});
  EXPECT_FALSE(prepared) << "it may write what the children of the first are started with again";
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_NE(second.error().what.find("process " + std::to_string(pid)), std::string::npos) << second.error().what;
  EXPECT_EQ(kill(std::stoi(contents(run.file("pid"))), 0), 0);
  kill(pid, SIGTERM);
  waitpid(pid, nullptr, 0);
}

}  // namespace
}  // namespace danewerk::io
