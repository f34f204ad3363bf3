#pragma once
// The event loop of the two servers of the bench, sink and canned: accept, read, answer, STARTTLS, close.
//
// A measuring server must cost far less than what it measures. One thread, one epoll set, level-triggered: a connection
// is asked to be writable only while output is left over, so an ordinary turn is one epoll_wait for many connections,
// one read and one write each. What the bytes mean is the Conversation's business; it never sees a socket, so that it
// can be tested with any fragmentation.
//
// Invariant: the answers to one chunk leave together, after the whole chunk was read; STARTTLS drops what follows it.
// Signals: SIGTERM and SIGINT end run(); SIGUSR1 calls `on_report`.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"
#include "tls_setup.h"

namespace danewerk::bench {

enum class Then { carry_on, start_tls, close };

class Conversation {
 public:
  virtual ~Conversation() = default;
  virtual void greet(std::string& answer) = 0;
  // Bytes in any fragmentation; appends replies to `answer`. After start_tls the rest of the chunk is void.
  virtual Then received(std::string_view bytes, std::string& answer) = 0;
  virtual void tls_established() = 0;
};

struct ServerCounts {
  std::uint64_t connections = 0;
  std::uint64_t handshakes = 0;
  std::uint64_t resumed = 0;
  std::uint64_t failed_handshakes = 0;
  std::uint64_t lost = 0;  // reset or ended by the peer before the conversation was over
};

class ServerLoop {
 public:
  using MakeConversation = std::function<std::unique_ptr<Conversation>()>;
  // `tls` may be null: then a Conversation must not answer start_tls.
  ServerLoop(std::vector<Place> places, SSL_CTX* tls, MakeConversation make, std::function<void()> on_report);
  ~ServerLoop();
  ServerLoop(const ServerLoop&) = delete;
  ServerLoop& operator=(const ServerLoop&) = delete;

  // Serves until SIGTERM or SIGINT.
  void run();
  const ServerCounts& counts() const { return counts_; }

 private:
  struct Peer;
  void listen_on(const Place& place);
  void accept_all(int listener);
  void turn(Peer& peer);
  bool read_all(Peer& peer);
  bool settle(Peer& peer);
  void watch(Peer& peer);
  void drop(Peer& peer, bool lost);

  SSL_CTX* tls_;
  MakeConversation make_;
  std::function<void()> on_report_;
  int epoll_;
  int signals_;
  std::vector<int> listeners_;
  std::vector<std::unique_ptr<Peer>> peers_;  // by descriptor
  ServerCounts counts_;
};

}  // namespace danewerk::bench
