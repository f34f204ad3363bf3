#include "app/control/operations.h"
#include "engine/lifecycle/wishes.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

io::Task<Result<Json>> add_tenant(OperatedParts& parts, Call& call) {
  CO_TRY(std::string text, text_argument(call.request.arguments, "tenant"));
  CO_TRY(types::TenantId id, types::TenantId::parse(text));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  types::Tenant tenant{id, text_argument_or(call.request.arguments, "name", text), act.at, act.who};
  CO_TRY_VOID(co_await parts.domains.add_tenant(std::move(tenant), act));
  co_return object({{"tenant", id.to_string()}});
}

}  // namespace

types::DomainFacts facts_at_birth(const LifeParts& life, bool has_zone, Instant now) {
  types::DomainFacts facts;
  if (life.entropy) life.entropy->fill(facts.token);
  if (!life.require_control) {
    facts.verified = now;
    facts.proof = types::ControlProof::operator_word;
  }
  if (life.born_secure && has_zone) facts.dnssec.asked = facts.dane.asked = types::MaybeInstant(now);
  return facts;
}

Json domain_json(const OperatedParts& parts, const types::AcceptedDomain& domain) {
  Json json = object({{"domain", domain.domain.to_string()},
                      {"tenant", domain.tenant.to_string()},
                      {"route", domain.route.to_string()},
                      {"created", to_rfc3339(domain.created_at)},
                      {"by", domain.created_by},
                      {"verified", domain.facts.verified.has_value()},
                      {"dnssec", domain.facts.dnssec.is_on() ? "enabled" : "disabled"},
                      {"dane", domain.facts.dane.is_on() ? "enabled" : "disabled"}});
  if (domain.facts.quarantined) put(json, {"quarantined", to_rfc3339(*domain.facts.quarantined)});
  if (parts.mx_host_of) put(json, {"mx_host", parts.mx_host_of(domain.domain)});
  return json;
}

void add_dns_changes(Json& json, const OperatedParts& parts, const types::DomainName& domain, const types::DomainFacts& before,
                     const types::DomainFacts& after) {
  json["diff"] = json["zone"] = Json::array();
  if (parts.life.expect) put(json, {"diff", lifecycle::zone_diff(before, after, parts.life.expect(domain), parts.life.published(domain))});
  if (parts.life.zone_lines) put(json, {"zone", parts.life.zone_lines(domain, before, after)});
}

Result<types::DomainName> domain_argument(const Call& call) {
  TRY(const std::string name, text_argument(call.request.arguments, "domain"));
  return io::to_a_labels(name);
}

namespace {

/// Error: conflict, with what to do where its old owner's tenant still has it.
Result<void> is_free(const OperatedParts& parts, const types::DomainName& domain) {
  const auto here = parts.domains.snapshot();
  const types::AcceptedDomain* known = here->find(domain);
  if (known == nullptr) return {};
  const std::string what = "domain " + domain.to_string() + " is accepted already";
  if (!known->facts.quarantined) return fail(ErrorKind::conflict, what);
  return fail(ErrorKind::conflict, what + ", for tenant " + known->tenant.to_string() + "; " + lifecycle::out_of_quarantine(domain));
}

/// The tenant is made where it is not there yet, in the same commit: one command puts a domain into service, or changes nothing.
io::Task<Result<Json>> add_domain(OperatedParts& parts, Call& call) {
  CO_TRY(types::DomainName domain, domain_argument(call));
  CO_TRY(bool dry_run, flag_argument(call.request.arguments, "dry_run"));
  CO_TRY(std::string tenant_text, text_argument(call.request.arguments, "tenant"));
  CO_TRY(std::string route_text, text_argument(call.request.arguments, "route"));
  CO_TRY(types::TenantId tenant, types::TenantId::parse(tenant_text));
  CO_TRY(types::Route route, types::Route::parse(route_text));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  const types::AcceptedDomain made{domain, tenant, std::move(route), act.at, act.who, facts_at_birth(parts.life, parts.mx_host_of != nullptr, act.at)};
  Json json = domain_json(parts, made);
  if (!made.facts.verified) put(json, {"publish", Json::array({lifecycle::control_record(domain, made.facts.token)})});
  CO_TRY_VOID(is_free(parts, domain));
  if (dry_run) {
    put(json, {"dry_run", true});
    co_return json;
  }
  std::vector<types::AcceptedDomain> domains(1, made);
  CO_TRY_VOID(co_await parts.domains.add(std::move(domains), act, io::DomainStore::NewTenants::made));
  if (parts.publisher && types::stops_wildcard(made.facts)) parts.publisher->look_soon();
  co_return json;
}

io::Task<Result<Json>> list_domains(OperatedParts& parts, Call& call) {
  std::optional<types::TenantId> tenant;
  if (const std::string text = text_argument_or(call.request.arguments, "tenant", ""); !text.empty()) {
    CO_TRY(tenant, types::TenantId::parse(text));
  }
  Json json = Json::array();
  for (const types::AcceptedDomain& domain : parts.domains.snapshot()->list(tenant)) json.push_back(domain_json(parts, domain));
  co_return object({{"domains", std::move(json)}});
}

io::Task<Result<Json>> remove_domain(OperatedParts& parts, Call& call) {
  CO_TRY(types::DomainName domain, domain_argument(call));
  CO_TRY(bool dry_run, flag_argument(call.request.arguments, "dry_run"));
  const auto snapshot = parts.domains.snapshot();
  const types::AcceptedDomain* found = snapshot->find(domain);
  if (!found) co_return fail(ErrorKind::not_found, "domain " + domain.to_string() + " is not accepted here");
  if (dry_run) {
    Json json = domain_json(parts, *found);
    put(json, {"dry_run", true});
    const types::DomainFacts none;
    add_dns_changes(json, parts, domain, found->facts, none);
    co_return json;
  }
  CO_TRY_VOID(co_await parts.domains.remove(domain, act_of(call, parts.delivery.clock.now())));
  if (parts.publisher && types::stops_wildcard(found->facts)) parts.publisher->look_soon();
  co_return object({{"removed", domain.to_string()}});
}

io::Task<Result<Json>> status(OperatedParts& parts) {
  CO_TRY(auto counts, co_await parts.queue.counts(parts.delivery.clock.now()));
  Json json = object({{"hostname", parts.hostname},
                      {"domains", parts.domains.snapshot()->size()},
                      {"queue", object({{"messages", counts.messages}, {"waiting", counts.waiting}, {"due", counts.due}, {"in_delivery", counts.claimed},
                                        {"held", counts.held}})}});
  if (const auto broken = parts.store.broken()) put(json, {"store", broken->what});
  json.update(hoster_status(parts));
  if (parts.alerts) {
    put(json, {"alerts", Json::array()});
    for (const Alert& alert : parts.alerts->standing()) {
      json["alerts"].push_back(object({{"subject", alert.subject}, {"what", alert.what}, {"since", to_rfc3339(alert.since)}}));
    }
  }
  if (parts.publisher_status) put(json, {"zone", parts.publisher_status()});
  co_return json;
}

}  // namespace

void add_domain_operations(Operations& operations, OperatedParts& parts) {
  operations["tenant.add"] = [&parts](Call& call) { return add_tenant(parts, call); };
  operations["domain.add"] = [&parts](Call& call) { return add_domain(parts, call); };
  operations["domain.list"] = [&parts](Call& call) { return list_domains(parts, call); };
  operations["domain.remove"] = [&parts](Call& call) { return remove_domain(parts, call); };
}

void add_status_operation(Operations& operations, OperatedParts& parts) {
  operations["status"] = [&parts](Call&) { return status(parts); };
}

}  // namespace danewerk::app
