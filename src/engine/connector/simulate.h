// Simulate: what a stricter rule would have done to the mail that went out, from what was recorded when it did.
//
// Nobody dares to switch a destination to "mandatory" without knowing what would stop. The evidence of past deliveries
// knows: which host took the mail, over what, authenticated by what. judge() holds one such delivery against demands and
// says passes, held, or not told by the record: what was not looked at then (DANE switched off, another host that might
// have served) is never counted as either.
//
// Forecast adds them up by recipient domain in bounded memory, so that a million attempts can be streamed through it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "types/delivery_plan.h"

namespace danewerk::connector {

/// What the record says about one thing a host may have to prove.
enum class Proof : std::uint8_t {
  yes,
  no,
  not_looked,  ///< it was not asked for at the time
};

/// One transaction that a host completed for at least one recipient.
struct Carriage {
  std::string domain;            ///< the next hop key: the recipient's domain
  std::uint32_t recipients = 0;  ///< taken over in it
  types::MxTrust mx = types::MxTrust::not_used;
  Proof dane = Proof::not_looked;         ///< a usable TLSA record matched the chain
  bool dane_published = false;            ///< the host has a signed TLSA set: DANE would at least have demanded TLS
  bool dane_usable = false;               ///< with usable records: DANE would have demanded that one matches
  bool tls = false;                       ///< the content went over TLS
  Proof sts = Proof::not_looked;          ///< a policy in mode enforce names the host
  bool sts_enforced = false;              ///< there is a policy in mode enforce
  Proof certificate = Proof::not_looked;  ///< valid under PKIX for a name demanded then, or the host's own
  std::string certificate_name;           ///< for which, where it is valid
  bool other_hosts = false;               ///< the plan had hosts that were not tried
  bool other_dane = false;                ///< one of them with usable TLSA records, securely named
};

enum class Passage : std::uint8_t { passes, held, not_told };

struct Judgement {
  Passage passage = Passage::passes;
  std::string why;  ///< a stable word: "dane", "mta_sts", "tls", "certificate"; empty where it passes
};

/// The same questions policy::plan and policy::judge put, answered from the record.
Judgement judge(const Carriage& carried, const types::MessageDemands& demands);

const char* to_string(Passage passage) noexcept;

struct Count {
  std::uint64_t transactions = 0;
  std::uint64_t recipients = 0;
  void add(std::uint32_t more) {
    ++transactions;
    recipients += more;
  }
};

/// Sums of many judgements. Domains beyond the first `most_domains` are counted together under "(others)".
class Forecast {
 public:
  explicit Forecast(types::MessageDemands demands, std::size_t most_domains = 10'000)
      : demands_(std::move(demands)), most_domains_(most_domains) {}

  struct Domain {
    std::array<Count, 3> counts;  ///< by Passage
    std::map<std::string, std::uint64_t> why;  ///< recipients not passed, by Judgement::why
    const Count& of(Passage passage) const { return counts[static_cast<std::size_t>(passage)]; }
  };

  void add(const Carriage& carried);

  const Domain& total() const noexcept { return total_; }
  /// Those with anything held or not told, most recipients held first; `most` of them.
  std::vector<std::pair<std::string, Domain>> affected(std::size_t most) const;

 private:
  types::MessageDemands demands_;
  std::size_t most_domains_;
  Domain total_;
  std::map<std::string, Domain> domains_;
};

}  // namespace danewerk::connector
