#include "service/sts_hosting/policy_host.h"

#include <algorithm>

#include "engine/mtasts/policy_text.h"
#include "io/runtime/together.h"
#include "service/sts_hosting/hosting_events.h"

namespace danewerk::service {
namespace {

namespace events = hosting_events;
using mtasts::HostingAct;
using mtasts::HostingSight;
using mtasts::HostingStep;
using types::HostedPolicy;
using types::RecordType;

constexpr std::size_t looks_at_once = 8;
constexpr Duration between_rounds = std::chrono::seconds(1);
constexpr std::chrono::seconds usual_max_age_testing{86400};
constexpr std::chrono::seconds usual_max_age{7 * 86400};

types::AdminAct own_act(Instant now) { return {"danewerk", "a step for a hosted MTA-STS policy", now}; }

/// Where a name leads, among our own addresses.
void note_addresses(HostingSight& sight, const std::vector<types::Lookup>& answers, const std::vector<types::IpAddress>& own) {
  std::vector<types::IpAddress> found;
  std::string failed;
  for (const types::Lookup& answer : answers) {
    if (!answer) {
      failed = std::string("its lookup failed: ") + types::to_string(answer.error().kind);
      continue;
    }
    for (const types::IpAddress& address : answer->value.all<types::IpAddress>()) found.push_back(address);
  }
  if (!failed.empty()) {
    sight.leads_detail = failed;
    return;
  }
  const auto stray = std::find_if(found.begin(), found.end(), [&own](const auto& one) { return std::find(own.begin(), own.end(), one) == own.end(); });
  const bool here = !found.empty() && stray == found.end();
  sight.leads = here ? HostingSight::Leads::here : HostingSight::Leads::elsewhere;
  if (found.empty()) sight.leads_detail = "it has no address";
  if (stray != found.end()) sight.leads_detail = "it leads to " + stray->to_string();
}

void note_mx(HostingSight& sight, const types::Lookup& answer) {
  if (!answer) return;
  sight.mx.emplace();
  sight.mx_ttl = answer->ttl;
  for (const types::MxRecord& record : answer->value.all<types::MxRecord>()) {
    if (record.exchange && !record.exchange->is_root()) sight.mx->push_back(*record.exchange);
  }
}

const char* action_of(HostingWish::Kind kind) {
  switch (kind) {
    case HostingWish::Kind::enable: return "mta-sts.enable";
    case HostingWish::Kind::change: return "mta-sts.set-mode";
    case HostingWish::Kind::disable: return "mta-sts.disable";
  }
  return "mta-sts.change";
}

types::RrSet address_set(const types::DomainName& host, RecordType type, const std::vector<types::IpAddress>& addresses) {
  std::vector<types::RecordData> records;
  for (const types::IpAddress& address : addresses) {
    if ((address.family() == types::IpAddress::Family::v6) == (type == RecordType::aaaa)) records.emplace_back(address);
  }
  return types::RrSet::of(host, type, Ttl{3600}, records);
}

types::RrSet record_set(const types::DomainName& name, const std::string& id, Ttl ttl) {
  std::vector<types::RecordData> records;
  if (!id.empty()) records.emplace_back(types::TxtRecord{{mtasts::record_of(id)}});
  return types::RrSet::of(name, RecordType::txt, ttl, records);
}

}  // namespace

PolicyHost::PolicyHost(PolicyHostSettings settings, PolicyHostParts parts, io::Executor executor)
    : settings_(std::move(settings)), parts_(std::move(parts)), gate_(executor, 1) {}

std::optional<std::string> PolicyHost::body_for(const types::DomainName& host) const {
  const auto domain = by_host_.find(host);
  if (domain == by_host_.end()) return std::nullopt;
  const auto hosted = hosted_.find(domain->second);
  if (hosted == hosted_.end() || hosted->second.versions.empty()) return std::nullopt;
  return mtasts::text_of(hosted->second.versions.back().policy);
}

std::vector<HostedPolicy> PolicyHost::list() const {
  std::vector<HostedPolicy> out;
  for (const auto& [domain, hosted] : hosted_) out.push_back(hosted);
  return out;
}

std::string PolicyHost::standing_of(const types::DomainName& domain) const {
  const auto seen = seen_.find(domain);
  return seen == seen_.end() ? std::string{} : seen->second.why;
}

void PolicyHost::remember(HostedPolicy hosted) {
  if (const auto host = mtasts::policy_host(hosted.domain)) by_host_[*host] = hosted.domain;
  hosted_[hosted.domain] = std::move(hosted);
}

io::Task<Result<void>> PolicyHost::load() {
  CO_TRY(auto all, co_await parts_.store.all());
  for (HostedPolicy& one : all) remember(std::move(one));
  co_return Result<void>{};
}

std::vector<types::StsMxPattern> PolicyHost::own_hosts(const types::DomainName& domain) const {
  std::vector<types::StsMxPattern> out;
  const auto host = parts_.mx_host_of(domain);
  if (!host) return out;
  if (auto pattern = types::StsMxPattern::parse(host->to_string())) out.push_back(*pattern);
  return out;
}

std::vector<std::string> PolicyHost::records_for(const types::DomainName& domain) const {
  const std::string name = domain.to_string() + ".";
  return {"mta-sts." + name + " 3600 IN CNAME " + settings_.host.to_string() + ".",
          "_mta-sts." + name + " 3600 IN CNAME " + parts_.record_name(domain).to_string() + ".",
          "_smtp._tls." + name + " 3600 IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@" + domain.to_string() + "\"   ; an address of yours that takes reports"};
}

io::Task<HostingSight> PolicyHost::look(HostedPolicy hosted) {
  HostingSight sight;
  sight.record_note = "no record";
  const auto host = mtasts::policy_host(hosted.domain);
  const auto record = mtasts::record_name(hosted.domain);
  if (!host || !record) {
    sight.leads_detail = "the name would be too long";
    co_return sight;
  }
  if (parts_.forget) {
    parts_.forget(*host);
    parts_.forget(*record);
    parts_.forget(hosted.domain);
  }
  std::vector<io::Task<types::Lookup>> asking;
  asking.push_back(parts_.resolver.ask(*host, RecordType::aaaa));
  asking.push_back(parts_.resolver.ask(*host, RecordType::a));
  asking.push_back(parts_.resolver.ask(*record, RecordType::txt));
  asking.push_back(parts_.resolver.ask(hosted.domain, RecordType::mx));
  const std::vector<types::Lookup> answers = co_await io::together(std::move(asking));
  const std::vector<types::Lookup> addresses(answers.begin(), answers.begin() + 2);
  note_addresses(sight, addresses, settings_.addresses);
  const mtasts::RecordReading reading = mtasts::read_record(answers[2]);
  sight.id_shown = reading.id;
  sight.record_note = reading.note;
  note_mx(sight, answers[3]);
  sight.enforce_fault = co_await parts_.enforce_fault(hosted.domain);
  const auto certified = co_await parts_.has_certificate(*host);
  sight.has_certificate = certified && *certified;
  if (!sight.has_certificate || sight.leads != HostingSight::Leads::here || hosted.withdrawn) co_return sight;
  auto fetched = co_await parts_.fetch(hosted.domain);
  if (fetched) sight.shown = *std::move(fetched);
  else sight.shown_fault = fetched.error().what;
  co_return sight;
}

/// The facts as they are now, changed, stored, and from then on served.
io::Task<Result<HostedPolicy>> PolicyHost::change(types::DomainName domain, Change how, std::optional<types::AdminAct> act, std::string action) {
  const io::dns::Gate::Pass pass = co_await gate_.enter();
  const auto found = hosted_.find(domain);
  if (found == hosted_.end()) co_return fail(ErrorKind::not_found, "no MTA-STS policy is hosted for " + domain.to_string());
  const HostedPolicy before = found->second;
  HostedPolicy now = before;
  how(now);
  if (now == before && !act) co_return now;
  CO_TRY_VOID(co_await parts_.store.put(now, std::move(act), std::move(action)));
  const bool another = now.versions.empty() || before.versions.empty() || now.versions.back().id != before.versions.back().id;
  if (another && !now.versions.empty()) {
    const types::StsPolicy& policy = now.versions.back().policy;
    parts_.log.event(events::new_text, {{"domain", domain.to_string()}, {"mode", types::to_string(policy.mode)}, {"id", now.versions.back().id}});
  }
  remember(now);
  co_return now;
}

io::Task<Result<void>> PolicyHost::announce(HostedPolicy hosted) {
  const std::string id = hosted.versions.back().id;
  const types::RrSet set = record_set(parts_.record_name(hosted.domain), id, settings_.times.record_ttl);
  CO_TRY_VOID(co_await parts_.publish(set));
  const Instant now = parts_.clock.now();
  const Change mark = [id, now](HostedPolicy& one) {
    for (types::PolicyVersion& version : one.versions) {
      if (version.id == id && !version.announced) version.announced = now;
    }
  };
  CO_TRY_VOID(co_await change(hosted.domain, mark, std::nullopt, std::string()));
  parts_.log.event(events::announced, {{"domain", hosted.domain.to_string()}, {"id", id}});
  co_return Result<void>{};
}

io::Task<Result<void>> PolicyHost::forget(HostedPolicy hosted) {
  const auto host = mtasts::policy_host(hosted.domain);
  if (host) {
    const auto dropped = co_await parts_.drop_certificate(*host, own_act(parts_.clock.now()));
    if (!dropped && dropped.error().kind != ErrorKind::not_found) co_return dropped;
  }
  CO_TRY_VOID(co_await parts_.store.erase(hosted.domain));
  hosted_.erase(hosted.domain);
  if (host) by_host_.erase(*host);
  parts_.log.event(events::gone, {{"domain", hosted.domain.to_string()}});
  co_return Result<void>{};
}

io::Task<Result<void>> PolicyHost::carry_out(HostedPolicy hosted, HostingStep step) {
  switch (step.act) {
    case HostingAct::rest: co_return Result<void>{};
    case HostingAct::announce: co_return co_await announce(std::move(hosted));
    case HostingAct::forget: co_return co_await forget(std::move(hosted));
    case HostingAct::certify: {
      const auto host = mtasts::policy_host(hosted.domain);
      auto ordered = co_await parts_.order_certificate(*host, own_act(parts_.clock.now()));
      if (!ordered && ordered.error().kind == ErrorKind::conflict) co_return Result<void>{};  // it is being asked for
      co_return ordered;
    }
    case HostingAct::unannounce: break;
  }
  const types::RrSet none = record_set(parts_.record_name(hosted.domain), "", settings_.times.record_ttl);
  CO_TRY_VOID(co_await parts_.publish(none));
  const Instant now = parts_.clock.now();
  const Change mark = [now](HostedPolicy& one) {
    if (!one.record_removed) one.record_removed = now;
  };
  CO_TRY_VOID(co_await change(hosted.domain, mark, std::nullopt, std::string()));
  co_return Result<void>{};
}

io::Task<Result<HostedStatus>> PolicyHost::look_at(types::DomainName domain) {
  const auto found = hosted_.find(domain);
  if (found == hosted_.end()) co_return fail(ErrorKind::not_found, "no MTA-STS policy is hosted for " + domain.to_string());
  HostedStatus out;
  out.hosted = found->second;
  out.sight = co_await look(out.hosted);
  const Instant now = parts_.clock.now();
  const bool accepted = parts_.is_accepted(domain);
  const Change noted = [this, &out, now, accepted](HostedPolicy& one) {
    if (!accepted && !one.withdrawn) one.withdrawn = now;  // it left; what was served still binds senders
    one = mtasts::note(one, out.sight, own_hosts(one.domain), now);
  };
  CO_TRY(out.hosted, co_await change(domain, noted, std::nullopt, std::string()));
  out.step = mtasts::next_step(out.hosted, out.sight, settings_.times, now);
  const auto done = co_await carry_out(out.hosted, out.step);
  if (!done) {
    parts_.log.event(events::step_failed, {{"domain", domain.to_string()}, {"step", mtasts::to_string(out.step.act)}, {"why", done.error().what}});
    out.step.why += "; it failed: " + done.error().what;
  }
  out.records = records_for(domain);
  if (const auto after = hosted_.find(domain); after != hosted_.end()) {
    out.hosted = after->second;
    out.findings = mtasts::findings_of(out.hosted, out.sight);
    note_seen(out, now, done.has_value());
  } else {
    seen_.erase(domain);
    mail_stops_.erase(domain);
  }
  co_return out;
}

void PolicyHost::note_seen(const HostedStatus& status, Instant now, bool done) {
  tell(status.hosted, status.findings);
  Seen& seen = seen_[status.hosted.domain];
  seen.why = status.step.why;
  seen.due = now + (status.step.settled ? settings_.look_interval : settings_.in_motion);
  if (status.step.act == HostingAct::rest && status.step.when > now) seen.due = std::min(seen.due, status.step.when);
  if (status.step.act != HostingAct::rest && status.step.act != HostingAct::certify && done) seen.due = now;  // the next step may be due
}

void PolicyHost::tell(const HostedPolicy& hosted, const std::vector<types::Finding>& findings) {
  std::map<std::string, std::string> now;
  std::map<std::string, std::string>& before = seen_[hosted.domain].findings;
  for (const types::Finding& one : findings) {
    now[one.code] = one.evidence;
    if (before.contains(one.code)) continue;
    parts_.log.event(events::finding_begins, {{"domain", one.subject}, {"code", one.code}, {"what", one.evidence}, {"remedy", one.remedy}});
  }
  const auto ours = std::find_if(findings.begin(), findings.end(), [](const types::Finding& one) {
    return one.severity == types::Severity::error && one.whose == types::Party::us;
  });
  const bool stopped = mail_stops_.contains(hosted.domain);
  if (ours != findings.end()) mail_stops_[hosted.domain] = ours->evidence;
  else mail_stops_.erase(hosted.domain);
  if (stopped || !mail_stops_.empty()) tell_whether_mail_stops();
  for (const auto& [code, evidence] : before) {
    if (!now.contains(code)) parts_.log.event(events::finding_over, {{"domain", hosted.domain.to_string()}, {"code", code}});
  }
  before = std::move(now);
}

/// An alert of ours for all domains together, not one for each.
void PolicyHost::tell_whether_mail_stops() {
  if (!parts_.alert) return;
  if (mail_stops_.empty()) {
    parts_.alert(std::nullopt);
    return;
  }
  const auto& [domain, evidence] = *mail_stops_.begin();
  const std::string more = mail_stops_.size() == 1 ? "" : " and " + std::to_string(mail_stops_.size() - 1) + " more";
  parts_.alert(domain.to_string() + more + ", in mode enforce: " + evidence);
}

Result<HostedPolicy> PolicyHost::after(const HostingWish& wish, Instant now) const {
  const auto found = hosted_.find(wish.domain);
  const bool there = found != hosted_.end();
  if (wish.kind == HostingWish::Kind::enable && there && !found->second.withdrawn) {
    return fail(ErrorKind::conflict, "a policy is hosted for " + wish.domain.to_string() + " already; see `danewerk mta-sts status`");
  }
  if (wish.kind != HostingWish::Kind::enable && !there) return fail(ErrorKind::not_found, "no MTA-STS policy is hosted for " + wish.domain.to_string());
  if (wish.kind != HostingWish::Kind::disable && !parts_.is_accepted(wish.domain)) {
    return fail(ErrorKind::not_found, "domain " + wish.domain.to_string() + " is not accepted here");
  }
  HostedPolicy out;
  if (there) out = found->second;
  if (!there) {
    out.domain = wish.domain;
    out.asked_at = now;
  }
  if (wish.kind == HostingWish::Kind::disable) {
    if (!out.withdrawn) out.withdrawn = now;
    return out;
  }
  out.withdrawn.reset();
  out.record_removed.reset();
  if (wish.mode) out.mode = *wish.mode;
  if (wish.max_age) out.max_age = *wish.max_age;
  else if (wish.mode || !there) out.max_age = out.mode == types::StsPolicyMode::enforce ? usual_max_age : usual_max_age_testing;
  if (wish.also) out.also = *wish.also;
  return out;
}

io::Task<Result<HostedStatus>> PolicyHost::ask(HostingWish wish, types::AdminAct act, Doing doing) {
  HostedStatus out;
  CO_TRY(out.hosted, after(wish, act.at));
  out.sight = co_await look(out.hosted);
  out.hosted = mtasts::note(out.hosted, out.sight, own_hosts(wish.domain), act.at);
  out.records = records_for(wish.domain);
  if (out.hosted.versions.back().policy.mx.empty()) {
    co_return fail(ErrorKind::denied, wish.domain.to_string() + " has no MX host here that a policy could name");
  }
  if (out.hosted.mode == types::StsPolicyMode::enforce && wish.kind != HostingWish::Kind::disable) {
    const auto obstacle = mtasts::enforce_obstacle(out.hosted.versions.back().policy, out.sight);
    if (obstacle) co_return fail(ErrorKind::denied, "mode enforce would stop mail: " + *obstacle);
  }
  out.step = mtasts::next_step(out.hosted, out.sight, settings_.times, act.at);
  out.findings = mtasts::findings_of(out.hosted, out.sight);
  if (doing == Doing::trying) co_return out;
  CO_TRY(const HostedPolicy wished, after(wish, act.at));  // of now: the look took its time
  if (!hosted_.contains(wish.domain)) {
    CO_TRY_VOID(co_await parts_.store.put(wished, std::nullopt, std::string()));
    remember(wished);
  }
  const Change apply = [this, &wished, &out, &act](HostedPolicy& one) {
    one.mode = wished.mode;
    one.max_age = wished.max_age;
    one.also = wished.also;
    one.withdrawn = wished.withdrawn;
    one.record_removed = wished.record_removed;
    one = mtasts::note(one, out.sight, own_hosts(one.domain), act.at);
  };
  const std::string action = action_of(wish.kind);
  CO_TRY_VOID(co_await change(wish.domain, apply, act, action));
  co_return co_await look_at(wish.domain);
}

io::Task<bool> PolicyHost::look_in_turn(types::DomainName domain) {
  const auto looked = co_await look_at(domain);
  if (!looked && hosted_.contains(domain)) {
    parts_.log.event(events::step_failed, {{"domain", domain.to_string()}, {"step", "look"}, {"why", looked.error().what}});
    seen_[domain].due = parts_.clock.now() + settings_.in_motion;
  }
  co_return true;
}

/// The name that owners point theirs to.
io::Task<> PolicyHost::publish_host() {
  const types::RrSet v4 = address_set(settings_.host, RecordType::a, settings_.addresses);
  const types::RrSet v6 = address_set(settings_.host, RecordType::aaaa, settings_.addresses);
  auto published = co_await parts_.publish(v4);
  if (published) published = co_await parts_.publish(v6);
  host_published_ = published.has_value();
  host_due_ = parts_.clock.now() + settings_.in_motion;
  if (published) co_return;
  parts_.log.event(events::step_failed, {{"domain", settings_.host.to_string()}, {"step", "addresses"}, {"why", published.error().what}});
}

io::Task<> PolicyHost::watch() {
  while (true) {
    const auto loaded = co_await load();
    if (loaded) break;
    parts_.log.event(events::cannot_load, {{"why", loaded.error().what}});
    co_await parts_.clock.sleep_for(settings_.in_motion);
  }
  while (true) {
    const Instant now = parts_.clock.now();
    const bool host_is_due = !host_published_ && !hosted_.empty() && host_due_ <= now;
    if (host_is_due) co_await publish_host();
    std::vector<io::Task<bool>> round;
    for (const auto& [domain, hosted] : hosted_) {
      if (round.size() == looks_at_once) break;
      if (seen_[domain].due <= now) round.push_back(look_in_turn(domain));
    }
    const bool idle = round.empty();
    if (!idle) co_await io::together(std::move(round));
    if (idle) co_await parts_.clock.sleep_for(std::min<Duration>(between_rounds, settings_.in_motion));
  }
}

}  // namespace danewerk::service
