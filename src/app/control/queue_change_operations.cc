// What people do to the queue by filter: retry, hold, release, expire, drop, each with a rehearsal; and what destinations are
// allowed at present.
#include <algorithm>
#include <map>

#include "app/config/readers.h"
#include "app/control/operations.h"
#include "io/text/idna.h"
#include "service/delivery/expire.h"

namespace danewerk::app {
namespace {

Result<types::HopKey> hop_of_domain(const std::string& text, const OperatedParts& parts) {
  TRY(const types::DomainName domain, io::to_a_labels(text));
  return parts.domains.snapshot()->find(domain) ? service::route_key(domain) : service::mx_key(domain);
}

Result<types::QueueFilter::Which> which_of(const std::string& text) {
  using Which = types::QueueFilter::Which;
  static const std::map<std::string, Which> words{{"queued", Which::queued}, {"finished", Which::finished}, {"all", Which::all}, {"held", Which::held}};
  const auto found = words.find(text);
  if (found == words.end()) return fail(ErrorKind::malformed, "'" + text + "' is none of queued, held, finished, all");
  return found->second;
}

Result<Instant> received_before(const std::string& age, Instant now) {
  Duration span{};
  if (auto read = read_into({age, 0}, span); !read) return fail(ErrorKind::malformed, "older_than: " + read.error().what);
  return now - span;
}

bool names_something(const types::QueueFilter& filter) {
  return filter.id || filter.tenant || filter.hop || filter.recipient || filter.sender || filter.code || filter.received_before;
}

bool flag(const Json& arguments, const char* name) { return arguments.contains(name) && arguments[name].is_boolean() && arguments[name].get<bool>(); }

Json matching_json(const io::Matching& one) {
  Json json = object({{"id", types::QueueId::from_number(one.key.message).to_string()},
                      {"tenant", one.lane.tenant.to_string()},
                      {"recipient", one.address.empty() ? "Postmaster" : one.address},
                      {"hop", one.lane.hop.text},
                      {"next", to_rfc3339(one.next_at)}});
  if (!one.code.empty()) put(json, {"code", one.code});
  if (!one.sentence.empty()) put(json, {"what", one.sentence});
  return json;
}

io::Task<Result<Json>> rehearse(OperatedParts& parts, types::QueueFilter filter, io::Among among) {
  CO_TRY(io::Preview preview, co_await parts.queue.preview(std::move(filter), among, parts.delivery.clock.now()));
  Json first = Json::array();
  for (const io::Matching& one : preview.first) first.push_back(matching_json(one));
  co_return object({{"dry_run", true}, {"recipients", preview.count.recipients}, {"messages", preview.count.messages}, {"first", std::move(first)}});
}

/// The filter of a change. What cannot be undone, or stops mail, is not done to everything by leaving the filter out.
Result<types::QueueFilter> change_filter_of(const Call& call, const OperatedParts& parts, const std::string& verb) {
  const Json& arguments = call.request.arguments;
  TRY(types::QueueFilter filter, queue_filter_of(arguments, parts));
  const bool needs_naming = verb == "hold" || verb == "expire" || verb == "drop";
  if (needs_naming && !names_something(filter) && !flag(arguments, "all")) {
    return fail(ErrorKind::malformed, "name what to " + verb + " (an id, --domain, --tenant, --code, ...), or say --all");
  }
  if (needs_naming && !flag(arguments, "dry_run") && text_argument_or(arguments, "why", "").empty()) {
    return fail(ErrorKind::malformed, "say why (--why): it is kept in the ledger");
  }
  return filter;
}

io::Task<Result<Json>> change(OperatedParts& parts, Call& call, io::Change what) {
  CO_TRY(types::QueueFilter filter, change_filter_of(call, parts, io::name_of(what)));
  if (flag(call.request.arguments, "dry_run")) co_return co_await rehearse(parts, std::move(filter), io::among_of(what));
  const auto hop = filter.hop;
  CO_TRY(std::uint64_t count, co_await parts.queue.change(what, std::move(filter), act_of(call, parts.delivery.clock.now())));
  if (what == io::Change::retry) parts.scheduler.try_now(hop);
  parts.scheduler.wake();
  co_return object({{"recipients", count}});
}

io::Task<Result<Json>> expire(OperatedParts& parts, Call& call) {
  CO_TRY(types::QueueFilter filter, change_filter_of(call, parts, "expire"));
  if (flag(call.request.arguments, "dry_run")) co_return co_await rehearse(parts, std::move(filter), io::Among::unfinished);
  auto ended = co_await service::expire(parts.delivery, std::move(filter), act_of(call, parts.delivery.clock.now()));
  parts.scheduler.wake();  // also after an error: the notices written before it wait
  if (!ended) co_return Failure{std::move(ended).error()};
  co_return object({{"recipients", ended->recipients}, {"in_delivery", ended->in_delivery}});
}

/// By ids, as before there were filters, or by filter.
io::Task<Result<Json>> drop(OperatedParts& parts, Call& call) {
  const Json& arguments = call.request.arguments;
  if (!arguments.contains("ids")) co_return co_await change(parts, call, io::Change::drop);
  if (!arguments["ids"].is_array()) co_return fail(ErrorKind::malformed, "name the messages to drop");
  std::vector<types::QueueId> ids;
  for (const Json& one : arguments["ids"]) {
    CO_TRY(types::QueueId id, types::QueueId::parse(one.is_string() ? one.get<std::string>() : ""));
    ids.push_back(id);
  }
  CO_TRY(auto dropped, co_await parts.queue.drop(std::move(ids), act_of(call, parts.delivery.clock.now())));
  Json json = Json::array();
  for (const types::QueueId& id : dropped) json.push_back(id.to_string());
  co_return object({{"dropped", std::move(json)}});
}

Json pace_json(const pace::HopFacts& hop) {
  Json json = object({{"in_delivery", hop.in_delivery}, {"allowed", hop.pace.allowed}, {"why", hop.pace.why}});
  if (hop.pace.rests_until) put(json, {"rests_until", to_rfc3339(*hop.pace.rests_until)});
  if (hop.pace.learned_connections) put(json, {"learned_connections", *hop.pace.learned_connections});
  if (hop.pace.learned_per_minute) put(json, {"learned_per_minute", *hop.pace.learned_per_minute});
  if (const auto& last = hop.pace.last_failure) {
    put(json, {"last_failure", object({{"at", to_rfc3339(last->at)}, {"code", last->fault.code.to_string()}, {"what", last->fault.sentence}})});
  }
  return json;
}

/// Those with the most mail first, then those that failed last.
io::Task<Result<Json>> destinations(OperatedParts& parts, Call& call) {
  CO_TRY(types::QueueFilter filter, queue_filter_of(call.request.arguments, parts));
  CO_TRY(auto waiting, co_await parts.queue.hops(filter.hop, filter.limit));
  std::map<std::string, pace::HopFacts> paces;
  for (pace::HopFacts& hop : parts.scheduler.hops()) {
    if (!filter.hop || *filter.hop == hop.hop) paces.emplace(hop.hop.text, std::move(hop));
  }
  Json rows = Json::array();
  for (const io::HopCount& hop : waiting) {
    Json row = object({{"hop", hop.hop.text}, {"waiting", hop.waiting}, {"next", to_rfc3339(hop.next)}});
    if (const auto pace = paces.find(hop.hop.text); pace != paces.end()) {
      row.update(pace_json(pace->second));
      paces.erase(pace);
    }
    rows.push_back(std::move(row));
  }
  for (const auto& [name, hop] : paces) {
    if (rows.size() >= filter.limit) break;
    if (hop.in_delivery == 0 && !hop.pace.last_failure && !filter.hop) continue;
    Json row = object({{"hop", name}, {"waiting", 0}});
    row.update(pace_json(hop));
    rows.push_back(std::move(row));
  }
  co_return object({{"destinations", std::move(rows)}});
}

}  // namespace

Result<types::QueueFilter> queue_filter_of(const Json& arguments, const OperatedParts& parts) {
  types::QueueFilter filter;
  const auto given = [&arguments](const char* name) { return text_argument_or(arguments, name, ""); };
  if (const std::string id = given("id"); !id.empty()) {
    TRY(filter.id, types::QueueId::parse(id));
  }
  if (const std::string tenant = given("tenant"); !tenant.empty()) {
    TRY(filter.tenant, types::TenantId::parse(tenant));
  }
  if (const std::string hop = given("hop"); !hop.empty()) filter.hop = types::HopKey{hop};
  if (const std::string domain = given("domain"); !domain.empty()) {
    if (filter.hop) return fail(ErrorKind::malformed, "give a domain or a hop, not both");
    TRY(filter.hop, hop_of_domain(domain, parts));
  }
  if (const std::string recipient = given("recipient"); !recipient.empty()) filter.recipient = recipient;
  if (const std::string sender = given("sender"); !sender.empty()) filter.sender = sender == "<>" ? "" : sender;
  if (const std::string code = given("code"); !code.empty()) {
    TRY(filter.code, types::parse_code_pattern(code));
  }
  if (const std::string age = given("older_than"); !age.empty()) {
    TRY(filter.received_before, received_before(age, parts.delivery.clock.now()));
  }
  TRY(filter.which, which_of(text_argument_or(arguments, "which", "queued")));
  if (arguments.contains("limit") && arguments["limit"].is_number_unsigned()) filter.limit = arguments["limit"].get<std::uint32_t>();
  return filter;
}

void add_queue_change_operations(Operations& operations, OperatedParts& parts) {
  operations["queue.retry"] = [&parts](Call& call) { return change(parts, call, io::Change::retry); };
  operations["queue.hold"] = [&parts](Call& call) { return change(parts, call, io::Change::hold); };
  operations["queue.release"] = [&parts](Call& call) { return change(parts, call, io::Change::release); };
  operations["queue.expire"] = [&parts](Call& call) { return expire(parts, call); };
  operations["queue.drop"] = [&parts](Call& call) { return drop(parts, call); };
  operations["queue.destinations"] = [&parts](Call& call) { return destinations(parts, call); };
}

}  // namespace danewerk::app
