#include "engine/zone/health.h"

#include <algorithm>

namespace danewerk::zone {
namespace {

using types::Finding;
using types::Severity;

constexpr std::size_t ds_fixed = 4;  // RFC 4034 5.1: tag, algorithm, digest type
constexpr std::uint8_t sha256 = 2;   // RFC 4509

/// A DS of a digest type we did not compute is taken by tag and algorithm alone.
bool is_of(const Bytes& ds, const Bytes& own) {
  if (ds.size() < ds_fixed || own.size() < ds_fixed || !std::equal(ds.begin(), ds.begin() + 3, own.begin())) return false;
  return ds[3] != sha256 || ds == own;
}

bool answered_by_a_key(const Bytes& ds, const std::vector<Bytes>& own) {
  return std::any_of(own.begin(), own.end(), [&ds](const Bytes& one) { return is_of(ds, one); });
}

std::string listed(const std::vector<Bytes>& ds) {
  std::string out;
  for (const Bytes& one : ds) out += (out.empty() ? "" : "; ") + ds_text(one);
  return out.empty() ? "none" : out;
}

std::string listed(std::vector<types::DomainName> names) {
  std::sort(names.begin(), names.end());
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name.to_string();
  return out.empty() ? "none" : out;
}

std::string span(Duration d) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(d).count();
  if (hours >= 48) return std::to_string(hours / 24) + " days";
  if (hours >= 2) return std::to_string(hours) + " hours";
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(d).count()) + " seconds";
}

class Examination {
 public:
  Examination(const ZoneState& zone, const Limits& limits, Instant now) : zone_(zone), limits_(limits), now_(now) {}

  std::vector<Finding> run() {
    for (const ServerState& server : zone_.servers) examine_server(server);
    examine_keys();
    examine_parent();
    examine_expire();
    std::stable_sort(out_.begin(), out_.end(), [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return std::move(out_);
  }

 private:
  void find(Severity severity, std::string code, std::string subject, std::string evidence, std::string remedy) {
    out_.push_back({severity, std::move(code), std::move(subject), std::move(evidence), std::move(remedy)});
  }

  void examine_server(const ServerState& server) {
    if (!server.fault.empty()) {
      find(Severity::error, "zone.server_faulty", server.server, server.fault,
           "Mend this server, or take it out of the NS records and of zone.servers; no key is changed meanwhile.");
    }
    const ServerState& primary = zone_.servers.front();
    if (server.serial && primary.serial && serial_before(*server.serial, *primary.serial)) {
      find(Severity::warning, "zone.server_behind", server.server,
           "it has serial " + std::to_string(*server.serial) + ", the primary " + std::to_string(*primary.serial),
           "Look whether NOTIFY reaches it and its transfer is allowed (address and TSIG key); no new key serves before it has caught up.");
    }
    if (server.signed_until) examine_life(server, *server.signed_until - now_);
  }

  /// What is renewed in time never has less than the refresh to live.
  void examine_life(const ServerState& server, Duration left) {
    const bool primary = &server == &zone_.servers.front();
    const std::string remedy = primary ? "Look at the primary: it should have signed anew (its log, its clock, its disk, its keys)."
                                       : "Look at this server's transfers: it does not get what the primary signs.";
    if (left <= Duration::zero()) {
      find(Severity::error, "zone.signatures_ended", server.server, "a signature ended " + to_rfc3339(*server.signed_until), remedy);
    } else if (left < limits_.signature_refresh / 4) {
      find(Severity::error, "zone.signatures_end_soon", server.server, "a signature ends in " + span(left), remedy);
    } else if (left < limits_.signature_refresh * 3 / 4) {
      find(Severity::warning, "zone.signatures_end_soon", server.server, "a signature ends in " + span(left), remedy);
    }
  }

  void examine_keys() {
    const bool primary_answers = !zone_.servers.empty() && zone_.servers.front().serial.has_value();
    if (primary_answers && zone_.own_ds.empty()) {
      find(Severity::error, "zone.unsigned", zone_.apex.to_string(), "the primary shows no DNSKEY with the entry-point flag",
           "Let the primary sign the zone: without signatures no TLSA record counts.");
    }
    for (const Bytes& cds : zone_.cds) {  // RFC 7344 4.1
      if (answered_by_a_key(cds, zone_.own_ds)) continue;
      find(Severity::error, "zone.cds_wrong", zone_.apex.to_string(), "its CDS record " + ds_text(cds) + " belongs to none of its keys",
           "A parent that reads CDS would break the zone: correct or remove it at the primary.");
    }
  }

  void examine_parent() {
    const std::string zone = zone_.apex.to_string();
    const ParentState& parent = zone_.parent;
    if (parent.answer == ParentState::Answer::failed) {
      find(Severity::warning, "zone.parent_unseen", zone, "what the parent has for the zone cannot be seen: " + parent.fault,
           "Look at the resolver and at the parent's name servers.");
    }
    if (parent.answer == ParentState::Answer::given && !zone_.own_ds.empty()) examine_ds();
    if (!parent.name_servers.empty() && !zone_.servers.empty()) examine_name_servers(zone_.servers.front().name_servers);
  }

  void examine_ds() {
    const std::string zone = zone_.apex.to_string();
    std::vector<Bytes> foreign;
    for (const Bytes& ds : zone_.parent.ds) {
      if (!answered_by_a_key(ds, zone_.own_ds)) foreign.push_back(ds);
    }
    if (zone_.parent.ds.empty()) {
      find(Severity::warning, "zone.no_ds", zone, "the parent zone holds no DS: senders take the zone for unsigned, and DANE does not work",
           "Hand over to the parent: DS " + listed(to_hand_over(zone_)) + ".");
    } else if (foreign.size() == zone_.parent.ds.size()) {
      find(Severity::error, "zone.ds_mismatch", zone, "the parent holds DS " + listed(foreign) + ", which belong to none of the zone's keys: the zone is bogus",
           "Whoever holds the parent zone must replace them by DS " + listed(to_hand_over(zone_)) + " at once.");
    } else if (!foreign.empty()) {
      find(Severity::warning, "zone.ds_without_key", zone, "the parent holds DS " + listed(foreign) + " besides, which belong to none of the zone's keys",
           "Let the parent remove them: some validators count a DS without its key as a fault of the zone.");
    }
  }

  void examine_name_servers(std::vector<types::DomainName> own) {
    std::vector<types::DomainName> theirs = zone_.parent.name_servers;
    std::sort(own.begin(), own.end());
    std::sort(theirs.begin(), theirs.end());
    if (own.empty() || own == theirs) return;
    find(Severity::warning, "zone.name_servers_differ", zone_.apex.to_string(), "the parent delegates to " + listed(theirs) + ", the zone names " + listed(own),
         "Make them the same; a server that only the parent names gets questions but is not read back before a key serves.");
  }

  /// RFC 6781 4.4.2.2: a secondary that lost its primary should fall silent before it serves what is no longer signed.
  void examine_expire() {
    if (zone_.servers.size() < 2) return;
    const Duration expire = zone_.servers.front().expire;
    if (expire <= limits_.signature_refresh || expire == Duration::zero()) return;
    find(Severity::notice, "zone.expire_long", zone_.apex.to_string(),
         "a secondary that loses its primary serves on for " + span(expire) + " (SOA expire), signatures live " + span(limits_.signature_refresh) + " at least",
         "Set the SOA's expire to " + span(limits_.signature_refresh) + " or less.");
  }

  const ZoneState& zone_;
  const Limits& limits_;
  Instant now_;
  std::vector<Finding> out_;
};

}  // namespace

bool serial_before(std::uint32_t serial, std::uint32_t other) noexcept {
  constexpr std::uint32_t half = 0x80000000U;
  return serial != other && static_cast<std::uint32_t>(other - serial) < half;
}

std::string ds_text(const Bytes& rdata) {
  if (rdata.size() < ds_fixed) return "(malformed)";
  const unsigned tag = static_cast<unsigned>(rdata[0]) << 8 | rdata[1];
  return std::to_string(tag) + " " + std::to_string(rdata[2]) + " " + std::to_string(rdata[3]) + " " + to_hex(ByteView(rdata).subspan(ds_fixed));
}

const std::vector<Bytes>& to_hand_over(const ZoneState& zone) {
  const auto fits = [&zone](const Bytes& cds) { return answered_by_a_key(cds, zone.own_ds); };
  const bool usable = !zone.cds.empty() && std::all_of(zone.cds.begin(), zone.cds.end(), fits);
  return usable ? zone.cds : zone.own_ds;  // RFC 7344 4.1
}

std::vector<Finding> examine(const ZoneState& zone, const Limits& limits, Instant now) { return Examination(zone, limits, now).run(); }

}  // namespace danewerk::zone
