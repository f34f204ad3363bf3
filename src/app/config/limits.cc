#include "app/config/limits.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace danewerk::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct LeastNumber {
  std::string_view key;
  std::uint64_t value, least;
  std::string_view why;
};

struct LeastDuration {
  std::string_view key;
  Duration value, least;
  std::string_view shown;
};

std::string line(std::string_view key, const std::string& what) { return std::string(key) + ": " + what; }

void add_numbers(const Settings& s, std::vector<std::string>& out) {
  const std::array least{
      LeastNumber{"edge.max_message", static_cast<std::uint64_t>(s.edge.max_message), 64U << 10, "64 KiB, which every server takes (RFC 5321 4.5.3.1.7)"},
      LeastNumber{"edge.max_recipients", s.edge.max_recipients, 100, "100, which every server takes (RFC 5321 4.5.3.1.8)"},
      LeastNumber{"edge.max_connections", s.edge.max_connections, 1, "1, or nobody can bring mail"},
      LeastNumber{"edge.max_connections_per_peer", s.edge.max_connections_per_peer, 1, "1, or nobody can bring mail"},
      LeastNumber{"delivery.max_per_destination", s.delivery.max_per_destination, 1, "1; to take mail and deliver none, set delivery.max_concurrent = 0"},
      LeastNumber{"mta_sts.max_fetches", s.mta_sts.max_fetches, 1, "1, or no policy is ever had"},
  };
  for (const auto& [key, value, at_least, why] : least) {
    if (value < at_least) out.push_back(line(key, "at least " + std::string(why)));
  }
}

void add_durations(const Settings& s, std::vector<std::string>& out) {
  const std::array least{
      LeastDuration{"edge.command_timeout", s.edge.command_timeout, seconds(1), "1 s"},
      LeastDuration{"resolver.deadline", s.resolver.deadline, milliseconds(100), "100 ms"},
      LeastDuration{"delivery.connect_timeout", s.delivery.connect_timeout, milliseconds(100), "100 ms"},
      LeastDuration{"delivery.first_retry", s.delivery.first_retry, milliseconds(100), "100 ms"},
      LeastDuration{"delivery.policy_first_retry", s.delivery.policy_first_retry, milliseconds(100), "100 ms"},
      LeastDuration{"zone.tlsa_ttl", s.zone.tlsa_ttl, seconds(1), "1 s"},
      LeastDuration{"zone.address_ttl", s.zone.address_ttl, seconds(1), "1 s"},
      LeastDuration{"zone.negative_ttl", s.zone.negative_ttl, seconds(1), "1 s"},
      LeastDuration{"zone.check_interval", s.zone.check_interval, milliseconds(100), "100 ms"},
      LeastDuration{"zone.key_life", s.zone.key_life, seconds(1), "1 s"},
      LeastDuration{"domains.look_interval", s.domains.look_interval, seconds(1), "1 s"},
  };
  for (const auto& [key, value, at_least, shown] : least) {
    if (value < at_least) out.push_back(line(key, "at least \"" + std::string(shown) + "\""));
  }
  const DeliverySettings& d = s.delivery;
  if (d.max_retry < d.first_retry) out.push_back("delivery.max_retry: not shorter than delivery.first_retry");
  if (d.policy_max_retry < d.policy_first_retry) out.push_back("delivery.policy_max_retry: not shorter than delivery.policy_first_retry");
  if (d.give_up_after <= d.first_retry) out.push_back("delivery.give_up_after: longer than delivery.first_retry, or mail is returned after its first try");
  if (d.policy_give_up_after <= d.policy_first_retry) {
    out.push_back("delivery.policy_give_up_after: longer than delivery.policy_first_retry, or mail is returned after its first try");
  }
}

/// Each listener would get a part of the connections (SO_REUSEPORT), mail for the submission service the MX among them.
void add_listeners(const Settings& s, std::vector<std::string>& out) {
  std::map<types::Endpoint, std::string_view> taken;
  const auto add = [&](std::string_view key, const std::vector<types::Endpoint>& listen) {
    for (const types::Endpoint& at : listen) {
      const auto [earlier, is_new] = taken.try_emplace(at, key);
      if (is_new || at.port == types::Port{}) continue;
      out.push_back(line(key, at.to_string() + (earlier->second == key ? " is there twice" : " is an address of " + std::string(earlier->second) + " too")));
    }
  };
  add("edge.listen", s.edge.listen);
  add("submission.listen", s.submission.listen);
  add("http.listen", s.http.listen);
  add("https.listen", s.https.listen);
}

void add_networks(const Settings& s, std::vector<std::string>& out) {
  for (const types::Network& network : s.submission.networks) {
    if (network.prefix_length > 0 || s.submission.listen.empty()) continue;
    out.push_back("submission.networks: " + network.to_string() + " is everybody, and there is no login: whoever comes could send as your customers; name the "
                  "networks of your mailbox hosts");
  }
  for (const types::IpAddress::Family family : {types::IpAddress::Family::v4, types::IpAddress::Family::v6}) {
    const auto count = std::count_if(s.delivery.source_addresses.begin(), s.delivery.source_addresses.end(),
                                     [family](const types::IpAddress& one) { return one.family() == family; });
    if (count > 1) out.push_back("delivery.source_addresses: at most one of each family; for several see [[delivery.pool]]");
  }
  for (const types::IpAddress& address : s.zone.mx_addresses) {
    const auto octets = address.bytes();
    const bool is_any = std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) { return octet == 0; });
    if (is_any) out.push_back("zone.mx_addresses: " + address.to_string() + " is no host's address; name those at which the world reaches the edge");
  }
}

/// It becomes the mail process's own.
void add_state_directory(const Settings& s, std::vector<std::string>& out) {
  static constexpr std::array of_the_system{"",      "/bin", "/boot", "/dev",  "/etc", "/home", "/lib", "/opt",     "/proc",      "/root",     "/run",
                                            "/sbin", "/srv", "/sys",  "/tmp",  "/usr", "/var",  "/mnt", "/var/lib", "/var/spool", "/var/mail", "/var/tmp"};
  std::string_view path = s.server.state_directory;
  while (path.ends_with('/')) path.remove_suffix(1);
  if (s.server.state_directory.empty()) return;  // another fault already
  if (std::find(of_the_system.begin(), of_the_system.end(), path) == of_the_system.end()) return;
  out.push_back("server.state_directory: " + s.server.state_directory + " is a directory of the system; give one that is ours alone, like /var/lib/danewerk");
}

}  // namespace

std::vector<std::string> beyond_limits(const Settings& settings) {
  std::vector<std::string> out;
  add_numbers(settings, out);
  add_durations(settings, out);
  add_listeners(settings, out);
  add_networks(settings, out);
  add_state_directory(settings, out);
  return out;
}

}  // namespace danewerk::app
