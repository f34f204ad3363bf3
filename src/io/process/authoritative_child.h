// The authoritative child: Knot DNS, holding and signing the MX zone.
//
// It owns the zone's DNSSEC keys, re-signs before signatures end, publishes CDS and CDNSKEY for parents that look for
// them (PUB-13), and takes changes only by updates signed with our TSIG key from this machine, only of the types we
// publish (DDNS-08). What it holds lives in its journal: the zone file is read once, when there is no journal yet, and
// never again, because reading it later would undo every update since.
//
// Should knotd die within its first second ever, a journal without a zone is left and the zone is not found at the next
// start (its log says so): removing `directory`/journal lets it begin anew.
//
// NSEC unless NSEC3 is asked for: nothing in a wildcard zone is secret, and PUB-12 prefers it. One key signs all (CSK): the DS
// is one record. Whether the parent has the DS of a new key Knot asks `ds_checked_at`, a validating resolver: a rollover of
// the algorithm goes on by itself once the DS is there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "io/process/child.h"
#include "types/domain_name.h"
#include "types/ip_address.h"

namespace danewerk::io {

/// A shared key for updates or transfers (RFC 8945).
struct TsigKeyText {
  types::DomainName name;
  std::string algorithm = "hmac-sha256";  ///< or hmac-sha384, hmac-sha512
  Bytes secret;                           ///< at least as long as the digest (DDNS-08)
};

struct AuthoritativeChildSettings {
  std::string program = "/usr/sbin/knotd";
  std::string directory;                     ///< its own: configuration, keys, journal; required
  std::optional<RunAs> run_as;               ///< nothing: as we are
  std::vector<types::Endpoint> listen;       ///< where the world asks; usually port 53 of every address
  types::Endpoint update_at;                 ///< where we send updates and read back: a loopback address
  types::DomainName zone;
  std::vector<types::DomainName> shard_zones;  ///< zones below it, served and signed in the same way; the publisher delegates them
  std::vector<types::DomainName> name_servers;  ///< the NS records; the first is the SOA's primary
  struct Host {
    types::DomainName name;
    std::vector<types::IpAddress> addresses;
  };
  std::vector<Host> glue;                    ///< addresses of those name servers that lie within the zone
  types::DomainName contact;                 ///< the SOA's mailbox as a name; the root: hostmaster.<zone>
  TsigKeyText update_key;
  struct Secondary {
    types::Endpoint address;                 ///< gets NOTIFY, may transfer
    std::optional<TsigKeyText> key;
  };
  std::vector<Secondary> secondaries;
  enum class Denial : std::uint8_t { nsec, nsec3 };
  Denial denial = Denial::nsec;
  std::string algorithm = "ecdsap256sha256";  ///< one of Knot's names; changing it starts a rollover
  std::optional<types::Endpoint> ds_checked_at;
  Duration ds_check_interval = std::chrono::minutes(10);
  std::uint32_t rate_limit = 200;            ///< equal answers a second to one network (mod-rrl); 0: none
  Ttl ns_ttl{3600};
  Ttl negative_ttl{60};                      ///< SOA minimum: how long "there is none" is believed
  Ttl dnskey_ttl{3600};
  Ttl zone_max_ttl{3600};                    ///< no TTL in the zone is larger; Knot times key rollovers by it
  Duration signature_life = std::chrono::hours(14 * 24);
  Duration signature_refresh = std::chrono::hours(7 * 24);  ///< signed anew so long before the end
  Duration propagation = std::chrono::hours(1);             ///< to the last secondary
  ByteCount journal_limit{256 * 1024 * 1024};
  ByteCount shard_journal_limit{64 * 1024 * 1024};  ///< of each zone below: some 10,000 hosts and their changes
  ByteCount memory_limit{2'000'000'000};     ///< address space; Knot maps its databases. Zones below it need more, which is added
};

/// Where knotd finds the zone when it starts.
enum class ZoneSource : std::uint8_t { zone_file, journal };
/// The text of knot.conf. Error: malformed, naming the setting.
Result<std::string> authoritative_config(const AuthoritativeChildSettings& settings, ZoneSource source);

/// SOA, NS and glue: what the zone begins with; all else comes by update.
Result<std::string> first_zone_content(const AuthoritativeChildSettings& settings);
/// The same for one of shard_zones: its name servers are those of the zone above.
std::string first_shard_content(const AuthoritativeChildSettings& settings, const types::DomainName& shard);

/// Prepares the directory, writes knot.conf and, where there is no journal, the first zone file; says how to start it.
/// Errors: malformed (also where no name server, no TSIG secret or one too short is set), denied, unavailable.
Result<ChildSpec> authoritative_child(const AuthoritativeChildSettings& settings);

}  // namespace danewerk::io
