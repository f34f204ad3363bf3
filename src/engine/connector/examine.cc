#include "engine/connector/examine.h"

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

bool outlives(const Connector& one, const Connector& other) {
  if (!one.expires) return true;
  return other.expires && *one.expires >= *other.expires;
}

}  // namespace

const Connector* Passed::hiding(const Connector& rule) const {
  for (const RecipientPattern& pattern : rule.pattern.covering()) {
    const auto found = longest_.find(pattern);
    if (found != longest_.end() && outlives(*found->second, rule)) return found->second;
  }
  return nullptr;
}

void Passed::pass(const Connector& rule) {
  if (rule.has_expired(now_)) return;
  const auto [found, fresh] = longest_.emplace(rule.pattern, &rule);
  if (!fresh && outlives(rule, *found->second)) found->second = &rule;
}

bool is_looser(const Connector& rule, const Connector& other) {
  return strictness(rule.dane) < strictness(other.dane) || strictness(rule.mta_sts) < strictness(other.mta_sts) || rule.tls < other.tls;
}

std::vector<Finding> examine(std::span<const StoredConnector> rules, Instant now) {
  std::vector<Finding> out;
  std::vector<const Connector*> own;
  std::vector<const Connector*> for_all;
  std::map<ConnectorOwner, Passed> passed;
  for (const StoredConnector& stored : rules) {
    Decision alone;
    if (const auto* broken = std::get_if<BrokenConnector>(&stored)) {
      alone.broken = broken;
    } else if (const auto& rule = std::get<Connector>(stored); rule.has_expired(now)) {
      alone.expired.push_back(&rule);
    } else {
      Passed& before = passed.try_emplace(rule.owner, now).first->second;
      if (const Connector* by = before.hiding(rule)) out.push_back(hidden(rule, *by));
      before.pass(rule);
      (rule.owner ? own : for_all).push_back(&rule);
    }
    for (Finding& finding : findings_of(alone)) out.push_back(std::move(finding));
  }
  for (const Connector* rule : own) {
    for (const Connector* one : for_all) {
      if (rule->pattern.overlaps(one->pattern) && is_looser(*rule, *one)) out.push_back(loosens(*rule, *one));
    }
  }
  return out;
}

}  // namespace danewerk::connector
