#include "io/process/resolver_child.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "io/process/config_file.h"

namespace danewerk::io {
namespace {

/// What is the same everywhere.
constexpr const char* fixed_settings = R"(  access-control: 0.0.0.0/0 refuse
  access-control: ::/0 refuse
  access-control: 127.0.0.0/8 allow
  access-control: ::1 allow
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  log-time-ascii: yes
  verbosity: 1
  val-log-level: 2
  module-config: "validator iterator"
  ede: yes
  val-permissive-mode: no
  val-sig-skew-min: 0
  val-sig-skew-max: 300
  ignore-cd-flag: no
  serve-expired: no
  prefetch: yes
  prefetch-key: yes
  qname-minimisation: yes
  aggressive-nsec: yes
  harden-glue: yes
  harden-dnssec-stripped: yes
  harden-below-nxdomain: yes
  harden-referral-path: no
  use-caps-for-id: no
  hide-identity: yes
  hide-version: yes
  minimal-responses: yes
  edns-buffer-size: 1232
  outgoing-range: 900
  num-queries-per-thread: 4096
  incoming-num-tcp: 64
  outgoing-num-tcp: 64
  so-reuseport: yes
)";

unsigned threads_of(const ResolverChildSettings& settings) {
  return settings.threads != 0 ? settings.threads : std::max(1U, std::thread::hardware_concurrency());
}

/// Unbound wants the number of cache slabs to be a power of two near the number of threads.
std::string slabs(unsigned threads) {
  unsigned power = 1;
  while (power < threads) power *= 2;
  const std::string count = std::to_string(power);
  std::string out;
  for (const char* cache : {"msg-cache-slabs", "rrset-cache-slabs", "infra-cache-slabs", "key-cache-slabs"}) {
    out += std::string("  ") + cache + ": " + count + "\n";
  }
  return out;
}

std::string limits(const ResolverChildSettings& settings) {
  return "  msg-cache-size: " + number(settings.message_cache) + "\n  rrset-cache-size: " + number(settings.record_cache) +
         "\n  cache-max-ttl: " + number(settings.max_ttl) + "\n  cache-max-negative-ttl: " + number(settings.max_negative_ttl) +
         "\n  val-bogus-ttl: " + number(settings.bogus_ttl) + "\n  infra-host-ttl: " + number(settings.server_ttl) + "\n";
}

Result<std::string> anchors(const ResolverChildSettings& settings) {
  std::string out;
  for (const std::string& path : settings.trust_anchor_files) {
    TRY(const std::string value, quoted_setting("trust anchor file", path));
    out += "  trust-anchor-file: " + value + "\n";
  }
  for (const std::string& anchor : settings.trust_anchors) {
    TRY(const std::string value, quoted_setting("trust anchor", anchor));
    out += "  trust-anchor: " + value + "\n";
  }
  if (out.empty()) return fail(ErrorKind::malformed, "resolver: no trust anchor is set, so nothing could ever be verified");
  if (!settings.root_hints.empty()) {
    TRY(const std::string value, quoted_setting("root hints", settings.root_hints));
    out += "  root-hints: " + value + "\n";
  }
  return out;
}

std::string zones(const ResolverChildSettings& settings) {
  std::string out;
  for (const auto& zone : settings.ask_for_special_zones) out += "  local-zone: \"" + absolute(zone) + "\" nodefault\n";
  for (const StubZone& stub : settings.stub_zones) {
    out += "stub-zone:\n  name: \"" + absolute(stub.zone) + "\"\n";
    for (const auto& server : stub.servers) {
      out += "  stub-addr: " + server.address.to_string() + "@" + number(server.port) + "\n";
    }
  }
  return out;
}

/// sockaddr_un takes 107 octets; Unbound would end with a message nobody reads.
Result<void> check_socket(const ResolverChildSettings& settings) {
  const std::string path = resolver_control_socket(settings.directory);
  if (path.size() <= 107) return {};
  return fail(ErrorKind::limit, "the resolver's control socket " + path + " has too long a path; choose a shorter server.state_directory");
}

/// A missing file would stop Unbound with a message nobody reads.
Result<void> check_files(const ResolverChildSettings& settings) {
  for (const std::string& path : settings.trust_anchor_files) {
    if (access(path.c_str(), R_OK) == 0) continue;
    return fail(ErrorKind::not_found, "the resolver's trust anchor file " + path + " cannot be read; Debian's is in package dns-root-data");
  }
  if (!settings.root_hints.empty() && access(settings.root_hints.c_str(), R_OK) != 0) {
    return fail(ErrorKind::not_found, "the resolver's root hints file " + settings.root_hints + " cannot be read");
  }
  return {};
}

}  // namespace

Result<std::string> resolver_config(const ResolverChildSettings& settings) {
  TRY(const std::string directory, quoted_setting("resolver directory", settings.directory));
  TRY(const std::string anchor_lines, anchors(settings));
  const unsigned threads = threads_of(settings);
  std::string out = "# Written by danewerk at every start; changes made here are lost.\nserver:\n";
  out += "  directory: " + directory + "\n  interface: " + settings.address.to_string() + "\n  port: " + number(settings.port);
  out += "\n  num-threads: " + std::to_string(threads) + "\n";
  out += fixed_settings;
  out += slabs(threads) + limits(settings) + anchor_lines;
  const bool loopback = settings.loopback_servers == LoopbackServers::asked;
  out += std::string("  do-not-query-localhost: ") + (loopback ? "no" : "yes") + "\n";
  out += zones(settings);
  TRY(const std::string socket, quoted_setting("resolver control socket", resolver_control_socket(settings.directory)));
  return out + "remote-control:\n  control-enable: yes\n  control-use-cert: no\n  control-interface: " + socket + "\n";
}

std::string resolver_control_socket(const std::string& directory) { return directory + "/unbound.ctl"; }

Result<ChildSpec> resolver_child(const ResolverChildSettings& settings) {
  TRY(const std::string text, resolver_config(settings));
  TRY_VOID(check_files(settings));
  TRY_VOID(check_socket(settings));
  TRY_VOID(prepare_child_directory(settings.directory, settings.run_as));
  const std::string config = settings.directory + "/unbound.conf";
  TRY_VOID(write_child_config(config, text, settings.run_as));
  ChildSpec spec;
  spec.name = "resolver";
  spec.argv = {settings.program, "-d", "-p", "-c", config};
  spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "MALLOC_ARENA_MAX=2"};  // arenas count against the limit
  spec.run_as = settings.run_as;
  spec.may_bind_low_ports = static_cast<unsigned>(settings.port) < 1024;
  spec.memory_limit = settings.memory_limit;
  spec.writable = {settings.directory};
  return spec;
}

types::Endpoint resolver_endpoint(const ResolverChildSettings& settings) { return {settings.address, settings.port}; }

}  // namespace danewerk::io
