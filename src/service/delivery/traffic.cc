#include "service/delivery/traffic.h"

#include <nlohmann/json.hpp>

#include "types/attempt.h"

namespace danewerk::service {
namespace {

using Json = nlohmann::json;
using connector::Proof;

/// The member as text; empty where it is none.
std::string_view text(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return {};
  return found->get_ref<const std::string&>();
}

const Json* member(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found == json.end() || !found->is_object() ? nullptr : &*found;
}

/// RFC 5321 4.2.1: the last word on a recipient is the reply to the content.
std::uint32_t taken_over(const Json& evidence) {
  const auto replies = evidence.find("replies");
  if (replies == evidence.end() || !replies->is_array()) return 0;
  std::uint32_t count = 0;
  for (const Json& one : *replies) {
    if (one.is_object() && text(one, "phase") == types::to_string(types::Phase::content) && text(one, "reply").starts_with('2')) ++count;
  }
  return count;
}

types::MxTrust trust_of(std::string_view word) {
  for (const auto trust : {types::MxTrust::secure, types::MxTrust::not_used}) {
    if (word == types::to_string(trust)) return trust;
  }
  return types::MxTrust::insecure;
}

void read_dane(const Json& evidence, const Json& hop, connector::Carriage& out) {
  if (text(hop, "reason") == types::to_string(types::LevelReason::dane_off)) return;
  out.dane_published = hop.contains("published");
  out.dane_usable = hop.contains("usable");
  const Json* verdict = member(evidence, "dane");
  const bool matched = verdict != nullptr && text(*verdict, "verdict") == types::to_string(types::VerdictKind::matched);
  out.dane = matched ? Proof::yes : Proof::no;
}

void read_sts(const Json& evidence, const Json& hop, connector::Carriage& out) {
  if (evidence.contains("mta_sts_asked")) {
    out.sts = text(hop, "mta_sts") == types::to_string(types::StsMatch::named) ? Proof::yes : Proof::no;
  }
  const Json* policy = member(evidence, "mta_sts");
  out.sts_enforced = policy != nullptr && text(*policy, "mode") == types::to_string(types::StsPolicyMode::enforce);
  const Json* verdict = member(evidence, "pkix");
  if (verdict == nullptr) return;
  out.certificate = text(*verdict, "verdict") == "valid" ? Proof::yes : Proof::no;
  out.certificate_name = text(*verdict, "name");
}

void read_others(const Json& evidence, connector::Carriage& out) {
  const auto others = evidence.find("others");
  if (others == evidence.end() || !others->is_array()) return;
  for (const Json& one : *others) {
    if (!one.is_object()) continue;
    out.other_hosts = true;
    if (text(one, "level") == types::to_string(types::SecurityLevel::dane)) out.other_dane = true;
  }
}

}  // namespace

std::optional<connector::Carriage> carriage_of(std::string_view hop_key, std::string_view evidence) {
  const Json json = Json::parse(evidence, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const Json* hop = member(json, "hop");
  if (hop == nullptr) return std::nullopt;
  connector::Carriage out;
  out.recipients = taken_over(json);
  if (out.recipients == 0) return std::nullopt;
  out.domain = hop_key;
  out.mx = trust_of(text(*hop, "mx"));
  out.tls = text(json, "channel") == types::to_string(types::Channel::tls);
  read_dane(json, *hop, out);
  read_sts(json, *hop, out);
  read_others(json, out);
  return out;
}

}  // namespace danewerk::service
