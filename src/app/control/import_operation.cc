// domain.import: many domains in one call. Each row is answered for by itself; the good ones are committed together.
//
// The same row twice changes nothing the second time, so whoever sends a file may send it again from the beginning after any
// interruption. A row never takes a domain from another tenant.
#include <algorithm>
#include <optional>
#include <unordered_set>

#include "app/control/operations.h"
#include "engine/lifecycle/wishes.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

constexpr std::size_t most_rows = 5000;

struct ImportOptions {
  bool dry_run = false;
  bool update = false;  ///< a domain that is here with another route gets the new one
};

/// What a batch comes to. The rows' places in the request go along, for their failures.
template <typename T>
struct ImportRows {
  std::vector<T> values;
  std::vector<std::size_t> places;
  void add(T value, std::size_t place) {
    values.push_back(std::move(value));
    places.push_back(place);
  }
};

struct ImportPlan {
  ImportRows<types::AcceptedDomain> fresh;
  ImportRows<io::DomainStore::FactsChange> asked;
  ImportRows<types::AcceptedDomain> rerouted;
  std::unordered_set<std::size_t> changing;  ///< places of rows that change a domain which is here
  std::uint64_t unchanged = 0;
  Json failed = Json::array();
};

Json row_failure(std::size_t row, const std::string& domain, const Error& error) {
  return object({{"row", row}, {"domain", domain}, {"kind", to_string(error.kind)}, {"what", error.what}});
}

/// yes or no, or nothing where the row does not say.
Result<std::optional<bool>> flag_word(const Json& row, const char* name) {
  if (!row.contains(name)) return std::optional<bool>();
  TRY(const bool flag, flag_argument(row, name));
  return std::optional<bool>(flag);
}

void switch_on(types::Wish& wish, Instant now) {
  if (!wish.is_on()) wish.asked = std::max(now, wish.withdrawn ? *wish.withdrawn + Duration{1} : now);
}

/// What the row says on top of `facts`. "no" keeps a new domain from being born secure; it never takes from one that is here.
Result<types::DomainFacts> facts_of(const Json& row, const types::DomainName& domain, types::DomainFacts facts, bool is_new, Instant now) {
  TRY(const auto verified, flag_word(row, "verified"));
  TRY(const auto dnssec, flag_word(row, "dnssec"));
  TRY(const auto dane, flag_word(row, "dane"));
  const bool on = dnssec.value_or(false) || dane.value_or(false);
  if (facts.quarantined && (on || verified.value_or(false))) return fail(ErrorKind::conflict, lifecycle::out_of_quarantine(domain));
  if (verified.value_or(false) && (is_new || !facts.verified)) {
    facts.proof = types::ControlProof::imported;
    facts.verified = now;
  }
  if (is_new && dane == false) facts.dane = {};
  if (is_new && dnssec == false) facts.dane = facts.dnssec = {};
  if (is_new && dnssec == false && dane == true) return fail(ErrorKind::conflict, "DANE rests on DNSSEC: the row says dane and not dnssec");
  if (on && !facts.verified) {
    return fail(ErrorKind::conflict, "its control is not proven: import it as verified, or verify it, before DNSSEC or DANE is switched on");
  }
  if (on) switch_on(facts.dnssec, now);  // DANE needs it
  if (dane.value_or(false)) switch_on(facts.dane, now);
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

struct ImportBatch {
  const OperatedParts& parts;
  const io::Domains& here;
  ImportOptions options;
  Instant now;
  std::unordered_set<std::string> seen{};
};

Result<void> plan_row(const Json& row, std::size_t place, ImportBatch& batch, ImportPlan& plan) {
  TRY(types::AcceptedDomain domain, domain_of(row));
  if (!batch.seen.insert(domain.domain.to_string()).second) return fail(ErrorKind::conflict, "the same domain stands earlier in this batch");
  const types::AcceptedDomain* known = batch.here.find(domain.domain);
  if (!known) {
    const types::DomainFacts born = facts_at_birth(batch.parts.life, batch.parts.mx_host_of != nullptr, batch.now);
    TRY(domain.facts, facts_of(row, domain.domain, born, true, batch.now));
    plan.fresh.add(std::move(domain), place);
    return {};
  }
  if (known->tenant != domain.tenant) {
    const std::string what = "it belongs to tenant " + known->tenant.to_string();
    return fail(ErrorKind::conflict, known->facts.quarantined ? what + "; " + lifecycle::out_of_quarantine(domain.domain) : what);
  }
  TRY(domain.facts, facts_of(row, domain.domain, known->facts, false, batch.now));
  if (known->route != domain.route && !batch.options.update) {
    return fail(ErrorKind::conflict, "it is here with the route " + known->route.to_string() + "; --update changes routes");
  }
  const bool reroute = known->route != domain.route;
  const bool ask = known->facts != domain.facts;
  if (!reroute && !ask) {
    ++plan.unchanged;
    return {};
  }
  plan.changing.insert(place);
  if (ask) plan.asked.add({domain.domain, known->facts, domain.facts}, place);
  if (reroute) plan.rerouted.add(std::move(domain), place);
  return {};
}

/// Together; where one of them was taken meanwhile, one by one, so that it fails alone.
io::Task<std::uint64_t> add_all(OperatedParts& parts, ImportPlan& plan, types::AdminAct act) {
  const std::vector<types::AcceptedDomain>& fresh = plan.fresh.values;
  if (fresh.empty()) co_return 0;
  std::uint64_t added = fresh.size();
  const auto together = co_await parts.domains.add(fresh, act, io::DomainStore::NewTenants::made);
  if (together) co_return added;
  added = 0;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    std::vector<types::AcceptedDomain> one(1, fresh[i]);
    const auto alone = co_await parts.domains.add(std::move(one), act, io::DomainStore::NewTenants::made);
    if (alone) ++added;
    if (!alone) plan.failed.push_back(row_failure(plan.fresh.places[i], fresh[i].domain.to_string(), alone.error()));
  }
  co_return added;
}

io::Task<std::uint64_t> change_all(OperatedParts& parts, ImportPlan& plan, types::AdminAct act) {
  const std::vector<io::DomainStore::FactsChange>& asked = plan.asked.values;
  if (!asked.empty()) {
    const auto together = co_await parts.domains.ask(asked, "domain.import", act);
    for (std::size_t i = 0; !together && i < asked.size(); ++i) {
      std::vector<io::DomainStore::FactsChange> one(1, asked[i]);
      const auto alone = co_await parts.domains.ask(std::move(one), "domain.import", act);
      if (alone) continue;
      plan.failed.push_back(row_failure(plan.asked.places[i], asked[i].domain.to_string(), alone.error()));
      plan.changing.erase(plan.asked.places[i]);
    }
  }
  for (std::size_t i = 0; i < plan.rerouted.values.size(); ++i) {
    const types::AcceptedDomain& domain = plan.rerouted.values[i];
    const std::size_t place = plan.rerouted.places[i];
    if (!plan.changing.contains(place)) continue;
    const auto done = co_await parts.domains.change_route(domain.domain, domain.route, act);
    if (done) continue;
    plan.failed.push_back(row_failure(place, domain.domain.to_string(), done.error()));
    plan.changing.erase(place);
  }
  co_return plan.changing.size();
}

ImportPlan plan_rows(const Json& rows, ImportBatch& batch) {
  ImportPlan plan;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto planned = plan_row(rows[i], i, batch, plan);
    if (!planned) plan.failed.push_back(row_failure(i, rows[i].is_object() ? text_argument_or(rows[i], "domain", "") : "", planned.error()));
  }
  return plan;
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
  const auto here = parts.domains.snapshot();
  ImportBatch batch{parts, *here, options, act.at};
  ImportPlan plan = plan_rows(rows, batch);
  std::uint64_t added = plan.fresh.values.size();
  std::uint64_t changed = plan.changing.size();
  if (!options.dry_run) {
    added = co_await add_all(parts, plan, act);
    changed = co_await change_all(parts, plan, act);
  }
  Json answer = object({{"added", added}, {"changed", changed}, {"unchanged", plan.unchanged}, {"dry_run", options.dry_run}});
  put(answer, {"failed", std::move(plan.failed)});
  co_return answer;
}

}  // namespace

void add_import_operation(Operations& operations, OperatedParts& parts) {
  operations["domain.import"] = [&parts](Call& call) { return import_domains(parts, call); };
}

}  // namespace danewerk::app
