#include "app/control/domain_status_json.h"

namespace danewerk::app {
namespace {

Json check_json(const lifecycle::Check& check) {
  Json json{{"check", lifecycle::to_string(check.name)}, {"state", lifecycle::to_string(check.state)}, {"what", check.what}};
  json["findings"] = Json::array();
  for (const types::Finding& one : check.findings) json["findings"].push_back(finding_json(one));
  return json;
}

Json next_json(const lifecycle::NextStep& next) {
  Json json{{"step", lifecycle::to_string(next.name)}, {"what", next.what}};
  if (!next.command.empty()) json["command"] = next.command;
  if (!next.publish.empty()) json["publish"] = next.publish;
  if (!next.remove.empty()) json["remove"] = next.remove;
  if (next.when) json["not_before"] = to_rfc3339(*next.when);
  return json;
}

Json facts_json(const types::DomainFacts& facts) {
  Json json = Json::object();
  json["proof"] = types::to_string(facts.proof);
  const auto put = [&json](const char* name, const types::MaybeInstant& at) {
    if (at) json[name] = to_rfc3339(*at);
  };
  put("verified", facts.verified);
  put("control_confirmed", facts.control_confirmed);
  put("dnssec_asked", facts.dnssec.asked);
  put("dnssec_withdrawn", facts.dnssec.withdrawn);
  put("dane_asked", facts.dane.asked);
  put("dane_withdrawn", facts.dane.withdrawn);
  put("mx_here", facts.mx_here);
  put("mx_elsewhere", facts.mx_elsewhere);
  put("others_gone", facts.others_gone);
  put("dane_live", facts.dane_live);
  put("quarantined", facts.quarantined);
  put("looked", facts.looked);
  return json;
}

}  // namespace

Json finding_json(const types::Finding& finding) {
  Json json{{"severity", types::to_string(finding.severity)}, {"code", finding.code}, {"subject", finding.subject}, {"evidence", finding.evidence},
            {"remedy", finding.remedy}};
  if (finding.whose != types::Party::unsaid) json["whose"] = types::to_string(finding.whose);
  if (!finding.record.empty()) json["record"] = finding.record;
  return json;
}

Json life_json(const service::Looked& looked, const lifecycle::Expectation& expected) {
  const lifecycle::DomainStatus& status = looked.status;
  Json json{{"domain", looked.domain.domain.to_string()},
            {"tenant", looked.domain.tenant.to_string()},
            {"standing", lifecycle::to_string(status.standing)},
            {"dnssec", lifecycle::to_string(status.dnssec)},
            {"dane", lifecycle::to_string(status.dane)},
            {"looked", to_rfc3339(looked.sight.at)}};
  if (!expected.host.is_root()) json["mx_host"] = expected.host.to_string();
  json["expected_mx"] = status.expected_mx;
  json["actual_mx"] = status.actual_mx;
  if (status.mx_ttl) json["mx_ttl"] = status.mx_ttl->count();
  json["checks"] = Json::array();
  for (const lifecycle::Check& check : status.checks) json["checks"].push_back(check_json(check));
  json["next"] = next_json(status.next);
  json["facts"] = facts_json(looked.domain.facts);
  return json;
}

}  // namespace danewerk::app
