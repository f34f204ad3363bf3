#include "engine/zone/plan.h"

#include <algorithm>

#include "engine/zone/diff.h"

namespace danewerk::zone {
namespace {

using types::RecordType;
using types::RrSet;

bool holds(const std::vector<RrSet>& sets, const RrSet& like, const Bytes& rdata) {
  return std::any_of(sets.begin(), sets.end(), [&](const RrSet& set) {
    return set.name == like.name && set.type == like.type && std::find(set.rdatas.begin(), set.rdatas.end(), rdata) != set.rdatas.end();
  });
}

void append_lines(std::vector<std::string>& out, char sign, const RrSet& set) {
  for (const Bytes& rdata : set.rdatas) {
    out.push_back(std::string(1, sign) + " " + set.name.to_string() + ". " + std::to_string(set.ttl.count()) + " " + types::to_string(set.type) + " " +
                  record_text(set.type, rdata));
  }
}

}  // namespace

Plan plan(const MxZone& zone, const std::vector<RrSet>& desired, const Standing& standing, const std::vector<RrSet>& written,
          Writers writers) {
  Plan out;
  for (const types::DomainName& alias : standing.aliases) {
    const auto wanted = std::find_if(desired.begin(), desired.end(), [&alias](const RrSet& set) { return set.name == alias && !set.rdatas.empty(); });
    if (wanted != desired.end()) out.conflicts.push_back({alias, RecordType::cname, {"an alias"}});
  }
  for (const RrSet& there : standing.sets) {
    if (writers == Writers::we_alone) break;
    Conflict conflict{there.name, there.type, {}};
    for (const Bytes& rdata : there.rdatas) {
      if (!holds(written, there, rdata) && !holds(desired, there, rdata)) conflict.foreign.push_back(record_text(there.type, rdata));
    }
    if (!conflict.foreign.empty()) out.conflicts.push_back(std::move(conflict));
  }
  out.changes = diff(zone, desired, standing.sets);
  return out;
}

std::string describe(const Conflict& conflict) {
  std::string foreign;
  for (const std::string& one : conflict.foreign) foreign += (foreign.empty() ? "" : ", ") + one;
  const std::string what = conflict.name.to_string() + " " + types::to_string(conflict.type);
  const std::string said = what + " at the primary holds " + foreign + ", which danewerk did not write; nothing is changed. Remove it there";
  return conflict.type == RecordType::cname ? said : said + ", or hand it over with `danewerk zone adopt " + what + "`";
}

std::string record_text(RecordType type, const Bytes& rdata) {
  const bool address = (type == RecordType::a && rdata.size() == 4) || (type == RecordType::aaaa && rdata.size() == 16);
  if (address) return types::IpAddress::from_bytes(rdata).to_string();
  if (type == RecordType::tlsa) return types::TlsaRecord::from_rdata(rdata).to_string();
  return "\\# " + std::to_string(rdata.size()) + " " + to_hex(rdata);
}

std::vector<std::string> lines_of(const types::ZoneChange& change) {
  std::vector<std::string> out;
  for (const auto& prerequisite : change.prerequisites) {
    if (const auto* is = std::get_if<types::RrSetIs>(&prerequisite)) append_lines(out, '-', is->set);
  }
  for (const RrSet& set : change.adds) append_lines(out, '+', set);
  return out;
}

}  // namespace danewerk::zone
