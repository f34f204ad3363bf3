#include "engine/lifecycle/status.h"

#include <algorithm>

#include "engine/lifecycle/checks.h"
#include "engine/lifecycle/tlsa_view.h"

namespace danewerk::lifecycle {
namespace {

using types::DomainFacts;
using Place = MxView::Place;

FeatureState dane_state(const DomainFacts& facts) {
  if (!facts.dane.is_on()) return FeatureState::disabled;
  return facts.dane_live ? FeatureState::enabled : FeatureState::pending;
}

/// Right after something was asked for, the zone and the caches need their time: what is not there yet is not missing, and nobody is to
/// be alarmed by it.
bool is_on_its_way(const types::Finding& one, const DomainFacts& facts, Instant now) {
  constexpr Duration time_to_appear = std::chrono::hours(1);
  const bool not_there = one.code == "tlsa.missing" || one.code == "host.missing";
  const types::MaybeInstant asked = std::max(facts.dnssec.asked, facts.dane.asked);
  return not_there && !facts.dane_live && now - *asked < time_to_appear;
}

void calm(Check& check, const DomainFacts& facts, Instant now) {
  bool any = false;
  for (types::Finding& one : check.findings) {
    if (!is_on_its_way(one, facts, now)) continue;
    one.severity = types::Severity::notice;
    any = true;
  }
  const bool failed = std::any_of(check.findings.begin(), check.findings.end(), [](const auto& one) { return one.severity == types::Severity::error; });
  if (any && check.state == CheckState::failed && !failed) check.state = CheckState::noted;
}

Standing standing_of(const DomainFacts& facts, const MxView& mx, const DomainStatus& status) {
  if (facts.quarantined) return Standing::quarantined;
  if (!facts.verified) return Standing::unverified;
  if (!facts.dnssec.is_on()) return Standing::prepared;
  const bool named = mx.is_known() ? mx.names_us() : facts.mx_here.has_value();
  if (!named) return facts.mx_here || facts.mx_elsewhere ? Standing::faulty : Standing::awaiting_mx;
  if (mx.place == Place::behind) return Standing::moving;
  if (!facts.dane.is_on()) return Standing::moved;
  if (status.has(types::Severity::error)) return Standing::faulty;
  return facts.dane_live ? Standing::healthy : Standing::dane_pending;
}

NextStep step(StepName name, std::string what, std::string command = {}) { return {name, std::move(what), std::move(command), {}, {}, {}}; }

/// Before the MX names us: make the way back short, then put ours beside the others.
NextStep step_to_mx(const DomainFacts& facts, const MxView& mx, const Expectation& expected) {
  if (mx.place == Place::elsewhere && mx.ttl > short_ttl && !facts.mx_here) {
    NextStep out = step(StepName::lower_ttl, "Lower the TTL of the MX records to " + std::to_string(short_ttl.count())
        + " s before the move, so that the way back is short; "
                        "or leave it, and the move and any way back take " + std::to_string(mx.ttl.count()) + " s.");
    for (const std::string& line : mx.others) {
      std::string shorter = line;
      const std::string from = " " + std::to_string(mx.ttl.count()) + " IN ";
      if (const auto at = shorter.find(from); at != std::string::npos) shorter.replace(at, from.size(), " " + std::to_string(short_ttl.count()) + " IN ");
      out.publish.push_back(shorter);
    }
    out.remove = mx.others;
    out.publish.push_back(mx_record(expected, short_ttl));
    return out;
  }
  NextStep out = step(StepName::add_mx, "Publish the MX record. Keep the old hosts running: senders that remember the old record use them until its "
      "TTL is over.");
  out.publish.push_back(mx_record(expected, mx.ttl > Ttl{0} ? std::min(mx.ttl, short_ttl) : short_ttl));
  if (mx.place == Place::null) out.remove = mx.lines;
  return out;
}

NextStep step_with_mx(const DomainFacts& facts, const MxView& mx, const Expectation& expected) {
  if (mx.place == Place::behind) {
    NextStep out = step(StepName::prefer_mx, "Give our host a lower number than every other host.");
    out.publish.push_back(mx_record(expected, short_ttl));
    return out;
  }
  if (!facts.dane.is_on()) return step(StepName::enable_dane, "Switch DANE on.", "danewerk domain enable-dane " + expected.domain.to_string());
  if (!facts.dane_live) {
    return step(StepName::wait_for_dane, "Nothing to do: the TLSA record has to be seen everywhere and each address probed.",
                "danewerk domain status " + expected.domain.to_string());
  }
  if (mx.place == Place::first) {
    NextStep out = step(StepName::remove_others, "Remove the other MX records, and keep those hosts running until senders have forgotten them.");
    out.remove = mx.others;
    if (facts.mx_here) out.when = *facts.mx_here + std::chrono::seconds(std::max(facts.mx_ttl, mx.ttl).count());
    return out;
  }
  return step(StepName::none, "Nothing to do; it is looked at again and again.");
}

NextStep next_step(const DomainFacts& facts, const MxView& mx, const Expectation& expected, const DomainStatus& status) {
  const std::string name = expected.domain.to_string();
  if (!facts.verified || facts.quarantined) {
    std::string what = "Publish the TXT record in the domain's own zone, then verify.";
    if (facts.quarantined) {
      what += " Its token is new since the quarantine began, and an MX that leads here does not suffice. If the name is somebody else's now, remove the "
              "domain and add it for him.";
    }
    NextStep out = step(StepName::verify, std::move(what), "danewerk domain verify " + name);
    out.publish.push_back(control_record(expected.domain, facts.token));
    return out;
  }
  if (expected.host.is_root()) return step(StepName::none, "There is no MX zone here (zone.name), so there is nothing to publish for the domain.");
  if (!facts.dnssec.is_on()) return step(StepName::enable_dnssec, "Create its MX host in the signed zone.", "danewerk domain enable-dnssec " + name);
  if (status.standing == Standing::faulty && mx.names_us() && mx.place != Place::behind) {
    for (const Check& check : status.checks) {
      for (const types::Finding& one : check.findings) {
        if (one.severity == types::Severity::error) return step(StepName::repair, one.evidence + ". " + one.remedy);
      }
    }
  }
  if (!mx.is_known()) return step(StepName::repair, "The MX could not be looked up; see what was found.");
  if (mx.place == Place::elsewhere && mx.by_alias) {
    NextStep out = step(StepName::add_mx, "Name our host itself in the MX record.");
    out.publish.push_back(mx_record(expected));
    out.remove = mx.others;
    return out;
  }
  return mx.names_us() ? step_with_mx(facts, mx, expected) : step_to_mx(facts, mx, expected);
}

Check skipped(CheckName name) { return {name, CheckState::skipped, "skipped as asked", {}}; }

}  // namespace

bool DomainStatus::has(types::Severity at_least) const {
  return std::any_of(checks.begin(), checks.end(), [at_least](const Check& check) {
    return std::any_of(check.findings.begin(), check.findings.end(), [at_least](const types::Finding& one) { return one.severity >= at_least; });
  });
}

const types::Finding* DomainStatus::find(std::string_view code) const {
  for (const Check& check : checks) {
    for (const types::Finding& one : check.findings) {
      if (one.code == code) return &one;
    }
  }
  return nullptr;
}

DomainStatus status(const DomainFacts& facts, const types::DomainSight& sight, const types::ProbeSight* probe, const Expectation& expected,
                    const Skips& skips, Instant now) {
  DomainStatus out;
  const MxView mx = view_mx(expected, sight);
  out.dnssec = facts.dnssec.is_on() ? FeatureState::enabled : FeatureState::disabled;
  out.dane = dane_state(facts);
  if (!expected.host.is_root()) out.expected_mx = mx_record(expected);
  out.actual_mx = mx.lines;
  if (mx.is_known()) out.mx_ttl = mx.ttl;
  out.checks.push_back(check_control(facts, sight, expected));
  out.checks.push_back(skips.dns ? skipped(CheckName::dnssec) : check_dnssec(sight, expected));
  out.checks.push_back(skips.mx ? skipped(CheckName::mx) : check_mx(mx, sight, expected));
  if (facts.dnssec.is_on()) {
    out.checks.push_back(skips.dns ? skipped(CheckName::host) : check_host(sight, expected));
    out.checks.push_back(skips.dns ? skipped(CheckName::tlsa) : check_tlsa(facts, sight, probe, expected));
    out.checks.push_back(check_certificates(probe, expected, now));
  }
  out.checks.push_back(skips.mta_sts ? skipped(CheckName::mta_sts) : check_mta_sts(sight, expected));
  out.checks.push_back(skips.dns ? skipped(CheckName::tls_rpt) : check_tls_rpt(sight, expected));
  for (Check& check : out.checks) calm(check, facts, now);
  out.standing = standing_of(facts, mx, out);
  out.next = next_step(facts, mx, expected, out);
  return out;
}

const char* to_string(CheckName name) noexcept {
  switch (name) {
    case CheckName::control: return "control";
    case CheckName::dnssec: return "dnssec";
    case CheckName::mx: return "mx";
    case CheckName::host: return "host";
    case CheckName::tlsa: return "tlsa";
    case CheckName::certificate: return "certificate";
    case CheckName::mta_sts: return "mta-sts";
    case CheckName::tls_rpt: return "tls-rpt";
  }
  return "";
}

const char* to_string(CheckState state) noexcept {
  switch (state) {
    case CheckState::passed: return "passed";
    case CheckState::noted: return "noted";
    case CheckState::warned: return "warned";
    case CheckState::failed: return "failed";
    case CheckState::unknown: return "unknown";
    case CheckState::skipped: return "skipped";
  }
  return "unknown";
}

const char* to_string(FeatureState state) noexcept {
  switch (state) {
    case FeatureState::disabled: return "disabled";
    case FeatureState::pending: return "pending";
    case FeatureState::enabled: return "enabled";
  }
  return "unknown";
}

const char* to_string(Standing standing) noexcept {
  switch (standing) {
    case Standing::unverified: return "unverified";
    case Standing::prepared: return "prepared";
    case Standing::awaiting_mx: return "awaiting-mx";
    case Standing::moving: return "moving";
    case Standing::moved: return "moved";
    case Standing::dane_pending: return "dane-pending";
    case Standing::healthy: return "healthy";
    case Standing::faulty: return "faulty";
    case Standing::quarantined: return "quarantined";
  }
  return "unknown";
}

const char* to_string(StepName step) noexcept {
  switch (step) {
    case StepName::none: return "none";
    case StepName::verify: return "verify";
    case StepName::enable_dnssec: return "enable-dnssec";
    case StepName::lower_ttl: return "lower-ttl";
    case StepName::add_mx: return "add-mx";
    case StepName::prefer_mx: return "prefer-mx";
    case StepName::enable_dane: return "enable-dane";
    case StepName::wait_for_dane: return "wait-for-dane";
    case StepName::remove_others: return "remove-others";
    case StepName::repair: return "repair";
  }
  return "none";
}

}  // namespace danewerk::lifecycle
