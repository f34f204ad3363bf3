#pragma once
// One non-blocking TCP connection that may turn into TLS half way: the transport of load, sink and canned.
//
// SMTP's STARTTLS hands one socket from plain text to TLS. Each program would otherwise carry its own mix of recv(),
// SSL_read() and half-written buffers, and a generator with a bug there measures itself. A Link reads at most one chunk
// a call into a buffer shared by the thread, queues what is to be sent, and sends it in as few system calls as it can.
//
// Invariant: bytes queued before start_tls() leave in clear, bytes queued after it leave encrypted, in order.
// Owner: the connection object of the program. Not thread-safe. Errors are states, never exceptions.

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace danewerk::bench {

enum class LinkState { ready, again, closed, failed };
enum class TlsRole { client, server };

class Link {
 public:
  // Takes ownership of a non-blocking, connected or connecting socket; sets TCP_NODELAY.
  explicit Link(int descriptor);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  int descriptor() const { return descriptor_; }

  struct Chunk {
    LinkState state;
    std::string_view bytes;  // valid until the next read of any Link of this thread
  };
  // ready: bytes are there. again: nothing now. closed: the peer ended. failed: reset or TLS error.
  Chunk read();
  // True if read() may have bytes although the socket is not readable: call it again before waiting.
  bool has_buffered_input() const;

  void queue(std::string_view bytes) { output_.append(bytes); }
  // ready: all sent. again: wait until writable.
  LinkState flush();
  bool has_output() const { return sent_ < output_.size(); }

  // Turns to TLS. Call only with no output left. `resume` may be null; it is used up by reference, not owned.
  void start_tls(SSL_CTX* context, TlsRole role, SSL_SESSION* resume, const char* server_name);
  // ready: established. again: `wants_write()` says for what. Call until ready or failed.
  LinkState handshake();
  bool wants_write() const { return wants_write_; }
  bool encrypted() const { return ssl_ != nullptr; }
  bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1; }
  // Sends close_notify, without waiting for the peer's.
  void end_tls();

  // Asks the kernel to acknowledge what has arrived at once (Linux; not sticky, so call it after each read).
  void acknowledge_now() const;

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  LinkState after_ssl(int result);
  void forget_sent();

  int descriptor_;
  bool wants_write_ = false;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string output_;
  std::size_t sent_ = 0;
};

// The outcome of one non-blocking connect() to a numeric address; -1 with errno if it failed at once.
// `source` (numeric, may be empty) is bound first.
int connect_to(const std::string& address, unsigned short port, const std::string& source);

}  // namespace danewerk::bench
