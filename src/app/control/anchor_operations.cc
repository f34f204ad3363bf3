// Negative trust anchors: set, listed, ended by people (docs/decisions/0047).
#include "app/control/operations.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

constexpr Duration longest = std::chrono::days(30);
constexpr Duration usual = std::chrono::days(7);

Failure<Error> not_ours() {
  return fail(ErrorKind::denied,
              "resolver.mode is external: the resolver is not ours to tell. Set the negative trust anchor there (Unbound: unbound-control insecure_add NAME;"
              " BIND: rndc nta NAME), and mind its end yourself");
}

Result<types::DomainName> domain_of(const Call& call) {
  TRY(const std::string text, text_argument(call.request.arguments, "domain"));
  if (text == ".") return types::DomainName();  // refused with better words than "no domain"
  return io::to_a_labels(text);
}

/// An instant, or a span from now: "2026-12-01T00:00:00Z", "36h", "7d".
Result<Instant> end_of(const std::string& text, Instant now) {
  if (text.empty()) return now + usual;
  const char unit = text.back();
  const std::string digits = text.substr(0, text.size() - 1);
  const bool span = (unit == 'd' || unit == 'h' || unit == 'm' || unit == 's') && !digits.empty() && digits.size() <= 6 &&
                    digits.find_first_not_of("0123456789") == std::string::npos;
  if (!span) {
    auto at = parse_rfc3339(text);
    if (!at) return fail(ErrorKind::malformed, "'" + text + "' is neither an instant like 2026-12-01T00:00:00Z nor a span like 7d or 36h");
    return at;
  }
  const std::int64_t seconds = unit == 'd' ? 86400 : unit == 'h' ? 3600 : unit == 'm' ? 60 : 1;
  return now + std::chrono::seconds(seconds * std::stoll(digits));
}

Result<void> check_name(const types::DomainName& domain, bool forced) {
  if (domain.is_root()) {
    return fail(ErrorKind::denied, "not for the root: nothing would be validated any more, and the resolver would be believed in nothing (RFC 7646 1.1)");
  }
  if (domain.label_count() > 1 || forced) return {};
  return fail(ErrorKind::denied, domain.to_string() + " is a top-level domain: DANE would be off for all of it; name the broken domain, or add --force");
}

io::Task<Result<Json>> add_anchor(OperatedParts& parts, Call& call) {
  if (!parts.anchors) co_return not_ours();
  CO_TRY(types::DomainName domain, domain_of(call));
  CO_TRY(const bool forced, flag_argument(call.request.arguments, "force"));
  CO_TRY_VOID(check_name(domain, forced));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  if (act.why.empty()) co_return fail(ErrorKind::malformed, "say why: who confirmed that the zone is broken, and not attacked? (RFC 7646 2)");
  CO_TRY(const Instant until, end_of(text_argument_or(call.request.arguments, "until", ""), act.at));
  if (until <= act.at) co_return fail(ErrorKind::malformed, "its end, " + to_rfc3339(until) + ", is past");
  if (until > act.at + longest) {
    co_return fail(ErrorKind::limit, "its end, " + to_rfc3339(until) + ", is more than 30 days away; look at the zone again before then");
  }
  CO_TRY_VOID(co_await parts.anchors->store().add(domain, until, act));
  const auto told = co_await parts.anchors->reconcile();
  types::NegativeAnchor anchor{domain, act.who, act.why, act.at, until, std::nullopt};
  Json json = anchor_json(anchor, act.at);
  if (!told) put(json, {"fault", told.error().what + "; it is told again every few seconds"});
  types::QueueFilter filter;
  filter.hop = service::mx_key(types::MailDomain{domain});
  CO_TRY(const std::uint64_t due, co_await parts.queue.retry(std::move(filter), act));
  put(json, {"recipients", due});
  parts.scheduler.wake();
  co_return json;
}

io::Task<Result<Json>> list_anchors(OperatedParts& parts) {
  if (!parts.anchors) co_return not_ours();
  Json json = Json::array();
  const auto anchors = parts.anchors->store().snapshot();
  for (const types::NegativeAnchor& anchor : *anchors) json.push_back(anchor_json(anchor, parts.delivery.clock.now()));
  Json answer = object({{"negative_trust_anchors", std::move(json)}});
  if (const auto fault = parts.anchors->fault()) put(answer, {"fault", *fault});
  co_return answer;
}

io::Task<Result<Json>> remove_anchor(OperatedParts& parts, Call& call) {
  if (!parts.anchors) co_return not_ours();
  CO_TRY(types::DomainName domain, domain_of(call));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  CO_TRY_VOID(co_await parts.anchors->store().end(domain, act));
  const auto told = co_await parts.anchors->reconcile();
  Json json = object({{"removed", domain.to_string()}});
  if (!told) put(json, {"fault", told.error().what + "; until the resolver has let go, unsigned answers below the name are not believed"});
  co_return json;
}

}  // namespace

Json anchor_json(const types::NegativeAnchor& anchor, Instant now) {
  return object({{"domain", anchor.domain.to_string()}, {"who", anchor.who},
                 {"why", anchor.why},                   {"since", to_rfc3339(anchor.since)},
                 {"until", to_rfc3339(anchor.end())},   {"state", anchor.in_force(now) ? "in force" : "ended, the resolver lets go"}});
}

void add_anchor_operations(Operations& operations, OperatedParts& parts) {
  operations["nta.add"] = [&parts](Call& call) { return add_anchor(parts, call); };
  operations["nta.list"] = [&parts](Call&) { return list_anchors(parts); };
  operations["nta.remove"] = [&parts](Call& call) { return remove_anchor(parts, call); };
}

}  // namespace danewerk::app
