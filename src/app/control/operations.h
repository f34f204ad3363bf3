// The operations of the running program, as the command line (and later the HTTP API and the console) calls them.
//
// One function an operation: JSON in, JSON out, the parts it works on by reference. Names of members are the vocabulary of
// docs/glossary.md; instants are RFC 3339, names A-labels, codes dotted.
#pragma once

#include "app/control/alerts.h"
#include "app/control/server.h"
#include "io/store/domain_store.h"
#include "service/anchors/anchor_keeper.h"
#include "service/delivery/deliver.h"
#include "service/dkim/dkim_keys.h"
#include "service/domains/domain_keeper.h"
#include "service/prover/proof_keeper.h"
#include "service/publisher/publisher.h"
#include "service/queue/scheduler.h"

namespace danewerk::app {

/// What the operations on the life of domains need besides; null and empty members: there is no keeper, so no such operation.
struct LifeParts {
  service::DomainKeeper* keeper = nullptr;  ///< on the reactor of the control server
  io::Entropy* entropy = nullptr;
  std::function<lifecycle::Expectation(const types::DomainName&)> expect;
  std::function<types::TlsaSet(const types::DomainName&)> published;  ///< the TLSA records at the domain's host
  /// What comes and goes in our zone from these facts to those, as lines of a diff.
  std::function<std::vector<std::string>(const types::DomainName&, const types::DomainFacts&, const types::DomainFacts&)> zone_lines;
  bool require_control = false, born_secure = true;
};

/// What the operations work on; all of it outlives them.
struct OperatedParts {
  io::QueueStore& queue;
  io::Store& store;
  io::DomainStore& domains;
  const service::DeliveryParts& delivery;  ///< of the reactor the control server runs on
  service::Scheduler& scheduler;
  std::string hostname;                    ///< for Received
  std::function<std::string(const types::DomainName&)> mx_host_of;  ///< the MX host of an accepted domain; empty without a zone
  std::function<Json()> publisher_status;  ///< null without a zone
  dkim::Signer* signer = nullptr;
  service::DkimKeys* dkim = nullptr;
  service::AnchorKeeper* anchors = nullptr;  ///< null with a resolver that is not ours
  io::ProofStore* proofs = nullptr;
  service::ProofKeeper* keeper = nullptr;  ///< on the reactor of the control server
  const Alerts* alerts = nullptr;          ///< for status
  service::Publisher* publisher = nullptr;  ///< of the default group of keys; null without a zone; on the reactor of the control server
  std::vector<service::Publisher*> publishers = {};  ///< of all groups, that one first
  LifeParts life{};
};

void add_queue_operations(Operations& operations, OperatedParts& parts);
void add_queue_change_operations(Operations& operations, OperatedParts& parts);
void add_prove_operation(Operations& operations, OperatedParts& parts);
void add_trace_operation(Operations& operations, OperatedParts& parts);
void add_domain_operations(Operations& operations, OperatedParts& parts);
void add_domain_life_operations(Operations& operations, OperatedParts& parts);
void add_import_operation(Operations& operations, OperatedParts& parts);
void add_send_operation(Operations& operations, OperatedParts& parts);
void add_explain_operation(Operations& operations, OperatedParts& parts);
void add_tenant_operations(Operations& operations, OperatedParts& parts);
void add_dkim_operations(Operations& operations, OperatedParts& parts);
void add_anchor_operations(Operations& operations, OperatedParts& parts);
void add_key_operations(Operations& operations, OperatedParts& parts);
void add_status_operation(Operations& operations, OperatedParts& parts);
void add_metrics_operation(Operations& operations, OperatedParts& parts);

/// Of what belongs to a hoster, for `status`: suspended tenants, keys that shall sign and do not, negative trust anchors. Empty members are left out.
Json hoster_status(const OperatedParts& parts);
/// What the publisher will do or waits for: what, when, why, key, and whether it is in the way.
Json step_json(const rollover::Step& step);
/// The same for all of a group's.
Json steps_json(const std::vector<rollover::Step>& steps, const std::string& group);
Json anchor_json(const types::NegativeAnchor& anchor, Instant now);
/// The filter of the queue's operations: id, tenant, domain or hop, recipient, sender, code, older_than; and for lists which,
/// limit. Error: malformed, naming the member.
Result<types::QueueFilter> queue_filter_of(const Json& arguments, const OperatedParts& parts);
/// An address as people write it, U-labels too. Error: malformed.
Result<types::Mailbox> parse_mailbox_text(const std::string& text);
/// With what a new domain begins (domains.require_control, domains.born_secure).
types::DomainFacts facts_at_birth(const LifeParts& life, bool has_zone, Instant now);
/// A domain as lists and changes show it.
Json domain_json(const OperatedParts& parts, const types::AcceptedDomain& domain);
/// What a change of a domain's facts changes in the DNS: what resolvers are answered ("diff"), and the records in our zone that bring
/// it about ("zone").
void add_dns_changes(Json& json, const OperatedParts& parts, const types::DomainName& domain, const types::DomainFacts& before,
                     const types::DomainFacts& after);
/// The argument "domain", U-labels too. Error: malformed.
Result<types::DomainName> domain_argument(const Call& call);
/// Who did what, for the ledger: the caller, and the argument "why".
types::AdminAct act_of(const Call& call, Instant now);

}  // namespace danewerk::app
