#include "types/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace danewerk::types {
namespace {

template <class Number>
bool parse_number(std::string_view text, Number max, Number& out) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return false;
  out = static_cast<Number>(value);
  return true;
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 16> raw{};
  if (inet_pton(AF_INET, copy.c_str(), raw.data()) == 1 && copy.size() == text.size()) return from_bytes({raw.data(), 4});
  if (inet_pton(AF_INET6, copy.c_str(), raw.data()) == 1) return from_bytes({raw.data(), 16});
  return fail(ErrorKind::malformed, "'" + copy + "' is not an IPv4 or IPv6 address");
}

IpAddress IpAddress::from_bytes(std::span<const std::uint8_t> bytes) {
  CHECK(bytes.size() == 4 || bytes.size() == 16);
  static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (bytes.size() == 16 && std::equal(mapped.begin(), mapped.end(), bytes.begin())) bytes = bytes.subspan(12);
  IpAddress out;
  out.family_ = bytes.size() == 4 ? Family::v4 : Family::v6;
  std::copy(bytes.begin(), bytes.end(), out.bytes_.begin());
  return out;
}

bool IpAddress::is_loopback() const noexcept {
  if (family_ == Family::v4) return bytes_[0] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t b) { return b == 0; }) && bytes_[15] == 1;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(family_ == Family::v4 ? AF_INET : AF_INET6, bytes_.data(), out.data(), out.size());
  return out.data();
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorKind::malformed,
                "'" + std::string(text) + "' is not an address with port; write 192.0.2.1:25 or [2001:db8::1]:25");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad();
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  auto address = IpAddress::parse(host);
  std::uint16_t port = 0;
  if (!address || !parse_number<std::uint16_t>(text.substr(colon + 1), 65535, port)) return bad();
  if (bracketed != (host.find(':') != std::string_view::npos)) return bad();
  return Endpoint{*address, Port{port}};
}

std::string Endpoint::to_string() const {
  const std::string port_text = std::to_string(static_cast<unsigned>(port));
  if (address.family() == IpAddress::Family::v4) return address.to_string() + ":" + port_text;
  return "[" + address.to_string() + "]:" + port_text;
}

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  TRY(IpAddress address, IpAddress::parse(text.substr(0, slash)));
  const auto bits = static_cast<std::uint8_t>(address.bytes().size() * 8);
  std::uint8_t length = bits;
  if (slash != std::string_view::npos && !parse_number<std::uint8_t>(text.substr(slash + 1), bits, length)) {
    return fail(ErrorKind::malformed, "'" + std::string(text) + "': the prefix length must be 0 to " + std::to_string(bits));
  }
  return Network{address, length};
}

bool Network::contains(const IpAddress& other) const noexcept {
  if (other.family() != address.family()) return false;
  for (std::size_t bit = 0; bit < prefix_length; bit += 8) {
    const std::size_t rest = prefix_length - bit;
    const auto mask = static_cast<std::uint8_t>(rest >= 8 ? 0xff : 0xff << (8 - rest));
    if ((address.bytes()[bit / 8] & mask) != (other.bytes()[bit / 8] & mask)) return false;
  }
  return true;
}

std::string Network::to_string() const { return address.to_string() + "/" + std::to_string(prefix_length); }

}  // namespace danewerk::types
