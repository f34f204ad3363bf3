#include "app/control/operations.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

Json domain_json(const OperatedParts& parts, const types::AcceptedDomain& domain) {
  Json json{{"domain", domain.domain.to_string()},
            {"tenant", domain.tenant.to_string()},
            {"route", domain.route.to_string()},
            {"created", to_rfc3339(domain.created_at)},
            {"by", domain.created_by}};
  if (parts.mx_host_of) json["mx_host"] = parts.mx_host_of(domain.domain);
  return json;
}

io::Task<Result<Json>> add_tenant(OperatedParts& parts, Call& call) {
  CO_TRY(std::string text, text_argument(call.request.arguments, "tenant"));
  CO_TRY(types::TenantId id, types::TenantId::parse(text));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  types::Tenant tenant{id, text_argument_or(call.request.arguments, "name", text), act.at, act.who};
  CO_TRY_VOID(co_await parts.domains.add_tenant(std::move(tenant), act));
  co_return Json{{"tenant", id.to_string()}};
}

/// The tenant is made where it is not there yet, in the same commit: one command puts a domain into service, or changes nothing.
io::Task<Result<Json>> add_domain(OperatedParts& parts, Call& call) {
  CO_TRY(std::string name, text_argument(call.request.arguments, "domain"));
  CO_TRY(std::string tenant_text, text_argument(call.request.arguments, "tenant"));
  CO_TRY(std::string route_text, text_argument(call.request.arguments, "route"));
  CO_TRY(types::DomainName domain, io::to_a_labels(name));
  CO_TRY(types::TenantId tenant, types::TenantId::parse(tenant_text));
  CO_TRY(types::Route route, types::Route::parse(route_text));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  std::vector<types::AcceptedDomain> domains{{domain, tenant, std::move(route), act.at, act.who}};
  const types::AcceptedDomain shown = domains.front();
  CO_TRY_VOID(co_await parts.domains.add(std::move(domains), act, io::DomainStore::NewTenants::made));
  co_return domain_json(parts, shown);
}

io::Task<Result<Json>> list_domains(OperatedParts& parts, Call& call) {
  std::optional<types::TenantId> tenant;
  if (const std::string text = text_argument_or(call.request.arguments, "tenant", ""); !text.empty()) {
    CO_TRY(tenant, types::TenantId::parse(text));
  }
  Json json = Json::array();
  for (const types::AcceptedDomain& domain : parts.domains.snapshot()->list(tenant)) json.push_back(domain_json(parts, domain));
  co_return Json{{"domains", std::move(json)}};
}

io::Task<Result<Json>> remove_domain(OperatedParts& parts, Call& call) {
  CO_TRY(std::string name, text_argument(call.request.arguments, "domain"));
  CO_TRY(types::DomainName domain, io::to_a_labels(name));
  CO_TRY_VOID(co_await parts.domains.remove(domain, act_of(call, parts.delivery.clock.now())));
  co_return Json{{"removed", domain.to_string()}};
}

io::Task<Result<Json>> status(OperatedParts& parts) {
  CO_TRY(auto counts, co_await parts.queue.counts(parts.delivery.clock.now()));
  Json json{{"hostname", parts.hostname},
            {"domains", parts.domains.snapshot()->size()},
            {"queue", {{"messages", counts.messages}, {"waiting", counts.waiting}, {"due", counts.due}, {"in_delivery", counts.claimed}}}};
  if (const auto broken = parts.store.broken()) json["store"] = broken->what;
  json.update(hoster_status(parts));
  if (parts.publisher_status) json["zone"] = parts.publisher_status();
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
