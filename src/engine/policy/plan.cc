#include "engine/policy/plan.h"

#include <algorithm>

#include "engine/dane/reference_names.h"
#include "engine/dane/usability.h"
#include "engine/policy/discovery.h"
#include "engine/policy/terms.h"

namespace danewerk::policy {
using namespace types;

namespace {

Fault facts_missing(const std::string& what) {
  Fault fault;
  fault.kind = FaultKind::ours;
  fault.code = {4, 4, 312};
  fault.sentence = "Not all was asked that has to be known: " + what;
  return fault;
}

/// RTL-06: the sender asks that what the destination publishes be looked at and told, but stop nothing: as in audit. What the
/// operator makes mandatory is not the sender's to waive (decision 0055).
MessageDemands effective(MessageDemands demands, const Rules& rules) {
  if (demands.require_tls != RequireTls::waived) return demands;
  if (rules.waivers != WaiverUse::honour) {
    demands.require_tls = RequireTls::no;
    return demands;
  }
  if (demands.dane == DaneMode::opportunistic) demands.dane = DaneMode::audit;
  if (demands.mta_sts == StsMode::opportunistic) demands.mta_sts = StsMode::audit;
  return demands;
}

/// A host on its way into the plan: as it goes in, or why it stays out.
struct Considered {
  NamedHost host;
  std::optional<Hop> hop;
  std::optional<HostOut> out;
};

class Planner {
 public:
  Planner(const DestinationFacts& facts, const MessageDemands& demands, const Rules& rules)
      : facts_(facts), demands_(effective(demands, rules)), rules_(rules), mx_(read_mx(facts, rules)) {}

  const MxStage& mx() const { return mx_; }
  Considered consider(const NamedHost& host) const;

 private:
  HostOut leave_out(const NamedHost& host, OutReason reason, Fault fault) const {
    return {host.to_string(), host.preference, reason, std::move(fault)};
  }
  std::optional<DaneTerms> dane_terms(const HostStage& stage, const NamedHost& host) const;
  std::vector<IpAddress> ordered(const std::vector<IpAddress>& addresses) const;
  bool overlooks(const HostStage& stage) const;
  bool is_own(const NamedHost& host, const std::vector<IpAddress>& addresses) const;

  const DestinationFacts& facts_;
  const MessageDemands demands_;
  const Rules& rules_;
  MxStage mx_;
};

/// The families alternate, each in the resolver's order (Rules::address_order).
std::vector<IpAddress> Planner::ordered(const std::vector<IpAddress>& addresses) const {
  std::vector<IpAddress> first;
  std::vector<IpAddress> second;
  const bool v6_leads = rules_.address_order == AddressOrder::v6_first || rules_.address_order == AddressOrder::v6_only;
  for (const IpAddress& address : addresses) {
    ((address.family() == IpAddress::Family::v6) == v6_leads ? first : second).push_back(address);
  }
  if (rules_.address_order == AddressOrder::v6_only || rules_.address_order == AddressOrder::v4_only) second.clear();
  std::vector<IpAddress> out;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  if (out.size() > rules_.max_addresses_per_host) out.resize(rules_.max_addresses_per_host);
  return out;
}

/// MX-04 for addresses. A relay that the operator configured may well be this machine on another port.
bool Planner::is_own(const NamedHost& host, const std::vector<IpAddress>& addresses) const {
  if (host.origin == HostOrigin::relay_host || facts_.next_hop.port != smtp_port) return false;
  return std::any_of(addresses.begin(), addresses.end(), [this](const IpAddress& address) {
    return std::find(rules_.own_addresses.begin(), rules_.own_addresses.end(), address) != rules_.own_addresses.end();
  });
}

std::optional<DaneTerms> Planner::dane_terms(const HostStage& stage, const NamedHost& host) const {
  std::vector<dane::RecordFact> records;
  for (const TlsaRecord& record : stage.tlsa->records) {
    const auto known = facts_.associations.find(record);
    if (known != facts_.associations.end()) {
      records.push_back({record, known->second});
    } else if (!record.truncated && record.matching == TlsaMatching::full) {
      return std::nullopt;  // nobody looked into it: not the same as unusable
    } else {
      records.push_back({record, AssociationData::digest});
    }
  }
  const dane::Selection selection = dane::select_records(records, rules_.digest_order);
  DaneTerms terms{stage.tlsa->base, stage.tlsa->question, stage.tlsa->records, selection.usable(), {}};
  const bool through_mx = host.origin == HostOrigin::mx;
  const NextHopDomain next_hop(facts_.next_hop.name());
  // Without an MX record the host is the next hop: expanded, where the base is not the name itself (RFC 7672 3.2.2).
  const DomainName expanded = through_mx ? mx_.expanded.value_or(next_hop.name()) : stage.tlsa->base.name();
  const auto path = !through_mx                       ? dane::MxPath::no_mx
                    : mx_.trust == MxTrust::secure ? dane::MxPath::secure_mx
                                                      : dane::MxPath::insecure_mx;
  terms.names = dane::reference_names(terms.base, {next_hop, expanded}, path);  // CRT-05
  return terms;
}

/// Only what would have told us more demands; without addresses there is nowhere to go (RTL-06).
bool Planner::overlooks(const HostStage& stage) const {
  const bool about_terms = stage.out_reason == OutReason::tlsa_lookup_failed || stage.out_reason == OutReason::alias_lookup_failed;
  return demands_.require_tls == RequireTls::waived && demands_.dane != DaneMode::mandatory && stage.fault && about_terms;
}

Considered Planner::consider(const NamedHost& host) const {
  Considered result{host, std::nullopt, std::nullopt};
  const HostStage stage = read_host(facts_, rules_, host, demands_.dane);
  if (is_own(host, stage.addresses)) {
    Fault fault;
    fault.lasting = Lasting::permanent;
    fault.code = {5, 4, 6};
    fault.sentence = "Host " + host.to_string() + " has an address of this system; the mail would loop";
    result.out = leave_out(host, OutReason::own_host, std::move(fault));
    return result;
  }
  if (stage.fault && !overlooks(stage)) {
    result.out = leave_out(host, *stage.out_reason, *stage.fault);
    return result;
  }
  if (!stage.missing.empty()) {
    result.out = leave_out(host, OutReason::facts_missing, facts_missing(stage.missing.front().to_string()));
    return result;
  }
  Hop hop;
  if (host.name) hop.host = MxHost(*host.name);
  hop.preference = host.preference;
  hop.origin = host.origin;
  hop.mx = mx_.trust;
  hop.port = facts_.next_hop.port;
  hop.addresses = ordered(stage.addresses);
  hop.reason = overlooks(stage) ? LevelReason::lookup_waived : stage.reason;
  hop.waived = overlooks(stage);
  hop.sni = host.name;
  if (hop.addresses.empty()) {
    Fault fault;
    fault.code = {4, 4, 4};
    fault.sentence = "Host " + host.to_string() + " has no address of a family this system uses";
    result.out = leave_out(host, OutReason::no_reachable_family, std::move(fault));
    return result;
  }
  if (stage.tlsa) {
    hop.dane = dane_terms(stage, host);
    if (!hop.dane) {
      result.out = leave_out(host, OutReason::facts_missing, facts_missing("the data of a Full(0) TLSA record"));
      return result;
    }
  }
  set_terms(hop, facts_, demands_);
  hop.waived = hop.waived || (demands_.require_tls == RequireTls::waived && hop.audit);
  if (auto unmet = unmet_terms(hop, host.to_string(), facts_, demands_)) {
    result.out = leave_out(host, unmet->reason, std::move(unmet->fault));
  } else {
    result.hop = std::move(hop);
  }
  return result;
}

/// MX-04 once addresses are known: nothing at or behind the preference of a host that turned out to be us.
void cut_at_own_address(std::vector<Considered>& hosts) {
  std::optional<std::uint16_t> limit;
  for (const Considered& considered : hosts) {
    if (considered.out && considered.out->reason == OutReason::own_host) {
      limit = std::min(limit.value_or(considered.host.preference), considered.host.preference);
    }
  }
  for (Considered& considered : hosts) {
    if (!limit || considered.host.preference < *limit) continue;
    if (considered.out && considered.out->reason == OutReason::own_host) continue;
    Fault fault;
    fault.lasting = Lasting::permanent;
    fault.code = {5, 4, 6};
    fault.sentence = "MX host " + considered.host.to_string() + " is not preferred to this system itself";
    considered.hop.reset();
    considered.out = HostOut{considered.host.to_string(), considered.host.preference, OutReason::behind_own_host,
                             std::move(fault)};
  }
}

/// RFC 5321 5.1: equals are shuffled, nothing else moves.
void shuffle_equals(std::vector<Hop>& hops, Chance chance) {
  for (std::size_t begin = 0; begin < hops.size();) {
    std::size_t end = begin;
    while (end < hops.size() && hops[end].preference == hops[begin].preference) ++end;
    for (std::size_t left = end - begin; left > 1; --left) {
      std::swap(hops[begin + left - 1], hops[begin + chance.below(left)]);
    }
    begin = end;
  }
}

/// RES-20: the plan stands no longer than the first of the answers it rests on.
void keep_valid(DeliveryPlan& plan, const DestinationFacts& facts, const std::vector<DnsQuestion>& path) {
  for (const DnsQuestion& question : path) {
    const Lookup* lookup = facts.find(question);
    if (lookup == nullptr || !*lookup) continue;
    plan.valid_until = std::min(plan.valid_until, std::max(plan.made, (*lookup)->asked + (*lookup)->ttl));
  }
}

/// How much a fault says, where hosts are out for different reasons.
int weight(const Fault& fault) {
  if (fault.kind == FaultKind::ours) return 5;
  if (fault.lasting == Lasting::transient) return fault.kind == FaultKind::policy ? 4 : 3;
  if (fault.kind == FaultKind::policy) return 2;
  return fault.code == EnhancedCode{5, 4, 6} ? 0 : 1;
}

}  // namespace

void reshuffle(DeliveryPlan& plan, Seed seed) { shuffle_equals(plan.hops, Chance(seed)); }

const Fault& weightiest(const std::vector<const Fault*>& faults) {
  CHECK(!faults.empty());
  return **std::max_element(faults.begin(), faults.end(),
                            [](const Fault* a, const Fault* b) { return weight(*a) < weight(*b); });
}

DeliveryPlan plan(const DestinationFacts& facts, const MessageDemands& demands, const Rules& rules, Instant now,
                  Seed seed) {
  constexpr std::chrono::hours longest{24};
  const Planner planner(facts, demands, rules);
  DeliveryPlan plan;
  plan.next_hop = facts.next_hop;
  plan.demands = demands;
  plan.mx = planner.mx().trust;
  plan.expanded = planner.mx().expanded;
  plan.out = planner.mx().out;
  plan.made = now;
  plan.valid_until = now + longest;
  keep_valid(plan, facts, planner.mx().path);
  if (facts.sts && demands.mta_sts != StsMode::none) plan.sts_asked = facts.sts->domain;
  if (const StsInForce* sts = sts_in_force(facts, demands)) {
    plan.sts = *sts;
    plan.valid_until = std::min(plan.valid_until, std::max(now, sts->expires));
  }

  std::vector<Considered> hosts;
  for (const NamedHost& host : planner.mx().hosts) {
    hosts.push_back(planner.consider(host));
    keep_valid(plan, facts, read_host(facts, rules, host, demands.dane).path);
  }
  cut_at_own_address(hosts);
  for (Considered& host : hosts) {
    if (host.hop) plan.hops.push_back(*std::move(host.hop));
    if (host.out) plan.out.push_back(*std::move(host.out));
  }
  std::stable_sort(plan.out.begin(), plan.out.end(),
                   [](const HostOut& a, const HostOut& b) { return a.preference < b.preference; });
  shuffle_equals(plan.hops, Chance(seed));
  if (!plan.hops.empty()) return plan;

  if (planner.mx().stop) {
    plan.stop = planner.mx().stop;
  } else if (!planner.mx().missing.empty() || plan.out.empty()) {
    plan.stop = facts_missing(planner.mx().missing.empty() ? std::string("the hosts")
                                                           : planner.mx().missing.front().to_string());
  } else {
    std::vector<const Fault*> faults;
    for (const HostOut& out : plan.out) faults.push_back(&out.fault);
    plan.stop = weightiest(faults);
  }
  return plan;
}

}  // namespace danewerk::policy
