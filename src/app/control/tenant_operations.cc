// Suspending a tenant and letting it go on (docs/decisions/0046).
#include "app/control/operations.h"

namespace danewerk::app {
namespace {

Json suspension_json(const types::Suspension& suspension) {
  return object({{"new_mail", suspension.new_mail == types::Suspension::NewMail::refuse ? "refused" : "later"},
                 {"inbound", suspension.inbound == types::Suspension::Inbound::stopped ? "stopped" : "continues"},
                 {"since", to_rfc3339(suspension.at)},
                 {"who", suspension.who},
                 {"why", suspension.why}});
}

Json tenant_json(const types::Tenant& tenant, const io::Domains& domains) {
  Json json = object({{"tenant", tenant.id.to_string()}, {"name", tenant.name}, {"created", to_rfc3339(tenant.created_at)}, {"by", tenant.created_by}});
  if (const types::Suspension* suspension = domains.suspension(tenant.id)) put(json, {"suspended", suspension_json(*suspension)});
  return json;
}

Result<types::TenantId> tenant_of(const Call& call) {
  TRY(const std::string text, text_argument(call.request.arguments, "tenant"));
  return types::TenantId::parse(text);
}

io::Task<Result<Json>> list_tenants(OperatedParts& parts) {
  const auto domains = parts.domains.snapshot();
  Json json = Json::array();
  for (const types::Tenant& tenant : domains->tenants()) json.push_back(tenant_json(tenant, *domains));
  co_return object({{"tenants", std::move(json)}});
}

io::Task<Result<Json>> show_tenant(OperatedParts& parts, Call& call) {
  CO_TRY(types::TenantId id, tenant_of(call));
  const auto domains = parts.domains.snapshot();
  const types::Tenant* tenant = domains->find_tenant(id);
  if (!tenant) co_return fail(ErrorKind::not_found, "there is no tenant " + id.to_string());
  Json json = tenant_json(*tenant, *domains);
  put(json, {"domains", Json::array()});
  for (const types::AcceptedDomain& domain : domains->list(id)) json["domains"].push_back(domain.domain.to_string());
  co_return json;
}

io::Task<Result<Json>> suspend(OperatedParts& parts, Call& call) {
  CO_TRY(types::TenantId id, tenant_of(call));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  if (act.why.empty()) co_return fail(ErrorKind::malformed, "say why: whoever asks about the mail that waits will need it");
  types::Suspension suspension;
  CO_TRY(const bool refuse, flag_argument(call.request.arguments, "reject"));
  CO_TRY(const bool inbound, flag_argument(call.request.arguments, "inbound"));
  if (refuse) suspension.new_mail = types::Suspension::NewMail::refuse;
  if (inbound) suspension.inbound = types::Suspension::Inbound::stopped;
  CO_TRY_VOID(co_await parts.domains.suspend(id, suspension, act));
  const auto domains = parts.domains.snapshot();
  const types::Tenant* tenant = domains->find_tenant(id);
  if (!tenant) co_return fail(ErrorKind::not_found, "there is no tenant " + id.to_string());
  co_return tenant_json(*tenant, *domains);
}

/// What was held is due at once.
io::Task<Result<Json>> resume(OperatedParts& parts, Call& call) {
  CO_TRY(types::TenantId id, tenant_of(call));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  CO_TRY_VOID(co_await parts.domains.resume(id, act));
  types::QueueFilter filter;
  filter.tenant = id;
  CO_TRY(const std::uint64_t due, co_await parts.queue.retry(std::move(filter), act));
  parts.scheduler.wake();
  co_return object({{"tenant", id.to_string()}, {"recipients", due}});
}

}  // namespace

void add_tenant_operations(Operations& operations, OperatedParts& parts) {
  operations["tenant.list"] = [&parts](Call&) { return list_tenants(parts); };
  operations["tenant.show"] = [&parts](Call& call) { return show_tenant(parts, call); };
  operations["tenant.suspend"] = [&parts](Call& call) { return suspend(parts, call); };
  operations["tenant.resume"] = [&parts](Call& call) { return resume(parts, call); };
}

}  // namespace danewerk::app
