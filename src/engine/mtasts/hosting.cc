#include "engine/mtasts/hosting.h"

#include <algorithm>

namespace danewerk::mtasts {
namespace {

using types::HostedPolicy;
using types::PolicyVersion;
using types::StsMxPattern;
using types::StsPolicy;
using types::StsPolicyMode;

/// "20261127150405123": letters and digits only, and never the same twice for a domain, for versions begin one after the other.
std::string id_at(Instant at) {
  const std::string text = to_rfc3339(std::chrono::floor<std::chrono::seconds>(at));
  std::string out;
  for (const char c : text) {
    if (c >= '0' && c <= '9') out += c;
  }
  const auto rest = (at - std::chrono::floor<std::chrono::seconds>(at)).count();
  const std::string digits = std::to_string(rest);
  return out + std::string(3 - digits.size(), '0') + digits;
}

void add_once(std::vector<StsMxPattern>& patterns, const StsMxPattern& one) {
  if (std::find(patterns.begin(), patterns.end(), one) == patterns.end()) patterns.push_back(one);
}

/// True where a cache may still hold an MX record that the pattern stands for.
bool is_named(const HostedPolicy& hosted, const StsMxPattern& pattern, Instant now) {
  return std::any_of(hosted.mx.begin(), hosted.mx.end(), [&](const types::NamedMx& one) { return one.until > now && pattern.matches(one.host); });
}

void note_mx(HostedPolicy& hosted, const HostingSight& sight, Instant now) {
  if (!sight.mx) return;  // what was seen before counts on: doubt removes nothing
  const Duration lasts = std::max<Duration>(std::chrono::seconds(sight.mx_ttl.count()), least_overlap);
  for (const types::DomainName& host : *sight.mx) {
    const auto known = std::find_if(hosted.mx.begin(), hosted.mx.end(), [&host](const auto& one) { return one.host == host; });
    if (known == hosted.mx.end()) hosted.mx.push_back({host, now + lasts});
    else known->until = std::max(known->until, now + lasts);
  }
  std::erase_if(hosted.mx, [now](const types::NamedMx& one) { return one.until <= now; });
  std::sort(hosted.mx.begin(), hosted.mx.end(), [](const auto& a, const auto& b) { return a.host < b.host; });
}

Instant ends_at(const HostedPolicy& hosted, std::size_t index) {
  return hosted.versions[index + 1].since + hosted.versions[index].policy.max_age;
}

void drop_forgotten(HostedPolicy& hosted, Instant now) {
  std::vector<PolicyVersion> kept;
  for (std::size_t i = 0; i < hosted.versions.size(); ++i) {
    if (i + 1 == hosted.versions.size() || ends_at(hosted, i) > now) kept.push_back(hosted.versions[i]);
  }
  hosted.versions = std::move(kept);
}

HostingStep rest(Instant when, std::string why) { return {HostingAct::rest, when, std::move(why), false}; }

/// Nobody was ever told, and nobody can have fetched anything.
bool never_seen(const HostedPolicy& hosted) {
  return std::none_of(hosted.versions.begin(), hosted.versions.end(), [](const PolicyVersion& v) { return v.fetched || v.announced; });
}

HostingStep leaving_step(const HostedPolicy& hosted, const HostingTimes& times, Instant now) {
  if (hosted.record_removed) {
    const Instant gone = *hosted.record_removed + std::chrono::seconds(times.record_ttl.count());
    if (now >= gone) return {HostingAct::forget, now, "no resolver remembers the record any more", false};
    return rest(gone, "resolvers may remember the record until " + to_rfc3339(gone));
  }
  if (never_seen(hosted)) return {HostingAct::unannounce, now, "no sender has ever seen a policy from here", false};
  if (!hosted.versions.back().announced) return {HostingAct::announce, now, "senders are told that the policy is mode none now", false};
  const Instant gone = free_at(hosted, now);
  if (now >= gone) return {HostingAct::unannounce, now, "every policy that was served has run out", false};
  return rest(gone, "senders may hold an earlier policy until " + to_rfc3339(gone) + "; leave the owner's records as they are until then");
}

bool covers(const StsPolicy& policy, const types::DomainName& host) { return policy.names(host); }

}  // namespace

std::string text_of(const StsPolicy& policy) {
  std::string out = "version: STSv1\nmode: " + std::string(to_string(policy.mode)) + "\n";
  for (const StsMxPattern& pattern : policy.mx) out += "mx: " + pattern.to_string() + "\n";
  return out + "max_age: " + std::to_string(policy.max_age.count()) + "\n";
}

std::string record_of(const std::string& id) { return "v=STSv1; id=" + id + ";"; }

const char* to_string(HostingAct act) noexcept {
  switch (act) {
    case HostingAct::certify: return "certify";
    case HostingAct::announce: return "announce";
    case HostingAct::unannounce: return "unannounce";
    case HostingAct::forget: return "forget";
    case HostingAct::rest: return "rest";
  }
  return "rest";
}

StsPolicy wanted_policy(const HostedPolicy& hosted, const std::vector<StsMxPattern>& own, Instant now) {
  StsPolicy out;
  out.mode = hosted.withdrawn ? StsPolicyMode::none : hosted.mode;
  out.max_age = hosted.withdrawn ? leaving_max_age : hosted.max_age;
  for (const StsMxPattern& one : own) add_once(out.mx, one);
  for (const StsMxPattern& one : hosted.also) add_once(out.mx, one);
  if (!hosted.versions.empty()) {  // STS-P5: what was named stays while an MX record may name it
    for (const StsMxPattern& one : hosted.versions.back().policy.mx) {
      if (is_named(hosted, one, now)) add_once(out.mx, one);
    }
  }
  std::sort(out.mx.begin(), out.mx.end());
  return out;
}

HostedPolicy note(HostedPolicy hosted, const HostingSight& sight, const std::vector<StsMxPattern>& own, Instant now) {
  note_mx(hosted, sight, now);
  const StsPolicy wanted = wanted_policy(hosted, own, now);
  if (hosted.versions.empty() || hosted.versions.back().policy != wanted) {
    Instant since = now;
    if (!hosted.versions.empty()) since = std::max(since, hosted.versions.back().since + std::chrono::milliseconds(1));
    hosted.versions.push_back({id_at(since), wanted, since, std::nullopt, std::nullopt});
  }
  PolicyVersion& last = hosted.versions.back();
  if (!last.fetched && sight.shown && *sight.shown == last.policy) last.fetched = now;
  drop_forgotten(hosted, now);
  return hosted;
}

Instant free_at(const HostedPolicy& hosted, Instant now) {
  Instant out = now;
  for (std::size_t i = 0; i + 1 < hosted.versions.size(); ++i) out = std::max(out, ends_at(hosted, i));  // STS-P3: of all, not of the last
  return out;
}

std::string describe_held(const std::vector<HostedPolicy>& hosted, Instant now) {
  constexpr std::size_t most_names = 3;
  std::string names;
  std::size_t count = 0, enforced = 0;
  Instant until = now;
  for (const HostedPolicy& one : hosted) {
    if (one.versions.empty()) continue;
    const auto is_enforced = [](const PolicyVersion& version) { return version.policy.mode == StsPolicyMode::enforce; };
    if (++count <= most_names) names += (count > 1 ? ", " : "") + one.domain.to_string();
    if (std::any_of(one.versions.begin(), one.versions.end(), is_enforced)) ++enforced;  // a text of before may be held as well
    until = std::max({until, now + one.versions.back().policy.max_age, free_at(one, now)});
  }
  if (count == 0) return {};
  return "MTA-STS policies are hosted for " + std::to_string(count) + (count == 1 ? " domain (" : " domains (") + names + (count > most_names ? ", ..." : "") +
         "), " + std::to_string(enforced) + " in mode enforce; senders may hold them until " + to_rfc3339(std::chrono::floor<std::chrono::seconds>(until));
}

HostingStep next_step(const HostedPolicy& hosted, const HostingSight& sight, const HostingTimes& times, Instant now) {
  const Instant later = now + std::chrono::hours(1);
  if (hosted.withdrawn) return leaving_step(hosted, times, now);
  const PolicyVersion& last = hosted.versions.back();
  const std::string host = "mta-sts." + hosted.domain.to_string();
  if (sight.leads != HostingSight::Leads::here) return rest(later, host + " does not lead here: " + sight.leads_detail);
  if (!sight.has_certificate) return {HostingAct::certify, now, "a certificate is asked for " + host, false};
  if (!last.fetched) {  // STS-P1
    const std::string why = !sight.shown_fault.empty() ? sight.shown_fault : "what is fetched there is another text";
    return rest(later, "the policy must be seen from outside before it is announced: " + why);
  }
  if (!last.announced) return {HostingAct::announce, now, "the text is served; its id goes into our zone", false};
  if (sight.id_shown == last.id) return {HostingAct::rest, later, "senders see it", true};
  const std::string seen = sight.id_shown ? "id " + *sight.id_shown : sight.record_note;
  return rest(later, "_mta-sts." + hosted.domain.to_string() + " does not show id " + last.id + " yet: " + seen);
}

std::vector<types::Finding> findings_of(const HostedPolicy& hosted, const HostingSight& sight) {
  std::vector<types::Finding> out;
  if (hosted.versions.empty() || hosted.withdrawn) return out;
  const StsPolicy& policy = hosted.versions.back().policy;
  const bool enforced = policy.mode == StsPolicyMode::enforce;
  const types::Severity bad = enforced ? types::Severity::error : types::Severity::warning;
  const std::string domain = hosted.domain.to_string();
  if (sight.mx) {
    for (const types::DomainName& host : *sight.mx) {
      if (covers(policy, host)) continue;
      out.push_back({bad, "mta-sts.mx-not-named", domain, "the MX record names " + host.to_string() + ", the policy does not",
                     "Take it out of the MX records, or name it: `danewerk mta-sts set-mode " + domain + " " + to_string(policy.mode) + " --mx " +
                         host.to_string() + "`.", types::Party::owner});
    }
  }
  if (sight.enforce_fault && policy.mode != StsPolicyMode::none) {
    out.push_back({bad, "mta-sts.certificate-not-public", domain, "senders that go by the policy would not accept our MX hosts: " + *sight.enforce_fault,
                   "Set certificates.source to \"acme\" or \"files\" (docs/operate/certificates.md); `danewerk certificate list` shows what serves.",
                   types::Party::us});
  }
  const bool was_live = std::any_of(hosted.versions.begin(), hosted.versions.end(), [](const PolicyVersion& v) { return v.announced.has_value(); });
  if (was_live && sight.leads == HostingSight::Leads::elsewhere) {
    out.push_back({types::Severity::warning, "mta-sts.host-moved", domain, "mta-sts." + domain + " does not lead here any more: " + sight.leads_detail,
                   "Put the record back, or take the policy away in order: `danewerk mta-sts disable " + domain + "`.", types::Party::owner});
  } else if (was_live && !sight.shown && !sight.shown_fault.empty()) {
    out.push_back({types::Severity::warning, "mta-sts.not-served", domain, "the policy cannot be fetched: " + sight.shown_fault,
                   "Senders go on with what they hold; look at https.listen, the firewall and `danewerk certificate list`.", types::Party::us});
  }
  return out;
}

std::optional<std::string> enforce_obstacle(const StsPolicy& wanted, const HostingSight& sight) {
  if (sight.enforce_fault) return "senders that ask for a public certificate would not accept our MX hosts: " + *sight.enforce_fault;
  if (!sight.mx) return "the MX records could not be looked up, so nobody knows whether the policy names them all";
  for (const types::DomainName& host : *sight.mx) {
    if (!covers(wanted, host)) return "the MX record names " + host.to_string() + ", which the policy would not";
  }
  return std::nullopt;
}

}  // namespace danewerk::mtasts
