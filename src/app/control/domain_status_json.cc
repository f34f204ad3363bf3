#include "app/control/domain_status_json.h"

namespace danewerk::app {
namespace {

Json check_json(const lifecycle::Check& check) {
  Json json = object({{"check", lifecycle::to_string(check.name)}, {"state", lifecycle::to_string(check.state)}, {"what", check.what}});
  put(json, {"findings", Json::array()});
  for (const types::Finding& one : check.findings) json["findings"].push_back(finding_json(one));
  return json;
}

Json next_json(const lifecycle::NextStep& next) {
  Json json = object({{"step", lifecycle::to_string(next.name)}, {"what", next.what}});
  if (!next.command.empty()) put(json, {"command", next.command});
  if (!next.publish.empty()) put(json, {"publish", next.publish});
  if (!next.remove.empty()) put(json, {"remove", next.remove});
  if (next.when) put(json, {"not_before", to_rfc3339(*next.when)});
  return json;
}

Json facts_json(const types::DomainFacts& facts) {
  Json json = Json::object();
  put(json, {"proof", types::to_string(facts.proof)});
  const auto instant = [&json](const char* name, const types::MaybeInstant& at) {
    if (at) json[name] = to_rfc3339(*at);
  };
  instant("verified", facts.verified);
  instant("control_confirmed", facts.control_confirmed);
  instant("dnssec_asked", facts.dnssec.asked);
  instant("dnssec_withdrawn", facts.dnssec.withdrawn);
  instant("dane_asked", facts.dane.asked);
  instant("dane_withdrawn", facts.dane.withdrawn);
  instant("mx_here", facts.mx_here);
  instant("mx_elsewhere", facts.mx_elsewhere);
  instant("others_gone", facts.others_gone);
  instant("dane_live", facts.dane_live);
  instant("quarantined", facts.quarantined);
  instant("looked", facts.looked);
  return json;
}

}  // namespace

Json finding_json(const types::Finding& finding) {
  Json json = object({{"severity", types::to_string(finding.severity)}, {"code", finding.code}, {"subject", finding.subject}, {"evidence", finding.evidence},
                      {"remedy", finding.remedy}});
  if (finding.whose != types::Party::unsaid) put(json, {"whose", types::to_string(finding.whose)});
  if (!finding.record.empty()) put(json, {"record", finding.record});
  return json;
}

Json life_json(const service::Looked& looked, const lifecycle::Expectation& expected) {
  const lifecycle::DomainStatus& status = looked.status;
  Json json = object({{"domain", looked.domain.domain.to_string()},
                      {"tenant", looked.domain.tenant.to_string()},
                      {"standing", lifecycle::to_string(status.standing)},
                      {"dnssec", lifecycle::to_string(status.dnssec)},
                      {"dane", lifecycle::to_string(status.dane)},
                      {"looked", to_rfc3339(looked.sight.at)}});
  if (!expected.host.is_root()) put(json, {"mx_host", expected.host.to_string()});
  put(json, {"expected_mx", status.expected_mx});
  put(json, {"actual_mx", status.actual_mx});
  if (status.mx_ttl) put(json, {"mx_ttl", status.mx_ttl->count()});
  put(json, {"checks", Json::array()});
  for (const lifecycle::Check& check : status.checks) json["checks"].push_back(check_json(check));
  put(json, {"next", next_json(status.next)});
  put(json, {"facts", facts_json(looked.domain.facts)});
  return json;
}

}  // namespace danewerk::app
