#include "app/control/operations.h"
#include "engine/policy/explain.h"
#include "engine/policy/smart_host.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

Json question_json(const policy::QuestionView& view) {
  Json json = object({{"question", view.question.to_string()}, {"state", view.state}, {"records", view.records}});
  for (const types::DomainName& alias : view.aliases) json["aliases"].push_back(alias.to_string());
  if (!view.note.empty()) put(json, {"note", view.note});
  if (view.ttl) put(json, {"ttl", view.ttl->count()});
  return json;
}

Json host_json(const policy::HostView& host) {
  Json json = object({{"host", host.host}, {"preference", host.preference}, {"demand", host.demand}, {"because", host.because}});
  put(json, {"questions", Json::array()});
  for (const auto& question : host.questions) json["questions"].push_back(question_json(question));
  if (host.hop) {
    put(json, {"level", types::to_string(host.hop->level)});
    if (host.hop->audit) put(json, {"audit", types::to_string(*host.hop->audit)});
    if (host.hop->waived) put(json, {"waived", true});
    for (const auto& address : host.hop->addresses) json["addresses"].push_back(address.to_string());
  }
  for (const auto& judged : host.tlsa) {
    json["tlsa"].push_back(object({{"record", judged.record.to_string()}, {"used", judged.use == dane::RecordUse::used}, {"because", judged.reason}}));
  }
  if (host.out) put(json, {"out", object({{"reason", types::to_string(host.out->reason)}, {"code", host.out->fault.code.to_string()}})});
  return json;
}

Json explanation_json(const policy::Explanation& explanation) {
  Json json = object({{"next_hop", explanation.next_hop.to_string()}, {"conclusion", explanation.conclusion}});
  if (!explanation.sts.empty()) put(json, {"mta_sts", explanation.sts});
  put(json, {"questions", Json::array()});
  for (const auto& question : explanation.questions) json["questions"].push_back(question_json(question));
  put(json, {"hosts", Json::array()});
  for (const auto& host : explanation.hosts) json["hosts"].push_back(host_json(host));
  if (explanation.stop) put(json, {"stop", object({{"code", explanation.stop->code.to_string()}, {"what", explanation.stop->sentence}})});
  put(json, {"text", policy::to_text(explanation)});
  return json;
}

std::string demands_text(const types::DeliveryTerms& terms) {
  std::string out = std::string("dane ") + types::to_string(terms.demands.dane) + ", mta_sts " + types::to_string(terms.demands.mta_sts) +
                    ", tls " + types::to_string(terms.demands.tls);
  for (const types::ReferenceName& name : terms.demands.verify_names) out += " " + name.to_string();
  out += ", route " + (terms.smart_host ? terms.smart_host->to_string() : std::string("mx"));
  for (const types::IpAddress& address : terms.source) out += ", from " + address.to_string();
  return out;
}

/// Which of the operator's rules decided, ahead of all else; and what is to be known about rules that did not.
Json with_rule(Json json, const types::DeliveryTerms& terms) {
  std::string head;
  if (terms.rule) {
    put(json, {"rule", object({{"id", terms.rule->id.to_string()}, {"owner", types::to_string(terms.rule->owner)}, {"reason", terms.rule->reason}})});
    put(json, {"demands", demands_text(terms)});
    head = "Connector " + terms.rule->id.to_string() + (terms.rule->owner ? " of tenant " + terms.rule->owner->text() : std::string(" for all")) +
           " decides (" + terms.rule->reason + "): " + demands_text(terms) + "\n";
  }
  if (terms.fault) put(json, {"stop", object({{"code", terms.fault->code.to_string()}, {"what", terms.fault->sentence}})});
  for (const types::Finding& finding : terms.findings) {
    json["findings"].push_back(object({{"severity", types::to_string(finding.severity)},
                                       {"code", finding.code},
                                       {"evidence", finding.evidence},
                                       {"remedy", finding.remedy}}));
    head += std::string(types::to_string(finding.severity)) + ": " + finding.evidence + "; " + finding.remedy + "\n";
  }
  put(json, {"text", head + json.value("text", "")});
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

/// What the message would say for itself (RFC 8689).
Result<types::MessageDemands> demands_of(const Json& arguments) {
  types::MessageDemands demands;
  TRY(const bool require_tls, flag_argument(arguments, "require_tls"));
  TRY(const bool waived, flag_argument(arguments, "tls_required_no"));
  if (require_tls && waived) return fail(ErrorKind::malformed, "a message cannot both require TLS and say TLS-Required: No");
  if (require_tls) demands.require_tls = types::RequireTls::yes;
  if (waived) demands.require_tls = types::RequireTls::waived;
  return demands;
}

io::Task<Result<Json>> explain(OperatedParts& parts, Call& call) {
  CO_TRY(std::string subject, text_argument(call.request.arguments, "subject"));
  CO_TRY(types::NextHop next_hop, next_hop_of(subject));
  const auto domains = parts.domains.snapshot();
  if (const types::AcceptedDomain* own = domains->find(next_hop.name())) {
    const std::string text = own->domain.to_string() + " is one of ours: mail for it goes to " + own->route.to_string() + "\n";
    co_return object({{"next_hop", next_hop.to_string()}, {"route", own->route.to_string()}, {"text", text}});
  }
  std::optional<types::TenantId> tenant;
  if (const std::string text = text_argument_or(call.request.arguments, "tenant", ""); !text.empty()) {
    CO_TRY(tenant, types::TenantId::parse(text));
    if (!domains->find_tenant(*tenant)) co_return fail(ErrorKind::not_found, "there is no tenant " + tenant->text());
  }
  const types::DeliveryTerms terms = service::terms_for(parts.delivery, tenant, next_hop);
  if (terms.fault) {
    Json waits = object({{"next_hop", next_hop.to_string()}, {"text", "Waits: " + terms.fault->code.to_string() + " " + terms.fault->sentence + "\n"}});
    co_return with_rule(std::move(waits), terms);
  }
  if (terms.smart_host) next_hop = *terms.smart_host;
  CO_TRY(const types::MessageDemands of_message, demands_of(call.request.arguments));
  types::MessageDemands demands = terms.demands;
  demands.require_tls = of_message.require_tls;
  service::Prospect found = co_await service::prospect(parts.delivery, std::move(next_hop), demands);
  found.plan.rule = terms.rule;
  if (terms.smart_host) policy::blame_smart_host(found.plan);
  Json json = explanation_json(policy::explain(*found.facts, found.plan, parts.delivery.rules));
  std::string text = json["text"];
  for (const types::NegativeAnchor& anchor : found.anchors) {
    json["negative_trust_anchors"].push_back(anchor_json(anchor, parts.delivery.clock.now()));
    text += "\nNegative trust anchor for " + anchor.domain.to_string() + " until " + to_rfc3339(anchor.end()) + ", set by " + anchor.who + ": " + anchor.why +
            "\n  nothing at and below this name is validated; the unsigned answers above rest on that\n";
  }
  put(json, {"text", text});
  co_return with_rule(std::move(json), terms);
}

}  // namespace

void add_explain_operation(Operations& operations, OperatedParts& parts) {
  operations["explain"] = [&parts](Call& call) { return explain(parts, call); };
}

}  // namespace danewerk::app
