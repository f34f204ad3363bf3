// domain.import: many domains in one call. Each row is answered for by itself; the good ones are committed together.
//
// The same row twice changes nothing the second time, so whoever sends a file may send it again from the beginning after any
// interruption. A row never takes a domain from another tenant.
#include <unordered_set>

#include "app/control/operations.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

constexpr std::size_t most_rows = 5000;

struct ImportOptions {
  bool dry_run = false;
  bool update = false;  ///< a domain that is here with another route gets the new one
};

/// What a batch comes to: for each list one commit.
struct ImportPlan {
  std::vector<types::AcceptedDomain> fresh;
  std::vector<io::DomainStore::FactsChange> asked;
  std::vector<types::AcceptedDomain> rerouted;
  std::uint64_t unchanged = 0;
  Json failed = Json::array();
};

Json failure(std::size_t row, const std::string& domain, const Error& error) {
  return {{"row", row}, {"domain", domain}, {"kind", to_string(error.kind)}, {"what", error.what}};
}

/// The facts of a domain that is imported so; facts that hold already stay as they are.
Result<types::DomainFacts> facts_of(const Json& row, types::DomainFacts facts, Instant now) {
  TRY(const bool verified, flag_argument(row, "verified"));
  TRY(const bool dnssec, flag_argument(row, "dnssec"));
  TRY(const bool dane, flag_argument(row, "dane"));
  if (verified && !facts.verified) {
    facts.proof = types::ControlProof::imported;
    facts.verified = now;
  }
  if ((dnssec || dane) && !facts.verified) {
    return fail(ErrorKind::conflict, "its control is not proven: import it as verified, or verify it, before DNSSEC or DANE is switched on");
  }
  if ((dnssec || dane) && !facts.dnssec.is_on()) facts.dnssec.asked = now;  // DANE needs it
  if (dane && !facts.dane.is_on()) facts.dane.asked = now;
  return facts;
}

Result<types::AcceptedDomain> domain_of(const Json& row) {
  if (!row.is_object()) return fail(ErrorKind::malformed, "a row is a JSON object");
  TRY(const std::string name, text_argument(row, "domain"));
  TRY(const std::string tenant_text, text_argument(row, "tenant"));
  TRY(const std::string route_text, text_argument(row, "route"));
  TRY(types::DomainName domain, io::to_a_labels(name));
  if (domain.is_root()) return fail(ErrorKind::malformed, "the root is no mail domain");
  TRY(types::TenantId tenant, types::TenantId::parse(tenant_text));
  TRY(types::Route route, types::Route::parse(route_text));
  return types::AcceptedDomain{std::move(domain), std::move(tenant), std::move(route), {}, {}, {}};
}

Result<void> plan_row(const Json& row, const io::Domains& here, std::unordered_set<std::string>& seen, ImportOptions options, Instant now, ImportPlan& plan) {
  TRY(types::AcceptedDomain domain, domain_of(row));
  if (!seen.insert(domain.domain.to_string()).second) return fail(ErrorKind::conflict, "the same domain stands earlier in this batch");
  const types::AcceptedDomain* known = here.find(domain.domain);
  TRY(domain.facts, facts_of(row, known ? known->facts : types::DomainFacts{}, now));
  if (!known) {
    plan.fresh.push_back(std::move(domain));
    return {};
  }
  if (known->tenant != domain.tenant) return fail(ErrorKind::conflict, "it belongs to tenant " + known->tenant.to_string());
  if (known->route != domain.route && !options.update) {
    return fail(ErrorKind::conflict, "it is here with the route " + known->route.to_string() + "; --update changes routes");
  }
  const bool reroute = known->route != domain.route;
  const bool ask = known->facts != domain.facts;
  if (!reroute && !ask) ++plan.unchanged;
  if (ask) plan.asked.push_back({domain.domain, known->facts, domain.facts});
  if (reroute) plan.rerouted.push_back(std::move(domain));
  return {};
}

/// Together; where one of them was taken meanwhile, one by one, so that it fails alone.
io::Task<std::uint64_t> add_all(OperatedParts& parts, std::vector<types::AcceptedDomain> fresh, types::AdminAct act, Json& failed) {
  if (fresh.empty()) co_return 0;
  std::uint64_t added = fresh.size();
  const auto together = co_await parts.domains.add(fresh, act, io::DomainStore::NewTenants::made);
  if (together) co_return added;
  added = 0;
  for (const types::AcceptedDomain& domain : fresh) {
    std::vector<types::AcceptedDomain> one(1, domain);
    const auto alone = co_await parts.domains.add(std::move(one), act, io::DomainStore::NewTenants::made);
    if (alone) ++added;
    if (!alone) failed.push_back(failure(0, domain.domain.to_string(), alone.error()));
  }
  co_return added;
}

io::Task<std::uint64_t> change_all(OperatedParts& parts, ImportPlan& plan, types::AdminAct act) {
  std::unordered_set<std::string> changed;
  if (!plan.asked.empty()) {
    const auto asked = co_await parts.domains.ask(plan.asked, "domain.import", act);
    for (const auto& change : plan.asked) {
      if (asked) changed.insert(change.domain.to_string());
      if (!asked) plan.failed.push_back(failure(0, change.domain.to_string(), asked.error()));
    }
  }
  for (const types::AcceptedDomain& domain : plan.rerouted) {
    const auto done = co_await parts.domains.change_route(domain.domain, domain.route, act);
    if (done) changed.insert(domain.domain.to_string());
    if (!done) plan.failed.push_back(failure(0, domain.domain.to_string(), done.error()));
  }
  co_return changed.size();
}

io::Task<Result<Json>> import_domains(OperatedParts& parts, Call& call) {
  const Json& arguments = call.request.arguments;
  if (!arguments.contains("rows") || !arguments["rows"].is_array()) co_return fail(ErrorKind::malformed, "'rows' is missing: a list of domains");
  const Json& rows = arguments["rows"];
  if (rows.size() > most_rows) co_return fail(ErrorKind::limit, "at most " + std::to_string(most_rows) + " rows at once");
  ImportOptions options;
  CO_TRY(options.dry_run, flag_argument(arguments, "dry_run"));
  CO_TRY(options.update, flag_argument(arguments, "update"));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  ImportPlan plan;
  std::unordered_set<std::string> seen;
  const auto here = parts.domains.snapshot();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto planned = plan_row(rows[i], *here, seen, options, act.at, plan);
    if (!planned) plan.failed.push_back(failure(i, rows[i].is_object() ? text_argument_or(rows[i], "domain", "") : "", planned.error()));
  }
  std::uint64_t added = plan.fresh.size();
  std::uint64_t changed = plan.asked.size() + plan.rerouted.size();
  if (!options.dry_run) {
    added = co_await add_all(parts, std::move(plan.fresh), act, plan.failed);
    changed = co_await change_all(parts, plan, act);
  }
  Json answer{{"added", added}, {"changed", changed}, {"unchanged", plan.unchanged}, {"dry_run", options.dry_run}};
  answer["failed"] = std::move(plan.failed);
  co_return answer;
}

}  // namespace

void add_import_operation(Operations& operations, OperatedParts& parts) {
  operations["domain.import"] = [&parts](Call& call) { return import_domains(parts, call); };
}

}  // namespace danewerk::app
