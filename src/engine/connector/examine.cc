#include "engine/connector/examine.h"

#include <algorithm>

#include "engine/connector/decide.h"

namespace danewerk::connector {
using namespace types;

namespace {

int strictness(DaneMode mode) {
  switch (mode) {
    case DaneMode::none: return 0;
    case DaneMode::audit: return 1;
    case DaneMode::opportunistic: return 2;
    case DaneMode::mandatory: return 3;
  }
  return 2;
}

int strictness(StsMode mode) {
  switch (mode) {
    case StsMode::none: return 0;
    case StsMode::audit: return 1;
    case StsMode::opportunistic: return 2;
    case StsMode::mandatory: return 3;
  }
  return 2;
}

Finding hidden(const Connector& rule, const Connector& by) {
  return {Severity::warning, "connector.hidden", rule.id.to_string(),
          "connector " + rule.id.to_string() + " never decides: " + by.id.to_string() + " before it is for " + by.pattern.to_string(),
          "put it first, or remove it"};
}

Finding loosens(const Connector& own, const Connector& for_all) {
  return {Severity::warning, "connector.loosens", own.id.to_string(),
          "connector " + own.id.to_string() + " of tenant " + to_string(own.owner) + " decides before " + for_all.id.to_string() +
              ", which is for all and demands more",
          "make it as strict, if the rule for all is meant to bind this tenant"};
}

void examine_pair(const Connector& first, const Connector& second, Instant now, std::vector<Finding>& out) {
  if (first.owner == second.owner) {
    if (is_hidden_by(second, first, now)) out.push_back(hidden(second, first));
  } else if (first.owner && !second.owner && !second.has_expired(now) && first.pattern.overlaps(second.pattern) && is_looser(first, second)) {
    out.push_back(loosens(first, second));
  }
}

}  // namespace

bool is_hidden_by(const Connector& rule, const Connector& before, Instant now) {
  if (before.has_expired(now) || !before.pattern.covers(rule.pattern)) return false;
  return !before.expires || (rule.expires && *rule.expires <= *before.expires);
}

bool is_looser(const Connector& rule, const Connector& other) {
  return strictness(rule.dane) < strictness(other.dane) || strictness(rule.mta_sts) < strictness(other.mta_sts) || rule.tls < other.tls;
}

std::vector<Finding> examine(std::span<const StoredConnector> rules, Instant now) {
  std::vector<Finding> out;
  std::vector<const Connector*> alive;
  std::vector<const Connector*> for_all;
  for (const StoredConnector& stored : rules) {
    Decision alone;
    if (const auto* broken = std::get_if<BrokenConnector>(&stored)) {
      alone.broken = broken;
    } else if (const auto& rule = std::get<Connector>(stored); rule.has_expired(now)) {
      alone.expired.push_back(&rule);
    } else {
      (rule.owner ? alive : for_all).push_back(&rule);
    }
    for (Finding& finding : findings_of(alone)) out.push_back(std::move(finding));
  }
  const auto compare = [&](const std::vector<const Connector*>& firsts, std::size_t i, const std::vector<const Connector*>& seconds, std::size_t from) {
    for (std::size_t k = from; k < seconds.size(); ++k) examine_pair(*firsts[i], *seconds[k], now, out);
  };
  for (std::size_t i = 0; i < for_all.size(); ++i) compare(for_all, i, for_all, i + 1);
  for (std::size_t i = 0; i < alive.size(); ++i) {
    // One owner's rules stand together.
    for (std::size_t k = i + 1; k < alive.size() && alive[k]->owner == alive[i]->owner; ++k) examine_pair(*alive[i], *alive[k], now, out);
    compare(alive, i, for_all, 0);
  }
  return out;
}

}  // namespace danewerk::connector
