#include "engine/lifecycle/tlsa_view.h"

#include <map>

namespace danewerk::lifecycle {
namespace {

using types::Probe;
using types::ProbeEnd;

DaneView view_probes(const types::ProbeSight& sight) {
  std::map<types::IpAddress, int> matched;
  bool unsure = false;
  for (const Probe& probe : sight.probes) {
    int& here = matched[probe.address];
    switch (probe.end) {
      case ProbeEnd::shook_hands:
        if (!probe.verdict || !probe.verdict->is_authenticated()) return DaneView::broken;
        ++here;
        break;
      case ProbeEnd::no_such_key: break;
      case ProbeEnd::no_starttls:
      case ProbeEnd::handshake_failed: return DaneView::broken;
      case ProbeEnd::not_connected:
      case ProbeEnd::filtered:
      case ProbeEnd::smtp_failed: unsure = true; break;
    }
  }
  if (unsure || matched.empty()) return DaneView::unknown;
  for (const auto& [address, times] : matched) {
    if (times == 0) return DaneView::broken;
  }
  return DaneView::live;
}

}  // namespace

const types::Lookup* host_tlsa(const Expectation& expected, const types::DomainSight& sight) {
  if (expected.host.is_root() || expected.host.text().size() > 253 - 9) return nullptr;
  return sight.find(expected.host.prefixed("_25._tcp"), types::RecordType::tlsa);
}

DaneView view_dane(const Expectation& expected, const types::DomainSight& sight, const types::ProbeSight* probe) {
  const types::Lookup* tlsa = host_tlsa(expected, sight);
  if (tlsa == nullptr || !tlsa->has_value()) return DaneView::unknown;
  if ((*tlsa)->status != types::DnssecStatus::secure || (*tlsa)->value.records.empty()) return DaneView::broken;
  return probe == nullptr ? DaneView::unknown : view_probes(*probe);
}

}  // namespace danewerk::lifecycle
