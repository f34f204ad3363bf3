#include "io/process/authoritative_child.h"

#include <algorithm>
#include <filesystem>

#include "io/process/config_file.h"

namespace danewerk::io {
namespace {

std::string seconds(Ttl ttl) { return number(ttl); }
std::string seconds(Duration duration) { return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count()); }

/// Knot writes an endpoint as address@port.
std::string place(const types::Endpoint& endpoint) {
  return endpoint.address.to_string() + "@" + std::to_string(static_cast<unsigned>(endpoint.port));
}

Result<std::string> key_lines(const TsigKeyText& key) {
  const std::size_t digest = key.algorithm == "hmac-sha256" ? 32 : key.algorithm == "hmac-sha384" ? 48 : key.algorithm == "hmac-sha512" ? 64 : 0;
  if (digest == 0) return fail(ErrorKind::malformed, "TSIG key " + key.name.to_string() + ": hmac-sha256, -sha384 or -sha512, not '" + key.algorithm + "'");
  if (key.secret.size() < digest) {  // DDNS-08
    return fail(ErrorKind::malformed, "TSIG key " + key.name.to_string() + ": the secret must have at least " + std::to_string(digest) + " octets");
  }
  return "- id: " + absolute(key.name) + "\n  algorithm: " + key.algorithm + "\n  secret: " + to_base64(key.secret) + "\n";
}

Result<std::string> keys(const AuthoritativeChildSettings& settings) {
  TRY(std::string out, key_lines(settings.update_key));
  for (const auto& secondary : settings.secondaries) {
    if (!secondary.key || out.find("- id: " + absolute(secondary.key->name) + "\n") != std::string::npos) continue;
    TRY(const std::string lines, key_lines(*secondary.key));
    out += lines;
  }
  return "key:\n" + out;
}

std::string secondary_name(std::size_t index) { return "secondary" + std::to_string(index + 1); }

std::string remotes(const AuthoritativeChildSettings& settings) {
  if (settings.secondaries.empty() && !settings.ds_checked_at) return {};
  std::string out = "remote:\n";
  if (settings.ds_checked_at) out += "- id: resolver\n  address: " + place(*settings.ds_checked_at) + "\n";
  for (std::size_t i = 0; i < settings.secondaries.size(); ++i) {
    const auto& secondary = settings.secondaries[i];
    out += "- id: " + secondary_name(i) + "\n  address: " + place(secondary.address) + "\n";
    if (secondary.key) out += "  key: " + absolute(secondary.key->name) + "\n";
  }
  return out;
}

std::string access_rules(const AuthoritativeChildSettings& settings) {
  std::string out = "acl:\n- id: publisher\n  address: [ 127.0.0.0/8, \"::1\" ]\n  key: " + absolute(settings.update_key.name) +
                    "\n  action: update\n  update-type: [ A, AAAA, TLSA, TXT, CNAME" +
                    std::string(settings.shard_zones.empty() ? "" : ", NS, DS") + " ]\n  update-owner: zone\n"
                    "  update-owner-match: sub-or-equal\n";
  for (std::size_t i = 0; i < settings.secondaries.size(); ++i) {
    const auto& secondary = settings.secondaries[i];
    out += "- id: " + secondary_name(i) + "\n  address: \"" + secondary.address.address.to_string() + "\"\n  action: transfer\n";
    if (secondary.key) out += "  key: " + absolute(secondary.key->name) + "\n";
  }
  return out;
}

Result<std::string> server_section(const AuthoritativeChildSettings& settings, const std::string& directory) {
  std::string listen;
  const auto add = [&listen](const types::Endpoint& endpoint) {
    const std::string entry = "\"" + place(endpoint) + "\"";
    if (listen.find(entry) == std::string::npos) listen += (listen.empty() ? "" : ", ") + entry;
  };
  for (const auto& endpoint : settings.listen) add(endpoint);
  if (!settings.update_at.address.is_loopback()) {
    return fail(ErrorKind::malformed, "authoritative server: updates go to a loopback address, not to " + settings.update_at.to_string());
  }
  add(settings.update_at);
  return "server:\n  rundir: " + directory + "\n  listen: [ " + listen + " ]\n" +
         "  identity: \"\"\n  version: \"\"\n  nsid: \"\"\n  automatic-acl: off\n  udp-workers: 2\n  tcp-workers: 2\n"
         "  background-workers: 2\n  tcp-max-clients: 256\n";
}

/// What all zones below take, beside the first.
std::uint64_t shard_journals(const AuthoritativeChildSettings& settings) {
  return settings.shard_zones.size() * static_cast<std::uint64_t>(settings.shard_journal_limit);
}

std::string database_section(const AuthoritativeChildSettings& settings, const std::string& directory) {
  return "log:\n- target: stderr\n  any: info\ndatabase:\n  storage: " + directory +
         "\n  journal-db-mode: robust\n  journal-db-max-size: " +
         number(ByteCount{2 * (static_cast<std::uint64_t>(settings.journal_limit) + shard_journals(settings))}) +
         "\n  kasp-db-max-size: 33554432\n  timer-db-max-size: 16777216\n  catalog-db-max-size: 16777216\n";
}

/// What limits what a forger can make us send to a victim (Knot's mod-rrl); updates and transfers over TCP are not counted.
std::string rate_section(const AuthoritativeChildSettings& settings) {
  if (settings.rate_limit == 0) return {};
  return "mod-rrl:\n- id: default\n  rate-limit: " + std::to_string(settings.rate_limit) + "\n  slip: 2\n  whitelist: [ 127.0.0.0/8, \"::1\" ]\n" +
         "template:\n- id: default\n  global-module: mod-rrl/default\n";
}

std::string submission_section(const AuthoritativeChildSettings& settings) {
  if (!settings.ds_checked_at) return {};
  return "submission:\n- id: parent\n  parent: resolver\n  check-interval: " + seconds(settings.ds_check_interval) + "\n";
}

std::string policy_section(const AuthoritativeChildSettings& settings) {
  const bool nsec3 = settings.denial == AuthoritativeChildSettings::Denial::nsec3;  // PUB-12, RFC 9276 3.1
  return "policy:\n- id: mx\n  single-type-signing: on\n  algorithm: " + settings.algorithm + "\n  ksk-lifetime: 0\n  nsec3: " + (nsec3 ? "on" : "off") +
         "\n  nsec3-iterations: 0\n  nsec3-salt-length: 0\n  cds-cdnskey-publish: always\n" +
         (settings.ds_checked_at ? "  ksk-submission: parent\n" : "") +
         "  dnskey-ttl: " + seconds(settings.dnskey_ttl) + "\n  zone-max-ttl: " + seconds(settings.zone_max_ttl) +
         "\n  rrsig-lifetime: " + seconds(settings.signature_life) + "\n  rrsig-refresh: " + seconds(settings.signature_refresh) +
         "\n  propagation-delay: " + seconds(settings.propagation) + "\n";
}

struct ZoneFile {
  types::DomainName zone;
  std::string file;
  ZoneSource source = ZoneSource::zone_file;
  ByteCount journal_limit{};
};

std::string shard_file(const types::DomainName& shard) { return shard.to_string() + ".first.zone"; }

/// A zone that came later than the journal is read from its file once. That the file lies there says that it was.
ZoneFile shard_zone(const AuthoritativeChildSettings& settings, const types::DomainName& shard, ZoneSource source) {
  const bool began = source == ZoneSource::journal && std::filesystem::exists(settings.directory + "/" + shard_file(shard));
  return {shard, shard_file(shard), began ? ZoneSource::journal : ZoneSource::zone_file, settings.shard_journal_limit};
}

std::string zone_lines(const AuthoritativeChildSettings& settings, const ZoneFile& zone, const std::string& directory) {
  std::string acl = "publisher";
  std::string notify;
  for (std::size_t i = 0; i < settings.secondaries.size(); ++i) {
    acl += ", " + secondary_name(i);
    notify += (notify.empty() ? "" : ", ") + secondary_name(i);
  }
  // The journal keeps the whole zone and its history: 20 changes, Knot's default, would be too short a history to start from
  // the zone file again, should knotd die during its first run.
  return "- domain: " + absolute(zone.zone) + "\n  storage: " + directory + "\n  file: " + zone.file + "\n  zonefile-sync: -1\n" +
         "  zonefile-load: " + (zone.source == ZoneSource::zone_file ? "whole" : "none") + "\n  journal-content: all\n  journal-max-usage: " +
         number(zone.journal_limit) + "\n  journal-max-depth: 10000\n  serial-policy: unixtime\n  dnssec-signing: on\n  dnssec-policy: mx\n" +
         "  acl: [ " + acl + " ]\n" + (notify.empty() ? "" : "  notify: [ " + notify + " ]\n");
}

std::string zone_section(const AuthoritativeChildSettings& settings, ZoneSource source, const std::string& directory) {
  std::string out = "zone:\n" + zone_lines(settings, {settings.zone, "first.zone", source, settings.journal_limit}, directory);
  for (const types::DomainName& shard : settings.shard_zones) out += zone_lines(settings, shard_zone(settings, shard, source), directory);
  return out;
}

/// Expire: a secondary cut off falls silent before what it holds is unsigned (RFC 6781 4.4.2.2).
std::string start_of_authority(const AuthoritativeChildSettings& settings, const types::DomainName& of, const std::string& ttl) {
  const std::string contact = settings.contact.is_root() ? "hostmaster." + absolute(settings.zone) : absolute(settings.contact);
  return absolute(of) + ttl + "SOA " + absolute(settings.name_servers.front()) + " " + contact + " 1 3600 600 " + seconds(settings.signature_refresh) + " " +
         seconds(settings.negative_ttl) + "\n";
}

bool needs_low_port(const AuthoritativeChildSettings& settings) {
  return static_cast<unsigned>(settings.update_at.port) < 1024 ||
         std::any_of(settings.listen.begin(), settings.listen.end(), [](const types::Endpoint& e) { return static_cast<unsigned>(e.port) < 1024; });
}

}  // namespace

Result<std::string> authoritative_config(const AuthoritativeChildSettings& settings, ZoneSource source) {
  TRY(const std::string directory, quoted_setting("authoritative server's directory", settings.directory));
  TRY(const std::string server, server_section(settings, directory));
  TRY(const std::string key_section, keys(settings));
  return "# Written by danewerk at every start; changes made here are lost.\n" + server + database_section(settings, directory) + key_section +
         remotes(settings) + access_rules(settings) + submission_section(settings) + policy_section(settings) +
         rate_section(settings) + zone_section(settings, source, directory);
}

Result<std::string> first_zone_content(const AuthoritativeChildSettings& settings) {
  const std::string zone = absolute(settings.zone);
  if (settings.name_servers.empty()) return fail(ErrorKind::malformed, "zone " + settings.zone.to_string() + ": no name server is set");
  const std::string ttl = " " + seconds(settings.ns_ttl) + " IN ";
  std::string out = start_of_authority(settings, settings.zone, ttl);
  for (const auto& server : settings.name_servers) {
    const bool has_address = std::any_of(settings.glue.begin(), settings.glue.end(), [&](const auto& host) { return host.name == server; });
    if (server.is_within(settings.zone) && !has_address) {
      return fail(ErrorKind::malformed, "zone " + settings.zone.to_string() + ": name server " + server.to_string() + " lies within it and has no address");
    }
    out += zone + ttl + "NS " + absolute(server) + "\n";
  }
  for (const auto& host : settings.glue) {
    for (const auto& address : host.addresses) {
      const bool v4 = address.family() == types::IpAddress::Family::v4;
      out += absolute(host.name) + ttl + (v4 ? "A " : "AAAA ") + address.to_string() + "\n";
    }
  }
  return out;
}

std::string first_shard_content(const AuthoritativeChildSettings& settings, const types::DomainName& shard) {
  const std::string ttl = " " + seconds(settings.ns_ttl) + " IN ";
  std::string out = start_of_authority(settings, shard, ttl);
  for (const auto& server : settings.name_servers) out += absolute(shard) + ttl + "NS " + absolute(server) + "\n";
  return out;
}

Result<ChildSpec> authoritative_child(const AuthoritativeChildSettings& settings) {
  TRY(const std::string content, first_zone_content(settings));
  const bool has_journal = std::filesystem::exists(settings.directory + "/journal/data.mdb");
  const ZoneSource source = has_journal ? ZoneSource::journal : ZoneSource::zone_file;
  TRY(const std::string text, authoritative_config(settings, source));
  TRY_VOID(prepare_child_directory(settings.directory, settings.run_as));
  if (source == ZoneSource::zone_file) TRY_VOID(write_child_config(settings.directory + "/first.zone", content, settings.run_as));
  for (const types::DomainName& shard : settings.shard_zones) {
    if (shard_zone(settings, shard, source).source == ZoneSource::journal) continue;
    TRY_VOID(write_child_config(settings.directory + "/" + shard_file(shard), first_shard_content(settings, shard), settings.run_as));
  }
  const std::string config = settings.directory + "/knot.conf";
  TRY_VOID(write_child_config(config, text, settings.run_as));
  ChildSpec spec;
  spec.name = "authoritative";
  spec.argv = {settings.program, "-c", config};
  spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "MALLOC_ARENA_MAX=2"};
  spec.run_as = settings.run_as;
  spec.may_bind_low_ports = needs_low_port(settings);
  constexpr std::uint64_t memory_a_shard = 64 * 1024 * 1024;  // some 12,000 hosts, measured (bench/README.md), and room
  const std::uint64_t for_shards = 2 * shard_journals(settings) + settings.shard_zones.size() * memory_a_shard;
  spec.memory_limit = ByteCount{static_cast<std::uint64_t>(settings.memory_limit) + for_shards};
  // Knot 3.2 unpacks its configuration into a directory it makes below /tmp, a path fixed in the program.
  spec.writable = {settings.directory, "/tmp"};
  return spec;
}

}  // namespace danewerk::io
