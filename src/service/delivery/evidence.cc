#include "service/delivery/evidence.h"

#include <nlohmann/json.hpp>
#include <set>

namespace danewerk::service {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json of(const types::LookupEvidence& lookup) {
  Json json{{"question", lookup.question.to_string()}, {"dnssec", types::to_string(lookup.status)}, {"asked", to_rfc3339(lookup.asked)}};
  if (lookup.error) json["error"] = {{"kind", types::to_string(lookup.error->kind)}, {"what", lookup.error->what}};
  for (const types::ExtendedError& error : lookup.extended_errors) json["ede"].push_back(error.to_string());
  return json;
}

const char* word_of(types::Existence existence) {
  switch (existence) {
    case types::Existence::records: return "records";
    case types::Existence::no_data: return "no_data";
    case types::Existence::no_name: return "no_name";
  }
  return "unknown";
}

Json of(const types::DnsQuestion& question, const types::Lookup& lookup) {
  Json json{{"question", question.to_string()}};
  if (lookup) {
    json["dnssec"] = types::to_string(lookup->status);
    json["answer"] = word_of(lookup->value.existence);
    if (!lookup->value.records.empty()) json["records"] = lookup->value.records.size();
    for (const types::DomainName& alias : lookup->value.aliases) json["aliases"].push_back(alias.to_string());
    json["ttl"] = lookup->ttl.count();
    json["asked"] = to_rfc3339(lookup->asked);
    for (const types::ExtendedError& error : lookup->extended_errors) json["ede"].push_back(error.to_string());
  } else {
    const types::LookupError& error = lookup.error();
    json["asked"] = to_rfc3339(error.asked);
    json["error"] = {{"kind", types::to_string(error.kind)}, {"what", error.what}};
    for (const types::ExtendedError& one : error.extended_errors) json["ede"].push_back(one.to_string());
  }
  return json;
}

/// A host's names: as the MX has it, and where aliases lead from there.
std::set<types::DomainName> names_of(const types::MxHost& host, const types::DestinationFacts& facts) {
  std::set<types::DomainName> names{host.name()};
  for (const auto& [question, lookup] : facts.lookups) {
    if (question.name == host.name() && lookup) names.insert(lookup->value.aliases.begin(), lookup->value.aliases.end());
  }
  return names;
}

/// The answers about the next hop and one host; all of them where no host is given.
Json of(const types::DestinationFacts& facts, const types::Hop* hop) {
  Json json = Json::array();
  const std::set<types::DomainName> names = hop ? names_of(hop->host, facts) : std::set<types::DomainName>{};
  for (const auto& [question, lookup] : facts.lookups) {
    const types::DomainName subject = question.type == types::RecordType::tlsa ? question.name.parent().parent() : question.name;
    if (!hop || question.type == types::RecordType::mx || names.contains(subject)) json.push_back(of(question, lookup));
  }
  return json;
}

Json of(const types::Fault& fault) {
  Json json{{"kind", types::to_string(fault.kind)}, {"code", fault.code.to_string()}, {"sentence", fault.sentence}};
  if (fault.kind == types::FaultKind::policy) json["policy"] = types::to_string(fault.policy);
  if (fault.failure) json["failure"] = types::to_string(*fault.failure);
  if (fault.evidence) json["lookup"] = of(*fault.evidence);
  return json;
}

Json of(const types::Hop& hop) {
  Json json{{"host", hop.to_string()}, {"preference", hop.preference}, {"mx", types::to_string(hop.mx)},
            {"level", types::to_string(hop.level)}, {"reason", types::to_string(hop.reason)}};
  if (hop.audit) json["audit"] = types::to_string(*hop.audit);
  for (const types::IpAddress& address : hop.addresses) json["addresses"].push_back(address.to_string());
  if (hop.raised) json["raised"] = true;
  if (hop.audit) json["audit"] = types::to_string(*hop.audit);
  if (hop.waived) json["waived"] = true;
  if (hop.dane) {
    json["base_domain"] = hop.dane->base.to_string();
    for (const types::TlsaRecord& record : hop.dane->published) json["published"].push_back(record.to_string());
    for (const types::TlsaRecord& record : hop.dane->usable) json["usable"].push_back(record.to_string());
  }
  if (hop.pkix) {
    Json& pkix = json["pkix"] = {{"reason", types::to_string(hop.pkix->reason)},
                                 {"force", hop.pkix->force == types::PkixForce::audit ? "audit" : "binding"}};
    for (const types::ReferenceName& name : hop.pkix->names) pkix["names"].push_back(name.to_string());
    for (const types::ReferenceName& name : hop.pkix->also) pkix["also"].push_back(name.to_string());
  }
  if (hop.sts != types::StsMatch::no_policy) json["mta_sts"] = types::to_string(hop.sts);
  return json;
}

Json of(const types::StsInForce& sts) {
  Json json{{"mode", types::to_string(sts.policy.mode)}, {"source", types::to_string(sts.source)}, {"id", sts.id},
            {"fetched", to_rfc3339(sts.fetched)}, {"expires", to_rfc3339(sts.expires)}};
  for (const types::StsMxPattern& pattern : sts.policy.mx) json["mx"].push_back(pattern.to_string());
  return json;
}

Json of(const types::PkixVerdict& verdict) {
  Json json{{"verdict", verdict.is_authenticated() ? "valid" : "not-valid"}, {"reason", verdict.reason}};
  if (!verdict.matched_name.empty()) json["name"] = verdict.matched_name;
  if (verdict.failure) json["failure"] = types::to_string(*verdict.failure);
  if (!verdict.library_code.empty()) json["library_code"] = verdict.library_code;
  return json;
}

Json of(const types::DecidingRule& rule) {
  return {{"id", rule.id.to_string()}, {"owner", types::to_string(rule.owner)}, {"reason", rule.reason}};
}

/// Whose terms these were, and the hosts of the plan that this attempt does not speak of: what a simulation of stricter terms
/// has to know beside the attempt itself.
void add_terms(Json& json, const types::DeliveryPlan& plan, const types::Hop* tried) {
  if (plan.rule) json["rule"] = of(*plan.rule);
  if (plan.sts_asked) json["mta_sts_asked"] = plan.sts_asked->to_string();
  if (plan.demands.dane != types::DaneMode::opportunistic) json["demands"]["dane"] = types::to_string(plan.demands.dane);
  if (plan.demands.mta_sts != types::StsMode::opportunistic) json["demands"]["mta_sts"] = types::to_string(plan.demands.mta_sts);
  if (plan.demands.tls != types::TlsMode::opportunistic) json["demands"]["tls"] = types::to_string(plan.demands.tls);
  for (const types::ReferenceName& name : plan.demands.verify_names) json["demands"]["verify_names"].push_back(name.to_string());
  for (const types::Hop& hop : plan.hops) {
    if (tried == nullptr || &hop == tried) continue;
    json["others"].push_back({{"host", hop.to_string()}, {"level", types::to_string(hop.audit.value_or(hop.level))}});
  }
}

Json of(const types::Verdict& verdict) {
  Json json{{"verdict", types::to_string(verdict.kind)}, {"reason", verdict.reason}};
  if (verdict.record) json["record"] = verdict.record->to_string();
  if (verdict.depth) json["depth"] = static_cast<unsigned>(*verdict.depth);
  if (verdict.matched_name) json["name"] = *verdict.matched_name;
  if (verdict.failure) json["failure"] = types::to_string(*verdict.failure);
  if (!verdict.library_code.empty()) json["library_code"] = verdict.library_code;
  return json;
}

void add(Json& json, std::span<const types::NegativeAnchor> anchors) {
  for (const types::NegativeAnchor& one : anchors) {
    json["negative_trust_anchors"].push_back(
        {{"domain", one.domain.to_string()}, {"who", one.who}, {"why", one.why}, {"since", to_rfc3339(one.since)}, {"until", to_rfc3339(one.end())}});
  }
}

}  // namespace

std::string evidence_of(const types::DeliveryPlan& plan, Ground ground) {
  Json json{{"next_hop", plan.next_hop.to_string()}, {"mx", types::to_string(plan.mx)}, {"made", to_rfc3339(plan.made)}};
  if (plan.demands.require_tls != types::RequireTls::no) json["require_tls"] = types::to_string(plan.demands.require_tls);
  if (plan.sts) json["mta_sts"] = of(*plan.sts);
  for (const types::Hop& hop : plan.hops) json["hops"].push_back(of(hop));
  for (const types::HostOut& host : plan.out) {
    json["out"].push_back({{"host", host.host}, {"preference", host.preference}, {"reason", types::to_string(host.reason)}, {"fault", of(host.fault)}});
  }
  if (plan.stop) json["stop"] = of(*plan.stop);
  add_terms(json, plan, nullptr);
  if (ground.facts && !ground.facts->lookups.empty()) json["lookups"] = of(*ground.facts, nullptr);
  add(json, ground.anchors);
  return text_of(json);
}

std::string evidence_of(const types::DeliveryPlan& plan, Ground ground, const types::Attempt& attempt) {
  const types::Hop& hop = plan.hops.at(static_cast<std::size_t>(attempt.hop));
  Json json{{"hop", of(hop)},
            {"peer", attempt.peer.to_string()},
            {"end", types::to_string(attempt.end)},
            {"phase", types::to_string(attempt.phase)},
            {"channel", types::to_string(attempt.channel)},
            {"mail_octets_in_clear", static_cast<std::uint64_t>(attempt.mail_octets_in_clear)},
            {"started", to_rfc3339(attempt.started)},
            {"ended", to_rfc3339(attempt.ended)}};
  if (!attempt.detail.empty()) json["detail"] = attempt.detail;
  if (attempt.messages_before > 0) json["messages_before"] = attempt.messages_before;
  if (!attempt.peer_name.empty()) json["helo"] = attempt.peer_name;
  if (attempt.dsn != types::DsnOffer::unknown) json["dsn"] = attempt.dsn == types::DsnOffer::offered;
  if (attempt.require_tls == types::RequireTls::yes) json["requiretls"] = true;
  if (attempt.tls) json["tls"] = {{"version", attempt.tls->version}, {"cipher", attempt.tls->cipher}, {"resumed", attempt.tls->resumed}};
  for (const types::CertificateDigests& one : attempt.presented) {
    json["presented"].push_back({{"cert_sha256", one.cert_sha256}, {"spki_sha256", one.spki_sha256}});
  }
  if (attempt.verdict) json["dane"] = of(*attempt.verdict);
  if (plan.sts) json["mta_sts"] = of(*plan.sts);
  if (attempt.pkix) json["pkix"] = of(*attempt.pkix);
  if (attempt.reply) json["reply"] = attempt.reply->to_string();
  if (ground.facts && !ground.facts->lookups.empty()) json["lookups"] = of(*ground.facts, &hop);
  for (const types::RecipientReply& one : attempt.replies) {
    json["replies"].push_back({{"recipient", static_cast<unsigned>(one.recipient)}, {"phase", types::to_string(one.phase)}, {"reply", one.reply.to_string()}});
  }
  add_terms(json, plan, &hop);
  add(json, ground.anchors);
  return text_of(json);
}

std::string evidence_of(const types::Outcome& outcome, std::span<const types::NegativeAnchor> anchors) {
  Json json{{"disposition", types::to_string(outcome.disposition)}, {"code", outcome.code.to_string()}, {"sentence", outcome.sentence}};
  if (outcome.assurance) json["assurance"] = types::to_string(*outcome.assurance);
  if (outcome.reply) json["reply"] = outcome.reply->to_string();
  if (outcome.fault) json["fault"] = of(*outcome.fault);
  add(json, anchors);
  return text_of(json);
}

}  // namespace danewerk::service
