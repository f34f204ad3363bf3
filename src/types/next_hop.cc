#include "types/next_hop.h"

#include <charconv>

namespace danewerk::types {
namespace {

Failure<Error> bad_hop(std::string_view text, const std::string& why) {
  return fail(ErrorKind::malformed, "'" + std::string(text.substr(0, 300)) + "' is not a next hop: " + why +
                                        "; write example.com, [relay.example.com]:587 or [192.0.2.1]");
}

Result<Port> parse_port(std::string_view whole, std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || value == 0 || value > 65535) {
    return bad_hop(whole, "the port is not a number from 1 to 65535");
  }
  return Port{static_cast<std::uint16_t>(value)};
}

Result<NextHop> parse_bracketed(std::string_view text) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos) return bad_hop(text, "the bracket is not closed");
  std::string_view inside = text.substr(1, close - 1);
  NextHop hop;
  if (std::string_view rest = text.substr(close + 1); !rest.empty()) {
    if (rest.front() != ':') return bad_hop(text, "only ':port' may follow the bracket");
    TRY(hop.port, parse_port(text, rest.substr(1)));
  }
  if (inside.starts_with("IPv6:") || inside.starts_with("ipv6:")) inside.remove_prefix(5);
  if (auto address = IpAddress::parse(inside)) {
    hop.target = *address;
    return hop;
  }
  TRY(DomainName name, DomainName::parse(inside));
  if (name.is_root()) return bad_hop(text, "the root is no host");
  hop.target = RelayHost(std::move(name));
  return hop;
}

}  // namespace

Result<NextHop> NextHop::parse(std::string_view text) {
  if (text.starts_with('[')) return parse_bracketed(text);
  NextHop hop;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    TRY(hop.port, parse_port(text, text.substr(colon + 1)));
  }
  if (IpAddress::parse(text.substr(0, colon))) return bad_hop(text, "an address stands in brackets");
  TRY(DomainName name, DomainName::parse(text.substr(0, colon)));
  if (name.is_root()) return bad_hop(text, "the root takes no mail");
  hop.target = NextHopDomain(std::move(name));
  return hop;
}

NextHop NextHop::for_domain(const MailDomain& domain) {
  NextHop hop;
  if (const auto* name = std::get_if<DomainName>(&domain)) hop.target = NextHopDomain(*name);
  if (const auto* address = std::get_if<IpAddress>(&domain)) hop.target = *address;
  return hop;
}

std::string NextHop::to_string() const {
  std::string out;
  if (const auto* domain = std::get_if<NextHopDomain>(&target)) out = domain->to_string();
  if (const auto* relay = std::get_if<RelayHost>(&target)) out = "[" + relay->to_string() + "]";
  if (const auto* address = std::get_if<IpAddress>(&target)) out = "[" + address->to_string() + "]";
  if (port != smtp_port) out += ":" + std::to_string(static_cast<unsigned>(port));
  return out;
}

DomainName NextHop::name() const {
  if (const auto* domain = std::get_if<NextHopDomain>(&target)) return domain->name();
  if (const auto* relay = std::get_if<RelayHost>(&target)) return relay->name();
  return DomainName{};
}

}  // namespace danewerk::types
