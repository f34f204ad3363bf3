#include "service/delivery/evidence.h"

#include <nlohmann/json.hpp>

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

Json of(const types::Fault& fault) {
  Json json{{"kind", types::to_string(fault.kind)}, {"code", fault.code.to_string()}, {"sentence", fault.sentence}};
  if (fault.kind == types::FaultKind::policy) json["policy"] = types::to_string(fault.policy);
  if (fault.failure) json["failure"] = types::to_string(*fault.failure);
  if (fault.recheck_at) json["recheck_at"] = to_rfc3339(*fault.recheck_at);
  if (fault.evidence) json["lookup"] = of(*fault.evidence);
  return json;
}

Json of(const types::Hop& hop) {
  Json json{{"host", hop.to_string()}, {"preference", hop.preference}, {"mx", types::to_string(hop.mx)},
            {"level", types::to_string(hop.level)}, {"reason", types::to_string(hop.reason)}};
  for (const types::IpAddress& address : hop.addresses) json["addresses"].push_back(address.to_string());
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

Json of(const types::Verdict& verdict) {
  Json json{{"verdict", types::to_string(verdict.kind)}, {"reason", verdict.reason}};
  if (verdict.record) json["record"] = verdict.record->to_string();
  if (verdict.depth) json["depth"] = static_cast<unsigned>(*verdict.depth);
  if (verdict.matched_name) json["name"] = *verdict.matched_name;
  if (verdict.failure) json["failure"] = types::to_string(*verdict.failure);
  if (!verdict.library_code.empty()) json["library_code"] = verdict.library_code;
  return json;
}

}  // namespace

std::string evidence_of(const types::DeliveryPlan& plan) {
  Json json{{"next_hop", plan.next_hop.to_string()}, {"mx", types::to_string(plan.mx)}, {"made", to_rfc3339(plan.made)}};
  if (plan.sts) json["mta_sts"] = of(*plan.sts);
  for (const types::Hop& hop : plan.hops) json["hops"].push_back(of(hop));
  for (const types::HostOut& host : plan.out) {
    json["out"].push_back({{"host", host.host}, {"preference", host.preference}, {"reason", types::to_string(host.reason)}, {"fault", of(host.fault)}});
  }
  if (plan.stop) json["stop"] = of(*plan.stop);
  return text_of(json);
}

std::string evidence_of(const types::DeliveryPlan& plan, const types::Attempt& attempt) {
  Json json{{"hop", of(plan.hops.at(static_cast<std::size_t>(attempt.hop)))},
            {"peer", attempt.peer.to_string()},
            {"end", types::to_string(attempt.end)},
            {"phase", types::to_string(attempt.phase)},
            {"channel", types::to_string(attempt.channel)},
            {"mail_octets_in_clear", static_cast<std::uint64_t>(attempt.mail_octets_in_clear)},
            {"started", to_rfc3339(attempt.started)},
            {"ended", to_rfc3339(attempt.ended)}};
  if (!attempt.detail.empty()) json["detail"] = attempt.detail;
  if (!attempt.peer_name.empty()) json["helo"] = attempt.peer_name;
  if (attempt.tls) json["tls"] = {{"version", attempt.tls->version}, {"cipher", attempt.tls->cipher}, {"resumed", attempt.tls->resumed}};
  for (const types::CertificateDigests& one : attempt.presented) {
    json["presented"].push_back({{"cert_sha256", one.cert_sha256}, {"spki_sha256", one.spki_sha256}});
  }
  if (attempt.verdict) json["dane"] = of(*attempt.verdict);
  if (plan.sts) json["mta_sts"] = of(*plan.sts);
  if (attempt.pkix) json["pkix"] = of(*attempt.pkix);
  if (attempt.reply) json["reply"] = attempt.reply->to_string();
  for (const types::RecipientReply& one : attempt.replies) {
    json["replies"].push_back({{"recipient", static_cast<unsigned>(one.recipient)}, {"phase", types::to_string(one.phase)}, {"reply", one.reply.to_string()}});
  }
  return text_of(json);
}

std::string evidence_of(const types::Outcome& outcome) {
  Json json{{"disposition", types::to_string(outcome.disposition)}, {"code", outcome.code.to_string()}, {"sentence", outcome.sentence}};
  if (outcome.assurance) json["assurance"] = types::to_string(*outcome.assurance);
  if (outcome.reply) json["reply"] = outcome.reply->to_string();
  if (outcome.fault) json["fault"] = of(*outcome.fault);
  return text_of(json);
}

}  // namespace danewerk::service
