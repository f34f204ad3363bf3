#include "service/delivery/evidence.h"

#include <set>

#include "service/delivery/json_text.h"

namespace danewerk::service {
namespace {

constexpr auto text_of = [](const auto& thing) { return thing.to_string(); };

void write(JsonText& json, const types::LookupEvidence& lookup) {
  json.begin().field("question", lookup.question.to_string()).field("dnssec", types::to_string(lookup.status)).field("asked", to_rfc3339(lookup.asked));
  if (lookup.error) json.key("error").begin().field("kind", types::to_string(lookup.error->kind)).field("what", lookup.error->what).end();
  json.list("ede", lookup.extended_errors, text_of);
  json.end();
}

const char* word_of(types::Existence existence) {
  switch (existence) {
    case types::Existence::records: return "records";
    case types::Existence::no_data: return "no_data";
    case types::Existence::no_name: return "no_name";
  }
  return "unknown";
}

void write(JsonText& json, const types::DnsQuestion& question, const types::Lookup& lookup) {
  json.begin().field("question", question.to_string());
  if (lookup) {
    json.field("dnssec", types::to_string(lookup->status)).field("answer", word_of(lookup->value.existence));
    if (!lookup->value.records.empty()) json.field("records", lookup->value.records.size());
    json.list("aliases", lookup->value.aliases, text_of);
    json.field("ttl", lookup->ttl.count()).field("asked", to_rfc3339(lookup->asked));
    json.list("ede", lookup->extended_errors, text_of);
  } else {
    const types::LookupError& error = lookup.error();
    json.field("asked", to_rfc3339(error.asked));
    json.key("error").begin().field("kind", types::to_string(error.kind)).field("what", error.what).end();
    json.list("ede", error.extended_errors, text_of);
  }
  json.end();
}

/// A host's names: as the MX has it, and where aliases lead from there.
std::set<types::DomainName> names_of(const types::MxHost& host, const types::DestinationFacts& facts) {
  std::set<types::DomainName> names{host.name()};
  for (const auto& [question, lookup] : facts.lookups) {
    if (question.name == host.name() && lookup) names.insert(lookup->value.aliases.begin(), lookup->value.aliases.end());
  }
  return names;
}

/// The answers about the next hop and one host; all of them where no host is given. Nothing where nothing was asked.
void write_lookups(JsonText& json, const types::DestinationFacts* facts, const types::Hop* hop) {
  if (facts == nullptr || facts->lookups.empty()) return;
  json.key("lookups").begin_list();
  const std::set<types::DomainName> names = hop ? names_of(hop->host, *facts) : std::set<types::DomainName>{};
  for (const auto& [question, lookup] : facts->lookups) {
    const types::DomainName subject = question.type == types::RecordType::tlsa ? question.name.parent().parent() : question.name;
    if (!hop || question.type == types::RecordType::mx || names.contains(subject)) write(json, question, lookup);
  }
  json.end_list();
}

void write(JsonText& json, const types::Fault& fault) {
  json.begin().field("kind", types::to_string(fault.kind)).field("code", fault.code.to_string()).field("sentence", fault.sentence);
  if (fault.kind == types::FaultKind::policy) json.field("policy", types::to_string(fault.policy));
  if (fault.failure) json.field("failure", types::to_string(*fault.failure));
  if (fault.recheck_at) json.field("recheck_at", to_rfc3339(*fault.recheck_at));
  if (fault.evidence) write(json.key("lookup"), *fault.evidence);
  json.end();
}

void write(JsonText& json, const types::Hop& hop) {
  json.begin().field("host", hop.to_string()).field("preference", hop.preference).field("mx", types::to_string(hop.mx));
  json.field("level", types::to_string(hop.level)).field("reason", types::to_string(hop.reason));
  if (hop.audit) json.field("audit", types::to_string(*hop.audit));
  json.list("addresses", hop.addresses, text_of);
  if (hop.raised) json.field("raised", true);
  if (hop.waived) json.field("waived", true);
  if (hop.dane) {
    json.field("base_domain", hop.dane->base.to_string());
    json.list("published", hop.dane->published, text_of);
    json.list("usable", hop.dane->usable, text_of);
  }
  if (hop.pkix) {
    json.key("pkix").begin().field("reason", types::to_string(hop.pkix->reason));
    json.field("force", hop.pkix->force == types::PkixForce::audit ? "audit" : "binding");
    json.list("names", hop.pkix->names, text_of);
    json.list("also", hop.pkix->also, text_of);
    json.end();
  }
  if (hop.sts != types::StsMatch::no_policy) json.field("mta_sts", types::to_string(hop.sts));
  json.end();
}

void write(JsonText& json, const types::StsInForce& sts) {
  json.begin().field("mode", types::to_string(sts.policy.mode)).field("source", types::to_string(sts.source)).field("id", sts.id);
  json.field("fetched", to_rfc3339(sts.fetched)).field("expires", to_rfc3339(sts.expires));
  json.list("mx", sts.policy.mx, text_of);
  json.end();
}

void write(JsonText& json, const types::PkixVerdict& verdict) {
  json.begin().field("verdict", verdict.is_authenticated() ? "valid" : "not-valid").field("reason", verdict.reason);
  if (!verdict.matched_name.empty()) json.field("name", verdict.matched_name);
  if (verdict.failure) json.field("failure", types::to_string(*verdict.failure));
  if (!verdict.library_code.empty()) json.field("library_code", verdict.library_code);
  json.end();
}

void write(JsonText& json, const types::MessageDemands& demands) {
  json.begin();
  if (demands.dane != types::DaneMode::opportunistic) json.field("dane", types::to_string(demands.dane));
  if (demands.mta_sts != types::StsMode::opportunistic) json.field("mta_sts", types::to_string(demands.mta_sts));
  if (demands.tls != types::TlsMode::opportunistic) json.field("tls", types::to_string(demands.tls));
  json.list("verify_names", demands.verify_names, text_of);
  json.end();
}

bool says_nothing(const types::MessageDemands& demands) {
  return demands.dane == types::DaneMode::opportunistic && demands.mta_sts == types::StsMode::opportunistic &&
         demands.tls == types::TlsMode::opportunistic && demands.verify_names.empty();
}

/// Whose terms these were, and the hosts of the plan that this attempt does not speak of: what a simulation of stricter terms
/// has to know beside the attempt itself.
void write_terms(JsonText& json, const types::DeliveryPlan& plan, const types::Hop* tried) {
  if (plan.rule) {
    json.key("rule").begin().field("id", plan.rule->id.to_string()).field("owner", types::to_string(plan.rule->owner));
    json.field("reason", plan.rule->reason).end();
  }
  if (plan.sts_asked) json.field("mta_sts_asked", plan.sts_asked->to_string());
  if (!says_nothing(plan.demands)) write(json.key("demands"), plan.demands);
  if (tried == nullptr || plan.hops.size() < 2) return;
  json.key("others").begin_list();
  for (const types::Hop& hop : plan.hops) {
    if (&hop == tried) continue;
    json.begin().field("host", hop.to_string()).field("level", types::to_string(hop.audit.value_or(hop.level))).end();
  }
  json.end_list();
}

void write(JsonText& json, const types::Verdict& verdict) {
  json.begin().field("verdict", types::to_string(verdict.kind)).field("reason", verdict.reason);
  if (verdict.record) json.field("record", verdict.record->to_string());
  if (verdict.depth) json.field("depth", static_cast<unsigned>(*verdict.depth));
  if (verdict.matched_name) json.field("name", *verdict.matched_name);
  if (verdict.failure) json.field("failure", types::to_string(*verdict.failure));
  if (!verdict.library_code.empty()) json.field("library_code", verdict.library_code);
  json.end();
}

void write_anchors(JsonText& json, std::span<const types::NegativeAnchor> anchors) {
  if (anchors.empty()) return;
  json.key("negative_trust_anchors").begin_list();
  for (const types::NegativeAnchor& one : anchors) {
    json.begin().field("domain", one.domain.to_string()).field("who", one.who).field("why", one.why);
    json.field("since", to_rfc3339(one.since)).field("until", to_rfc3339(one.end())).end();
  }
  json.end_list();
}

/// What the peer and its TLS showed of themselves.
void write_peer(JsonText& json, const types::Attempt& attempt) {
  if (!attempt.detail.empty()) json.field("detail", attempt.detail);
  if (attempt.messages_before > 0) json.field("messages_before", attempt.messages_before);
  if (!attempt.peer_name.empty()) json.field("helo", attempt.peer_name);
  if (attempt.dsn != types::DsnOffer::unknown) json.field("dsn", attempt.dsn == types::DsnOffer::offered);
  if (attempt.require_tls == types::RequireTls::yes) json.field("requiretls", true);
  if (attempt.tls) {
    json.key("tls").begin().field("version", attempt.tls->version).field("cipher", attempt.tls->cipher).field("resumed", attempt.tls->resumed).end();
  }
  if (attempt.presented.empty()) return;
  json.key("presented").begin_list();
  for (const types::CertificateDigests& one : attempt.presented) {
    json.begin().field("cert_sha256", one.cert_sha256).field("spki_sha256", one.spki_sha256).end();
  }
  json.end_list();
}

void write_replies(JsonText& json, const std::vector<types::RecipientReply>& replies) {
  if (replies.empty()) return;
  json.key("replies").begin_list();
  for (const types::RecipientReply& one : replies) {
    json.begin().field("recipient", static_cast<unsigned>(one.recipient)).field("phase", types::to_string(one.phase));
    json.field("reply", one.reply.to_string()).end();
  }
  json.end_list();
}

}  // namespace

std::string evidence_of(const types::DeliveryPlan& plan, Ground ground) {
  JsonText json;
  json.begin().field("next_hop", plan.next_hop.to_string()).field("mx", types::to_string(plan.mx)).field("made", to_rfc3339(plan.made));
  if (plan.demands.require_tls != types::RequireTls::no) json.field("require_tls", types::to_string(plan.demands.require_tls));
  if (plan.sts) write(json.key("mta_sts"), *plan.sts);
  if (!plan.hops.empty()) {
    json.key("hops").begin_list();
    for (const types::Hop& hop : plan.hops) write(json, hop);
    json.end_list();
  }
  if (!plan.out.empty()) {
    json.key("out").begin_list();
    for (const types::HostOut& host : plan.out) {
      json.begin().field("host", host.host).field("preference", host.preference).field("reason", types::to_string(host.reason));
      write(json.key("fault"), host.fault);
      json.end();
    }
    json.end_list();
  }
  if (plan.stop) write(json.key("stop"), *plan.stop);
  write_terms(json, plan, nullptr);
  write_lookups(json, ground.facts, nullptr);
  write_anchors(json, ground.anchors);
  json.end();
  return std::move(json).take();
}

std::string evidence_of(const types::DeliveryPlan& plan, Ground ground, const types::Attempt& attempt) {
  const types::Hop& hop = plan.hops.at(static_cast<std::size_t>(attempt.hop));
  JsonText json;
  write(json.begin().key("hop"), hop);
  json.field("peer", attempt.peer.to_string()).field("end", types::to_string(attempt.end)).field("phase", types::to_string(attempt.phase));
  json.field("channel", types::to_string(attempt.channel)).field("mail_octets_in_clear", static_cast<std::uint64_t>(attempt.mail_octets_in_clear));
  json.field("started", to_rfc3339(attempt.started)).field("ended", to_rfc3339(attempt.ended));
  write_peer(json, attempt);
  if (attempt.verdict) write(json.key("dane"), *attempt.verdict);
  if (plan.sts) write(json.key("mta_sts"), *plan.sts);
  if (attempt.pkix) write(json.key("pkix"), *attempt.pkix);
  if (attempt.reply) json.field("reply", attempt.reply->to_string());
  write_lookups(json, ground.facts, &hop);
  write_replies(json, attempt.replies);
  write_terms(json, plan, &hop);
  write_anchors(json, ground.anchors);
  json.end();
  return std::move(json).take();
}

std::string evidence_of(const types::Outcome& outcome, std::span<const types::NegativeAnchor> anchors) {
  JsonText json;
  json.begin().field("disposition", types::to_string(outcome.disposition)).field("code", outcome.code.to_string()).field("sentence", outcome.sentence);
  if (outcome.assurance) json.field("assurance", types::to_string(*outcome.assurance));
  if (outcome.reply) json.field("reply", outcome.reply->to_string());
  if (outcome.fault) write(json.key("fault"), *outcome.fault);
  write_anchors(json, anchors);
  json.end();
  return std::move(json).take();
}

}  // namespace danewerk::service
