// Identities: the certificates of customers' names, as HTTPS handshakes want them: by name, at once.
//
// There may be ten thousand, of which few are asked for on one day; so they are read from the store when a handshake asks, and a bounded
// number is kept. A renewed one takes the place of the old within minutes.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "io/runtime/clock.h"
#include "io/store/certificate_store.h"
#include "io/tls/by_name.h"

namespace danewerk::service {

/// One reactor only. What it refers to outlives it.
class Identities {
 public:
  Identities(io::CertificateStore& store, const io::Clock& clock, std::size_t most = 2000, Duration fresh_for = std::chrono::minutes(10))
      : store_(store), clock_(clock), most_(most), fresh_for_(fresh_for) {}

  /// Null where there is none that can be shown: none is kept for the name, it has not come yet, or it cannot be read.
  io::Task<std::shared_ptr<const io::LoadedIdentity>> find(types::DomainName name);
  std::size_t kept() const noexcept { return order_.size(); }

 private:
  struct Kept {
    types::DomainName name;
    std::shared_ptr<const io::LoadedIdentity> identity;
    Instant read{};
  };
  void keep(types::DomainName name, std::shared_ptr<const io::LoadedIdentity> identity);
  void drop(const types::DomainName& name);

  io::CertificateStore& store_;
  const io::Clock& clock_;
  std::size_t most_;
  Duration fresh_for_;
  std::list<Kept> order_;  // the last asked for first
  std::unordered_map<types::DomainName, std::list<Kept>::iterator> by_name_;
};

}  // namespace danewerk::service
