#include "engine/zone/signalling.h"

#include <algorithm>

namespace danewerk::zone {
namespace {

using types::RecordType;
using types::RrSet;

constexpr Ttl usual_ttl{3600};
constexpr std::size_t key_fixed = 4;  // RFC 4034 2.1: flags, protocol, algorithm

}  // namespace

std::vector<RrSet> signalling_sets(const ZoneState& zone) {
  std::vector<RrSet> out;
  if (zone.servers.empty() || zone.cds.empty() || zone.cdnskey.empty()) return out;
  for (const types::DomainName& server : zone.servers.front().name_servers) {
    if (server.is_within(zone.apex)) continue;
    auto owner = types::DomainName::parse("_dsboot." + zone.apex.to_string() + "._signal." + server.to_string());
    if (!owner) continue;
    out.push_back(RrSet{*owner, RecordType::cds, usual_ttl, zone.cds}.sorted());
    out.push_back(RrSet{*std::move(owner), RecordType::cdnskey, usual_ttl, zone.cdnskey}.sorted());
  }
  return out;
}

const char* to_string(Signal signal) noexcept {
  switch (signal) {
    case Signal::there: return "there";
    case Signal::missing: return "missing";
    case Signal::differs: return "differs";
    case Signal::insecure: return "insecure";
    case Signal::unseen: return "unseen";
  }
  return "unseen";
}

Signal judge_signal(const RrSet& wanted, const types::Lookup& found) {
  if (!found) return Signal::unseen;
  RrSet seen{wanted.name, wanted.type, Ttl{0}, {}};
  for (const auto& record : found->value.all<types::RawRecord>()) seen.rdatas.push_back(record.rdata);
  if (seen.rdatas.empty()) return Signal::missing;
  if (!wanted.same_records(seen)) return Signal::differs;
  return found->status == types::DnssecStatus::secure ? Signal::there : Signal::insecure;
}

std::string signal_text(const RrSet& set, const Bytes& rdata) {
  if (set.type != RecordType::cdnskey) return ds_text(rdata);
  if (rdata.size() < key_fixed) return "(malformed)";
  const unsigned flags = static_cast<unsigned>(rdata[0]) << 8 | rdata[1];
  return std::to_string(flags) + " " + std::to_string(rdata[2]) + " " + std::to_string(rdata[3]) + " " + to_base64(ByteView(rdata).subspan(key_fixed));
}

}  // namespace danewerk::zone
