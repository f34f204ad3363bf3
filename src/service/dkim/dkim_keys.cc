#include "service/dkim/dkim_keys.h"

#include <algorithm>
#include <unordered_map>

#include "engine/dkim/key_record.h"
#include "service/dkim/dkim_events.h"
#include "service/dkim/stream_signing.h"

namespace danewerk::service {
namespace {

constexpr Duration watch_interval = std::chrono::seconds(30);
constexpr Duration between_looks_in_use = std::chrono::hours(1);
constexpr std::size_t most_loaded = 10'000;

}  // namespace

/// The keys that may sign, by tenant ("": the host's own). Made anew when the keys change, not for each message.
struct DkimKeys::Index {
  std::shared_ptr<const io::DkimStore::Keys> of;
  std::unordered_map<std::string, std::vector<const types::DkimKey*>> by_tenant;
};

std::shared_ptr<const DkimKeys::Index> DkimKeys::index() {
  auto keys = parts_.store.snapshot();
  const std::lock_guard guard(mutex_);
  if (index_ && index_->of == keys) return index_;
  auto made = std::make_shared<Index>();
  for (const types::DkimKey& key : *keys) {
    if (key.may_sign()) made->by_tenant[key.tenant ? key.tenant->text() : ""].push_back(&key);
  }
  made->of = std::move(keys);
  index_ = std::move(made);
  return index_;
}

bool DkimKeys::is_due(const types::DkimKey& key, Instant now) const {
  if (!key.activated_at) return false;  // nobody waits for it: `activate` looks
  const auto looked = looked_.find(key.record_name());
  return !key.may_sign() || looked == looked_.end() || looked->second + between_looks_in_use <= now;
}

std::string amiss_with(const types::DkimKey& key, const types::DnsAnswer& answer) {
  const auto records = answer.all<types::TxtRecord>();
  const std::string name = key.record_name().to_string();
  if (records.empty()) return "there is no TXT record at " + name;
  std::string fault;
  for (const types::TxtRecord& record : records) {
    const auto found = dkim::KeyRecord::parse(record.joined());
    if (!found) {
      fault = found.error().what;
    } else if (found->algorithm != key.algorithm || to_base64(found->key) != key.public_key) {
      fault = found->key.empty() ? "it revokes the key (p= is empty)" : "it publishes another key";
    } else if (!found->serves(dkim::Service::email)) {
      fault = "its s= does not allow e-mail";
    } else if (!found->hashes.empty() && std::find(found->hashes.begin(), found->hashes.end(), "sha256") == found->hashes.end()) {
      fault = "its h= does not allow sha256";
    } else if (records.size() > 1) {
      return "there are " + std::to_string(records.size()) + " TXT records at " + name + "; receivers may take any of them (RFC 6376 3.6.2.2)";
    } else {
      return "";
    }
  }
  return "the TXT record at " + name + " does not fit: " + fault;
}

std::shared_ptr<const io::SigningKey> DkimKeys::loaded(const types::DkimKey& key) {
  const std::lock_guard guard(mutex_);
  if (const auto found = loaded_.find(key.public_key); found != loaded_.end()) return found->second;
  auto made = io::SigningKey::from_pem(key.algorithm, key.private_key);
  if (!made) {
    parts_.log.event(dkim_events::key_unusable, {{"key", key.record_name().to_string()}, {"what", made.error().what}});
    return nullptr;
  }
  if (loaded_.size() >= most_loaded) loaded_.clear();
  auto shared = std::make_shared<const io::SigningKey>(*std::move(made));
  loaded_.emplace(key.public_key, shared);
  return shared;
}

std::unique_ptr<dkim::Signing> DkimKeys::begin(const std::optional<types::TenantId>& tenant) {
  const auto keys = index();
  const auto found = keys->by_tenant.find(tenant ? tenant->text() : "");
  if (found == keys->by_tenant.end()) return nullptr;
  std::map<std::pair<types::DomainName, types::DkimAlgorithm>, const types::DkimKey*> newest;
  const auto domains = parts_.domains();
  for (const types::DkimKey* key : found->second) {
    const types::AcceptedDomain* own = tenant ? domains->find(key->domain) : nullptr;
    if (tenant && (!own || own->tenant != *tenant)) continue;  // the domain has gone to somebody else
    const types::DkimKey*& place = newest[{key->domain, key->algorithm}];
    if (!place || *place->activated_at < *key->activated_at) place = key;
  }
  std::vector<UsableKey> usable;
  for (const auto& [what, key] : newest) {
    if (auto ready = loaded(*key)) usable.push_back({*key, std::move(ready)});
  }
  if (usable.empty()) return nullptr;
  return std::make_unique<StreamSigning>(std::move(usable), tenant ? SignFor::author : SignFor::host);
}

io::Task<Result<io::DkimLook>> DkimKeys::look(types::DkimKey key) {
  const types::DomainName name = key.record_name();
  if (parts_.forget) parts_.forget(name);
  const types::Lookup lookup = co_await parts_.resolver.ask(name, types::RecordType::txt);
  if (!lookup) co_return fail(ErrorKind::unavailable, "the record of " + name.to_string() + " could not be looked up: " + lookup.error().what);
  io::DkimLook found{parts_.clock.now(), amiss_with(key, lookup->value)};
  looked_[name] = found.at;
  const bool news = key.amiss != found.amiss || !key.looked_at;
  if (news && found.amiss.empty()) parts_.log.event(dkim_events::record_seen, {{"key", name.to_string()}});
  if (news && !found.amiss.empty() && key.activated_at) {
    parts_.log.event(dkim_events::record_amiss, {{"key", name.to_string()}, {"what", found.amiss}});
  }
  if (!news && (key.seen_at || !found.amiss.empty())) co_return found;  // as it was: nothing to write down
  io::DkimKeyName named{key.domain, key.selector};
  CO_TRY_VOID(co_await parts_.store.note(std::move(named), found));
  co_return found;
}

io::Task<> DkimKeys::watch() {
  while (true) {
    const auto keys = parts_.store.snapshot();
    for (const types::DkimKey& key : *keys) {
      if (!is_due(key, parts_.clock.now())) continue;
      const auto found = co_await look(key);
      if (!found && found.error().kind != ErrorKind::unavailable) {
        parts_.log.event(dkim_events::not_noted, {{"key", key.record_name().to_string()}, {"what", found.error().what}});
      }
    }
    co_await parts_.clock.sleep_for(watch_interval);
  }
}

}  // namespace danewerk::service
