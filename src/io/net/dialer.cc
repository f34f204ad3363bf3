#include "io/net/dialer.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "io/net/socket_address.h"

namespace danewerk::io {
namespace {

/// IANA special-purpose registries (RFC 6890 and updates): what is not public unicast.
const std::vector<types::Network>& special_networks() {
  static const std::vector<types::Network> networks = [] {
    std::vector<types::Network> out;
    for (const char* text : {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                             "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3", "::/8", "64:ff9b:1::/48",
                             "100::/64", "fc00::/7", "fe80::/9", "ff00::/8"}) {
      out.push_back(*types::Network::parse(text));
    }
    return out;
  }();
  return networks;
}

Failure<Error> could_not_connect(const types::Endpoint& to, int error_number) {
  Error error = socket_error("connect to " + to.to_string(), error_number);
  if (error_number == ECONNREFUSED) error.kind = ErrorKind::refused;
  if (error_number == ETIMEDOUT) error.kind = ErrorKind::timeout;
  return {std::move(error)};
}

/// No fault of the peer's.
Failure<Error> could_not_bind(const types::IpAddress& source, int error_number) {
  Error error = socket_error("send from " + source.to_string(), error_number);
  error.kind = ErrorKind::denied;
  error.what += "; give this machine the address, or take it out of the configuration";
  return {std::move(error)};
}

}  // namespace

bool AddressFilter::allows(const types::IpAddress& address) const noexcept {
  const auto holds = [&](const types::Network& network) { return network.contains(address); };
  if (std::any_of(opened_.begin(), opened_.end(), holds)) return true;
  return std::none_of(special_networks().begin(), special_networks().end(), holds);
}

Task<Result<Dialed>> dial(types::Endpoint to, std::optional<types::IpAddress> source, Duration limit) {
  const SocketAddress peer(to);
  const int fd = ::socket(peer.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return could_not_connect(to, errno);
  Socket socket(co_await this_executor(), fd);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (source) {
    const SocketAddress local(types::Endpoint{*source, types::Port{0}});
    if (::bind(fd, local.get(), local.length) != 0) co_return could_not_bind(*source, errno);
  }
  socket.expires_after(limit);
  if (::connect(fd, peer.get(), peer.length) != 0) {
    if (errno != EINPROGRESS) co_return could_not_connect(to, errno);
    auto ready = co_await socket.writable();
    if (!ready) co_return fail(ready.error().kind, "connect to " + to.to_string() + ": " + ready.error().what);
    int error_number = 0;
    socklen_t size = sizeof error_number;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size);
    if (error_number != 0) co_return could_not_connect(to, error_number);
  }
  const types::Endpoint local = local_endpoint(fd);
  co_return Dialed{std::move(socket), local};
}

}  // namespace danewerk::io
