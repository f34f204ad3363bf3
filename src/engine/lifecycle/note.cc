#include "engine/lifecycle/note.h"

#include <algorithm>

#include "engine/lifecycle/mx_view.h"
#include "engine/lifecycle/tlsa_view.h"

namespace danewerk::lifecycle {
namespace {

using types::DomainFacts;
using types::MaybeInstant;
using types::RecordType;

void begin(MaybeInstant& fact, Instant now) {
  if (!fact) fact = now;
}

void note_mx(DomainFacts& facts, const MxView& view, Instant now) {
  if (!view.is_known()) return;
  if (!view.others.empty()) facts.mx_ttl = std::max(facts.mx_ttl, view.ttl);
  if (view.names_us()) {
    begin(facts.mx_here, now);
    facts.mx_elsewhere = {};
  } else {
    if (facts.mx_here) begin(facts.mx_elsewhere, now);
    facts.mx_here = {};
  }
  if (view.place == MxView::Place::alone) {
    begin(facts.others_gone, now);
  } else {
    facts.others_gone = {};
  }
}

/// In quarantine the token alone counts: whoever has the name now may have set that MX (decision 0088).
void note_control(DomainFacts& facts, const MxView& view, bool token, Instant now) {
  const bool named = view.place >= MxView::Place::behind;  // by its own host's name: nobody else's MX holds that
  if (!token && (!named || facts.quarantined)) return;
  facts.control_confirmed = now;
  if (facts.verified && !facts.quarantined) return;
  facts.verified = now;
  facts.proof = token ? types::ControlProof::txt_record : types::ControlProof::mx_here;
}

/// Each quarantine asks for another token: the last one may stand in a copy of the zone that the present owner knows nothing of.
void note_quarantine(DomainFacts& facts, const MxView& view, const types::Lookup* txt, bool token, const Patience& patience,
                     const types::ControlToken& fresh, Instant now) {
  if (token) facts.quarantined = {};
  if (token || facts.quarantined || view.names_us()) return;
  const bool sure = view.is_known() && txt != nullptr && txt->has_value();  // doubt never defers mail
  if (!sure || !facts.mx_elsewhere || now - *facts.mx_elsewhere < patience.quarantine_after) return;
  facts.quarantined = now;
  facts.token = fresh;
}

}  // namespace

DomainFacts note(DomainFacts facts, const types::DomainSight& sight, const types::ProbeSight* probe, const Expectation& expected,
                 const Patience& patience, const types::ControlToken& fresh, Instant now) {
  const MxView view = view_mx(expected, sight);
  const types::Lookup* txt = sight.find(control_owner(expected.domain), RecordType::txt);
  const bool token = shows_token(txt, facts.token);
  note_mx(facts, view, now);
  note_control(facts, view, token, now);
  note_quarantine(facts, view, txt, token, patience, fresh, now);
  switch (view_dane(expected, sight, probe)) {
    case DaneView::live:
      if (facts.dane.is_on()) begin(facts.dane_live, now);
      break;
    case DaneView::broken: facts.dane_live = {}; break;
    case DaneView::unknown: break;
  }
  if (!facts.dane.is_on()) facts.dane_live = {};
  facts.looked = now;
  return facts;
}

bool is_over(const DomainFacts& facts, const Patience& patience, Instant now) noexcept {
  if (!facts.quarantined || !facts.mx_elsewhere) return false;
  return now - *std::max(facts.quarantined, facts.mx_elsewhere) >= patience.remove_after;
}

bool is_in_motion(const DomainFacts& facts, Instant now) noexcept {
  constexpr Duration worth_watching = std::chrono::hours(72);
  const MaybeInstant last = std::max({facts.verified, facts.dnssec.asked, facts.dane.asked, facts.mx_here, facts.mx_elsewhere});
  if (!last || now - *last > worth_watching) return false;
  if (!facts.mx_here || !facts.others_gone || facts.quarantined) return true;
  return facts.dane.is_on() && !facts.dane_live;
}

}  // namespace danewerk::lifecycle
