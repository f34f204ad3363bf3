// ZoneClaims: what we have written into the zone, so that what somebody else wrote is never taken for ours.
//
// A zone fact "wrote/<type>/<name>" holds the records of an RRset of ours in hex. It is noted before a change is made, with what
// stood there and what shall stand, so that a crash in between leaves neither taken for foreign; and once more after, with what stands.
// What stands as it should is noted too: it may be of a time when this zone was our child's, where nothing is noted.
// engine/zone/plan.h says what follows from it. docs/decisions/0075.
#pragma once

#include <vector>

#include "engine/zone/plan.h"
#include "io/store/key_store.h"

namespace danewerk::service {

class ZoneClaims {
 public:
  ZoneClaims(io::KeyStore& store, types::DomainName zone) : store_(store), zone_(zone.to_string()) {}

  /// Errors: as the store's; corrupt where a fact cannot be read, naming it.
  io::Task<Result<void>> load();
  const std::vector<types::RrSet>& written() const noexcept { return written_; }
  io::Task<Result<void>> note_before(types::ZoneChange change, Instant now);
  io::Task<Result<void>> note_after(types::ZoneChange change, Instant now);
  /// The primary holds these, as wanted.
  io::Task<Result<void>> note_standing(std::vector<types::RrSet> sets, Instant now);
  /// Takes over what stands at a name: `set` counts as written by us.
  io::Task<Result<void>> adopt(types::RrSet set, types::AdminAct act);

 private:
  io::Task<Result<void>> put_more(types::RrSet set, Instant now);
  io::Task<Result<void>> put(types::RrSet set, Instant now);
  types::RrSet& claim(const types::DomainName& name, types::RecordType type);

  io::KeyStore& store_;
  std::string zone_;
  std::vector<types::RrSet> written_;
};

}  // namespace danewerk::service
