#include "engine/lifecycle/own_change.h"

#include <algorithm>

#include "engine/lifecycle/mx_view.h"

namespace danewerk::lifecycle {
namespace {

using types::MxRecord;
using types::RecordType;
using types::RrSet;

RrSet mx_set(const Expectation& expected, Ttl ttl, const std::vector<MxRecord>& records) {
  return RrSet::of(expected.domain, RecordType::mx, ttl, {records.begin(), records.end()}).sorted();
}

/// Ours before all others, whose own order stays.
std::vector<MxRecord> with_ours_first(std::vector<MxRecord> records, const Expectation& expected) {
  constexpr std::uint16_t room = 10;
  std::erase_if(records, [&expected](const MxRecord& one) { return !one.exchange || *one.exchange == expected.host || one.exchange->is_root(); });
  const bool crowded = std::any_of(records.begin(), records.end(), [](const MxRecord& one) { return one.preference == 0; });
  for (MxRecord& one : records) {
    if (crowded && one.preference <= 65535 - room) one.preference = static_cast<std::uint16_t>(one.preference + room);
  }
  records.push_back({0, expected.host, expected.host.to_string()});
  return records;
}

std::optional<RrSet> wanted_mx(const DomainStatus& status, const std::vector<MxRecord>& seen, const Expectation& expected) {
  switch (status.next.name) {
    case StepName::lower_ttl: return mx_set(expected, short_ttl, seen);
    case StepName::add_mx:
    case StepName::prefer_mx: return mx_set(expected, status.mx_ttl && *status.mx_ttl > Ttl{0} ? std::min(*status.mx_ttl, short_ttl) : short_ttl,
                                            with_ours_first(seen, expected));
    case StepName::remove_others: return mx_set(expected, usual_mx_ttl, {{0, expected.host, expected.host.to_string()}});
    default: return std::nullopt;
  }
}

types::ZoneChange change_of(const types::DomainName& zone, const RrSet& seen, RrSet wanted) {
  types::ZoneChange change;
  change.zone = zone;
  if (seen.rdatas.empty()) {
    change.prerequisites.push_back(types::RrSetAbsent{wanted.name, wanted.type});
  } else {
    change.prerequisites.push_back(types::RrSetIs{seen});
    change.deletes.push_back(types::DeleteRrSet{wanted.name, wanted.type});
  }
  change.adds.push_back(std::move(wanted));
  return change;
}

}  // namespace

std::optional<types::ZoneChange> own_change(const DomainStatus& status, const types::DomainFacts& facts, const types::DomainSight& sight,
                                            const Expectation& expected, const types::DomainName& zone, Instant now) {
  if (status.next.when && now < *status.next.when) return std::nullopt;
  if (status.next.name == StepName::verify) {
    const types::DomainName owner = control_owner(expected.domain);
    const types::Lookup* txt = sight.find(owner, RecordType::txt);
    if (txt == nullptr || !txt->has_value()) return std::nullopt;
    std::vector<types::RecordData> records = (*txt)->value.records;
    const RrSet seen = RrSet::of(owner, RecordType::txt, (*txt)->ttl, records).sorted();
    records.emplace_back(types::TxtRecord{{control_text(facts.token)}});
    return change_of(zone, seen, RrSet::of(owner, RecordType::txt, usual_mx_ttl, records).sorted());
  }
  const types::Lookup* mx = sight.find(expected.domain, RecordType::mx);
  if (mx == nullptr || !mx->has_value() || expected.host.is_root()) return std::nullopt;
  const auto records = (*mx)->value.all<MxRecord>();
  // What cannot be read cannot be written back either: the set is left to its owner.
  if (std::any_of(records.begin(), records.end(), [](const MxRecord& one) { return !one.exchange; })) return std::nullopt;
  auto wanted = wanted_mx(status, records, expected);
  if (!wanted) return std::nullopt;
  return change_of(zone, mx_set(expected, (*mx)->ttl, records), *std::move(wanted));
}

std::vector<std::string> describe(const types::ZoneChange& change, const types::DomainSight& sight, const Expectation& expected) {
  std::vector<std::string> out;
  if (!change.deletes.empty() && !change.adds.empty() && change.adds.front().type == RecordType::mx) {
    for (const std::string& line : view_mx(expected, sight).lines) out.push_back("- " + line);
  }
  for (const RrSet& set : change.adds) {
    for (const Bytes& rdata : set.rdatas) {
      std::string data(rdata.begin(), rdata.end());
      if (set.type == RecordType::txt) {
        out.push_back("+ " + set.name.to_string() + ". " + std::to_string(set.ttl.count()) + " IN TXT \"" + data.substr(1) + "\"");
      } else {
        const std::string preference = std::to_string(static_cast<unsigned>(rdata[0]) << 8 | rdata[1]);
        std::string exchange;
        for (std::size_t at = 2; at < rdata.size() && rdata[at] != 0; at += rdata[at] + std::size_t{1}) exchange += data.substr(at + 1, rdata[at]) + ".";
        out.push_back("+ " + set.name.to_string() + ". " + std::to_string(set.ttl.count()) + " IN MX " + preference + " " + (exchange.empty() ? "."
            : exchange));
      }
    }
  }
  return out;
}

}  // namespace danewerk::lifecycle
