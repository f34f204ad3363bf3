// Settings: everything the process is told from outside, as values that have already been understood.
//
// One TOML file (design.md 6). Each field is named, explained and given its default in exactly one place, the schema table
// (schema.cc); `danewerk config describe` prints that table, so the manual cannot drift from the program. Tenants, domains and
// routes are not here: they live in the store and change while the program runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "engine/zone/key_groups.h"
#include "types/domain_name.h"
#include "types/ip_address.h"
#include "types/key_algorithm.h"
#include "types/mailbox.h"
#include "types/mx_host_name.h"
#include "types/rules.h"

namespace danewerk::app {

/// What EHLO and the greeting say on one local address: "192.0.2.1=mx1.example.net".
struct NameByAddress {
  types::IpAddress address;
  types::DomainName name;
};

/// A name server of our zone: "ns1.mx.example.net=192.0.2.1" (repeat the name for each address).
using NameServer = NameByAddress;

/// A shard that is held in another way than the rest: "s3=explicit".
struct ShardHolding {
  std::uint16_t index = 0;
  types::Holding holding = types::Holding::wildcard;
};

enum class LogStyle : std::uint8_t { logfmt, json };
enum class ChildOrExternal : std::uint8_t { child, external };
enum class Choice : std::uint8_t { no, yes };
/// How the child's zone proves that a name is not there: NSEC lets anybody list the names, NSEC3 makes it hard.
enum class Denial : std::uint8_t { nsec, nsec3 };
/// Of which deliveries the DNSSEC chain is kept (docs/formats/proof.md).
enum class KeepProofs : std::uint8_t { none, dane };

/// Who issues the edge's certificates.
enum class CertificatesFrom : std::uint8_t { self, acme, files };

struct ServerSettings {
  std::string state_directory;
  std::string user, resolver_user, dns_user;
  std::uint32_t reactors = 0;
  LogStyle log_style = LogStyle::logfmt;
  std::string log_level;
  ByteCount min_free_space{};
  Duration history{};
  ByteCount history_size{};
};

struct EdgeSettings {
  std::vector<types::Endpoint> listen;
  types::DomainName hostname;
  std::vector<NameByAddress> names_by_address;
  ByteCount max_message{};
  std::uint32_t max_recipients = 0, max_connections = 0, max_connections_per_peer = 0;
  Duration command_timeout{};
};

struct SubmissionSettings {
  std::vector<types::Endpoint> listen;
  std::vector<types::Network> networks;
};

struct ResolverSettings {
  ChildOrExternal mode = ChildOrExternal::child;
  types::Endpoint address;
  std::string binary, trust_anchor, root_hints;
  Duration deadline{}, bogus_ttl{}, max_negative_ttl{};
  std::vector<types::DomainName> nodefault_zones;
};

enum class EdgeProbe : std::uint8_t { on, off };
/// A name server that gets our zone by transfer.
struct SecondarySettings {
  types::Endpoint address;
  std::string key_file;  ///< of its TSIG key; empty: none
};

struct ZoneSettings {
  types::DomainName name;
  ChildOrExternal mode = ChildOrExternal::child;
  std::string binary;
  std::vector<types::Endpoint> listen;
  types::Endpoint update_address;
  std::string update_key_file;
  std::vector<SecondarySettings> secondaries;
  Denial denial = Denial::nsec;
  std::string algorithm;
  std::uint32_t rate_limit = 0;
  Duration signature_life{}, signature_refresh{};
  std::vector<NameServer> name_servers;
  std::vector<types::Endpoint> servers;
  std::uint32_t shards = 1;
  types::Holding holding = types::Holding::wildcard;
  std::vector<ShardHolding> holding_by_shard;
  std::vector<zone::KeyGroup> key_groups;
  std::uint32_t hosts_per_zone = 0;
  std::vector<types::IpAddress> mx_addresses;
  std::vector<types::KeyAlgorithm> key_algorithms;
  EdgeProbe probe = EdgeProbe::on;
  Duration tlsa_ttl{}, address_ttl{}, negative_ttl{}, propagation{}, key_life{}, certificate_life{}, check_interval{};

  /// Where MX hosts live: what shards and holdings together say.
  types::MxPlan mx_plan() const;
  /// The default group of shards, and those with keys of their own.
  std::vector<zone::KeyGroup> groups() const { return zone::all_groups(key_groups, static_cast<std::uint16_t>(shards)); }
};

/// A set of addresses to send from, each with its EHLO name.
struct PoolSettings {
  std::string name;
  std::vector<NameByAddress> addresses;
};

struct DeliverySettings {
  types::DomainName hostname;
  std::vector<types::Network> allow_networks;
  std::vector<types::IpAddress> source_addresses;
  std::vector<PoolSettings> pools;
  std::uint32_t max_concurrent = 0, max_per_destination = 0, messages_per_connection = 1, idle_connections = 0, tls_sessions = 0;
  Duration idle_time{}, connect_timeout{}, first_retry{}, max_retry{}, give_up_after{}, policy_first_retry{}, policy_max_retry{},
      policy_give_up_after{}, delay_notice_after{};
  types::WaiverUse tls_required_no = types::WaiverUse::honour;
  std::string trust_store;
  KeepProofs keep_proofs = KeepProofs::none;
};

struct MtaStsSettings {
  std::vector<types::Network> allow_networks;
  std::uint32_t max_fetches = 0;
};

struct DomainSettings {
  Choice require_control = Choice::no, born_secure = Choice::yes;
  Duration look_interval{}, move_interval{}, quarantine_after{}, remove_after{};
  std::uint32_t looks_per_second = 0;
};

/// "https://alerts.example.net:8443/danewerk"
struct Webhook {
  types::DomainName host;
  types::Port port{443};
  std::string path;
};

struct AlertSettings {
  std::optional<Webhook> webhook;
  std::vector<types::IpAddress> webhook_addresses;
  std::optional<types::Mailbox> mail;
};

struct CertificateSettings {
  CertificatesFrom source = CertificatesFrom::self;
};

struct AcmeSettings {
  std::string directory, contact, accept_terms, external_account_file, program;
  std::vector<types::DomainName> caa;
  std::uint32_t orders_per_week = 0, names_per_hour = 0;
  Duration first_retry{}, deadline{};
};

struct HttpSettings {
  std::vector<types::Endpoint> listen;
};

/// Where the MTA-STS policies of our domains are served.
struct HttpsSettings {
  std::vector<types::Endpoint> listen;
  std::vector<types::IpAddress> addresses;  ///< as the world sees them; empty: zone.mx_addresses
};

struct Settings {
  ServerSettings server;
  EdgeSettings edge;
  SubmissionSettings submission;
  ResolverSettings resolver;
  ZoneSettings zone;
  DeliverySettings delivery;
  MtaStsSettings mta_sts;
  DomainSettings domains;
  AlertSettings alerts;
  CertificateSettings certificates;
  AcmeSettings acme;
  HttpSettings http;
  HttpsSettings https;
  std::string read_from;  ///< the file

  std::string control_socket() const { return server.state_directory + "/control.sock"; }
};

}  // namespace danewerk::app
