#include "app/control/operations.h"
#include "engine/policy/explain.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

Json question_json(const policy::QuestionView& view) {
  Json json{{"question", view.question.to_string()}, {"state", view.state}, {"records", view.records}};
  for (const types::DomainName& alias : view.aliases) json["aliases"].push_back(alias.to_string());
  if (!view.note.empty()) json["note"] = view.note;
  if (view.ttl) json["ttl"] = view.ttl->count();
  return json;
}

Json host_json(const policy::HostView& host) {
  Json json{{"host", host.host}, {"preference", host.preference}, {"demand", host.demand}, {"because", host.because}};
  json["questions"] = Json::array();
  for (const auto& question : host.questions) json["questions"].push_back(question_json(question));
  if (host.hop) {
    json["level"] = types::to_string(host.hop->level);
    for (const auto& address : host.hop->addresses) json["addresses"].push_back(address.to_string());
  }
  for (const auto& judged : host.tlsa) {
    json["tlsa"].push_back({{"record", judged.record.to_string()}, {"used", judged.use == dane::RecordUse::used}, {"because", judged.reason}});
  }
  if (host.out) json["out"] = {{"reason", types::to_string(host.out->reason)}, {"code", host.out->fault.code.to_string()}};
  return json;
}

Json explanation_json(const policy::Explanation& explanation) {
  Json json{{"next_hop", explanation.next_hop.to_string()}, {"conclusion", explanation.conclusion}};
  if (!explanation.sts.empty()) json["mta_sts"] = explanation.sts;
  json["questions"] = Json::array();
  for (const auto& question : explanation.questions) json["questions"].push_back(question_json(question));
  json["hosts"] = Json::array();
  for (const auto& host : explanation.hosts) json["hosts"].push_back(host_json(host));
  if (explanation.stop) json["stop"] = {{"code", explanation.stop->code.to_string()}, {"what", explanation.stop->sentence}};
  json["text"] = policy::to_text(explanation);
  return json;
}

/// An address, a domain, or a relay in brackets.
Result<types::NextHop> next_hop_of(const std::string& subject) {
  if (subject.find('@') != std::string::npos) {
    TRY(const types::Mailbox mailbox, parse_mailbox_text(subject));
    return types::NextHop::for_domain(mailbox.domain());
  }
  if (subject.starts_with('[')) return types::NextHop::parse(subject);
  TRY(const types::DomainName domain, io::to_a_labels(subject));
  return types::NextHop::for_domain(domain);
}

io::Task<Result<Json>> explain(OperatedParts& parts, Call& call) {
  CO_TRY(std::string subject, text_argument(call.request.arguments, "subject"));
  CO_TRY(types::NextHop next_hop, next_hop_of(subject));
  const auto domains = parts.domains.snapshot();
  if (const types::AcceptedDomain* own = domains->find(next_hop.name())) {
    const std::string text = own->domain.to_string() + " is one of ours: mail for it goes to " + own->route.to_string() + "\n";
    co_return Json{{"next_hop", next_hop.to_string()}, {"route", own->route.to_string()}, {"text", text}};
  }
  const types::MessageDemands demands;
  const service::Prospect found = co_await service::prospect(parts.delivery, std::move(next_hop), demands);
  co_return explanation_json(policy::explain(found.facts, found.plan, parts.delivery.rules));
}

}  // namespace

void add_explain_operation(Operations& operations, OperatedParts& parts) {
  operations["explain"] = [&parts](Call& call) { return explain(parts, call); };
}

}  // namespace danewerk::app
