// converse(): one attempt at one address: the only place where the sending side of SMTP meets a socket.
//
// It moves octets between an engine::smtp::ClientSession and an io::Connection, performs the handshake when the session asks
// for it, has the chain judged by the same function as `danewerk tlsa verify`, and writes down what happened as an Attempt. It
// decides nothing: what the hop demands was fixed in the plan, what the attempt means is policy::judge's.
//
// Invariant: at a hop that demands TLS the session is created with TlsDemand::required, so that no octet of MAIL, RCPT or DATA
// can exist before the handshake; at a hop that demands DANE none is written before the verdict "matched". What was sent of
// the mail in clear is counted in the Attempt, where it must be 0.
//
// An attempt may go on where an earlier one left off: on a line that rests (lines.h), or with a TLS session that is resumed
// (tickets.h), each only where everything the hop demands was proven there. What fails because a line or a session had had its
// day is no failure of the peer: it is tried again at once without, within the same attempt, and charged to nobody. That is so
// as long as not one octet of the content was sent.
#pragma once

#include "engine/policy/judge.h"
#include "io/net/dialer.h"
#include "io/runtime/clock.h"
#include "io/store/body.h"
#include "io/tls/context.h"
#include "io/tls/pkix_verify.h"
#include "service/delivery/lines.h"
#include "service/delivery/plans.h"
#include "service/delivery/source.h"
#include "service/delivery/tickets.h"
#include "types/accepted_domain.h"
#include "types/attempt.h"
#include "types/queued_message.h"

namespace danewerk::service {

/// How we behave as a client; the same for all attempts.
struct ClientManners {
  std::string hello_name;
  std::vector<std::pair<types::IpAddress, std::string>> names_by_address;  ///< another EHLO name where our end is that address
  io::AddressFilter filter{{}};
  std::vector<types::IpAddress> source_addresses;  ///< at most one of each family; where no pool applies
  Duration connect_timeout = std::chrono::seconds(30);
  std::shared_ptr<const tls::TrustStore> trust{};  ///< for hosts at `verified`; without it they are a fault of ours
  std::vector<SourcePool> pools{};  ///< for mail that goes by MX or to a smart host, never for the operator's own routes

  const SourcePool* pool_by_name(std::string_view name) const { return service::pool_by_name(pools, name); }
};

/// What outlives an attempt; of its reactor. Null: every message has a plan and a connection, and every connection a full
/// handshake, of its own.
struct Reuse {
  Lines* lines = nullptr;
  Tickets* tickets = nullptr;
  Plans* plans = nullptr;
};

/// What one attempt is about. References must outlive converse().
struct Errand {
  const types::DeliveryPlan& plan;
  policy::Target target;
  types::RouteProtocol protocol = types::RouteProtocol::smtp;
  bool to_own_route = false;  ///< the operator named the address: the filter does not apply
  types::Envelope envelope;   ///< with the recipients of this attempt only
  std::vector<types::RecipientIndex> indices;  ///< of envelope.recipients, in the message's own list
  io::BodyReader& body;       ///< rewound by converse()
  std::string tenant;         ///< whose mail it is: chooses the address within the pool
  std::string pool;           ///< the source pool a rule names; empty: the default
  std::vector<types::IpAddress> source_addresses{};  ///< instead of the manners' own, where the destination's rule names any
  /// `yes`: say REQUIRETLS where hop and peer allow it, and go without where they do not: a notice's case (RFC 8689 5).
  types::RequireTls require_tls_if_possible = types::RequireTls::no;
};

/// Never fails: failure is what the Attempt says.
io::Task<types::Attempt> converse(const ClientManners& manners, std::shared_ptr<const io::ClientContext> tls, const io::Clock& clock,
                                  Errand errand, Reuse reuse);

}  // namespace danewerk::service
