// The resolver child: Unbound, configured so that its answers can carry mail decisions.
//
// A validator parses what strangers send, so it runs as a process and user of its own (child.h). What matters here is what
// it must not do: serve stale data (a revoked TLSA record would live on, RES-20), answer from somewhere else than this
// machine, keep a passing failure for long (RES-17), or believe a signature whose time is over (RES-11, decision 0052). It
// says why an answer failed by extended errors (RFC 8914), which Debian's Unbound has switched off by default.
//
// It listens on one loopback address, on a port of its own, beside any resolver of the machine. On one: Unbound ends where it cannot have
// an address, and there are machines without ::1 (net.ipv6.conf.all.disable_ipv6) as without 127.0.0.1.
//
// Its control channel is a socket in its own directory, for its own group: the mail process is in that group, because it sets
// negative trust anchors (RFC 7646). It is the only one that asks this resolver anything, so it gains no power over anybody else's
// answers by it (docs/decisions/0047).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "io/process/child.h"
#include "types/domain_name.h"
#include "types/ip_address.h"

namespace danewerk::io {

/// A zone asked for at given servers instead of by the delegation from the root.
struct StubZone {
  types::DomainName zone;
  std::vector<types::Endpoint> servers;
};

enum class LoopbackServers : std::uint8_t { refused, asked };

struct ResolverChildSettings {
  std::string program = "/usr/sbin/unbound";
  std::string directory;                    ///< its own: configuration and RFC 5011 state; required
  std::optional<RunAs> run_as;              ///< nothing: as we are
  types::IpAddress address = types::IpAddress::from_bytes(std::array<std::uint8_t, 4>{127, 0, 0, 1});  ///< of the loopback
  types::Port port{10053};
  /// Trust anchors in files as Unbound reads them (DS or DNSKEY lines). Debian's package dns-root-data keeps this one.
  std::vector<std::string> trust_anchor_files{"/usr/share/dns/root.key"};
  std::vector<std::string> trust_anchors;   ///< further ones as text: "example. DS 12345 13 2 ..."
  std::string root_hints;                   ///< a file; empty: those Unbound was built with
  std::vector<StubZone> stub_zones;         ///< usually none
  /// Special-use zones (RFC 6761) that Unbound would answer itself, to be asked for like any other. For tests.
  std::vector<types::DomainName> ask_for_special_zones;
  LoopbackServers loopback_servers = LoopbackServers::refused;  ///< asked: where authoritative servers live on 127/8, as in the lab
  unsigned threads = 0;                     ///< 0: one for each core
  ByteCount message_cache{32 * 1024 * 1024};
  ByteCount record_cache{64 * 1024 * 1024};
  Ttl bogus_ttl{60};                        ///< how long a failed validation is remembered (RES-17)
  Ttl max_ttl{86400};
  Ttl max_negative_ttl{3600};               ///< at most 3 h (RES-16)
  Ttl server_ttl{900};                      ///< how long a server's being down or lame is remembered
  ByteCount memory_limit{2'000'000'000};    ///< address space, not memory in use
};

/// The text of unbound.conf. Error: malformed, naming the setting.
Result<std::string> resolver_config(const ResolverChildSettings& settings);

/// Prepares the directory, writes `directory`/unbound.conf, and says how to start it. Errors: not_found (a trust anchor or
/// hints file, with what to install), malformed, denied, unavailable.
Result<ChildSpec> resolver_child(const ResolverChildSettings& settings);

/// The control socket of the resolver in `directory`; 0660, of its user and group.
std::string resolver_control_socket(const std::string& directory);

/// Where the mail process asks.
types::Endpoint resolver_endpoint(const ResolverChildSettings& settings);

}  // namespace danewerk::io
