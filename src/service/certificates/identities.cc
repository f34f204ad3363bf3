#include "service/certificates/identities.h"

namespace danewerk::service {

io::Task<std::shared_ptr<const io::LoadedIdentity>> Identities::find(types::DomainName name) {
  if (const auto known = by_name_.find(name); known != by_name_.end()) {
    if (clock_.now() - known->second->read < fresh_for_) {
      order_.splice(order_.begin(), order_, known->second);
      co_return order_.front().identity;
    }
  }
  const std::string subject = types::name_subject(name);
  const auto stored = co_await store_.find(subject);
  std::shared_ptr<const io::LoadedIdentity> none;
  if (!stored) {  // the store is in trouble: what is known serves on
    const auto known = by_name_.find(name);
    co_return known == by_name_.end() ? none : known->second->identity;
  }
  drop(name);
  if (!*stored || (*stored)->chain.empty()) co_return none;
  const io::ServerIdentity pem{(*stored)->private_key, (*stored)->chain};
  auto loaded = io::LoadedIdentity::load(pem);
  if (!loaded) co_return none;
  keep(std::move(name), *loaded);
  co_return *loaded;
}

void Identities::keep(types::DomainName name, std::shared_ptr<const io::LoadedIdentity> identity) {
  drop(name);  // somebody else may have asked at the same time
  order_.push_front({name, std::move(identity), clock_.now()});
  by_name_[std::move(name)] = order_.begin();
  while (order_.size() > most_) drop(types::DomainName(order_.back().name));
}

void Identities::drop(const types::DomainName& name) {
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return;
  const auto place = known->second;
  by_name_.erase(known);
  order_.erase(place);
}

}  // namespace danewerk::service
