#include "app/serve/children.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "app/serve/serve.h"
#include "io/process/authoritative_child.h"
#include "io/process/resolver_child.h"
#include "io/runtime/entropy.h"

namespace danewerk::app {
namespace {

bool is_root() { return geteuid() == 0; }

Result<std::optional<io::RunAs>> run_as(const std::string& user) {
  if (!is_root()) return std::optional<io::RunAs>{};
  TRY(io::RunAs found, io::RunAs::find(user));
  return std::optional<io::RunAs>{std::move(found)};
}

Result<void> make_directory(const std::string& path, mode_t mode, const std::optional<io::RunAs>& owner) {
  const auto failed = [&] { return fail(ErrorKind::denied, "cannot prepare " + path + ": " + std::strerror(errno)); };
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed();
  if (owner && ::chown(path.c_str(), owner->uid, owner->gid) != 0) return failed();
  if (::chmod(path.c_str(), mode) != 0) return failed();
  return {};
}

std::string secret_path(const Settings& settings) { return settings.server.state_directory + "/update.key"; }

/// 32 octets in hex, readable by the mail process; made once.
Result<void> make_update_secret(const Settings& settings, const std::optional<io::RunAs>& owner) {
  const std::string path = secret_path(settings);
  if (::access(path.c_str(), F_OK) == 0) return {};
  std::array<std::uint8_t, 32> secret{};
  io::KernelEntropy().fill(secret);
  const std::string text = to_hex(secret) + "\n";
  const std::string fresh = path + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0 &&
                       (!owner || ::fchown(fd, owner->uid, owner->gid) == 0);
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) {
    return fail(ErrorKind::unavailable, "cannot write " + path + ": " + std::strerror(errno));
  }
  return {};
}

Result<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) return fail(ErrorKind::unavailable, "cannot read " + path);
  return text;
}

Result<io::dns::TsigKey> key_in(const std::string& setting, const std::string& path) {
  TRY(const std::string text, first_line(path));
  auto key = io::dns::TsigKey::parse(text);
  if (!key) return fail(ErrorKind::malformed, setting + " " + path + ": " + key.error().what);
  return key;
}

io::TsigKeyText as_text(const io::dns::TsigKey& key) { return {key.name, io::dns::to_string(key.algorithm), key.secret}; }

Result<io::ChildSpec> resolver_spec(const Settings& settings) {
  const ResolverSettings& from = settings.resolver;
  io::ResolverChildSettings to;
  to.program = from.binary;
  to.directory = resolver_directory(settings);
  TRY(to.run_as, run_as(settings.server.resolver_user));
  to.address = from.address.address;
  to.port = from.address.port;
  to.trust_anchor_files = {from.trust_anchor};
  to.root_hints = from.root_hints;
  to.ask_for_special_zones = from.nodefault_zones;
  to.bogus_ttl = to_ttl(from.bogus_ttl);
  to.max_negative_ttl = to_ttl(from.max_negative_ttl);
  return io::resolver_child(to);
}

std::vector<types::DomainName> server_names(const ZoneSettings& zone) {
  std::vector<types::DomainName> names;
  for (const NameServer& server : zone.name_servers) {
    if (std::find(names.begin(), names.end(), server.name) == names.end()) names.push_back(server.name);
  }
  return names;
}

/// Explicit shards are zones of their own.
std::vector<types::DomainName> shard_zones(const types::MxPlan& plan) {
  std::vector<types::DomainName> out;
  for (std::uint16_t i = 0; i < plan.shards.count; ++i) {
    if (plan.holding_of(i) == types::Holding::explicit_hosts) out.push_back(plan.zone.prefixed(types::shard_name(i)));
  }
  return out;
}

Result<io::ChildSpec> name_server_spec(const Settings& settings) {
  const ZoneSettings& from = settings.zone;
  io::AuthoritativeChildSettings to;
  to.program = from.binary;
  to.directory = settings.server.state_directory + "/dns";
  TRY(to.run_as, run_as(settings.server.dns_user));
  to.listen = from.listen;
  to.update_at = from.update_address;
  to.zone = from.name;
  to.shard_zones = shard_zones(from.mx_plan());
  to.name_servers = server_names(from);
  for (const types::DomainName& name : to.name_servers) {
    io::AuthoritativeChildSettings::Host host{name, {}};
    for (const NameServer& server : from.name_servers) {
      if (server.name == name) host.addresses.push_back(server.address);
    }
    if (name.is_within(from.name)) to.glue.push_back(std::move(host));
  }
  TRY(const io::dns::TsigKey update_key, read_update_key(settings));
  to.update_key = as_text(update_key);
  for (const SecondarySettings& secondary : from.secondaries) {
    io::AuthoritativeChildSettings::Secondary& one = to.secondaries.emplace_back();
    one.address = secondary.address;
    if (secondary.key_file.empty()) continue;
    TRY(const io::dns::TsigKey key, key_in("zone.secondary", secondary.key_file));
    one.key = as_text(key);
  }
  to.denial = from.denial == Denial::nsec3 ? io::AuthoritativeChildSettings::Denial::nsec3 : io::AuthoritativeChildSettings::Denial::nsec;
  to.algorithm = from.algorithm;
  to.rate_limit = from.rate_limit;
  to.signature_life = from.signature_life;
  to.signature_refresh = from.signature_refresh;
  to.ds_checked_at = settings.resolver.address;
  to.ds_check_interval = std::max<Duration>(from.check_interval, std::chrono::seconds(1));
  to.ns_ttl = to_ttl(from.address_ttl);
  to.negative_ttl = to_ttl(from.negative_ttl);
  to.dnskey_ttl = to_ttl(from.address_ttl);
  to.zone_max_ttl = std::max(to_ttl(from.address_ttl), to_ttl(from.tlsa_ttl));
  to.propagation = from.propagation;
  return io::authoritative_child(to);
}

}  // namespace

std::string own_program() {
  std::array<char, 4096> path{};
  const ssize_t n = ::readlink("/proc/self/exe", path.data(), path.size());
  return n > 0 ? std::string(path.data(), static_cast<std::size_t>(n)) : "/usr/bin/danewerk";
}

std::string resolver_directory(const Settings& settings) { return settings.server.state_directory + "/resolver"; }

Result<io::dns::TsigKey> read_update_key(const Settings& settings) {
  if (!settings.zone.update_key_file.empty()) return key_in("zone.update_key_file", settings.zone.update_key_file);
  TRY(const std::string text, first_line(secret_path(settings)));
  auto secret = parse_hex(text);
  if (!secret || secret->size() < 32) return fail(ErrorKind::corrupt, secret_path(settings) + " does not hold 32 octets in hex; remove it and start again");
  io::dns::TsigKey key;
  TRY(key.name, types::DomainName::parse("danewerk-update"));
  key.secret = *std::move(secret);
  return key;
}

Result<void> make_run_directory(const Settings& settings) {
  for (const auto& [path, mode] : {std::pair{settings.server.state_directory, 0711}, std::pair{settings.server.state_directory + "/run", 0755}}) {
    if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST) {
      return fail(ErrorKind::denied, "cannot prepare " + path + ": " + std::strerror(errno));
    }
  }
  return {};
}

Result<std::vector<io::ChildSpec>> children_of(const Settings& settings, const std::string& config_path) {
  const std::string& state = settings.server.state_directory;
  TRY(const auto mail_user, run_as(settings.server.user));
  TRY_VOID(make_directory(state, 0711, mail_user));
  TRY_VOID(make_directory(state + "/run", 0755, std::nullopt));
  TRY_VOID(make_update_secret(settings, mail_user));
  std::vector<io::ChildSpec> out;
  if (settings.resolver.mode == ChildOrExternal::child) {
    TRY(io::ChildSpec spec, resolver_spec(settings));
    out.push_back(std::move(spec));
  }
  if (!settings.zone.name.is_root() && settings.zone.mode == ChildOrExternal::child) {
    TRY(io::ChildSpec spec, name_server_spec(settings));
    out.push_back(std::move(spec));
  }
  io::ChildSpec mail;
  mail.name = "mail";
  mail.argv = {own_program(), "--config", config_path, "serve", "--worker"};
  mail.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  mail.run_as = mail_user;
  if (settings.resolver.mode == ChildOrExternal::child) {  // its control socket is for its group
    TRY(const auto resolver_user, run_as(settings.server.resolver_user));
    if (resolver_user) mail.more_groups = {resolver_user->gid};
  }
  mail.may_bind_low_ports = true;
  mail.writable = {state};
  out.push_back(std::move(mail));
  return out;
}

}  // namespace danewerk::app
