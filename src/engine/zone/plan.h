// plan(): what would be changed in the zone, and what stands in the way because it is not ours.
//
// Others write into the zone too: an operator by hand, another program, a tenant's tool. diff() touches only names and types that
// we want, but at these somebody else may have put something. So what is ours is known from what we wrote: every change is
// noted (`written`) before it is made. An RRset at a wanted name is ours if each of its records was written by us or is wanted
// anyway; otherwise it is a conflict, and a zone with a conflict is not changed at all: half a publication is worse than
// none. In the zone of our own child nobody else may write: there everything at our names is ours, but for aliases.
//
// A person resolves a conflict by removing the foreign record, or by `danewerk zone adopt`, which notes it as ours.
// RFC 2136 3.4.2.2: an addition beside a CNAME is ignored without a word; so an alias is a conflict as well.
#pragma once

#include <string>
#include <vector>

#include "engine/zone/mx_zone.h"
#include "types/zone_change.h"

namespace danewerk::zone {

enum class Writers : std::uint8_t {
  we_alone,  ///< the child's zone
  others,    ///< an external primary
};

struct Conflict {
  types::DomainName name;
  types::RecordType type = types::RecordType::a;
  std::vector<std::string> foreign;  ///< the records that are not ours, as text
  friend bool operator==(const Conflict&, const Conflict&) = default;
};

/// What stands in the zone at our names.
struct Standing {
  std::vector<types::RrSet> sets;
  std::vector<types::DomainName> aliases;  ///< names that hold a CNAME instead
};

struct Plan {
  std::vector<types::ZoneChange> changes;
  std::vector<Conflict> conflicts;
};

/// `written`: what we noted for names and types, a set each.
Plan plan(const MxZone& zone, const std::vector<types::RrSet>& desired, const Standing& standing,
          const std::vector<types::RrSet>& written, Writers writers);

/// "*.s1.mx.example A holds 192.0.2.9, which danewerk did not write: ..." with what to do.
std::string describe(const Conflict& conflict);

/// One record's data as a zone file has it; types we do not publish in the form of RFC 3597.
std::string record_text(types::RecordType type, const Bytes& rdata);

/// One line a record: "- name ttl type data" for what goes, "+ ..." for what comes.
std::vector<std::string> lines_of(const types::ZoneChange& change);

}  // namespace danewerk::zone
