#include "app/config/schema.h"

#include <algorithm>
#include <array>
#include <vector>

#include "app/config/limits.h"
#include "app/config/readers.h"

namespace danewerk::app {
namespace {

template <class Section, class Field>
SchemaRow row(std::string_view key, std::string_view default_toml, std::string_view explanation, Section Settings::* section,
              Field Section::* field) {
  return {key, default_toml, explanation,
          [section, field](const ConfigValue& value, Settings& into) { return read_into(value, into.*section.*field); }};
}

std::vector<SchemaRow> server_rows() {
  constexpr auto s = &Settings::server;
  return {
      row("server.state_directory", R"("/var/lib/danewerk")", "Where queue, keys and zones are kept; readable by us only.", s,
          &ServerSettings::state_directory),
      row("server.user", R"("danewerk")", "The user the mail process runs as when started as root.", s, &ServerSettings::user),
      row("server.resolver_user", R"("danewerk-resolver")", "The user of the resolver child.", s, &ServerSettings::resolver_user),
      row("server.dns_user", R"("danewerk-dns")", "The user of the name server child.", s, &ServerSettings::dns_user),
      row("server.reactors", "0", "Event loops; 0 takes one for each core.", s, &ServerSettings::reactors),
      row("server.log_style", R"("logfmt")", "logfmt for people, json for collectors.", s, &ServerSettings::log_style),
      row("server.log_level", R"("info")", "debug, info, notice, warning or error.", s, &ServerSettings::log_level),
      row("server.min_free_space", R"("256 MiB")", "Below this much free disk new mail is answered 452.", s, &ServerSettings::min_free_space),
      row("server.history", R"("90 d")", "How long finished messages and their evidence are kept for `trace` and `queue show`.", s,
          &ServerSettings::history),
      row("server.history_size", R"("10 GiB")", "Largest size of the store; waiting mail aside, the oldest history makes room first.", s,
          &ServerSettings::history_size),
  };
}

std::vector<SchemaRow> edge_rows() {
  constexpr auto s = &Settings::edge;
  constexpr auto sub = &Settings::submission;
  return {
      row("edge.listen", R"(["0.0.0.0:25", "[::]:25"])", "Where mail from the Internet comes in.", s, &EdgeSettings::listen),
      row("edge.hostname", R"("")", "What we call ourselves in the greeting and EHLO; a name that resolves to us.", s, &EdgeSettings::hostname),
      row("edge.names_by_address", "[]", "Another name on some local addresses: \"192.0.2.1=mx1.example.net\".", s,
          &EdgeSettings::names_by_address),
      row("edge.max_message", R"("50 MiB")", "Largest message accepted (RFC 1870 SIZE).", s, &EdgeSettings::max_message),
      row("edge.max_recipients", "1000", "Recipients of one message; more are answered 452 (RFC 5321 4.5.3.1.10).", s,
          &EdgeSettings::max_recipients),
      row("edge.max_connections", "20000", "Open connections in all; more are answered 421.", s, &EdgeSettings::max_connections),
      row("edge.max_connections_per_peer", "200", "Open connections of one address.", s, &EdgeSettings::max_connections_per_peer),
      row("edge.command_timeout", R"("5 min")", "How long a peer may be silent (RFC 5321 4.5.3.2.7).", s, &EdgeSettings::command_timeout),
      row("submission.listen", "[]", "Where hosts of our own hand mail in for delivery to anybody; none by default.", sub,
          &SubmissionSettings::listen),
      row("submission.networks", R"(["127.0.0.0/8", "::1"])", "Who may use it.", sub, &SubmissionSettings::networks),
  };
}

std::vector<SchemaRow> resolver_rows() {
  constexpr auto s = &Settings::resolver;
  return {
      row("resolver.mode", R"("child")", "child: we run Unbound; external: another validating resolver on this host's loopback.", s,
          &ResolverSettings::mode),
      row("resolver.address", R"("127.0.0.1:10053")", "Where it answers; a loopback address, or its AD bit could be forged on the way.", s,
          &ResolverSettings::address),
      row("resolver.binary", R"("/usr/sbin/unbound")", "The Unbound program.", s, &ResolverSettings::binary),
      row("resolver.trust_anchor", R"("/usr/share/dns/root.key")", "The root's keys (package dns-root-data).", s,
          &ResolverSettings::trust_anchor),
      row("resolver.root_hints", R"("")", "Another set of root servers; empty for the Internet's.", s, &ResolverSettings::root_hints),
      row("resolver.deadline", R"("10 s")", "How long a lookup may take before it counts as failed.", s, &ResolverSettings::deadline),
      row("resolver.bogus_ttl", R"("60 s")", "How long the child remembers that an answer was bogus.", s, &ResolverSettings::bogus_ttl),
      row("resolver.max_negative_ttl", R"("1 h")", "How long the child remembers that there was no record.", s,
          &ResolverSettings::max_negative_ttl),
      row("resolver.nodefault_zones", "[]", "Special-use zones (test., invalid., ...) to be looked up like any other; for labs.", s,
          &ResolverSettings::nodefault_zones),
  };
}

std::vector<SchemaRow> zone_rows() {
  constexpr auto s = &Settings::zone;
  return {
      row("zone.name", R"("")", "The DNSSEC-signed zone that holds our MX hosts, like \"mx.example.net\"; empty: no inbound DANE.", s,
          &ZoneSettings::name),
      row("zone.mode", R"("child")", "child: we run Knot DNS; external: a primary of yours that takes our updates.", s, &ZoneSettings::mode),
      row("zone.binary", R"("/usr/sbin/knotd")", "The Knot DNS program.", s, &ZoneSettings::binary),
      row("zone.listen", R"(["0.0.0.0:53", "[::]:53"])", "Where the child answers the Internet.", s, &ZoneSettings::listen),
      row("zone.update_address", R"("127.0.0.1:10054")", "Where it takes our updates (RFC 2136 with TSIG).", s, &ZoneSettings::update_address),
      row("zone.update_key_file", R"("")",
          "A file with the TSIG key of our updates, as algorithm:name:secret (docs/operate/external-primary.md); empty: a key of our own making.", s,
          &ZoneSettings::update_key_file),
      row("zone.secondary", "[]",
          "Name servers that get the zone from the child by transfer: [[zone.secondary]] with address = \"192.0.2.54:53\" and key_file, a file with its "
          "TSIG key as algorithm:name:secret. Each gets NOTIFY, and is read back like those of zone.servers.",
          s, &ZoneSettings::secondaries),
      row("zone.denial", R"("nsec")",
          "How the child proves that a name is absent: nsec, by which anybody can list the zone's names, or nsec3 (no salt, 0 further iterations).", s,
          &ZoneSettings::denial),
      row("zone.algorithm", R"("ecdsap256sha256")",
          "The child's DNSSEC algorithm: ecdsap256sha256, ecdsap384sha384, ed25519 or rsasha256. Changed, it rolls (docs/operate/dnssec-keys.md).", s,
          &ZoneSettings::algorithm),
      row("zone.signature_life", R"("14 d")", "How long the child's signatures are valid.", s, &ZoneSettings::signature_life),
      row("zone.signature_refresh", R"("7 d")", "How long before their end they are made anew; for an external primary, what it should keep.", s,
          &ZoneSettings::signature_refresh),
      row("zone.rate_limit", "200",
          "Equal answers a second that the child gives to one network (/24, /56) over UDP; of more, every second one is cut short, so that whoever is "
          "real asks over TCP. 0: no limit.",
          s, &ZoneSettings::rate_limit),
      row("zone.name_servers", "[]", "The zone's NS records with addresses: \"ns1.mx.example.net=192.0.2.1\".", s, &ZoneSettings::name_servers),
      row("zone.servers", "[]", "Every authoritative server, secondaries too: each is read back before a key may serve.", s,
          &ZoneSettings::servers),
      row("zone.shards", "1", "Into how many parts the MX hosts are cut: contoso-com.s1.mx.example.net; a change is refused once domains use them.", s,
          &ZoneSettings::shards),
      row("zone.holding", R"("wildcard")", "How a shard holds its MX hosts: wildcard, explicit or shared (docs/operate/holding.md); a change is refused "
          "once domains use them.", s, &ZoneSettings::holding),
      row("zone.holding_by_shard", "[]", "Shards that differ: \"s3=explicit\".", s, &ZoneSettings::holding_by_shard),
      row("zone.key_groups", "[]",
          "Shards with keys of their own: \"pilot=s1\", \"bank=s3,s5-s9\"; at most 16 groups, all other shards share the default group's keys. A new group "
          "begins with copies of the keys its shards have had and replaces them; later its shards cannot be changed (docs/operate/rollover.md).",
          s, &ZoneSettings::key_groups),
      row("zone.hosts_per_zone", "12000", "The most hosts of an explicit shard, which is a zone of its own: each change costs more the larger it is.", s,
          &ZoneSettings::hosts_per_zone),
      row("zone.mx_addresses", "[]", "The addresses of the MX hosts: where the edge is reached from outside.", s, &ZoneSettings::mx_addresses),
      row("zone.tlsa_ttl", R"("1 h")", "TTL of the TLSA records; a key waits twice this long before it serves (RFC 7671 8.1).", s,
          &ZoneSettings::tlsa_ttl),
      row("zone.address_ttl", R"("1 h")", "TTL of the other records.", s, &ZoneSettings::address_ttl),
      row("zone.negative_ttl", R"("5 min")", "How long resolvers remember that a record is absent (RFC 2308).", s, &ZoneSettings::negative_ttl),
      row("zone.propagation", R"("1 min")", "Added to every wait for what we cannot see.", s, &ZoneSettings::propagation),
      row("zone.key_algorithms", R"(["ecdsa-p256"])",
          "Kinds of keys to serve side by side, one certificate each: \"ecdsa-p256\", and for old senders \"rsa-2048\" or \"rsa-3072\".", s,
          &ZoneSettings::key_algorithms),
      row("zone.probe", R"("on")",
          "on: an old record leaves the zone after a connection to every mx_address has shown the new key; off, where we cannot reach them: after "
          "zone.propagation.",
          s, &ZoneSettings::probe),
      row("zone.key_life", R"("90 d")", "How long a key serves before the next takes over.", s, &ZoneSettings::key_life),
      row("zone.certificate_life", R"("180 d")", "Life of the certificates we issue ourselves; renewed in time, with the same key.", s,
          &ZoneSettings::certificate_life),
      row("zone.check_interval", R"("1 min")", "How often the published records are read back from every server.", s,
          &ZoneSettings::check_interval),
  };
}

std::vector<SchemaRow> delivery_rows() {
  constexpr auto s = &Settings::delivery;
  return {
      row("delivery.hostname", R"("")", "What we say in EHLO; empty: edge.hostname.", s, &DeliverySettings::hostname),
      row("delivery.allow_networks", "[]", "Networks that are not public but may be delivered to by MX, like \"10.1.0.0/16\".", s,
          &DeliverySettings::allow_networks),
      row("delivery.source_addresses", "[]", "Addresses to send from, at most one of each family; empty: the system chooses.", s,
          &DeliverySettings::source_addresses),
      row("delivery.pool", "[]",
          "Sets of addresses to send from: [[delivery.pool]] with name = \"bulk\" and addresses = [\"192.0.2.9=out9.example.net\", ...], the EHLO "
          "name of each. The one named \"default\" serves where no connector names another; a tenant keeps its address.",
          s, &DeliverySettings::pools),
      row("delivery.max_concurrent", "500", "Deliveries under way at once; 0: mail is taken and none is delivered.", s, &DeliverySettings::max_concurrent),
      row("delivery.max_per_destination", "20", "Of these, to one destination; at least 1.", s, &DeliverySettings::max_per_destination),
      row("delivery.idle_time", R"("2 s")", "How long a connection is kept for the next message on the same terms; \"0 s\": not at all.", s,
          &DeliverySettings::idle_time),
      row("delivery.messages_per_connection", "100", "Then it ends; 1: a connection for every message.", s,
          &DeliverySettings::messages_per_connection),
      row("delivery.idle_connections", "500", "Kept connections in all; the one kept longest gives way.", s, &DeliverySettings::idle_connections),
      row("delivery.tls_sessions", "10000", "TLS sessions kept to be resumed, each for the terms it was verified for only; 0: every handshake is a full one.",
          s, &DeliverySettings::tls_sessions),
      row("delivery.connect_timeout", R"("30 s")", "How long a connection may take to come about.", s, &DeliverySettings::connect_timeout),
      row("delivery.first_retry", R"("5 min")", "First wait after an ordinary failure; then it doubles.", s, &DeliverySettings::first_retry),
      row("delivery.max_retry", R"("4 h")", "Longest wait after an ordinary failure.", s, &DeliverySettings::max_retry),
      row("delivery.give_up_after", R"("5 d")", "When mail that fails ordinarily is returned (RFC 5321 4.5.4.1).", s,
          &DeliverySettings::give_up_after),
      row("delivery.policy_first_retry", R"("15 min")", "First and second wait after a DANE or other policy failure.", s,
          &DeliverySettings::policy_first_retry),
      row("delivery.policy_max_retry", R"("1 h")", "Wait after further policy failures, give or take a tenth.", s,
          &DeliverySettings::policy_max_retry),
      row("delivery.policy_give_up_after", R"("24 h")", "When mail that fails by policy is returned.", s,
          &DeliverySettings::policy_give_up_after),
      row("delivery.delay_notice_after", R"("4 h")", "When a sender is told, once, that mail still waits (RFC 3461 5.2.5); \"0 s\": never.", s,
          &DeliverySettings::delay_notice_after),
      row("delivery.tls_required_no", R"("honour")",
          "The header field TLS-Required: No (RFC 8689), by which a sender waives the destination's DANE and MTA-STS: honour, ignore, or refuse in "
              "submission.",
          s, &DeliverySettings::tls_required_no),
      row("delivery.trust_store", R"("/etc/ssl/certs/ca-certificates.crt")",
          "The authorities (PEM) trusted for certificates of mail hosts and MTA-STS policy hosts (package ca-certificates).", s,
          &DeliverySettings::trust_store),
      row("delivery.keep_proofs", R"("none")", "dane: keep the DNSSEC chain of every DANE delivery for `prove`; none: only on request.", s,
          &DeliverySettings::keep_proofs),
  };
}

std::vector<SchemaRow> mta_sts_rows() {
  constexpr auto s = &Settings::mta_sts;
  return {
      row("mta_sts.allow_networks", "[]", "Networks that are not public but may hold MTA-STS policy hosts; for labs.", s,
          &MtaStsSettings::allow_networks),
      row("mta_sts.max_fetches", "32", "Policies fetched at once (RFC 8461 3.3); at one address an eighth of it.", s, &MtaStsSettings::max_fetches),
  };
}

std::vector<SchemaRow> domain_rows() {
  constexpr auto s = &Settings::domains;
  return {
      row("domains.require_control", "false", "true: a new domain's mail is deferred until its owner has proven control (TXT record or MX); false: "
          "the operator's word is enough.",
          s, &DomainSettings::require_control),
      row("domains.born_secure", "true", "New domains start with DNSSEC and DANE on, so that both work from when their MX points here.", s,
          &DomainSettings::born_secure),
      row("domains.look_interval", R"("24 h")", "How often each domain is looked at as a stranger would: its DNS, its MTA-STS policy, our addresses.", s,
          &DomainSettings::look_interval),
      row("domains.move_interval", R"("5 min")", "How often a domain that is on its way here; also how long one probe of our addresses serves.", s,
          &DomainSettings::move_interval),
      row("domains.looks_per_second", "20", "At most so many domains a second; 17 a second are 1.5 million a day.", s, &DomainSettings::looks_per_second),
      row("domains.quarantine_after", R"("3 d")", "A domain whose MX has left and whose TXT record is gone for so long: its mail is deferred.", s,
          &DomainSettings::quarantine_after),
      row("domains.remove_after", R"("7 d")", "A domain in quarantine for so long is removed, unless its MX leads here again.", s,
          &DomainSettings::remove_after),
  };
}

std::vector<SchemaRow> alert_rows() {
  constexpr auto s = &Settings::alerts;
  return {
      row("alerts.webhook", R"("")", "Where alerts are posted to as JSON, when they begin and when they are over: \"https://alerts.example.net/danewerk\".", s,
          &AlertSettings::webhook),
      row("alerts.webhook_addresses", "[]", "Its addresses; they are not looked up, so that it can be told that our resolver fails.", s,
          &AlertSettings::webhook_addresses),
      row("alerts.mail", R"("")", "A mailbox in a domain accepted here that alerts are mailed to.", s, &AlertSettings::mail),
  };
}

std::vector<SchemaRow> certificate_rows() {
  constexpr auto s = &Settings::certificates;
  constexpr auto a = &Settings::acme;
  constexpr auto h = &Settings::http;
  constexpr auto t = &Settings::https;
  return {
      row("certificates.source", R"("self")",
          "Who issues the edge's certificates: self (enough for DANE), acme (a public CA), files (your own tool, by `danewerk certificate stage`).", s,
          &CertificateSettings::source),
      row("acme.directory", R"("https://acme-v02.api.letsencrypt.org/directory")", "The CA's ACME directory.", a, &AcmeSettings::directory),
      row("acme.accept_terms", R"("no")", "Write \"yes\" once you have read and accept the CA's terms of service.", a, &AcmeSettings::accept_terms),
      row("acme.contact", R"("")", "A mail address the CA may write to; empty: none.", a, &AcmeSettings::contact),
      row("acme.external_account_file", R"("")", "A file with KEYID:KEY, where the CA demands an account of its own (RFC 8555 7.3.4).", a,
          &AcmeSettings::external_account_file),
      row("acme.caa", R"(["letsencrypt.org"])", "What CAA records call this CA; [] if you do not know.", a, &AcmeSettings::caa),
      row("acme.orders_per_week", "5", "Never more orders than so many in any week for the same names.", a, &AcmeSettings::orders_per_week),
      row("acme.names_per_hour", "90", "Certificates of customers' names ordered within an hour, at most: CAs count for all names of an account together.", a,
          &AcmeSettings::names_per_hour),
      row("acme.first_retry", R"("10 min")", "First wait after the CA failed; it doubles up to a day, and the CA's Retry-After is honoured besides.", a,
          &AcmeSettings::first_retry),
      row("acme.deadline", R"("10 min")", "How long one order may take.", a, &AcmeSettings::deadline),
      row("acme.program", R"("/usr/bin/uacme")", "The ACME client (package uacme).", a, &AcmeSettings::program),
      row("http.listen", "[]",
          "Where HTTP is answered for ACME's HTTP-01, like \"0.0.0.0:80\": names outside of our zone can be certified then; none by default.", h,
          &HttpSettings::listen),
      row("https.listen", "[]", "Where the MTA-STS policies of our domains are served, like \"0.0.0.0:443\" (`danewerk mta-sts`); none by default.", t,
          &HttpsSettings::listen),
      row("https.addresses", "[]", "Its addresses as the world sees them; empty: those of zone.mx_addresses.", t, &HttpsSettings::addresses),
  };
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> above(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> current(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      current[j] = std::min({above[j] + 1, current[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
    }
    above = std::move(current);
  }
  return above.back();
}

std::string unknown_key(const std::string& key, std::uint32_t line) {
  const auto rows = schema();
  const auto nearest = std::min_element(rows.begin(), rows.end(), [&](const SchemaRow& a, const SchemaRow& b) {
    return edit_distance(key, a.key) < edit_distance(key, b.key);
  });
  std::string out = "line " + std::to_string(line) + ": there is no setting '" + key + "'";
  if (edit_distance(key, nearest->key) <= 1 + key.size() / 2) out += "; did you mean '" + std::string(nearest->key) + "'?";
  return out;
}

Settings defaults() {
  Settings settings;
  for (const SchemaRow& row : schema()) {
    auto values = parse_toml("x = " + std::string(row.default_toml));
    CHECK(values.has_value());
    CHECK(row.read(values->at("x"), settings).has_value());
  }
  return settings;
}

/// What no single value shows.
std::vector<std::string> contradictions(const Settings& s) {
  std::vector<std::string> out;
  if (s.edge.hostname.is_root()) out.push_back("edge.hostname: give the name this host calls itself, like \"mx1.example.net\"");
  if (!s.resolver.address.address.is_loopback()) {
    out.push_back("resolver.address: " + s.resolver.address.to_string() + " is not a loopback address: its AD bit could be forged on the way");
  }
  if (s.server.state_directory.empty() || s.server.state_directory.front() != '/') {
    out.push_back("server.state_directory: give an absolute path");
  }
  static constexpr std::array levels{"debug", "info", "notice", "warning", "error"};
  if (std::find(levels.begin(), levels.end(), s.server.log_level) == levels.end()) {
    out.push_back("server.log_level: '" + s.server.log_level + "' is none of debug, info, notice, warning, error");
  }
  if (s.delivery.messages_per_connection == 0) out.push_back("delivery.messages_per_connection: a connection carries at least 1");
  if (s.alerts.webhook && s.alerts.webhook_addresses.empty()) out.push_back("alerts.webhook_addresses: name the addresses of alerts.webhook");
  if (s.domains.looks_per_second == 0) out.push_back("domains.looks_per_second: at least 1");
  if (s.domains.move_interval < std::chrono::seconds(1)) out.push_back("domains.move_interval: at least 1 s");
  if (s.certificates.source == CertificatesFrom::acme && s.acme.accept_terms != "yes") {
    out.push_back("acme.accept_terms: certificates.source is \"acme\": write \"yes\" once you accept the CA's terms of service");
  }
  if (s.certificates.source != CertificatesFrom::self && s.zone.name.is_root()) {
    out.push_back("certificates.source: only with a zone; set zone.name, or \"self\"");
  }
  if (s.acme.names_per_hour == 0) out.push_back("acme.names_per_hour: at least 1");
  if (!s.https.listen.empty() && s.zone.name.is_root()) out.push_back("https.listen: only with a zone; set zone.name");
  if (s.acme.orders_per_week == 0) out.push_back("acme.orders_per_week: at least 1");
  if (s.zone.name.is_root()) return out;
  if (s.zone.mx_addresses.empty()) out.push_back("zone.mx_addresses: name the addresses where the edge is reached from outside");
  if (s.zone.name_servers.empty()) out.push_back("zone.name_servers: a zone needs at least one name server");
  if (s.zone.shards == 0 || s.zone.shards > 4096) out.push_back("zone.shards: 1 to 4096");
  for (const ShardHolding& one : s.zone.holding_by_shard) {
    if (one.index < s.zone.shards) continue;
    out.push_back("zone.holding_by_shard: there is no shard s" + std::to_string(one.index + 1) + " among " + std::to_string(s.zone.shards));
  }
  for (const std::string& fault : zone::faults_of(s.zone.key_groups, static_cast<std::uint16_t>(std::min(s.zone.shards, 4096U)))) {
    out.push_back("zone.key_groups: " + fault);
  }
  static constexpr std::array algorithms{"ecdsap256sha256", "ecdsap384sha384", "ed25519", "rsasha256"};
  if (std::find(algorithms.begin(), algorithms.end(), s.zone.algorithm) == algorithms.end()) {
    out.push_back("zone.algorithm: '" + s.zone.algorithm + "' is none of ecdsap256sha256, ecdsap384sha384, ed25519, rsasha256");
  }
  if (s.zone.signature_refresh >= s.zone.signature_life) out.push_back("zone.signature_refresh: signatures must be made anew before they end");
  if (s.zone.mode == ChildOrExternal::external && !s.zone.secondaries.empty()) {
    out.push_back("zone.secondary: with zone.mode = \"external\" the secondaries are your primary's; name them in zone.servers");
  }
  if (s.zone.servers.empty() && s.zone.secondaries.empty()) out.push_back("zone.servers: name every authoritative server, so that each can be read back");
  return out;
}

/// "edge.listen: ..." with the line on which that setting stands; a setting at its default stands on none.
std::string with_line(const ConfigValues& values, const std::string& fault) {
  const auto at = values.find(fault.substr(0, fault.find(':')));
  return at == values.end() ? fault : "line " + std::to_string(at->second.line) + ": " + fault;
}

}  // namespace

std::span<const SchemaRow> schema() {
  static const std::vector<SchemaRow> rows = [] {
    std::vector<SchemaRow> all;
    for (const auto& part : {server_rows(), edge_rows(), resolver_rows(), zone_rows(), delivery_rows(), mta_sts_rows(), domain_rows(), certificate_rows(),
                             alert_rows()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return rows;
}

Result<Settings> read_settings(const std::string& toml_text) {
  TRY(const ConfigValues values, parse_toml(toml_text));
  Settings settings = defaults();
  std::vector<std::string> faults;
  for (const auto& [key, value] : values) {
    const auto rows = schema();
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const SchemaRow& r) { return r.key == key; });
    if (row == rows.end()) {
      faults.push_back(unknown_key(key, value.line));
    } else if (auto read = row->read(value, settings); !read) {
      faults.push_back("line " + std::to_string(value.line) + ": " + key + ": " + read.error().what);
    }
  }
  if (faults.empty()) {
    for (const auto& found : {contradictions(settings), beyond_limits(settings)}) {
      for (const std::string& fault : found) faults.push_back(with_line(values, fault));
    }
  }
  if (settings.delivery.hostname.is_root()) settings.delivery.hostname = settings.edge.hostname;
  if (faults.empty()) return settings;
  std::string all;
  for (const std::string& fault : faults) all += (all.empty() ? "" : "\n") + fault;
  return fail(ErrorKind::malformed, all);
}

std::string describe_settings() {
  std::string out = "# Danewerk: every setting with its default.\n";
  std::string section;
  for (const SchemaRow& row : schema()) {
    const std::size_t dot = row.key.find('.');
    if (section != row.key.substr(0, dot)) {
      section = row.key.substr(0, dot);
      out += "\n[" + section + "]\n";
    }
    out += "# " + std::string(row.explanation) + "\n" + std::string(row.key.substr(dot + 1)) + " = " + std::string(row.default_toml) + "\n";
  }
  return out;
}

}  // namespace danewerk::app
