#include "io/net/socket_address.h"

#include <cstring>

namespace danewerk::io {

SocketAddress::SocketAddress(const types::Endpoint& endpoint) noexcept {
  const auto bytes = endpoint.address.bytes();
  const auto port = htons(static_cast<std::uint16_t>(endpoint.port));
  if (endpoint.address.family() == types::IpAddress::Family::v4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = port;
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
    length = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = port;
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    length = sizeof v6;
  }
}

types::Endpoint SocketAddress::endpoint() const {
  CHECK(family() == AF_INET || family() == AF_INET6);
  if (family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    return {types::IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), 4}),
            types::Port{ntohs(v4.sin_port)}};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
  return {types::IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr), 16}),
          types::Port{ntohs(v6.sin6_port)}};
}

types::Endpoint local_endpoint(int descriptor) {
  SocketAddress address;
  getsockname(descriptor, address.get(), &address.length);
  return address.endpoint();
}

}  // namespace danewerk::io
