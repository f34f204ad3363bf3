#include "engine/policy/discovery.h"
#include "engine/policy/reading.h"

namespace danewerk::policy {
using namespace types;

namespace {

/// Reads and notes that the stage rests on it.
Reading note(HostStage& stage, const DestinationFacts& facts, const DnsQuestion& question, const Rules& rules) {
  stage.path.push_back(question);
  return read(facts, question, rules);
}

void leave_out(HostStage& stage, OutReason reason, Fault fault) {
  stage.out_reason = reason;
  stage.fault = std::move(fault);
  stage.missing.clear();
}

/// The address answer the search for TLSA starts from: one that has records, a secure one before an insecure one (a
/// host whose one family is provably signed is not let go without the search), A before AAAA.
struct Addresses {
  const Secured<DnsAnswer>* lead = nullptr;
};

void consider(HostStage& stage, Addresses& found, const Reading& reading) {
  if (!reading.has_records()) return;
  for (const IpAddress& address : reading.answer->value.all<IpAddress>()) stage.addresses.push_back(address);
  const bool better = found.lead == nullptr ||
                      (found.lead->status != DnssecStatus::secure && reading.answer->status == DnssecStatus::secure);
  if (better) found.lead = reading.answer;
}

/// TL-01, TL-02a, TL-03. Nothing where the stage has ended.
std::optional<Addresses> find_addresses(HostStage& stage, const DestinationFacts& facts, const DomainName& host,
                                        const Rules& rules) {
  const DnsQuestion a{host, RecordType::a};
  const DnsQuestion aaaa{host, RecordType::aaaa};
  const Reading v4 = note(stage, facts, a, rules);
  const Reading v6 = note(stage, facts, aaaa, rules);
  for (const Reading* reading : {&v4, &v6}) {
    if (reading->known == Known::failed) {  // either: the host is unreachable, whatever the other said
      leave_out(stage, OutReason::address_lookup_failed, lookup_fault(Purpose::location, *reading->evidence));
      return std::nullopt;
    }
  }
  if (v4.known == Known::not_asked) stage.missing.push_back(a);
  if (v6.known == Known::not_asked) stage.missing.push_back(aaaa);
  if (!stage.missing.empty()) return std::nullopt;
  Addresses found;
  consider(stage, found, v4);
  consider(stage, found, v6);
  if (stage.addresses.empty()) {
    Fault fault;
    fault.lasting = Lasting::permanent;
    fault.code = {5, 4, 4};
    fault.sentence = "Host " + host.to_string() + (v4.answer->value.existence == Existence::no_name
                                                       ? " does not exist"
                                                       : " has no address records");
    fault.evidence = LookupEvidence::of(a, *facts.find(a));
    leave_out(stage, OutReason::no_addresses, std::move(fault));
    return std::nullopt;
  }
  return found;
}

/// RFC 7672 2.2.2: the names below which TLSA may lie, in the order to try. Empty with `reason` set where DANE does not
/// apply; empty with a missing question or a fault where that is not known yet.
std::vector<DomainName> candidates(HostStage& stage, const DestinationFacts& facts, const DomainName& host,
                                   const Secured<DnsAnswer>& addresses, const Rules& rules) {
  const DnsAnswer& answer = addresses.value;
  if (auto secure = Secure<DnsAnswer>::check(addresses)) {
    if (!(*secure)->is_alias() || (*secure)->canonical_name() == host) return {host};  // TL-04
    return {(*secure)->canonical_name(), host};                                        // TL-05; never a name between
  }
  if (!answer.is_alias()) {  // TL-02
    stage.reason = LevelReason::address_insecure;
    return {};
  }
  const DnsQuestion question{host, RecordType::cname};  // TL-06, RES-08
  const Reading first = note(stage, facts, question, rules);
  if (first.known == Known::not_asked) stage.missing.push_back(question);
  if (first.known == Known::failed) {
    leave_out(stage, OutReason::alias_lookup_failed, lookup_fault(Purpose::tlsa, *first.evidence));
  }
  if (first.known != Known::answered) return {};
  if (first.is_secure()) return {host};
  stage.reason = LevelReason::alias_insecure;
  return {};
}

/// RFC 7672 2.2.3, TL-07 to TL-10; RFC 6698 4, CRT-11: the port asked for is the one connected to.
void find_tlsa(HostStage& stage, const DestinationFacts& facts, const std::vector<DomainName>& bases,
               const Rules& rules) {
  for (const DomainName& base : bases) {
    if (base.text().starts_with('*')) {  // an alias that leads to a wildcard's own name: no question can be put there
      Fault fault;
      fault.code = {4, 4, 312};
      fault.sentence = "The host is an alias of " + base.to_string() + ", which is no host name";
      leave_out(stage, OutReason::alias_lookup_failed, std::move(fault));
      return;
    }
    const auto owner = tlsa_owner(base, facts.next_hop.port);
    if (!owner) continue;  // longer than a name can be: proven absent without asking
    const DnsQuestion question{*owner, RecordType::tlsa};
    const Reading reading = note(stage, facts, question, rules);
    if (reading.known == Known::not_asked) {
      stage.missing.push_back(question);
      return;
    }
    if (reading.known == Known::failed) {  // TL-09: and the other candidate is not asked
      leave_out(stage, OutReason::tlsa_lookup_failed, lookup_fault(Purpose::tlsa, *reading.evidence));
      return;
    }
    const auto secure = Secure<DnsAnswer>::check(*reading.answer);  // TL-13
    if (!secure) {
      stage.reason = LevelReason::tlsa_insecure;
    } else if ((*secure)->existence == Existence::records) {  // TL-10; a CNAME here leaves the base as it is (TL-08)
      stage.tlsa = TlsaFound{TlsaBaseDomain(base), question, (*secure)->all<TlsaRecord>(), reading.answer->asked + reading.answer->ttl};
      return;
    }
  }
}

}  // namespace

std::optional<DomainName> tlsa_owner(const DomainName& base, Port port) {
  auto owner = DomainName::parse("_" + std::to_string(static_cast<unsigned>(port)) + "._tcp." + base.to_string());
  if (!owner) return std::nullopt;
  return *std::move(owner);
}

HostStage read_host(const DestinationFacts& facts, const Rules& rules, const NamedHost& host, DaneMode mode) {
  HostStage stage;
  if (!host.name) {  // MX-08
    if (host.address) stage.addresses.push_back(*host.address);
    stage.reason = host.origin == HostOrigin::address ? LevelReason::address_literal : LevelReason::address_in_mx;
    return stage;
  }
  const auto addresses = find_addresses(stage, facts, *host.name, rules);
  if (!addresses) return stage;
  if (mode == DaneMode::none) {
    stage.reason = LevelReason::dane_off;
    return stage;
  }
  const std::vector<DomainName> bases = candidates(stage, facts, *host.name, *addresses->lead, rules);
  find_tlsa(stage, facts, bases, rules);
  return stage;
}

}  // namespace danewerk::policy
