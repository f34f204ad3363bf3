// domain.verify, status, enable-dnssec, enable-dane, disable-dane, disable-dnssec, migrate, findings.
#include "app/control/domain_status_json.h"
#include "app/control/operations.h"
#include "engine/lifecycle/own_change.h"
#include "engine/lifecycle/wishes.h"
#include "io/dns/zone_updater.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

using lifecycle::Ask;
using service::DomainKeeper;

Failure<Error> no_keeper() { return fail(ErrorKind::unavailable, "domains are not looked after here"); }

Json lines(const std::vector<std::string>& from) {
  Json out = Json::array();
  for (const std::string& line : from) out.push_back(line);
  return out;
}

io::Task<Result<Json>> look(OperatedParts& parts, types::DomainName domain, lifecycle::Skips skips) {
  if (!parts.life.keeper) co_return no_keeper();
  CO_TRY(auto looked, co_await parts.life.keeper->look_at(domain, skips, DomainKeeper::Probing::anew));
  co_return life_json(looked, parts.life.expect(domain));
}

io::Task<Result<Json>> domain_status(OperatedParts& parts, Call& call) {
  CO_TRY(types::DomainName domain, domain_argument(call));
  lifecycle::Skips skips;
  CO_TRY(skips.dns, flag_argument(call.request.arguments, "skip_dns"));
  CO_TRY(skips.mx, flag_argument(call.request.arguments, "skip_mx"));
  CO_TRY(skips.mta_sts, flag_argument(call.request.arguments, "skip_mta_sts"));
  co_return co_await look(parts, std::move(domain), skips);
}

/// The look itself notes the proof where it sees one.
io::Task<Result<Json>> verify_domain(OperatedParts& parts, Call& call) {
  CO_TRY(types::DomainName domain, domain_argument(call));
  CO_TRY(bool dry_run, flag_argument(call.request.arguments, "dry_run"));
  const auto snapshot = parts.domains.snapshot();
  const types::AcceptedDomain* found = snapshot->find(domain);
  if (!found) co_return fail(ErrorKind::not_found, "domain " + domain.to_string() + " is not accepted here");
  if (found->facts.token == types::ControlToken{} && parts.life.entropy) {  // added before there were tokens
    types::DomainFacts after = found->facts;
    parts.life.entropy->fill(after.token);
    std::vector<io::DomainStore::FactsChange> change(1, io::DomainStore::FactsChange{domain, found->facts, after});
    CO_TRY_VOID(co_await parts.domains.note(std::move(change)));
  }
  const auto anew = parts.domains.snapshot();
  const types::AcceptedDomain* now = anew->find(domain);
  const std::string record = now ? lifecycle::control_record(domain, now->facts.token) : "";
  if (dry_run) co_return object({{"domain", domain.to_string()}, {"dry_run", true}, {"publish", Json::array({record})}});
  const lifecycle::Skips nothing;
  CO_TRY(Json json, co_await look(parts, domain, nothing));
  put(json, {"verified", json["facts"].contains("verified") && !json["facts"].contains("quarantined")});
  put(json, {"publish", Json::array({record})});
  co_return json;
}

struct Asked {
  types::DomainFacts before, after;
};

/// A look, the order of steps, and what it would change.
io::Task<Result<Asked>> consider(OperatedParts& parts, types::DomainName domain, Ask what) {
  if (!parts.life.keeper) co_return no_keeper();
  lifecycle::Skips skips;
  skips.mta_sts = true;
  CO_TRY(auto looked, co_await parts.life.keeper->look_at(domain, skips, DomainKeeper::Probing::as_remembered));
  const lifecycle::Expectation expected = parts.life.expect(domain);
  if (expected.holding == types::Holding::shared && what == Ask::disable_dane) {
    co_return fail(ErrorKind::refused, "domain " + domain.to_string() + ": its MX host " + expected.host.to_string() + " is shared by all domains of its "
                                           "shard, so DANE cannot be switched off for it alone");
  }
  const auto snapshot = parts.domains.snapshot();
  const types::AcceptedDomain* found = snapshot->find(domain);
  if (!found) co_return fail(ErrorKind::not_found, "domain " + domain.to_string() + " is not accepted here");
  const lifecycle::MxView mx = lifecycle::view_mx(expected, looked.sight);
  CO_TRY(types::DomainFacts after, lifecycle::ask(what, found->facts, mx, expected, parts.delivery.clock.now()));
  Asked out{found->facts, after};
  co_return out;
}

io::Task<Result<Json>> step(OperatedParts& parts, Call& call, Ask what) {
  CO_TRY(types::DomainName domain, domain_argument(call));
  CO_TRY(bool dry_run, flag_argument(call.request.arguments, "dry_run"));
  CO_TRY(Asked asked, co_await consider(parts, domain, what));
  Json json = object({{"domain", domain.to_string()}, {"step", lifecycle::to_string(what)}, {"changed", asked.before != asked.after}, {"dry_run", dry_run}});
  add_dns_changes(json, parts, domain, asked.before, asked.after);
  if (parts.mx_host_of) put(json, {"mx_host", parts.mx_host_of(domain)});
  if (dry_run) co_return json;
  if (asked.before != asked.after) {
    std::vector<io::DomainStore::FactsChange> change(1, io::DomainStore::FactsChange{domain, asked.before, asked.after});
    const std::string action = std::string("domain.") + lifecycle::to_string(what);
    CO_TRY_VOID(co_await parts.domains.ask(std::move(change), action, act_of(call, parts.delivery.clock.now())));
    if (parts.publisher) parts.publisher->look_soon();
  }
  lifecycle::Skips skips;
  skips.mta_sts = true;
  CO_TRY(Json status, co_await look(parts, domain, skips));
  put(json, {"status", std::move(status)});
  co_return json;
}

/// The step of ours that is due, if one is; whatever else is due is for the domain's owner and is said in `next`.
std::optional<Ask> due_step(const Json& status) {
  const std::string next = status["next"].value("step", "");
  if (next == "enable-dnssec") return Ask::enable_dnssec;
  if (next == "enable-dane") return Ask::enable_dane;
  return std::nullopt;
}

/// The last one that was taken, if it is ours to take back.
std::optional<Ask> step_back(const Json& status) {
  if (status.value("dane", "") != "disabled") return Ask::disable_dane;
  const bool named = status["facts"].contains("mx_here");
  if (status.value("dnssec", "") == "enabled" && !named) return Ask::disable_dnssec;
  return std::nullopt;
}

/// Where the domain's own zone takes updates from us, and by which key.
struct OwnZone {
  io::dns::UpdateSettings update;
  types::DomainName apex;
};

Result<std::optional<OwnZone>> own_zone_of(const Call& call, const types::DomainName& domain) {
  const Json& arguments = call.request.arguments;
  const std::string server = text_argument_or(arguments, "update_server", "");
  if (server.empty()) return std::optional<OwnZone>();
  OwnZone out;
  TRY(out.update.server, types::Endpoint::parse(server));
  TRY(out.update.key, io::dns::TsigKey::parse(text_argument_or(arguments, "tsig_key", "")));
  const std::string zone = text_argument_or(arguments, "zone", "");
  out.apex = domain;
  if (!zone.empty()) {
    TRY(out.apex, io::to_a_labels(zone));
  }
  if (!domain.is_within(out.apex)) return fail(ErrorKind::malformed, "domain " + domain.to_string() + " does not lie in zone " + out.apex.to_string());
  return std::optional(std::move(out));
}

/// Whose fault it is that the domain's own primary did not take a change, and what to do.
const char* advice_for(io::dns::UpdateErrorKind kind) {
  using io::dns::UpdateErrorKind;
  switch (kind) {
    case UpdateErrorKind::bad_key:
    case UpdateErrorKind::bad_signature:
    case UpdateErrorKind::bad_truncation:
      return "have the domain's DNS host compare its key with the one in --tsig-key (name, algorithm, secret), and let it change this zone";
    case UpdateErrorKind::bad_time: return "set the clock of that server or of this one right";
    case UpdateErrorKind::refused:
    case UpdateErrorKind::not_implemented:
      return "have the domain's DNS host let this key change the MX and TXT records of the domain, and see that the zone is not frozen";
    case UpdateErrorKind::not_authoritative:
    case UpdateErrorKind::not_in_zone:
      return "name the zone's primary (--update-server), or the zone that holds the domain (--zone), or have the DNS host take the key for it";
    case UpdateErrorKind::unreachable:
    case UpdateErrorKind::timeout: return "check address and port, and that TCP gets through";
    case UpdateErrorKind::server_failure: return "try again; if it lasts, that server's log says why";
    default: return "that server's log says more";
  }
}

struct OwnStep {
  std::vector<std::string> diff;  ///< empty where there is nothing to do now
  std::string waits;              ///< why not, where there will be
};

/// The owner's part of the step that is next, if it is one we can take.
io::Task<Result<OwnStep>> take_own_step(OperatedParts& parts, types::DomainName domain, OwnZone zone, bool dry_run) {
  const lifecycle::Skips nothing;
  CO_TRY(auto looked, co_await parts.life.keeper->look_at(domain, nothing, DomainKeeper::Probing::as_remembered));
  const lifecycle::Expectation expected = parts.life.expect(domain);
  const Instant now = parts.delivery.clock.now();
  const auto change = lifecycle::own_change(looked.status, looked.domain.facts, looked.sight, expected, zone.apex, now);
  OwnStep out;
  if (!change) co_return out;
  out.diff = lifecycle::describe(*change, looked.sight, expected);
  if (dry_run) co_return out;
  io::dns::DnsZoneUpdater updater(zone.update, *parts.life.entropy);
  const auto done = co_await updater.apply(*change);
  if (done) co_return out;
  if (done.error().kind == io::dns::UpdateErrorKind::prerequisite_failed) {  // DDNS-02: changed since, by us or by somebody; the next look tells
    out.diff.clear();
    out.waits = "At " + zone.update.server.to_string() + " these records are other ones than resolvers answer; wait until their TTL is over.";
    co_return out;
  }
  const std::string said = "the primary of " + zone.apex.to_string() + " did not take the change: " + io::dns::to_string(done.error().kind) + ": " +
                           done.error().what;
  const std::string left = done.error().may_have_happened() ? "whether it was made, the next look will tell" : "nothing was changed there";
  co_return fail(ErrorKind::refused, said + "; " + left + ". To do: " + advice_for(done.error().kind));
}

io::Task<Result<Json>> migrate_domain(OperatedParts& parts, Call& call) {
  CO_TRY(types::DomainName domain, domain_argument(call));
  CO_TRY(bool dry_run, flag_argument(call.request.arguments, "dry_run"));
  CO_TRY(bool back, flag_argument(call.request.arguments, "back"));
  CO_TRY(auto own_zone, own_zone_of(call, domain));
  const lifecycle::Skips nothing;
  CO_TRY(Json status, co_await look(parts, domain, nothing));
  Json json = object({{"domain", domain.to_string()}, {"dry_run", dry_run}, {"did", Json::array()}});
  for (int taken = 0; taken < 2; ++taken) {
    const std::optional<Ask> what = back ? step_back(status) : due_step(status);
    if (!what || (back && taken > 0)) break;
    CO_TRY(Json done, co_await step(parts, call, *what));
    json["did"].push_back(object({{"step", done["step"]}, {"diff", done["diff"]}, {"zone", done["zone"]}}));
    if (dry_run) break;
    status = done["status"];
  }
  if (own_zone && !back && json["did"].empty()) {
    const OwnZone zone = *own_zone;
    CO_TRY(const OwnStep own, co_await take_own_step(parts, domain, zone, dry_run));
    if (!own.diff.empty()) json["did"].push_back(object({{"step", status["next"]["step"]}, {"diff", lines(own.diff)}}));
    if (!own.waits.empty()) put(json, {"advice", own.waits});
  }
  if (back && json["did"].empty()) {
    json["advice"] = status["facts"].contains("mx_here") ? "Put the old MX records back at the DNS host, wait out the TTL of ours, then run this again."
                                                         : "There is nothing to take back.";
  }
  put(json, {"status", std::move(status)});
  co_return json;
}

/// What the watch holds against one domain, or against us.
io::Task<Result<Json>> domain_findings(OperatedParts& parts, Call& call) {
  if (!parts.life.keeper) co_return no_keeper();
  std::vector<io::StandingFinding> standing;
  if (text_argument_or(call.request.arguments, "domain", "").empty()) {
    constexpr std::uint32_t most = 1000;
    CO_TRY(standing, co_await parts.life.keeper->findings().our_errors(most));
  } else {
    CO_TRY(types::DomainName domain, domain_argument(call));
    CO_TRY(standing, co_await parts.life.keeper->findings().of(domain));
  }
  Json json = object({{"findings", Json::array()}});
  for (const io::StandingFinding& one : standing) {
    Json shown = finding_json(one.finding);
    shown.erase("remedy");
    put(shown, {"domain", one.domain.to_string()});
    put(shown, {"since", to_rfc3339(one.since)});
    json["findings"].push_back(std::move(shown));
  }
  co_return json;
}

}  // namespace

void add_domain_life_operations(Operations& operations, OperatedParts& parts) {
  operations["domain.status"] = [&parts](Call& call) { return domain_status(parts, call); };
  operations["domain.verify"] = [&parts](Call& call) { return verify_domain(parts, call); };
  operations["domain.migrate"] = [&parts](Call& call) { return migrate_domain(parts, call); };
  operations["domain.findings"] = [&parts](Call& call) { return domain_findings(parts, call); };
  for (const Ask what : {Ask::enable_dnssec, Ask::enable_dane, Ask::disable_dane, Ask::disable_dnssec}) {
    operations[std::string("domain.") + lifecycle::to_string(what)] = [&parts, what](Call& call) { return step(parts, call, what); };
  }
}

}  // namespace danewerk::app
