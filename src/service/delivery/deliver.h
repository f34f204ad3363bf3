// Delivery: one round for some recipients of one message that share a next hop.
//
//   facts -> plan -> attempts -> outcomes -> ledger (design.md 2.3)
//
// Each arrow is somebody else's: engine/policy says what to ask, what is demanded, where to go next and what it came to;
// engine/retry says when again or never; engine/dsn words the notice. Here they are introduced to the resolver, the sockets
// and the store. A round ends with exactly one record(): until that is durable the claim stays, so nothing is sent again that
// could not be noted.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "engine/dsn/wanted.h"
#include "engine/retry/schedule.h"
#include "io/dns/resolver.h"
#include "io/log/log.h"
#include "io/runtime/entropy.h"
#include "io/store/queue_store.h"
#include "service/delivery/conversation.h"
#include "service/delivery/sts_source.h"
#include "types/accepted_domain.h"
#include "types/connector.h"
#include "types/destination_facts.h"
#include "types/negative_anchor.h"
#include "types/rules.h"

namespace danewerk::service {

/// How a round ended for one recipient of the claim.
struct RecipientEnd {
  types::Outcome outcome;
  std::uint32_t rounds_tried = 1;                  ///< this one included
  std::optional<types::EnhancedCode> gave_up_as;   ///< set where a limit, not a reply, ended it
  std::optional<dsn::Event> event;                 ///< what its sender might want to know, beside failure: engine/dsn says
  std::optional<Instant> next_try;                 ///< while it waits
  std::optional<Instant> given_up_at;              ///< while it waits and a limit runs
};

/// Words the notices a round calls for. A seam to engine/dsn.
class NoticeWriter {
 public:
  virtual ~NoticeWriter() = default;
  /// `ends[i]` belongs to `due.recipients[i]`. Empty where nobody is to be told. Error: the original could not be read, or the
  /// notice not be kept.
  virtual io::Task<Result<std::vector<io::Notice>>> notices(const types::DueRecipients& due, const types::DeliveryPlan& plan,
                                                            const std::vector<types::Attempt>& attempts,
                                                            const std::vector<RecipientEnd>& ends) = 0;
};

/// Of which attempts the DNSSEC chain is to be kept.
enum class ProofWish : std::uint8_t { none, dane };

/// What every delivery needs; all of it outlives them.
struct DeliveryParts {
  io::QueueStore& queue;
  io::dns::Resolver& resolver;
  io::Clock& clock;
  io::Entropy& entropy;
  io::Log& log;
  NoticeWriter& notices;
  std::shared_ptr<const io::ClientContext> tls;
  ClientManners manners;
  types::Rules rules;
  retry::Schedule schedule;
  /// The route of an accepted domain, as it is now.
  std::function<std::optional<types::Route>(const types::DomainName&)> route_of;
  Duration delay_notice_after = std::chrono::hours(4);  ///< from acceptance; 0: senders are not told of delay
  Reuse reuse{};
  /// What the operator's rules demand for mail to a domain, as they are now; unset: there are no rules. No tenant: only
  /// the rules for all.
  std::function<types::DeliveryTerms(const std::optional<types::TenantId>&, const types::MailDomain&, Instant)> terms_for{};
  /// Why the mail of that tenant and origin may not be delivered now, if so. Empty function: all may.
  std::function<std::optional<std::string>(const types::TenantId&, types::Origin)> held = {};
  /// The negative trust anchors, those included that have ended but that the resolver may still hold. Empty function: there are none.
  std::function<std::shared_ptr<const std::vector<types::NegativeAnchor>>()> anchors = {};
  ProofWish proofs = ProofWish::none;
  StsSource* sts = nullptr;  ///< null: no MTA-STS policy is known of anybody
};

/// What a hop key names: mail for one of our domains takes its route, all else goes by MX.
struct HopTarget {
  std::optional<types::DomainName> own_domain;
  types::NextHop next_hop;
};
/// "route:contoso.example" or a NextHop's text. Error: corrupt.
Result<HopTarget> read_hop_key(const types::HopKey& key);
types::HopKey route_key(const types::DomainName& own_domain);
types::HopKey mx_key(const types::MailDomain& domain);

/// The facts and the plan for a next hop, as delivery would have them now.
struct Prospect {
  std::shared_ptr<const types::DestinationFacts> facts;  ///< never null
  types::DeliveryPlan plan;
  std::vector<types::NegativeAnchor> anchors;  ///< in force, and an unsigned answer of the facts lies below them
};
io::Task<Prospect> prospect(const DeliveryParts& parts, types::NextHop next_hop, types::MessageDemands demands);
/// As a round has it: kept from an earlier message where it still stands (plans.h).
io::Task<Prospect> plan_for(const DeliveryParts& parts, types::NextHop next_hop, types::MessageDemands demands);

/// The rules' terms for mail to a next hop that a hop key names.
types::DeliveryTerms terms_for(const DeliveryParts& parts, const std::optional<types::TenantId>& tenant, const types::NextHop& next_hop);

/// One round. Ends the claim, unless its result could not be recorded. While the store's disk is full it waits for room with
/// the result in hand (sending again what was delivered would be worse); cancelled meanwhile, the next start tries again.
io::Task<> deliver(const DeliveryParts& parts, types::DueRecipients due);

}  // namespace danewerk::service
