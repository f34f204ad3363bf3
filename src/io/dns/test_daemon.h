// TestDaemon: other people's servers (knotd, unbound) for tests: unpacked by lab/fetch-peers, run unprivileged on a
// loopback port, dead with the test. Nothing sleeps: a daemon is ready when its log says so.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace danewerk::io::dns {

/// A directory that goes away with the object.
class ScratchDir {
 public:
  ScratchDir() {
    char name[] = "/tmp/danewerk-dns-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  std::string path(const std::string& file = {}) const { return file.empty() ? path_ : path_ + "/" + file; }
  void write(const std::string& file, const std::string& text) const { std::ofstream(path(file)) << text; }

 private:
  std::string path_;
};

/// The tree with knotd and unbound, or nothing: then tests that need it are skipped, and say so.
inline std::optional<std::string> dns_peers() {
  std::vector<std::string> places{std::string(DANEWERK_SOURCE_DIR) + "/build/peers"};
  if (const char* named = getenv("DANEWERK_PEERS")) places.insert(places.begin(), named);
  for (const std::string& place : places) {
    if (std::filesystem::exists(place + "/dns/usr/sbin/knotd") && std::filesystem::exists(place + "/dns/usr/sbin/unbound")) {
      return place + "/dns";
    }
  }
  return std::nullopt;
}

/// A port of 127.0.0.1 that is free for TCP and UDP just now.
inline int free_port() {
  for (;;) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const int tcp = socket(AF_INET, SOCK_STREAM, 0);
    const int udp = socket(AF_INET, SOCK_DGRAM, 0);
    bool free = bind(tcp, reinterpret_cast<sockaddr*>(&address), size) == 0;
    free = free && getsockname(tcp, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    free = free && bind(udp, reinterpret_cast<sockaddr*>(&address), size) == 0;
    close(tcp);
    close(udp);
    if (free) return ntohs(address.sin_port);
  }
}

class TestDaemon {
 public:
  /// Starts `argv` with libraries from `peers`; `preload` names an object to load before them.
  TestDaemon(const std::string& peers, std::vector<std::string> argv, const std::string& preload = {}) {
    int ends[2];
    if (pipe(ends) != 0) abort();
    const std::string libraries = peers + "/usr/lib/x86_64-linux-gnu:" + peers + "/usr/lib/aarch64-linux-gnu";
    std::vector<char*> arguments;
    for (std::string& argument : argv) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(ends[1], 1);
      dup2(ends[1], 2);
      close(ends[0]);
      close(ends[1]);
      setenv("LD_LIBRARY_PATH", libraries.c_str(), 1);
      if (!preload.empty()) setenv("LD_PRELOAD", preload.c_str(), 1);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    close(ends[1]);
    log_fd_ = ends[0];
  }
  ~TestDaemon() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(log_fd_);
  }
  TestDaemon(const TestDaemon&) = delete;
  TestDaemon& operator=(const TestDaemon&) = delete;

  /// Reads the log until `mark` has been said `times` times; false if the daemon ended first.
  bool said(const std::string& mark, int times = 1) {
    for (;;) {
      int found = 0;
      for (std::size_t at = log_.find(mark); at != std::string::npos; at = log_.find(mark, at + 1)) ++found;
      if (found >= times) return true;
      char buffer[4096];
      const ssize_t size = read(log_fd_, buffer, sizeof buffer);
      if (size <= 0) return false;
      log_.append(buffer, static_cast<std::size_t>(size));
    }
  }
  /// Runs a program of the peers to its end; its standard output.
  static std::string run(const std::string& peers, const std::string& command) {
    const std::string libraries = peers + "/usr/lib/x86_64-linux-gnu:" + peers + "/usr/lib/aarch64-linux-gnu";
    FILE* out = popen(("LD_LIBRARY_PATH=" + libraries + " " + command + " 2>&1").c_str(), "r");
    std::string text;
    char buffer[4096];
    while (const std::size_t size = fread(buffer, 1, sizeof buffer, out)) text.append(buffer, size);
    pclose(out);
    return text;
  }
  const std::string& log() const { return log_; }
  void send(int signal) const { kill(pid_, signal); }

 private:
  pid_t pid_ = -1;
  int log_fd_ = -1;
  std::string log_;
};

}  // namespace danewerk::io::dns
