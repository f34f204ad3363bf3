// Challenges: proves to the CA that the names of a running order are ours, when the ACME client calls back (`danewerk acme-hook`).
//
// Names of our zone are proven by a TXT record (DNS-01), all others by a file over HTTP (HTTP-01): a wildcard can be had in no other
// way, and a customer's zone is not ours to write in. Only what an order of ours is running for is proven: whoever may reach the
// control socket cannot have a record for a name of his choosing put into the zone.
//
// RFC 8555 8.3 (the file holds the key authorization), 8.4 (the record holds its digest).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/store/certificate_store.h"

namespace danewerk::service {

struct ChallengeParts {
  io::CertificateStore& store;
  const io::Clock& clock;
  io::Log& log;
  /// Adds a TXT record to our zone and returns when every server shows it; takes exactly it out again. Empty without a zone.
  std::function<io::Task<Result<void>>(types::DomainName name, std::string value)> publish_record = {};
  std::function<io::Task<Result<void>>(types::DomainName name, std::string value)> remove_record = {};
};

/// "dns-01" for names of our zone, else "http-01".
class Challenges {
 public:
  Challenges(ChallengeParts parts, types::DomainName zone) : parts_(std::move(parts)), zone_(std::move(zone)) {}

  std::string method_for(const types::DomainName& name) const;
  /// While an order runs for these names, their challenges are answered.
  void begin(const std::vector<types::DomainName>& names);
  void end(const std::vector<types::DomainName>& names);

  /// Error: denied where the CA's client shall try another way, or nothing is ordered for `identifier`; unavailable.
  io::Task<Result<void>> present(std::string method, std::string identifier, std::string token, std::string authorization);
  io::Task<Result<void>> withdraw(std::string method, std::string identifier, std::string token, std::string authorization);
  /// For a tool of the operator's own, which may prove any name of our zone: the TXT record of `name`, with or without its
  /// "_acme-challenge.". He takes it out himself. Errors: denied outside of our zone; unavailable.
  io::Task<Result<void>> present_for_operator(types::DomainName name, std::string value);
  io::Task<Result<void>> withdraw_for_operator(types::DomainName name, std::string value);
  /// What stands at /.well-known/acme-challenge/TOKEN; nothing where no order of ours put it there.
  std::optional<std::string> answer(const std::string& token) const;
  /// Takes out what an interrupted order left in the zone.
  io::Task<Result<void>> sweep();

 private:
  Result<types::DomainName> ordered(const std::string& identifier) const;
  Result<types::DomainName> record_name(const types::DomainName& name, const std::string& value) const;

  ChallengeParts parts_;
  types::DomainName zone_;
  std::multiset<types::DomainName> running_;  ///< without "*."
  std::map<std::string, std::string> files_;
};

}  // namespace danewerk::service
