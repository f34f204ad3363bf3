#include "service/prover/claim.h"

#include "types/next_hop.h"
#include "types/tlsa_record.h"
#include "types/zone_change.h"

namespace danewerk::service {
namespace {

using engine::dnssec::Json;
using engine::dnssec::Name;

Json evidence_of(const types::AttemptEvidence& attempt) {
  Json json = Json::parse(attempt.evidence, nullptr, false);
  return json.is_object() ? json : Json::object();
}

const Json& member(const Json& json, const char* name) {
  static const Json none;
  return json.is_object() && json.contains(name) ? json[name] : none;
}

std::string text(const Json& json, const char* name) {
  const Json& found = member(json, name);
  return found.is_string() ? found.get<std::string>() : "";
}

Failure<Error> unreadable(const char* what) { return fail(ErrorKind::corrupt, std::string("the stored evidence has no readable ") + what); }

Result<Name> name_of(const types::DomainName& name) { return Name::parse(name.is_root() ? "." : name.to_string() + "."); }

Result<Name> name_in(const Json& json, const char* member_name) {
  auto domain = types::DomainName::parse(text(json, member_name));
  if (!domain) return unreadable(member_name);
  return name_of(*domain);
}

}  // namespace

bool delivered_by_record(const types::AttemptEvidence& attempt) {
  const Json evidence = evidence_of(attempt);
  return text(evidence, "end") == "completed" && text(member(evidence, "dane"), "verdict") == "matched";
}

Result<engine::dnssec::Claim> claim_of(const types::AttemptEvidence& attempt) {
  if (!delivered_by_record(attempt)) return fail(ErrorKind::refused, "this attempt delivered nothing on the strength of a TLSA record");
  const Json evidence = evidence_of(attempt);
  const Json& hop = member(evidence, "hop");
  engine::dnssec::Claim claim;
  claim.at = attempt.at;
  TRY(const types::NextHop next_hop, types::NextHop::parse(attempt.hop.text));
  TRY(claim.next_hop, name_of(next_hop.name()));
  claim.way = std::holds_alternative<types::NextHopDomain>(next_hop.target) ? engine::dnssec::Way::mx : engine::dnssec::Way::named;
  TRY(claim.host, name_in(hop, "host"));
  TRY(claim.base, name_in(hop, "base_domain"));
  auto peer = types::Endpoint::parse(text(evidence, "peer"));
  if (!peer) return unreadable("peer");
  claim.port = static_cast<std::uint16_t>(peer->port);
  auto record = types::TlsaRecord::parse(text(member(evidence, "dane"), "record"));
  if (!record) return unreadable("record");
  claim.record = types::rdata_of(*record);
  for (const Json& one : member(evidence, "presented")) claim.presented.push_back({text(one, "cert_sha256"), text(one, "spki_sha256")});
  const std::string depth = member(evidence, "dane").value("depth", Json(0U)).dump();
  claim.depth = static_cast<std::uint32_t>(std::strtoul(depth.c_str(), nullptr, 10));
  return claim;
}

Json log_of(const types::QueueDetail& message, const types::AttemptEvidence& attempt) {
  const Json evidence = evidence_of(attempt);
  Json json{{"says", "This part is the statement of the sender's own log. No signature covers it."}, {"queue_id", message.entry.id.to_string()}};
  if (!message.entry.message_id.empty()) json["message_id"] = message.entry.message_id;
  json["recipients"] = Json::array();
  for (const types::QueuedRecipient& one : message.recipients) {
    if (one.hop == attempt.hop && one.state == types::RecipientState::delivered) json["recipients"].push_back(types::to_string(one.recipient.path));
  }
  for (const char* name : {"peer", "helo", "started", "ended", "tls", "replies"}) {
    if (!member(evidence, name).is_null()) json[name] = member(evidence, name);
  }
  return json;
}

}  // namespace danewerk::service
