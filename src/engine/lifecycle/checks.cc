#include "engine/lifecycle/checks.h"

#include <algorithm>
#include <set>

#include "engine/lifecycle/finding_kinds.h"
#include "engine/lifecycle/tlsa_view.h"

namespace danewerk::lifecycle {
namespace {

using types::DnssecStatus;
using types::Finding;
using types::Lookup;
using types::LookupErrorKind;
using types::ProbeEnd;
using types::RecordType;
using types::Severity;

constexpr Duration certificate_warning = std::chrono::hours(24 * 14);

Finding finding(std::string_view code, const std::string& subject, std::string evidence, std::string record = {}) {
  const FindingKind& kind = finding_kind(code);
  return {kind.severity, std::string(code), subject, std::move(evidence), std::string(kind.remedy), kind.whose, std::move(record)};
}

Check concluded(CheckName name, std::string what, std::vector<Finding> findings, CheckState otherwise = CheckState::passed) {
  CheckState state = otherwise;
  for (const Finding& one : findings) {
    const CheckState by_it = one.severity == Severity::error ? CheckState::failed : one.severity == Severity::warning ? CheckState::warned
        : CheckState::noted;
    if (state == CheckState::passed || (state != CheckState::unknown && by_it > state)) state = by_it;
  }
  return {name, state, std::move(what), std::move(findings)};
}

/// What stands behind an answer that could not be had: ours, the zone's signatures, or its servers.
Check unanswered(CheckName name, const types::LookupError& error, const types::DnsQuestion& question, std::string_view bogus, std::string_view silent) {
  const bool names_it = error.what.starts_with(question.to_string());
  std::string evidence = names_it ? error.what : question.to_string() + ": " + error.what;
  for (const types::ExtendedError& one : error.extended_errors) {
    if (evidence.find(one.to_string()) == std::string::npos) evidence += "; EDE " + one.to_string();
  }
  const std::string what = "could not be looked up";
  if (error.is_our_fault()) return concluded(name, what, {finding("resolver.unfit", question.name.to_string(), evidence)}, CheckState::unknown);
  if (error.kind == LookupErrorKind::bogus) return concluded(name, "fails DNSSEC validation", {finding(bogus, question.name.to_string(), evidence)});
  return concluded(name, what, {finding(silent, question.name.to_string(), evidence)}, CheckState::unknown);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "; ") + line;
  return out;
}

std::string place_of(const types::Probe& probe) {
  return "[" + probe.address.to_string() + "], a client that verifies only " + types::to_string(probe.algorithm) + ", " + types::to_string(probe.server_name);
}

}  // namespace

Check check_control(const types::DomainFacts& facts, const types::DomainSight& sight, const Expectation& expected) {
  const std::string name = expected.domain.to_string();
  if (facts.quarantined) {
    const std::string record = control_record(expected.domain, facts.token);
    const std::string since = "in quarantine since " + to_rfc3339(*facts.quarantined);
    std::vector<Finding> findings{finding("control.quarantined", name, since + ", and its TXT record was not seen", record)};
    if (facts.mx_here) findings.push_back(finding("control.returned", name, "its MX leads here again since " + to_rfc3339(*facts.mx_here), record));
    return concluded(CheckName::control, since, std::move(findings));
  }
  if (facts.verified) {
    std::string what = std::string("proven ") + to_rfc3339(*facts.verified) + " (" + types::to_string(facts.proof) + ")";
    if (facts.control_confirmed) what += ", last seen " + to_rfc3339(*facts.control_confirmed);
    return concluded(CheckName::control, what, {});
  }
  const types::DomainName owner = control_owner(expected.domain);
  const Lookup* txt = sight.find(owner, RecordType::txt);
  if (txt != nullptr && !txt->has_value()) return unanswered(CheckName::control, txt->error(), {owner, RecordType::txt}, "zone.bogus", "zone.unanswered");
  std::string evidence = owner.to_string() + " TXT: no record";
  if (txt != nullptr && !(*txt)->value.records.empty()) {
    evidence = owner.to_string() + " TXT holds another text";
    for (const auto& one : (*txt)->value.all<types::TxtRecord>()) evidence += ", \"" + one.joined() + "\"";
  }
  return concluded(CheckName::control, "not proven", {finding("control.unproven", name, evidence, control_record(expected.domain, facts.token))});
}

Check check_dnssec(const types::DomainSight& sight, const Expectation& expected) {
  const types::DnsQuestion question{expected.domain, RecordType::mx};
  const Lookup* mx = sight.find(expected.domain, RecordType::mx);
  if (mx == nullptr) return {CheckName::dnssec, CheckState::skipped, "not looked at", {}};
  if (!mx->has_value()) return unanswered(CheckName::dnssec, mx->error(), question, "zone.bogus", "zone.unanswered");
  if ((*mx)->status == DnssecStatus::secure) return concluded(CheckName::dnssec, "the domain's zone is signed, and its MX answer validates", {});
  return concluded(CheckName::dnssec, "the domain's zone is not signed",
                   {finding("zone.unsigned", expected.domain.to_string(), question.to_string() + " is answered, provably without signatures")});
}

Check check_mx(const MxView& view, const types::DomainSight& sight, const Expectation& expected) {
  const std::string name = expected.domain.to_string();
  const Lookup* mx = sight.find(expected.domain, RecordType::mx);
  if (expected.host.is_root() || mx == nullptr) return {CheckName::mx, CheckState::skipped, "not looked at", {}};
  if (!mx->has_value()) return unanswered(CheckName::mx, mx->error(), {expected.domain, RecordType::mx}, "zone.bogus", "zone.unanswered");
  const std::string record = mx_record(expected);
  const std::string seen = joined(view.lines);
  std::vector<Finding> findings;
  std::string what = "the MX names our host and no other";
  switch (view.place) {
    case MxView::Place::missing:
      what = "there is no MX";
      findings.push_back(finding("mx.missing", name, "no MX record", record));
      break;
    case MxView::Place::null:
      what = "there is a null MX";
      findings.push_back(finding("mx.null", name, seen, record));
      break;
    case MxView::Place::elsewhere:
      what = "the MX does not name our host";
      if (view.by_alias) {
        findings.push_back(finding("mx.alias", name, view.alias + " leads to our host or to our addresses; seen: " + seen, record));
      } else {
        findings.push_back(finding("mx.elsewhere", name, seen, record));
      }
      break;
    case MxView::Place::behind:
      what = "another host is preferred to ours, or equal";
      findings.push_back(finding("mx.not-first", name, seen, record));
      break;
    case MxView::Place::first:
      what = "our host is preferred, and others stand behind it";
      findings.push_back(finding("mx.fallback", name, "beside ours: " + joined(view.others)));
      break;
    case MxView::Place::alone:
    case MxView::Place::unknown: break;
  }
  if (!view.unreadable.empty()) findings.push_back(finding("mx.unreadable", name, joined(view.unreadable)));
  return concluded(CheckName::mx, what, std::move(findings));
}

Check check_host(const types::DomainSight& sight, const Expectation& expected) {
  const Lookup* a = sight.find(expected.host, RecordType::a);
  const Lookup* aaaa = sight.find(expected.host, RecordType::aaaa);
  if (a == nullptr || aaaa == nullptr) return {CheckName::host, CheckState::skipped, "not looked at", {}};
  std::set<types::IpAddress> seen;
  DnssecStatus weakest = DnssecStatus::secure;
  for (const auto& [lookup, type] : {std::pair{a, RecordType::a}, std::pair{aaaa, RecordType::aaaa}}) {
    if (!lookup->has_value()) return unanswered(CheckName::host, lookup->error(), {expected.host, type}, "host.bogus", "host.unanswered");
    if ((*lookup)->status != DnssecStatus::secure) weakest = (*lookup)->status;
    for (const auto& one : (*lookup)->value.all<types::IpAddress>()) seen.insert(one);
  }
  std::string text;
  for (const auto& one : seen) text += (text.empty() ? "" : ", ") + one.to_string();
  const std::string name = expected.host.to_string();
  std::vector<Finding> findings;
  const bool all = std::all_of(expected.addresses.begin(), expected.addresses.end(), [&seen](const auto& one) { return seen.count(one) > 0; });
  if (!all || seen.size() > expected.addresses.size()) findings.push_back(finding("host.missing", name, "seen: " + (text.empty() ? "no address" : text)));
  if (weakest != DnssecStatus::secure) findings.push_back(finding("host.insecure", name, name + " is answered " + types::to_string(weakest)));
  return concluded(CheckName::host, "our host has " + (text.empty() ? std::string("no address") : text), std::move(findings));
}

namespace {

/// One finding for each fault, however many probes showed it.
void add_probe_findings(std::vector<Finding>& out, const types::ProbeSight& sight, bool dane) {
  const auto add = [&](std::string_view code, const std::string& address, const std::string& evidence) {
    const auto same = [&](const Finding& one) { return one.code == code && one.subject == address; };
    const auto found = std::find_if(out.begin(), out.end(), same);
    if (found == out.end()) {
      out.push_back(finding(code, address, evidence));
    } else if (found->evidence.size() < 600) {
      found->evidence += "; " + evidence;
    }
  };
  for (const types::Probe& probe : sight.probes) {
    const std::string address = probe.address.to_string();
    switch (probe.end) {
      case ProbeEnd::shook_hands:
        if (dane && probe.verdict && !probe.verdict->is_authenticated()) add("tlsa.mismatch", address, place_of(probe) + ": " + probe.verdict->to_string());
        break;
      case ProbeEnd::no_such_key: break;
      case ProbeEnd::no_starttls: add("probe.no-starttls", address, place_of(probe) + ": " + probe.detail); break;
      case ProbeEnd::handshake_failed: add("probe.failed", address, place_of(probe) + ": " + probe.detail); break;
      case ProbeEnd::not_connected:
      case ProbeEnd::filtered:
      case ProbeEnd::smtp_failed: add("probe.unreachable", address, probe.detail); break;
    }
  }
}

}  // namespace

Check check_tlsa(const types::DomainFacts& facts, const types::DomainSight& sight, const types::ProbeSight* probe, const Expectation& expected) {
  const Lookup* tlsa = host_tlsa(expected, sight);
  if (tlsa == nullptr) return {CheckName::tlsa, CheckState::skipped, "not looked at", {}};
  const types::DnsQuestion question{expected.host.prefixed("_25._tcp"), RecordType::tlsa};
  if (!tlsa->has_value()) return unanswered(CheckName::tlsa, tlsa->error(), question, "host.bogus", "host.unanswered");
  std::vector<Finding> findings;
  std::string what;
  const auto records = (*tlsa)->value.all<types::TlsaRecord>();
  for (const auto& one : records) what += (what.empty() ? "" : ", ") + one.to_string();
  if (!facts.dane.is_on()) {
    if (!records.empty()) findings.push_back(finding("tlsa.present", expected.host.to_string(), what));
    return concluded(CheckName::tlsa, records.empty() ? "DANE is off, and there is no TLSA record" : "DANE is off; seen: " + what, std::move(findings));
  }
  if (records.empty()) findings.push_back(finding("tlsa.missing", expected.host.to_string(), question.to_string() + ": no record"));
  if (!records.empty() && (*tlsa)->status != DnssecStatus::secure) {
    findings.push_back(finding("host.insecure", expected.host.to_string(), question.to_string() + " is answered " + types::to_string((*tlsa)->status)));
  }
  if (probe != nullptr) add_probe_findings(findings, *probe, true);
  return concluded(CheckName::tlsa, records.empty() ? "there is no TLSA record" : "TLSA " + what, std::move(findings),
                   probe == nullptr && findings.empty() ? CheckState::unknown : CheckState::passed);
}

Check check_certificates(const types::ProbeSight* probe, const Expectation& expected, Instant now) {
  if (probe == nullptr) return {CheckName::certificate, CheckState::skipped, "not probed", {}};
  std::vector<Finding> findings;
  std::set<std::string> told;
  std::string what;
  for (const types::Probe& one : probe->probes) {
    if (one.chain.empty() || !told.insert(one.chain.front().sha256).second) continue;
    const types::CertificateInfo& leaf = one.chain.front();
    const std::string evidence = leaf.key_algorithm + " certificate " + leaf.subject + " ends " + to_rfc3339(leaf.not_after);
    what += (what.empty() ? "" : "; ") + evidence;
    if (leaf.not_after <= now) {
      findings.push_back(finding("certificate.expired", expected.host.to_string(), evidence));
    } else if (leaf.not_after - now < certificate_warning) {
      findings.push_back(finding("certificate.expiring", expected.host.to_string(), evidence));
    }
  }
  return concluded(CheckName::certificate, what.empty() ? "none was presented" : what, std::move(findings), what.empty() ? CheckState::unknown
      : CheckState::passed);
}

Check check_mta_sts(const types::DomainSight& sight, const Expectation& expected) {
  const std::string name = expected.domain.to_string();
  if (!sight.sts || expected.host.is_root()) return {CheckName::mta_sts, CheckState::skipped, "not looked at", {}};
  const types::StsFact& sts = *sight.sts;
  if (sts.unknown) return concluded(CheckName::mta_sts, *sts.unknown, {}, CheckState::unknown);
  std::vector<Finding> findings;
  if (sts.fault && sts.record_id) findings.push_back(finding("sts.unavailable", name, std::string(types::to_string(sts.fault->failure)) + ": "
      + sts.fault->what));
  if (!sts.in_force || sts.in_force->policy.mode == types::StsPolicyMode::none) {
    if (findings.empty()) findings.push_back(finding("sts.absent", name, "_mta-sts." + name + ": " + (sts.record.empty() ? "no policy in force"
        : sts.record)));
    return concluded(CheckName::mta_sts, "no policy is in force", std::move(findings));
  }
  const types::StsPolicy& policy = sts.in_force->policy;
  const std::string what = std::string("mode ") + types::to_string(policy.mode) + ", id " + sts.in_force->id + ", until " + to_rfc3339(sts.in_force->expires);
  if (!policy.names(expected.host)) {
    std::string patterns;
    for (const auto& one : policy.mx) patterns += (patterns.empty() ? "" : ", ") + one.to_string();
    const bool enforced = policy.mode == types::StsPolicyMode::enforce;
    findings.push_back(finding(enforced ? "sts.host-not-named" : "sts.host-not-named-testing", name, what + ", names only " + patterns, "mx: "
        + expected.host.to_string()));
  }
  return concluded(CheckName::mta_sts, what, std::move(findings));
}

Check check_tls_rpt(const types::DomainSight& sight, const Expectation& expected) {
  constexpr std::string_view version = "v=TLSRPTv1;";
  const types::DomainName owner = expected.domain.prefixed("_smtp._tls");
  const Lookup* lookup = sight.find(owner, RecordType::txt);
  if (lookup == nullptr) return {CheckName::tls_rpt, CheckState::skipped, "not looked at", {}};
  if (!lookup->has_value()) return unanswered(CheckName::tls_rpt, lookup->error(), {owner, RecordType::txt}, "zone.bogus", "zone.unanswered");
  std::vector<std::string> texts;
  for (const auto& one : (*lookup)->value.all<types::TxtRecord>()) {
    if (one.joined().starts_with(version)) texts.push_back(one.joined());
  }
  const std::string record = tls_rpt_record(expected.domain);
  if (texts.empty()) return concluded(CheckName::tls_rpt, "no record", {finding("tlsrpt.absent", owner.to_string(), owner.to_string()
      + " TXT: no record", record)});
  const bool good = texts.size() == 1 && texts.front().find("rua=") != std::string::npos;
  if (!good) return concluded(CheckName::tls_rpt, joined(texts), {finding("tlsrpt.unreadable", owner.to_string(), joined(texts), record)});
  return concluded(CheckName::tls_rpt, texts.front(), {});
}

}  // namespace danewerk::lifecycle
