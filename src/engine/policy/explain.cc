#include "engine/policy/explain.h"

#include <algorithm>

#include "engine/policy/discovery.h"
#include "engine/policy/reading.h"

namespace danewerk::policy {
using namespace types;

namespace {

std::string record_text(const RecordData& data) {
  if (const auto* address = std::get_if<IpAddress>(&data)) return address->to_string();
  if (const auto* mx = std::get_if<MxRecord>(&data)) {
    return std::to_string(mx->preference) + " " + (mx->exchange ? mx->exchange->to_string() : mx->exchange_text);
  }
  if (const auto* tlsa = std::get_if<TlsaRecord>(&data)) return tlsa->to_string();
  if (const auto* name = std::get_if<NameRecord>(&data)) return name->target.to_string();
  return "(other data)";
}

QuestionView view(const DestinationFacts& facts, const DnsQuestion& question, const Rules& rules) {
  QuestionView out;
  out.question = question;
  out.state = "not asked";
  const Reading reading = read(facts, question, rules);
  if (reading.known == Known::failed) {
    const LookupEvidence& evidence = *reading.evidence;
    out.state = evidence.error ? to_string(evidence.error->kind) : to_string(evidence.status);
    out.note = evidence.error ? evidence.error->what : std::string{};
    for (const ExtendedError& extended : evidence.extended_errors) {
      out.note += (out.note.empty() ? "" : "; ") + extended.to_string();
    }
  }
  if (reading.known != Known::answered) return out;
  const Secured<DnsAnswer>& answer = *reading.answer;
  out.state = to_string(answer.status);
  out.ttl = answer.ttl;
  out.aliases = answer.value.aliases;
  for (const RecordData& data : answer.value.records) out.records.push_back(record_text(data));
  if (answer.value.existence == Existence::no_data) out.note = "no records";
  if (answer.value.existence == Existence::no_name) out.note = "no such name";
  for (const ExtendedError& extended : answer.extended_errors) {
    out.note += (out.note.empty() ? "" : "; ") + extended.to_string();
  }
  return out;
}

void add_path(HostView& host, const DestinationFacts& facts, const Rules& rules, const NamedHost& named, DaneMode mode) {
  const HostStage stage = read_host(facts, rules, named, mode);
  for (const DnsQuestion& question : stage.path) host.questions.push_back(view(facts, question, rules));
  if (!stage.tlsa) return;
  std::vector<dane::RecordFact> records;
  for (const TlsaRecord& record : stage.tlsa->records) {
    const auto known = facts.associations.find(record);
    records.push_back({record, known == facts.associations.end() ? AssociationData::digest : known->second});
  }
  host.tlsa = dane::select_records(records, rules.digest_order).records;
}

std::string age_text(Duration age) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(std::max(age, Duration{0})).count();
  if (minutes < 120) return std::to_string(minutes) + " min";
  return minutes < 2 * 24 * 60 ? std::to_string(minutes / 60) + " h" : std::to_string(minutes / (24 * 60)) + " d";
}

/// Which MTA-STS policy counts, where it comes from, and what the last look said.
std::vector<std::string> sts_lines(const StsFact& fact, Instant now) {
  std::vector<std::string> out;
  if (fact.unknown) out.push_back("MTA-STS: not known whether a policy is in force: " + *fact.unknown);
  if (const auto& in_force = fact.in_force) {
    std::string line = "MTA-STS: policy of " + fact.domain.to_string() + " in force, mode " + to_string(in_force->policy.mode) + ", mx";
    for (const StsMxPattern& pattern : in_force->policy.mx) line += " " + pattern.to_string();
    out.push_back(std::move(line));
    out.push_back(std::string("MTA-STS: ") + (in_force->source == StsSource::live ? "current" : "from the cache") + ", id " + in_force->id +
                  ", fetched " + age_text(now - in_force->fetched) + " ago, holds until " + to_rfc3339(in_force->expires));
  } else if (!fact.unknown) {
    out.push_back("MTA-STS: no policy of " + fact.domain.to_string() + " is in force");
  }
  if (!fact.record_id && !fact.record.empty()) out.push_back("MTA-STS: _mta-sts." + fact.domain.to_string() + " TXT: " + fact.record);
  if (fact.fault) out.push_back(std::string("MTA-STS: ") + to_string(fact.fault->failure) + ": " + fact.fault->what);
  return out;
}

std::string mx_conclusion(const DeliveryPlan& plan) {
  const std::string domain = plan.next_hop.to_string();
  if (plan.stop && plan.hops.empty() && plan.out.empty()) return plan.stop->sentence;
  switch (plan.mx) {
    case MxTrust::secure: return "signed: these are the hosts that " + domain + " names";
    case MxTrust::insecure:
      return "not signed: the hosts can be authenticated as themselves, never as those of " + domain;
    case MxTrust::not_used: return "no MX lookup: the host is named directly";
  }
  return {};
}

void print(std::string& out, const QuestionView& view, const std::string& indent) {
  out += indent + view.question.to_string() + "  " + view.state;
  if (view.ttl) out += ", TTL " + std::to_string(view.ttl->count()) + " s";
  out += "\n";
  for (const DomainName& alias : view.aliases) out += indent + "  alias of " + alias.to_string() + "\n";
  for (const std::string& record : view.records) out += indent + "  " + record + "\n";
  if (!view.note.empty()) out += indent + "  (" + view.note + ")\n";
}

void print(std::string& out, const HostView& host) {
  out += "\n" + host.host + " (preference " + std::to_string(host.preference) + ")\n";
  for (const QuestionView& question : host.questions) print(out, question, "  ");
  for (const dane::JudgedRecord& record : host.tlsa) {
    out += "  TLSA " + record.record.describe() + ": " + dane::to_string(record.use) + ", " + record.reason + "\n";
  }
  if (host.hop) {
    out += "  tried at";
    for (const IpAddress& address : host.hop->addresses) out += " " + Endpoint{address, host.hop->port}.to_string();
    out += "\n";
  }
  out += "  demand: " + host.demand + "\n  because " + host.because + "\n";
}

}  // namespace

namespace {

std::string certificate_sentence(const PkixTerms& terms) {
  std::string out = "a certificate that a trusted authority issued for";
  for (std::size_t i = 0; i < terms.names.size(); ++i) out += (i ? " or " : " ") + terms.names[i].to_string();
  for (std::size_t i = 0; i < terms.also.size(); ++i) out += (i ? " or " : " and for ") + terms.also[i].to_string();
  return out;
}

std::string sts_sentence(const Hop& hop) {
  switch (hop.sts) {
    case StsMatch::named_in_testing: return "; an MTA-STS policy names it, but in mode testing";
    case StsMatch::unnamed: return "; the MTA-STS policy of the domain does not name it";
    default: return {};
  }
}

}  // namespace

std::string demand_sentence(const Hop& hop) {
  std::string out;
  switch (hop.level) {
    case SecurityLevel::opportunistic: out = "TLS if the host offers it, clear text if not"; break;
    case SecurityLevel::encrypted: out = "TLS, never clear text; nobody is authenticated"; break;
    case SecurityLevel::verified: out = "TLS, and " + certificate_sentence(*hop.pkix); break;
    case SecurityLevel::dane:
      out = "TLS, and a certificate that matches one of " + std::to_string(hop.dane->usable.size()) +
            " usable TLSA records of " + hop.dane->base.to_string() + "; names under DANE-TA:";
      for (const ReferenceName& name : hop.dane->names) out += " " + name.to_string();
      if (hop.pkix) out += "; and " + certificate_sentence(*hop.pkix);
      break;
  }
  if (hop.audit) {
    out += hop.waived ? " (the sender said TLS-Required: No; " : " (audit only; ";
    out += *hop.audit == SecurityLevel::verified ? "MTA-STS would demand: " : "DANE would demand: ";
    out += std::string(to_string(*hop.audit)) + ")";
  }
  return out;
}

std::string reason_sentence(const Hop& hop) {
  std::string out;
  switch (hop.reason) {
    case LevelReason::tlsa_usable: out = "a signed TLSA set with usable records is published"; break;
    case LevelReason::tlsa_all_unusable: out = "a signed TLSA set is published, but none of its records is usable"; break;
    case LevelReason::tlsa_absent: out = "it is proven that no TLSA records are published"; break;
    case LevelReason::tlsa_insecure: out = "the answer about TLSA records is not signed, so it is not used"; break;
    case LevelReason::address_insecure: out = "the host's zone is not signed, so TLSA records are not asked for"; break;
    case LevelReason::alias_insecure: out = "the host is an alias in a zone that is not signed"; break;
    case LevelReason::dane_off: out = "DANE is switched off for this destination"; break;
    case LevelReason::address_literal: out = "the next hop is an address, to which DANE does not apply"; break;
    case LevelReason::address_in_mx: out = "the MX record holds an address, to which DANE does not apply"; break;
    case LevelReason::lookup_waived: out = "TLSA records could not be looked up, and the sender said TLS-Required: No"; break;
    case LevelReason::sts_enforce: out = "the domain's MTA-STS policy (mode enforce) names it"; break;
  }
  out += sts_sentence(hop);
  if (hop.raised) {
    const bool by_sender = hop.pkix && hop.pkix->reason == PkixReason::requiretls;
    out += by_sender ? "; but the sender demands REQUIRETLS" : "; but this destination is set to require TLS";
  }
  return out;
}

Explanation explain(const DestinationFacts& facts, const DeliveryPlan& plan, const Rules& rules) {
  Explanation out;
  out.next_hop = plan.next_hop;
  out.stop = plan.stop;
  out.conclusion = mx_conclusion(plan);
  if (facts.sts && plan.demands.mta_sts != StsMode::none) out.sts = sts_lines(*facts.sts, facts.gathered);
  const MxStage mx = read_mx(facts, rules);
  for (const DnsQuestion& question : mx.path) out.questions.push_back(view(facts, question, rules));
  const auto start = [&](const std::string& name, std::uint16_t preference) {
    HostView host;
    host.host = name;
    host.preference = preference;
    const auto named = std::find_if(mx.hosts.begin(), mx.hosts.end(),
                                    [&name](const NamedHost& candidate) { return candidate.to_string() == name; });
    if (named != mx.hosts.end()) add_path(host, facts, rules, *named, plan.demands.dane);
    return host;
  };
  for (const Hop& hop : plan.hops) {
    HostView host = start(hop.to_string(), hop.preference);
    host.hop = hop;
    host.demand = demand_sentence(hop);
    host.because = reason_sentence(hop);
    out.hosts.push_back(std::move(host));
  }
  for (const HostOut& left_out : plan.out) {
    HostView host = start(left_out.host, left_out.preference);
    host.out = left_out;
    host.demand = "no connection";
    host.because = std::string(to_string(left_out.reason)) + ", " + left_out.fault.code.to_string() + ": " +
                   left_out.fault.sentence;
    out.hosts.push_back(std::move(host));
  }
  return out;
}

std::string to_text(const Explanation& explanation) {
  std::string out = "Delivery to " + explanation.next_hop.to_string() + "\n";
  for (const QuestionView& question : explanation.questions) print(out, question, "  ");
  out += "  " + explanation.conclusion + "\n";
  for (const std::string& line : explanation.sts) out += "  " + line + "\n";
  for (const HostView& host : explanation.hosts) print(out, host);
  if (explanation.stop) {
    const bool permanent = explanation.stop->lasting == Lasting::permanent;
    out += std::string("\n") + (permanent ? "Returned to the sender: " : "Waits: ") + explanation.stop->code.to_string() +
           " " + explanation.stop->sentence + "\n";
  }
  return out;
}

}  // namespace danewerk::policy
