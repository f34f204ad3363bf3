// Keys that sign tenants' mail: made here, published by people, used once seen (docs/decisions/0045).
#include <algorithm>

#include "app/control/operations.h"
#include "engine/dkim/key_record.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

/// In words, why a key signs or not.
std::string state_of(const types::DkimKey& key) {
  if (!key.activated_at) return "not activated";
  if (!key.amiss.empty()) return "does not sign: " + key.amiss;
  if (!key.seen_at) return "does not sign: its record was not seen yet";
  return "signs";
}

Json key_json(const types::DkimKey& key) {
  Json json = object({{"domain", key.domain.to_string()},       {"selector", key.selector.to_string()}, {"algorithm", types::to_string(key.algorithm)},
                      {"signs", key.may_sign()},                {"state", state_of(key)},               {"created", to_rfc3339(key.created_at)},
                      {"by", key.created_by},                   {"name", key.record_name().to_string()}});
  if (key.tenant) put(json, {"tenant", key.tenant->to_string()});
  if (key.activated_at) put(json, {"activated", to_rfc3339(*key.activated_at)});
  if (key.seen_at) put(json, {"seen", to_rfc3339(*key.seen_at)});
  if (key.looked_at) put(json, {"looked", to_rfc3339(*key.looked_at)});
  return json;
}

/// With the record to publish, whole and as a zone file has it.
Json publication_json(const types::DkimKey& key) {
  Json json = key_json(key);
  const std::string record = dkim::record_text(key);
  put(json, {"record", record});
  std::string line = key.record_name().to_string() + ". 3600 IN TXT (";
  for (const std::string& piece : dkim::record_strings(record)) line += "\n  " + piece;
  put(json, {"zone_file", line + " )"});
  return json;
}

Result<io::DkimKeyName> name_of(const Call& call) {
  TRY(const std::string domain, text_argument(call.request.arguments, "domain"));
  TRY(const std::string selector, text_argument(call.request.arguments, "selector"));
  io::DkimKeyName out;
  TRY(out.domain, io::to_a_labels(domain));
  TRY(out.selector, types::DomainName::parse(selector));
  const bool plain = !out.selector.is_root() && out.selector.text().find_first_of("*_") == std::string_view::npos;
  if (!plain) return fail(ErrorKind::malformed, "'" + selector + "' is no selector: letters, digits and hyphens, like s2026 (RFC 6376 3.1)");
  TRY_VOID(types::DomainName::parse(out.selector.to_string() + "._domainkey." + out.domain.to_string()));
  return out;
}

Result<types::DkimKey> find_key(OperatedParts& parts, const io::DkimKeyName& name) {
  const auto keys = parts.dkim->store().snapshot();
  const auto found = std::find_if(keys->begin(), keys->end(), [&](const auto& key) { return key.domain == name.domain && key.selector == name.selector; });
  if (found != keys->end()) return *found;
  const std::string label = name.selector.to_string() + "._domainkey." + name.domain.to_string();
  return fail(ErrorKind::not_found, "there is no DKIM key " + label + "; see `danewerk dkim list`");
}

/// A tenant's key is for a domain of the tenant; without a tenant it is for the notices this host writes.
Result<void> check_owner(OperatedParts& parts, const types::DkimKey& key) {
  const auto domains = parts.domains.snapshot();
  if (!key.tenant) {
    if (parts.dkim->hostname().is_within(key.domain) && !key.domain.is_root()) return {};
    return fail(ErrorKind::denied, "without --tenant a key is for this host's own notices: its domain must be " + parts.dkim->hostname().to_string() +
                                       " or a parent of it");
  }
  const types::AcceptedDomain* own = domains->find(key.domain);
  if (!own) return fail(ErrorKind::not_found, key.domain.to_string() + " is not one of our domains; see `danewerk domain add`");
  if (own->tenant == *key.tenant) return {};
  return fail(ErrorKind::denied, key.domain.to_string() + " belongs to tenant " + own->tenant.to_string() + ", not to " + key.tenant->to_string());
}

io::Task<Result<Json>> add_dkim_key(OperatedParts& parts, Call& call) {
  CO_TRY(const io::DkimKeyName name, name_of(call));
  types::DkimKey key;
  key.domain = name.domain;
  key.selector = name.selector;
  if (const std::string tenant = text_argument_or(call.request.arguments, "tenant", ""); !tenant.empty()) {
    CO_TRY(key.tenant, types::TenantId::parse(tenant));
  }
  const std::string algorithm = text_argument_or(call.request.arguments, "algorithm", "rsa-sha256");
  if (algorithm == types::to_string(types::DkimAlgorithm::ed25519_sha256)) {
    key.algorithm = types::DkimAlgorithm::ed25519_sha256;
  } else if (algorithm != types::to_string(types::DkimAlgorithm::rsa_sha256)) {
    co_return fail(ErrorKind::malformed, "'" + algorithm + "' is neither rsa-sha256 nor ed25519-sha256");
  }
  CO_TRY_VOID(check_owner(parts, key));
  // Finding the primes of an RSA key takes longer than a reactor may stand still.
  std::function<Result<std::string>(std::size_t)> make = [kind = key.algorithm](std::size_t) { return io::SigningKey::generate(kind); };
  CO_TRY(key.private_key, co_await parts.store.files().run<Result<std::string>>(std::move(make)));
  CO_TRY(const io::SigningKey half, io::SigningKey::from_pem(key.algorithm, key.private_key));
  CO_TRY(const Bytes octets, half.public_octets());
  key.public_key = to_base64(octets);
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  CO_TRY_VOID(co_await parts.dkim->store().add(key, act));
  CO_TRY(const types::DkimKey stored, find_key(parts, name));
  co_return publication_json(stored);
}

io::Task<Result<Json>> list_dkim_keys(OperatedParts& parts, Call& call) {
  std::optional<types::TenantId> tenant;
  if (const std::string text = text_argument_or(call.request.arguments, "tenant", ""); !text.empty()) {
    CO_TRY(tenant, types::TenantId::parse(text));
  }
  Json json = Json::array();
  const auto keys = parts.dkim->store().snapshot();
  for (const types::DkimKey& key : *keys) {
    if (!tenant || key.tenant == tenant) json.push_back(key_json(key));
  }
  co_return object({{"keys", std::move(json)}});
}

io::Task<Result<Json>> show_dkim_key(OperatedParts& parts, Call& call) {
  CO_TRY(const io::DkimKeyName name, name_of(call));
  CO_TRY(const types::DkimKey key, find_key(parts, name));
  co_return publication_json(key);
}

/// Looks at once, so that the answer says whether the key signs from here on.
io::Task<Result<Json>> activate(OperatedParts& parts, Call& call) {
  CO_TRY(const io::DkimKeyName name, name_of(call));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  CO_TRY_VOID(co_await parts.dkim->store().activate(name, act));
  CO_TRY(const types::DkimKey key, find_key(parts, name));
  const auto found = co_await parts.dkim->look(key);
  CO_TRY(const types::DkimKey after, find_key(parts, name));
  Json json = publication_json(after);
  if (!found) put(json, {"state", state_of(after) + " (" + found.error().what + ")"});
  co_return json;
}

io::Task<Result<Json>> remove_dkim_key(OperatedParts& parts, Call& call) {
  CO_TRY(const io::DkimKeyName name, name_of(call));
  const types::AdminAct act = act_of(call, parts.delivery.clock.now());
  CO_TRY_VOID(co_await parts.dkim->store().remove(name, act));
  co_return object({{"removed", name.selector.to_string() + "._domainkey." + name.domain.to_string()}});
}

}  // namespace

void add_dkim_operations(Operations& operations, OperatedParts& parts) {
  operations["dkim.add"] = [&parts](Call& call) { return add_dkim_key(parts, call); };
  operations["dkim.list"] = [&parts](Call& call) { return list_dkim_keys(parts, call); };
  operations["dkim.show"] = [&parts](Call& call) { return show_dkim_key(parts, call); };
  operations["dkim.activate"] = [&parts](Call& call) { return activate(parts, call); };
  operations["dkim.remove"] = [&parts](Call& call) { return remove_dkim_key(parts, call); };
}

Json hoster_status(const OperatedParts& parts) {
  Json json = Json::object();
  const auto domains = parts.domains.snapshot();
  for (const types::Tenant& tenant : domains->tenants()) {
    if (domains->suspended() == 0) break;
    if (domains->suspension(tenant.id)) json["suspended"].push_back(tenant.id.to_string());
  }
  if (parts.dkim) {
    const auto keys = parts.dkim->store().snapshot();
    for (const types::DkimKey& key : *keys) {
      if (key.activated_at && !key.may_sign()) json["dkim"].push_back(key.record_name().to_string() + " " + state_of(key));
    }
  }
  if (parts.anchors) {
    const auto anchors = parts.anchors->store().snapshot();
    for (const types::NegativeAnchor& anchor : *anchors) json["negative_trust_anchors"].push_back(anchor_json(anchor, parts.delivery.clock.now()));
    if (const auto fault = parts.anchors->fault(); fault && !anchors->empty()) put(json, {"negative_trust_anchors_fault", *fault});
  }
  return json;
}

}  // namespace danewerk::app
