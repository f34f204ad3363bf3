// Endpoint to and from the kernel's sockaddr. Private to io/.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "types/ip_address.h"

namespace danewerk::io {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  explicit SocketAddress(const types::Endpoint& endpoint) noexcept;
  SocketAddress() noexcept : length(sizeof storage) {}

  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const noexcept { return storage.ss_family; }
  /// Only for AF_INET and AF_INET6 (CHECKed).
  types::Endpoint endpoint() const;
};

/// Our end of a connected or bound IP socket (CHECKed).
types::Endpoint local_endpoint(int descriptor);

}  // namespace danewerk::io
