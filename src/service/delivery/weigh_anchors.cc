#include "service/delivery/weigh_anchors.h"

#include <algorithm>

namespace danewerk::service {
namespace {

bool concerns(const types::NegativeAnchor& anchor, const types::DnsQuestion& question, const types::DnsAnswer& answer) {
  const auto covered = [&anchor](const types::DomainName& name) { return anchor.covers(name); };
  return covered(question.name) || std::any_of(answer.aliases.begin(), answer.aliases.end(), covered);
}

types::LookupError not_let_go(const types::NegativeAnchor& anchor, const types::DnsQuestion& question, Instant asked) {
  return {types::LookupErrorKind::resolver_unfit,
          question.to_string() + ": unsigned, but the negative trust anchor for " + anchor.domain.to_string() + " ended at " + to_rfc3339(anchor.end()) +
              " and the resolver has not confirmed that it let go of it",
          asked,
          {}};
}

}  // namespace

std::vector<types::NegativeAnchor> weigh_anchors(types::DestinationFacts& facts, const std::vector<types::NegativeAnchor>& anchors, Instant now) {
  std::vector<types::NegativeAnchor> out;
  for (const types::NegativeAnchor& anchor : anchors) {
    bool used = false;
    for (auto& [question, lookup] : facts.lookups) {
      if (!lookup || lookup->status != types::DnssecStatus::insecure || !concerns(anchor, question, lookup->value)) continue;
      if (anchor.in_force(now)) {
        used = true;
      } else {
        lookup = Failure{not_let_go(anchor, question, lookup->asked)};
      }
    }
    if (used) out.push_back(anchor);
  }
  return out;
}

}  // namespace danewerk::service
