// bench/handshake: a bare TLS 1.3 handshake loop with both ends in one thread and memory between them.
//
// A yardstick for every figure with one message a connection: no sockets, no kernel, no SMTP, only what OpenSSL needs
// at each end (X25519, ECDSA P-256; a full handshake ends with the server's two tickets written and read, a resumed one
// with one). What a server needs more per connection than the server's share here is its own doing.
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <cstdio>
#include <vector>

#include "figures.h"
#include "options.h"
#include "tls_setup.h"

namespace danewerk::bench {
namespace {

constexpr std::string_view usage = R"(handshake: TLS 1.3 handshakes, client and server in one thread over memory

  --count N   handshakes of each kind, full and resumed (2000)

Prints one JSON object: handshakes a second of one core, CPU microseconds of each end.
)";

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;

struct Spent {
  double client = 0;
  double server = 0;
  double elapsed = 0;
  std::uint64_t resumed = 0;
};

struct LastTicket {
  Session session;
  static void keep(void* self, Session session) { static_cast<LastTicket*>(self)->session = std::move(session); }
};

// Runs one end until it waits for the other, and adds its CPU time to `spent`.
bool step(SSL* ssl, double& spent) {
  const double before = thread_cpu_seconds();
  const int done = SSL_do_handshake(ssl);
  spent += thread_cpu_seconds() - before;
  return done == 1;
}

// One handshake; false if it did not come about.
bool shake(SSL_CTX* server_side, SSL_CTX* client_side, SSL_SESSION* resume, Spent& spent) {
  double before = thread_cpu_seconds();
  Ssl client(SSL_new(client_side));
  SSL_set_connect_state(client.get());
  if (resume != nullptr) SSL_set_session(client.get(), resume);
  spent.client += thread_cpu_seconds() - before;
  before = thread_cpu_seconds();
  Ssl server(SSL_new(server_side));
  SSL_set_accept_state(server.get());
  spent.server += thread_cpu_seconds() - before;
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  if (BIO_new_bio_pair(&client_end, 1 << 16, &server_end, 1 << 16) != 1) return false;
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_bio(server.get(), server_end, server_end);
  bool client_done = false;
  bool server_done = false;
  for (int turn = 0; turn < 8 && !(client_done && server_done); ++turn) {
    client_done = step(client.get(), spent.client);
    server_done = step(server.get(), spent.server);
  }
  if (!client_done || !server_done) return false;
  before = thread_cpu_seconds();
  char nothing[1];
  SSL_read(client.get(), nothing, sizeof nothing);  // takes the tickets in
  if (SSL_session_reused(client.get()) == 1) ++spent.resumed;
  SSL_shutdown(client.get());
  client.reset();
  spent.client += thread_cpu_seconds() - before;
  before = thread_cpu_seconds();
  server.reset();
  spent.server += thread_cpu_seconds() - before;
  return true;
}

Record record(const Spent& spent, std::int64_t count) {
  const auto each = [count](double seconds) { return 1e6 * seconds / static_cast<double>(count); };
  Record out;
  out.put("count", count).put("resumed", spent.resumed).put("per_second_one_core", static_cast<double>(count) / spent.elapsed);
  out.put("server_us", each(spent.server)).put("client_us", each(spent.client));
  return out;
}

int run(int argc, char** argv) {
  Options options(argc, argv, usage);
  const std::int64_t count = options.number("count", 2000, 1, 10'000'000);
  options.finish();
  LastTicket ticket;
  const Context server_side = server_context("", "");
  const Context client_side = client_context(nullptr, LastTicket::keep, &ticket);
  Spent full;
  Spent resumed;
  Spent warm_up;
  for (int at = 0; at < 50; ++at) shake(server_side.get(), client_side.get(), nullptr, warm_up);
  for (Spent* spent : {&full, &resumed}) {
    const Instant began = std::chrono::steady_clock::now();
    for (std::int64_t at = 0; at < count; ++at) {
      const Session offered = spent == &resumed ? std::move(ticket.session) : nullptr;
      if (!shake(server_side.get(), client_side.get(), offered.get(), *spent)) give_up("a handshake failed", 1);
    }
    spent->elapsed = seconds_between(began, std::chrono::steady_clock::now());
  }
  if (full.resumed != 0 || resumed.resumed != static_cast<std::uint64_t>(count)) give_up("resumption did not go as asked", 1);
  Record out;
  out.put("openssl", OpenSSL_version(OPENSSL_VERSION)).put("full", record(full, count)).put("resumed", record(resumed, count));
  std::printf("%s\n", out.json().c_str());
  return 0;
}

}  // namespace
}  // namespace danewerk::bench

int main(int argc, char** argv) { return danewerk::bench::run(argc, argv); }
