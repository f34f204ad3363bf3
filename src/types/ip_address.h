// IpAddress and Endpoint: where a peer is.
//
// An IPv4-mapped IPv6 address (::ffff:192.0.2.1) is the IPv4 address: it is unmapped when parsed, so that filters and
// comparisons never see two forms of one place. RFC 5952 form on output.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace danewerk::types {

enum class Port : std::uint16_t {};
constexpr Port smtp_port{25};

class IpAddress {
 public:
  enum class Family : std::uint8_t { v4, v6 };

  /// 0.0.0.0
  IpAddress() = default;
  /// Dotted decimal or RFC 4291 2.2 text, without brackets or zone. Error: malformed.
  static Result<IpAddress> parse(std::string_view text);
  /// 4 or 16 octets in network order (CHECKed); mapped addresses become IPv4.
  static IpAddress from_bytes(std::span<const std::uint8_t> bytes);

  Family family() const noexcept { return family_; }
  /// 4 or 16 octets, network order; valid while this object lives.
  std::span<const std::uint8_t> bytes() const noexcept { return {bytes_.data(), family_ == Family::v4 ? 4U : 16U}; }
  bool is_loopback() const noexcept;
  std::string to_string() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  Family family_ = Family::v4;
  std::array<std::uint8_t, 16> bytes_{};
};

struct Endpoint {
  IpAddress address;
  Port port{};

  /// "192.0.2.1:25" or "[2001:db8::1]:25". Error: malformed.
  static Result<Endpoint> parse(std::string_view text);
  std::string to_string() const;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// An address range, "10.0.0.0/8" or "fd00::/8"; a bare address is a range of one. Error: malformed.
struct Network {
  IpAddress address;
  std::uint8_t prefix_length = 0;

  static Result<Network> parse(std::string_view text);
  bool contains(const IpAddress& other) const noexcept;
  std::string to_string() const;
  friend auto operator<=>(const Network&, const Network&) = default;
};

}  // namespace danewerk::types
