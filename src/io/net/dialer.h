// Dialer: an outgoing TCP connection, and the addresses we refuse to dial.
//
// The addresses of a mail host are chosen by strangers in their DNS. Without a filter an MX record that points to
// 127.0.0.1 or to a machine of our own network turns delivery into a probe of what only we can reach, or into a loop. So
// loopback, private, link-local, multicast and unspecified ranges are refused unless the operator opened them by name
// (`delivery.allow_networks`).
#pragma once

#include <optional>
#include <vector>

#include "io/net/socket.h"
#include "types/ip_address.h"

namespace danewerk::io {

class AddressFilter {
 public:
  /// `opened` are the exceptions.
  explicit AddressFilter(std::vector<types::Network> opened) : opened_(std::move(opened)) {}
  /// True for public unicast addresses and for opened networks.
  bool allows(const types::IpAddress& address) const noexcept;

 private:
  std::vector<types::Network> opened_;
};

struct Dialed {
  Socket socket;
  types::Endpoint local;  ///< our end
};

/// Connects within `limit`, with TCP_NODELAY set. `source` binds our end. Errors: refused, timeout, unavailable, all
/// naming the endpoint; denied, naming `source`, where we cannot send from there.
Task<Result<Dialed>> dial(types::Endpoint to, std::optional<types::IpAddress> source, Duration limit);

}  // namespace danewerk::io
