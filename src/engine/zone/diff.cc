#include "engine/zone/diff.h"

#include <algorithm>
#include <map>

namespace danewerk::zone {
namespace {

using types::RrSet;
using types::ZoneChange;

const RrSet* find(const std::vector<RrSet>& sets, const RrSet& like) {
  const auto found = std::find_if(sets.begin(), sets.end(), [&like](const RrSet& set) {
    return set.name == like.name && set.type == like.type && !set.rdatas.empty();
  });
  return found == sets.end() ? nullptr : &*found;
}

bool already_so(const RrSet& wanted, const RrSet* present) {
  if (present == nullptr) return wanted.rdatas.empty();
  return present->same_records(wanted) && present->ttl == wanted.ttl;
}

void replace(ZoneChange& change, const RrSet& wanted, const RrSet* present) {
  if (present != nullptr) {
    change.prerequisites.emplace_back(types::RrSetIs{present->sorted()});  // DDNS-02
    change.deletes.emplace_back(types::DeleteRrSet{wanted.name, wanted.type});
  } else if (wanted.type == types::RecordType::cname) {
    change.prerequisites.emplace_back(types::NameFree{wanted.name});  // an alias beside anything else is dropped in silence: DDNS-03
  } else {
    change.prerequisites.emplace_back(types::RrSetAbsent{wanted.name, wanted.type});  // DDNS-02
  }
  if (!wanted.rdatas.empty()) change.adds.push_back(wanted.sorted());
}

std::size_t records_before(const ZoneChange& change, const types::DomainName& name, types::RecordType type) {
  for (const auto& prerequisite : change.prerequisites) {
    const auto* is = std::get_if<types::RrSetIs>(&prerequisite);
    if (is != nullptr && is->set.name == name && is->set.type == type) return is->set.rdatas.size();
  }
  return 0;
}

std::size_t records_after(const ZoneChange& change, const types::DomainName& name, types::RecordType type) {
  for (const RrSet& set : change.adds) {
    if (set.name == name && set.type == type) return set.rdatas.size();
  }
  return 0;
}

}  // namespace

std::vector<ZoneChange> diff(const types::DomainName& zone, const std::vector<RrSet>& desired,
                             const std::vector<RrSet>& observed) {
  std::vector<ZoneChange> out;
  std::size_t sets = most_sets_a_change;
  for (const RrSet& wanted : desired) {
    const RrSet* present = find(observed, wanted);
    if (already_so(wanted, present)) continue;
    if (sets == most_sets_a_change) {
      out.push_back(ZoneChange{zone, {}, {}, {}});
      sets = 0;
    }
    replace(out.back(), wanted, present);
    ++sets;
  }
  return out;
}

std::vector<ZoneChange> diff(const MxZone& zone, const std::vector<RrSet>& desired, const std::vector<RrSet>& observed) {
  std::map<types::DomainName, std::vector<RrSet>> by_zone;
  for (const RrSet& set : desired) by_zone[zone_holding(zone, set.name)].push_back(set);
  std::vector<ZoneChange> out;
  for (const auto& [apex, sets] : by_zone) {
    std::vector<ZoneChange> changes = diff(apex, sets, observed);
    std::move(changes.begin(), changes.end(), std::back_inserter(out));
  }
  return out;
}

std::string describe(const ZoneChange& change) {
  std::string out;
  const auto tell = [&](const types::DomainName& name, types::RecordType type) {
    const std::size_t before = records_before(change, name, type);
    const std::size_t after = records_after(change, name, type);
    out += (out.empty() ? "" : "; ") + name.to_string() + " " + types::to_string(type) + ": ";
    if (before == 0) {
      out += std::to_string(after) + " added";
    } else {
      out += std::to_string(before) + (after == 0 ? " removed" : " become " + std::to_string(after));
    }
  };
  for (const auto& prerequisite : change.prerequisites) {
    if (const auto* is = std::get_if<types::RrSetIs>(&prerequisite)) tell(is->set.name, is->set.type);
    if (const auto* absent = std::get_if<types::RrSetAbsent>(&prerequisite)) tell(absent->name, absent->type);
    if (const auto* free = std::get_if<types::NameFree>(&prerequisite)) tell(free->name, types::RecordType::cname);
  }
  return out;
}

}  // namespace danewerk::zone
