#include "app/control/mta_sts_operations.h"

#include "app/control/operations.h"

namespace danewerk::app {
namespace {

using service::HostingWish;
using service::PolicyHost;
using types::StsPolicyMode;

struct Desk {
  PolicyHost* host;
  std::string why_not;
  const io::Clock& clock;
};

Result<PolicyHost*> host_of(const Desk& desk) {
  if (desk.host == nullptr) return fail(ErrorKind::unavailable, desk.why_not);
  return desk.host;
}

Result<StsPolicyMode> mode_named(const std::string& text) {
  for (const StsPolicyMode mode : {StsPolicyMode::testing, StsPolicyMode::enforce, StsPolicyMode::none}) {
    if (text == types::to_string(mode)) return mode;
  }
  return fail(ErrorKind::malformed, "mode '" + text + "' is none of testing, enforce, none");
}

/// "86400", "7d", "12h"; RFC 8461 3.2: at most a year.
Result<std::chrono::seconds> span_named(const std::string& text) {
  const bool has_unit = !text.empty() && (text.back() == 'd' || text.back() == 'h' || text.back() == 's');
  const std::string digits = has_unit ? text.substr(0, text.size() - 1) : text;
  const bool good = !digits.empty() && digits.size() <= 8 && digits.find_first_not_of("0123456789") == std::string::npos;
  const std::int64_t unit = !has_unit || text.back() == 's' ? 1 : text.back() == 'h' ? 3600 : 86400;
  const std::int64_t seconds = good ? std::stoll(digits) * unit : -1;
  constexpr std::int64_t year = 31'557'600;
  if (seconds < 300 || seconds > year) return fail(ErrorKind::malformed, "max_age '" + text + "': a span like 7d or 12h, from 300 s to a year");
  return std::chrono::seconds(seconds);
}

Result<HostingWish> wish_of(const Call& call, HostingWish::Kind kind) {
  const Json& arguments = call.request.arguments;
  HostingWish wish;
  wish.kind = kind;
  TRY(wish.domain, domain_argument(call));
  if (const std::string text = text_argument_or(arguments, "mode", ""); !text.empty()) {
    TRY(wish.mode, mode_named(text));
  }
  if (const std::string text = text_argument_or(arguments, "max_age", ""); !text.empty()) {
    TRY(wish.max_age, span_named(text));
  }
  if (!arguments.contains("mx")) return wish;
  if (!arguments["mx"].is_array()) return fail(ErrorKind::malformed, "'mx' must be a list of host names");
  wish.also.emplace();
  for (const Json& one : arguments["mx"]) {
    if (!one.is_string()) return fail(ErrorKind::malformed, "'mx' must be a list of host names");
    TRY(types::StsMxPattern pattern, types::StsMxPattern::parse(one.get<std::string>()));
    wish.also->push_back(std::move(pattern));
  }
  return wish;
}

Json version_json(const types::PolicyVersion& version) {
  Json json = object({{"id", version.id}, {"mode", types::to_string(version.policy.mode)}, {"max_age_seconds", version.policy.max_age.count()},
                      {"since", to_rfc3339(version.since)}, {"mx", Json::array()}});
  for (const types::StsMxPattern& one : version.policy.mx) json["mx"].push_back(one.to_string());
  if (version.fetched) put(json, {"fetched", to_rfc3339(*version.fetched)});
  if (version.announced) put(json, {"announced", to_rfc3339(*version.announced)});
  return json;
}

Json hosted_json(const types::HostedPolicy& hosted) {
  Json json = object({{"domain", hosted.domain.to_string()}, {"asked", types::to_string(hosted.withdrawn ? StsPolicyMode::none : hosted.mode)}});
  if (hosted.withdrawn) put(json, {"withdrawn", to_rfc3339(*hosted.withdrawn)});
  if (!hosted.versions.empty()) put(json, {"served", version_json(hosted.versions.back())});
  return json;
}

Json status_json(const service::HostedStatus& status, Instant now) {
  Json json = hosted_json(status.hosted);
  put(json, {"step", mtasts::to_string(status.step.act)});
  put(json, {"why", status.step.why});
  put(json, {"settled", status.step.settled});
  put(json, {"records", Json::array()});
  for (const std::string& record : status.records) json["records"].push_back(record);
  put(json, {"findings", Json::array()});
  for (const types::Finding& one : status.findings) {
    json["findings"].push_back(object({{"severity", types::to_string(one.severity)}, {"code", one.code}, {"evidence", one.evidence}, {"remedy", one.remedy},
                                       {"whose", types::to_string(one.whose)}}));
  }
  if (status.sight.enforce_fault) put(json, {"enforce_refused", *status.sight.enforce_fault});
  put(json, {"may_be_held", Json::array()});
  for (const types::PolicyVersion& version : status.hosted.versions) json["may_be_held"].push_back(version_json(version));
  if (status.hosted.withdrawn) put(json, {"free_at", to_rfc3339(mtasts::free_at(status.hosted, now))});
  if (!status.hosted.versions.empty()) put(json, {"text", mtasts::text_of(status.hosted.versions.back().policy)});
  return json;
}

io::Task<Result<Json>> ask(const Desk& desk, Call& call, HostingWish::Kind kind) {
  CO_TRY(PolicyHost* const host, host_of(desk));
  CO_TRY(const HostingWish wish, wish_of(call, kind));
  CO_TRY(const bool dry_run, flag_argument(call.request.arguments, "dry_run"));
  const types::AdminAct act = act_of(call, desk.clock.now());
  const PolicyHost::Doing doing = dry_run ? PolicyHost::Doing::trying : PolicyHost::Doing::in_earnest;
  CO_TRY(const service::HostedStatus status, co_await host->ask(wish, act, doing));
  Json json = status_json(status, act.at);
  put(json, {"dry_run", dry_run});
  co_return json;
}

io::Task<Result<Json>> show_mta_sts_policy(const Desk& desk, Call& call) {
  CO_TRY(PolicyHost* const host, host_of(desk));
  CO_TRY(types::DomainName domain, domain_argument(call));
  CO_TRY(const service::HostedStatus status, co_await host->look_at(std::move(domain)));
  co_return status_json(status, desk.clock.now());
}

io::Task<Result<Json>> list_mta_sts_policies(const Desk& desk) {
  CO_TRY(PolicyHost* const host, host_of(desk));
  Json json = object({{"host", host->host().to_string()}, {"policies", Json::array()}});
  for (const types::HostedPolicy& hosted : host->list()) {
    Json one = hosted_json(hosted);
    put(one, {"why", host->standing_of(hosted.domain)});
    json["policies"].push_back(std::move(one));
  }
  co_return json;
}

}  // namespace

void add_mta_sts_operations(Operations& operations, service::PolicyHost* host, std::string why_not, const io::Clock& clock) {
  auto desk = std::make_shared<const Desk>(Desk{host, std::move(why_not), clock});
  operations["mta-sts.enable"] = [desk](Call& call) { return ask(*desk, call, HostingWish::Kind::enable); };
  operations["mta-sts.set-mode"] = [desk](Call& call) { return ask(*desk, call, HostingWish::Kind::change); };
  operations["mta-sts.disable"] = [desk](Call& call) { return ask(*desk, call, HostingWish::Kind::disable); };
  operations["mta-sts.status"] = [desk](Call& call) { return show_mta_sts_policy(*desk, call); };
  operations["mta-sts.list"] = [desk](Call&) { return list_mta_sts_policies(*desk); };
}

}  // namespace danewerk::app
