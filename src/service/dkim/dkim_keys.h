// DkimKeys: the keys of our tenants in use: which may sign now, and looking after their records in the DNS.
//
// A key signs only after its record was seen and as long as no look finds it gone or different: mail that is signed with a key
// nobody finds is worse off than unsigned mail. So keys that wait for their record are looked for often, those that sign now and
// then, and `look()` at a person's request. A lookup that fails changes nothing: what was good stays good, what waits goes on waiting.
//
// Of the keys of one domain, the newest of each algorithm signs; so a new key takes over by itself once its record is there, and
// the old one can be removed when mail signed with it has arrived everywhere.
//
// RFC 6376 3.6.2.1 (where the record stands), 5 (signing); RFC 8463.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "engine/dkim/signer.h"
#include "io/dns/resolver.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/store/dkim_store.h"
#include "io/store/domain_store.h"
#include "io/tls/signing_key.h"

namespace danewerk::service {

/// All of it outlives it. `forget` drops a name from the caches on our side; it may be empty.
struct DkimParts {
  io::DkimStore& store;
  std::function<std::shared_ptr<const io::Domains>()> domains;
  io::dns::Resolver& resolver;
  io::Clock& clock;
  io::Log& log;
  types::DomainName hostname;
  std::function<void(const types::DomainName&)> forget = {};
};

class DkimKeys final : public dkim::Signer {
 public:
  explicit DkimKeys(DkimParts parts) : parts_(std::move(parts)) {}

  io::DkimStore& store() noexcept { return parts_.store; }
  const types::DomainName& hostname() const noexcept { return parts_.hostname; }

  /// Thread safe.
  std::unique_ptr<dkim::Signing> begin(const std::optional<types::TenantId>& tenant) override;

  /// Looks for the key's record now and notes what it finds. Error: unavailable where no answer came; then nothing is noted.
  io::Task<Result<io::DkimLook>> look(types::DkimKey key);
  /// Looks after all keys until cancelled. On the reactor of the resolver.
  io::Task<> watch();

 private:
  struct Index;
  std::shared_ptr<const Index> index();
  std::shared_ptr<const io::SigningKey> loaded(const types::DkimKey& key);
  bool is_due(const types::DkimKey& key, Instant now) const;

  DkimParts parts_;
  std::map<types::DomainName, Instant> looked_;  // by record, since the start; used by watch() and look() on their reactor
  std::mutex mutex_;
  std::shared_ptr<const Index> index_;
  std::map<std::string, std::shared_ptr<const io::SigningKey>> loaded_;  // by public key: parsing a PEM costs more than signing
};

/// What is wrong with the TXT records found for a key; empty if one of them publishes it. RFC 6376 3.6.2.2.
std::string amiss_with(const types::DkimKey& key, const types::DnsAnswer& answer);

}  // namespace danewerk::service
