#include "server_loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "link.h"

namespace danewerk::bench {

struct ServerLoop::Peer {
  explicit Peer(int descriptor) : link(descriptor) {}
  Link link;
  std::unique_ptr<Conversation> conversation;
  bool handshaking = false;
  bool closing = false;
  bool watching_write = false;
};

namespace {

void add_to(int epoll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) give_up(std::string("epoll: ") + std::strerror(errno), 1);
}

// The `step`-th address after `place.address`.
socklen_t nth_address(const Place& place, int step, sockaddr_storage& storage) {
  std::memset(&storage, 0, sizeof storage);
  auto* four = reinterpret_cast<sockaddr_in*>(&storage);
  if (inet_pton(AF_INET, place.address.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(place.port);
    four->sin_addr.s_addr = htonl(ntohl(four->sin_addr.s_addr) + static_cast<std::uint32_t>(step));
    return sizeof *four;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
  inet_pton(AF_INET6, place.address.c_str(), &six->sin6_addr);
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(place.port);
  int carry = step;
  for (int at = 15; at >= 0 && carry > 0; --at) {
    carry += six->sin6_addr.s6_addr[at];
    six->sin6_addr.s6_addr[at] = static_cast<unsigned char>(carry & 0xff);
    carry >>= 8;
  }
  return sizeof *six;
}

}  // namespace

ServerLoop::ServerLoop(std::vector<Place> places, SSL_CTX* tls, MakeConversation make, std::function<void()> on_report)
    : tls_(tls), make_(std::move(make)), on_report_(std::move(on_report)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  sigset_t handled;
  sigemptyset(&handled);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&handled, number);
  sigprocmask(SIG_BLOCK, &handled, nullptr);
  signal(SIGPIPE, SIG_IGN);  // SSL_write has no MSG_NOSIGNAL
  signals_ = signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
  add_to(epoll_, signals_);
  for (const Place& place : places) listen_on(place);
}

ServerLoop::~ServerLoop() {
  for (const int listener : listeners_) close(listener);
  close(signals_);
  close(epoll_);
}

void ServerLoop::listen_on(const Place& place) {
  for (int step = 0; step < place.count; ++step) {
    sockaddr_storage address;
    const socklen_t length = nth_address(place, step, address);
    const int listener = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address.ss_family == AF_INET6) setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener, 4096) != 0) {
      give_up("cannot listen on " + place.address + " +" + std::to_string(step) + " port " + std::to_string(place.port) +
                  ": " + std::strerror(errno) + "; is another server there?", 1);
    }
    add_to(epoll_, listener);
    if (peers_.size() <= static_cast<std::size_t>(listener)) peers_.resize(static_cast<std::size_t>(listener) + 1);
    listeners_.push_back(listener);
  }
}

void ServerLoop::accept_all(int listener) {
  for (;;) {
    const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const auto slot = static_cast<std::size_t>(descriptor);
    if (peers_.size() <= slot) peers_.resize(slot + 1);
    peers_[slot] = std::make_unique<Peer>(descriptor);
    Peer& peer = *peers_[slot];
    peer.conversation = make_();
    ++counts_.connections;
    add_to(epoll_, descriptor);
    std::string greeting;
    peer.conversation->greet(greeting);
    peer.link.queue(greeting);
    if (peer.link.flush() == LinkState::failed) {
      drop(peer, true);
    } else {
      watch(peer);
    }
  }
}

// Reads what is there; false if the peer is gone (and dropped).
bool ServerLoop::read_all(Peer& peer) {
  std::string answer;
  do {
    const Link::Chunk chunk = peer.link.read();
    if (chunk.state == LinkState::again) break;
    if (chunk.state != LinkState::ready) {
      drop(peer, true);
      return false;
    }
    const Then then = peer.conversation->received(chunk.bytes, answer);
    if (then == Then::close) peer.closing = true;
    if (then == Then::start_tls) {
      peer.link.queue(answer);
      if (peer.link.flush() != LinkState::ready) {  // 20 octets into an empty socket: only a dead peer refuses them
        drop(peer, true);
        return false;
      }
      peer.link.start_tls(tls_, TlsRole::server, nullptr, nullptr);
      peer.handshaking = true;
      return true;
    }
  } while (!peer.closing && peer.link.has_buffered_input());
  peer.link.queue(answer);
  return true;
}

// Sends what is queued and closes if that was all; false if the peer was dropped.
bool ServerLoop::settle(Peer& peer) {
  const LinkState state = peer.link.flush();
  if (state == LinkState::failed || state == LinkState::closed) {
    drop(peer, true);
    return false;
  }
  if (state == LinkState::ready && peer.closing) {
    peer.link.end_tls();
    drop(peer, false);
    return false;
  }
  return true;
}

void ServerLoop::turn(Peer& peer) {
  if (peer.handshaking) {
    const LinkState state = peer.link.handshake();
    if (state == LinkState::again) return watch(peer);
    if (state != LinkState::ready) {
      ++counts_.failed_handshakes;
      return drop(peer, false);
    }
    peer.handshaking = false;
    ++counts_.handshakes;
    if (peer.link.resumed()) ++counts_.resumed;
    peer.conversation->tls_established();
    if (!peer.link.has_buffered_input()) return watch(peer);
  }
  if (!peer.link.has_output() && !read_all(peer)) return;
  if (!peer.handshaking && !settle(peer)) return;
  watch(peer);
}

void ServerLoop::watch(Peer& peer) {
  const bool write = peer.link.wants_write();
  if (write == peer.watching_write) return;
  epoll_event event{};
  event.events = write ? EPOLLOUT : EPOLLIN;
  event.data.fd = peer.link.descriptor();
  epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.link.descriptor(), &event);
  peer.watching_write = write;
}

void ServerLoop::drop(Peer& peer, bool lost) {
  if (lost) ++counts_.lost;
  peers_[static_cast<std::size_t>(peer.link.descriptor())].reset();
}

void ServerLoop::run() {
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (int at = 0; at < count; ++at) {
      const int descriptor = events[static_cast<std::size_t>(at)].data.fd;
      if (descriptor == signals_) {
        signalfd_siginfo signal;
        if (::read(signals_, &signal, sizeof signal) != sizeof signal) continue;
        if (signal.ssi_signo != SIGUSR1) return;
        on_report_();
        continue;
      }
      const auto slot = static_cast<std::size_t>(descriptor);
      if (peers_[slot]) {
        turn(*peers_[slot]);
      } else {
        accept_all(descriptor);
      }
    }
  }
}

}  // namespace danewerk::bench
