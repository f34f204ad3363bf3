#include "app/control/certificate_operations.h"

#include <algorithm>

#include "app/control/operations.h"
#include "engine/zone/key_groups.h"
#include "io/text/idna.h"
#include "io/tls/signing_request.h"
#include "service/certificates/issued.h"

namespace danewerk::app {
namespace {

Json names_json(const std::vector<types::DomainName>& names) {
  Json out = Json::array();
  for (const types::DomainName& name : names) out.push_back(name.to_string());
  return out;
}

/// What the chain says of itself, and whether senders that ask for PKIX would take it.
void add_chain(Json& json, const CertificateOperated& parts, const std::string& chain, const std::vector<types::DomainName>& names) {
  const auto leaf = service::leaf_of(chain);
  if (!leaf) {
    put(json, {"fault", leaf.error().what});
    return;
  }
  put(json, {"issuer", leaf->issuer});
  put(json, {"names", leaf->dns_names});
  put(json, {"from", to_rfc3339(leaf->not_before)});
  put(json, {"until", to_rfc3339(leaf->not_after)});
  const auto trust = parts.trust();
  if (!trust) return;
  const auto fault = service::pkix_fault(*trust, chain, names, parts.clock.now());
  put(json, {"pkix", fault && !*fault});
  if (!fault || *fault) put(json, {"pkix_fault", fault ? **fault : fault.error().what});
}

Json order_json(const io::OrderRow& row) {
  Json json = object({{"names", row.names}, {"began", to_rfc3339(row.began_at)}});
  if (row.ended_at) put(json, {"ended", to_rfc3339(*row.ended_at)});
  if (!row.failure.empty()) put(json, {"failure", row.failure});
  if (row.not_before) put(json, {"not_before", to_rfc3339(*row.not_before)});
  return json;
}

io::Task<Result<Json>> list_certificates(CertificateOperated& parts) {
  Json json = object({{"source", parts.source}, {"keys", Json::array()}, {"staged", Json::array()}, {"names", Json::array()}, {"orders", Json::array()}});
  CO_TRY(const auto keys, co_await parts.keys.keys());
  for (const types::KeyFacts& key : keys) {
    if (key.withdrawn_at) continue;
    Json one = object({{"key", key.id}, {"group", zone::shown_group(key.group)}, {"record", service::describe_key(key)}});
    add_chain(one, parts, key.certificate, parts.names_of(key.group));
    json["keys"].push_back(std::move(one));
  }
  CO_TRY(const auto stored, co_await parts.store.certificates());
  for (const types::StoredCertificate& certificate : stored) {
    const bool of_key = certificate.subject.starts_with("key:");
    Json one{{of_key ? "key" : "name", certificate.subject.substr(certificate.subject.find(':') + 1)}, {"source", certificate.source},
             {"at", to_rfc3339(certificate.at)}, {"by", certificate.who}};
    if (certificate.chain.empty()) put(one, {"fault", "not there yet"});
    else add_chain(one, parts, certificate.chain, certificate.names);
    json[of_key ? "staged" : "names"].push_back(std::move(one));
  }
  CO_TRY(const auto orders, co_await parts.store.orders(""));
  for (const io::OrderRow& row : orders) json["orders"].push_back(order_json(row));
  co_return json;
}

constexpr Duration longest_wait = std::chrono::hours(1);
constexpr Duration between_looks = std::chrono::seconds(1);

/// After a change there is no next key until the old one's record has left the zone and the fresh one's stands there.
io::Task<Result<types::KeyFacts>> key_to_certify(CertificateOperated& parts, std::string id, std::string group, bool wait) {
  const Instant end = parts.clock.now() + longest_wait;
  while (true) {
    CO_TRY(const auto keys, co_await parts.keys.keys());
    const auto found = service::find_key(keys, id, group);
    if (found || id != "next" || !parts.awaited) co_return found;
    if (!wait || parts.clock.now() >= end) {
      const std::string why = "no next key is published just now: " + parts.awaited(group);
      co_return fail(ErrorKind::unavailable, why + ". Ask again then, or say --wait; for the key in service: danewerk certificate csr serving");
    }
    co_await parts.clock.sleep_for(between_looks);
  }
}

io::Task<Result<Json>> request(CertificateOperated& parts, Call& call) {
  const std::string id = text_argument_or(call.request.arguments, "key", "next");
  CO_TRY(const bool wait, flag_argument(call.request.arguments, "wait"));
  std::string group = text_argument_or(call.request.arguments, "group", "");
  if (group == zone::default_group) group.clear();
  CO_TRY(const types::KeyFacts key, co_await key_to_certify(parts, id, group, wait));
  const std::vector<types::DomainName> names = parts.names_of(key.group);
  CO_TRY(const std::string pem, io::signing_request(key.private_key, names));
  co_return object({{"key", key.id}, {"group", zone::shown_group(key.group)}, {"names", names_json(names)}, {"request", pem}});
}

io::Task<Result<Json>> stage(CertificateOperated& parts, Call& call) {
  service::Stage wish;
  CO_TRY(wish.chain, text_argument(call.request.arguments, "chain"));
  wish.names_of = parts.names_of;
  wish.act = act_of(call, parts.clock.now());
  CO_TRY(const types::KeyFacts key, co_await service::stage(parts.store, parts.keys, wish));
  Json json = object({{"key", key.id}, {"group", zone::shown_group(key.group)}, {"record", service::describe_key(key)}});
  add_chain(json, parts, wish.chain, parts.names_of(key.group));
  if (parts.source != "files") put(json, {"note", "certificates.source is \"" + parts.source + "\": set it to \"files\", or this certificate is never used"});
  co_return json;
}

io::Task<Result<Json>> order(CertificateOperated& parts, Call& call) {
  if (!parts.issuer) co_return fail(ErrorKind::denied, "nothing speaks ACME here: set acme.accept_terms = \"yes\"");
  CO_TRY(const std::string text, text_argument(call.request.arguments, "name"));
  CO_TRY(const types::DomainName name, io::to_a_labels(text));
  const types::AdminAct act = act_of(call, parts.clock.now());
  CO_TRY_VOID(co_await parts.issuer->add_name(name, act));
  co_return object({{"name", name.to_string()}});
}

io::Task<Result<Json>> remove_certificate(CertificateOperated& parts, Call& call) {
  CO_TRY(const std::string text, text_argument(call.request.arguments, "name"));
  CO_TRY(const types::DomainName name, io::to_a_labels(text));
  const types::AdminAct act = act_of(call, parts.clock.now());
  if (parts.issuer) {
    CO_TRY_VOID(co_await parts.issuer->remove_name(name, act));
  } else {
    const std::string subject = types::name_subject(name);
    CO_TRY_VOID(co_await parts.store.erase(subject, act));
  }
  co_return object({{"removed", name.to_string()}});
}

/// What the ACME client's hook asks: METHOD begin, done or failed.
io::Task<Result<Json>> hook(CertificateOperated& parts, Call& call) {
  const Json& arguments = call.request.arguments;
  CO_TRY(const std::string what, text_argument(arguments, "what"));
  CO_TRY(const std::string method, text_argument(arguments, "type"));
  CO_TRY(const std::string identifier, text_argument(arguments, "identifier"));
  CO_TRY(const std::string token, text_argument(arguments, "token"));
  CO_TRY(const std::string authorization, text_argument(arguments, "authorization"));
  if (what == "begin") {
    CO_TRY_VOID(co_await parts.challenges.present(method, identifier, token, authorization));
  } else {
    CO_TRY_VOID(co_await parts.challenges.withdraw(method, identifier, token, authorization));
  }
  co_return Json::object();
}

/// For the operator's own tool.
io::Task<Result<Json>> challenge(CertificateOperated& parts, Call& call) {
  CO_TRY(const std::string what, text_argument(call.request.arguments, "what"));
  CO_TRY(const std::string text, text_argument(call.request.arguments, "name"));
  CO_TRY(const types::DomainName name, types::DomainName::parse(text));
  CO_TRY(const std::string value, text_argument(call.request.arguments, "value"));
  if (what == "present") {
    CO_TRY_VOID(co_await parts.challenges.present_for_operator(name, value));
  } else if (what == "cleanup") {
    CO_TRY_VOID(co_await parts.challenges.withdraw_for_operator(name, value));
  } else {
    co_return fail(ErrorKind::malformed, "'" + what + "' is neither present nor cleanup");
  }
  co_return Json::object();
}

}  // namespace

void add_certificate_operations(Operations& operations, CertificateOperated& parts) {
  operations["certificate.list"] = [&parts](Call&) { return list_certificates(parts); };
  operations["certificate.csr"] = [&parts](Call& call) { return request(parts, call); };
  operations["certificate.stage"] = [&parts](Call& call) { return stage(parts, call); };
  operations["certificate.order"] = [&parts](Call& call) { return order(parts, call); };
  operations["certificate.remove"] = [&parts](Call& call) { return remove_certificate(parts, call); };
  operations["certificate.challenge"] = [&parts](Call& call) { return challenge(parts, call); };
  operations["acme.hook"] = [&parts](Call& call) { return hook(parts, call); };
}

}  // namespace danewerk::app
