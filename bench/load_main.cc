// bench/load: sends mail to the server under test, as fast as it takes it, over a fixed number of connections.
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "io/tls/lean_library.h"
#include "link.h"
#include "load_dialogue.h"
#include "options.h"
#include "tls_setup.h"

namespace danewerk::bench {
namespace {

constexpr std::string_view usage = R"(load: an SMTP load generator

  --connect ADDRESS:PORT        the server ([::1]:25 for IPv6)
  --starttls                    STARTTLS before mail (TLS 1.3; the certificate is not judged)
  --resume on|off               resume TLS sessions with the tickets of earlier connections (off)
  --concurrency N               connections at a time (20)
  --messages-per-connection N   (1)
  --total N                     messages in all (1000)
  --size OCTETS                 of each message, header included, at least 512 (4096)
  --pipelining on|off           MAIL, RCPT and DATA as one group where offered (on)
  --quickack                    acknowledge at once (TCP_QUICKACK): see README, Postfix and its 40 ms
  --sender ADDRESS --helo NAME
  --recipient PATTERN           %d: domain number, %u: user number (user%u@d%d.bench.test)
  --domains K --users K         how many of each (1, 1)
  --sources N                   bind to 127.0.0.1 .. 127.0.0.N in turn, IPv4 only (0: do not bind)
  --run NAME                    prefix of the X-Bench-Id of each message (the process id)
  --deadline SECONDS            gives up then, and says what is missing (300)

Prints one JSON object. Exit code 0: every message was accepted; 1: some were not; 2: bad command line.
)";

class TicketBox {
 public:
  static void keep(void* box, Session session) { static_cast<TicketBox*>(box)->tickets_.push_back(std::move(session)); }
  // Each ticket once; only the last one may serve again, should the server give fewer than it takes.
  Session take() {
    if (tickets_.empty()) return nullptr;
    if (tickets_.size() == 1) {
      SSL_SESSION_up_ref(tickets_.back().get());
      return Session(tickets_.back().get());
    }
    Session ticket = std::move(tickets_.back());
    tickets_.pop_back();
    return ticket;
  }

 private:
  std::vector<Session> tickets_;
};

struct Wire {
  std::string address;
  std::uint16_t port = 0;
  std::size_t concurrency = 20;
  bool quickack = false;
  bool resume = false;
  int sources = 0;
  double deadline = 300;
};

struct Caller {
  Caller(int descriptor, const LoadPlan& plan, const MessageMaker& maker, LoadScore& score, Instant now)
      : link(descriptor), dialogue(plan, maker, score, now) {}
  Link link;
  LoadDialogue dialogue;
  Session ticket;
  bool handshaking = false;
  bool watching_write = false;
};

class Load {
 public:
  Load(const LoadPlan& plan, const Wire& wire)
      : plan_(plan), wire_(wire), maker_(plan), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    // What the generator spends the server cannot have: it reads certificates as Danewerk's clients do, and does not judge them.
    tls_ = client_context(tls::lean_library(), wire.resume ? TicketBox::keep : nullptr, &tickets_);
    SSL_CTX_set_cert_verify_callback(tls_.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  }
  ~Load() { close(epoll_); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void run();
  bool all_accepted() const { return score_.accepted == plan_.total; }
  std::string json();

 private:
  void open_connections();
  void open_one();
  void turn(Caller& caller, Instant now);
  bool shake(Caller& caller, std::string& out);
  bool read_all(Caller& caller, Instant now, std::string& out);
  void watch(Caller& caller);
  void drop(Caller& caller);
  void lose(Caller& caller, const char* reason);

  const LoadPlan& plan_;
  const Wire& wire_;
  MessageMaker maker_;
  LoadScore score_;
  TicketBox tickets_;
  Context tls_;
  int epoll_;
  std::vector<std::unique_ptr<Caller>> callers_;  // by descriptor
  std::size_t open_ = 0;
  std::uint64_t connections_ = 0;
  std::uint64_t handshakes_ = 0;
  std::uint64_t resumed_ = 0;
  Instant began_{};
  double began_wall_ = 0;
  CpuTime cpu_at_start_;
};

void Load::open_one() {
  const std::string source =
      wire_.sources == 0 ? "" : "127.0.0." + std::to_string(1 + connections_ % static_cast<std::uint64_t>(wire_.sources));
  const Instant now = std::chrono::steady_clock::now();
  const int descriptor = connect_to(wire_.address, wire_.port, source);
  if (descriptor < 0) {
    ++score_.taken;
    ++score_.failures["connect"];
    if (score_.first_refusal.empty()) score_.first_refusal = std::string("connect: ") + std::strerror(errno);
    return;
  }
  const auto slot = static_cast<std::size_t>(descriptor);
  if (callers_.size() <= slot) callers_.resize(slot + 1);
  callers_[slot] = std::make_unique<Caller>(descriptor, plan_, maker_, score_, now);
  ++connections_;
  ++open_;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  if (wire_.quickack) callers_[slot]->link.acknowledge_now();
}

void Load::open_connections() {
  while (open_ < wire_.concurrency && score_.taken < plan_.total) open_one();
}

void Load::drop(Caller& caller) {
  caller.link.end_tls();
  --open_;
  callers_[static_cast<std::size_t>(caller.link.descriptor())].reset();
}

void Load::lose(Caller& caller, const char* reason) {
  caller.dialogue.lost(reason);
  drop(caller);
}

// False if the caller is gone.
bool Load::shake(Caller& caller, std::string& out) {
  const LinkState state = caller.link.handshake();
  if (state == LinkState::again) return true;
  if (state != LinkState::ready) {
    lose(caller, "tls");
    return false;
  }
  caller.handshaking = false;
  ++handshakes_;
  if (caller.link.resumed()) ++resumed_;
  caller.dialogue.tls_established(out);
  return true;
}

// False if the caller is gone.
bool Load::read_all(Caller& caller, Instant now, std::string& out) {
  do {
    const Link::Chunk chunk = caller.link.read();
    if (chunk.state == LinkState::again) return true;
    if (chunk.state != LinkState::ready) {
      lose(caller, chunk.state == LinkState::closed ? "closed" : "reset");
      return false;
    }
    const LoadDialogue::Next next = caller.dialogue.received(chunk.bytes, now, out);
    if (next == LoadDialogue::Next::finished) {
      drop(caller);
      return false;
    }
    if (next == LoadDialogue::Next::start_tls) {
      caller.ticket = tickets_.take();
      caller.link.start_tls(tls_.get(), TlsRole::client, caller.ticket.get(), nullptr);
      caller.handshaking = true;
      return shake(caller, out);
    }
  } while (caller.link.has_buffered_input());
  return true;
}

void Load::turn(Caller& caller, Instant now) {
  std::string out;
  if (caller.handshaking) {
    if (!shake(caller, out)) return;
  } else if (!caller.link.has_output()) {
    if (!read_all(caller, now, out)) return;
  }
  caller.link.queue(out);
  if (!caller.handshaking && caller.link.flush() == LinkState::failed) return lose(caller, "reset");
  if (wire_.quickack) caller.link.acknowledge_now();
  watch(caller);
}

void Load::watch(Caller& caller) {
  const bool write = caller.link.wants_write();
  if (write == caller.watching_write) return;
  epoll_event event{};
  event.events = write ? EPOLLOUT : EPOLLIN;
  event.data.fd = caller.link.descriptor();
  epoll_ctl(epoll_, EPOLL_CTL_MOD, caller.link.descriptor(), &event);
  caller.watching_write = write;
}

void Load::run() {
  signal(SIGPIPE, SIG_IGN);
  cpu_at_start_ = process_cpu();
  began_ = score_.last_accept = std::chrono::steady_clock::now();
  began_wall_ = wall_clock_seconds();
  std::array<epoll_event, 256> events;
  open_connections();
  while (open_ > 0) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
    const Instant now = std::chrono::steady_clock::now();
    for (int at = 0; at < count; ++at) {
      const auto slot = static_cast<std::size_t>(events[static_cast<std::size_t>(at)].data.fd);
      if (callers_[slot]) turn(*callers_[slot], std::chrono::steady_clock::now());
    }
    if (seconds_between(began_, now) > wire_.deadline) {
      for (const auto& caller : callers_) {
        if (caller) lose(*caller, "deadline");
      }
      return;
    }
    open_connections();
  }
}

std::string Load::json() {
  const CpuTime cpu = process_cpu() - cpu_at_start_;
  const double elapsed = seconds_between(began_, score_.last_accept);
  Record failures;
  std::uint64_t failed = 0;
  for (const auto& [reason, count] : score_.failures) {
    failures.put(reason, count);
    failed += count;
  }
  Record out;
  out.put("total", plan_.total).put("accepted", score_.accepted).put("failed", failed);
  out.put("not_tried", plan_.total - score_.taken).put("seconds", elapsed).put("began", began_wall_);
  out.put("messages_per_second", elapsed > 0 ? static_cast<double>(score_.accepted) / elapsed : 0.0);
  out.put("octets", score_.octets).put("connections", connections_).put("handshakes", handshakes_);
  out.put("resumed", resumed_).put("transaction_ms", score_.transaction).put("first_ms", score_.first);
  out.put("cpu_user", cpu.user).put("cpu_system", cpu.system);
  const auto sent = static_cast<double>(score_.accepted);
  out.put("cpu_us_per_message", sent > 0 ? 1e6 * cpu.total() / sent : 0.0);
  out.put("failures", failures).put("first_refusal", score_.first_refusal);
  return out.json();
}

int run(int argc, char** argv) {
  Options options(argc, argv, usage);
  LoadPlan plan;
  Wire wire;
  const std::string target = options.text("connect", "");
  if (target.empty()) give_up("--connect ADDRESS:PORT is needed");
  const Place place = parse_place(target);
  wire.address = place.address;
  wire.port = place.port;
  plan.starttls = options.flag("starttls");
  wire.resume = options.on_off("resume", false);
  wire.concurrency = static_cast<std::size_t>(options.number("concurrency", 20, 1, 20'000));
  plan.per_connection = static_cast<std::uint64_t>(options.number("messages-per-connection", 1, 1, 1'000'000));
  plan.total = static_cast<std::uint64_t>(options.number("total", 1000, 1, 1'000'000'000));
  plan.size = static_cast<std::size_t>(options.number("size", 4096, 512, 100'000'000));
  plan.pipelining = options.on_off("pipelining", true);
  wire.quickack = options.flag("quickack");
  plan.sender = options.text("sender", plan.sender);
  plan.helo = options.text("helo", plan.helo);
  plan.recipient = options.text("recipient", plan.recipient);
  plan.domains = static_cast<std::uint64_t>(options.number("domains", 1, 1, 1'000'000'000));
  plan.users = static_cast<std::uint64_t>(options.number("users", 1, 1, 1'000'000'000));
  wire.sources = static_cast<int>(options.number("sources", 0, 0, 254));
  plan.run = options.text("run", std::to_string(getpid()));
  wire.deadline = static_cast<double>(options.number("deadline", 300, 1, 86'400));
  options.finish();
  if (wire.resume && !plan.starttls) give_up("--resume on needs --starttls");
  std::string longest;
  MessageMaker(plan).append(plan.total, longest);
  if (longest.size() != plan.size) give_up("--size is less than the header takes: " + std::to_string(longest.size()));
  Load load(plan, wire);
  load.run();
  std::printf("%s\n", load.json().c_str());
  return load.all_accepted() ? 0 : 1;
}

}  // namespace
}  // namespace danewerk::bench

int main(int argc, char** argv) { return danewerk::bench::run(argc, argv); }
