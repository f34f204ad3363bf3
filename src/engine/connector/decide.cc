#include "engine/connector/decide.h"

namespace danewerk::connector {
using namespace types;

namespace {

/// True where the search ends at this rule.
bool ends_at(const StoredConnector& stored, const MailDomain& domain, Instant now, Decision& decision) {
  if (const auto* broken = std::get_if<BrokenConnector>(&stored)) {
    if (broken->pattern && !broken->pattern->matches(domain)) return false;
    decision.broken = broken;
    return true;
  }
  const auto& rule = std::get<Connector>(stored);
  if (!rule.pattern.matches(domain)) return false;
  if (rule.has_expired(now)) {
    decision.expired.push_back(&rule);
    return false;
  }
  decision.rule = &rule;
  return true;
}

Finding expired_finding(const Connector& rule) {
  return {Severity::notice, "connector.expired", rule.id.to_string(),
          "connector " + rule.id.to_string() + " (" + rule.reason + ", by " + rule.author + ") expired at " + to_rfc3339(*rule.expires) +
              " and decides nothing any more",
          "remove it, or give it a new expiry"};
}

}  // namespace

Decision decide(std::span<const StoredConnector> adrift, std::span<const StoredConnector> own, std::span<const StoredConnector> for_all,
                const MailDomain& domain, Instant now) {
  Decision decision;
  for (const auto& rules : {adrift, own, for_all}) {
    for (const StoredConnector& stored : rules) {
      if (ends_at(stored, domain, now, decision)) return decision;
    }
  }
  return decision;
}

DeliveryTerms terms_of(const Decision& decision) {
  DeliveryTerms terms;
  terms.findings = findings_of(decision);
  if (decision.broken != nullptr) {
    Fault fault;
    fault.kind = FaultKind::ours;
    fault.code = {4, 3, 5};
    fault.sentence = "connector " + decision.broken->id + " in our store cannot be read (" + decision.broken->fault +
                     "), and may be meant for this destination; set or remove it with `danewerk connector`";
    terms.fault = std::move(fault);
  }
  if (decision.rule == nullptr) return terms;
  const Connector& rule = *decision.rule;
  terms.demands.dane = rule.dane;
  terms.demands.mta_sts = rule.mta_sts;
  terms.demands.tls = rule.tls;
  terms.demands.verify_names = rule.verify_names;
  terms.smart_host = rule.smart_host;
  terms.source = rule.source;
  terms.pool = rule.pool;
  terms.rule = DecidingRule{rule.id, rule.owner, rule.reason};
  return terms;
}

std::vector<Finding> findings_of(const Decision& decision) {
  std::vector<Finding> out;
  for (const Connector* rule : decision.expired) out.push_back(expired_finding(*rule));
  if (decision.broken != nullptr) {
    out.push_back({Severity::error, "connector.unreadable", decision.broken->id,
                   "connector " + decision.broken->id + " in the store cannot be read: " + decision.broken->fault +
                       "; mail that it may be meant for waits",
                   "set it anew or remove it"});
  }
  return out;
}

}  // namespace danewerk::connector
