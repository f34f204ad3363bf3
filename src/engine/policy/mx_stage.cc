#include <algorithm>
#include <map>

#include "engine/policy/discovery.h"
#include "engine/policy/reading.h"

namespace danewerk::policy {
using namespace types;

namespace {

Fault permanent(EnhancedCode code, std::string sentence) {
  Fault fault;
  fault.lasting = Lasting::permanent;
  fault.code = code;
  fault.sentence = std::move(sentence);
  return fault;
}

HostOut left_out(std::string host, std::uint16_t preference, OutReason reason, Fault fault) {
  return {std::move(host), preference, reason, std::move(fault)};
}

Fault null_mx(const DomainName& domain) {  // MX-03, RFC 7505 3
  Fault fault = permanent({5, 1, 10}, "Domain " + domain.to_string() + " takes no mail (null MX)");
  fault.reply_code = 556;
  return fault;
}

/// "." beside other records is the publisher's error (RFC 7505 3, MX-03). "*" is no host: it would be asked for as the
/// owner of a wildcard, and below it no TLSA question can be put.
bool names_host(const MxRecord& record) {
  return record.exchange && !record.exchange->is_root() && !record.exchange->text().starts_with('*');
}

/// What the records of an MX set name: each host once, at its best preference.
struct NamedSet {
  std::map<std::string, NamedHost> hosts;
  std::vector<HostOut> out;
};

NamedSet name_hosts(const std::vector<MxRecord>& records) {
  NamedSet set;
  for (const MxRecord& record : records) {
    if (!names_host(record)) {
      const std::string text = record.exchange ? record.exchange->to_string() : record.exchange_text;
      set.out.push_back(left_out(text, record.preference, OutReason::no_host_name,
                                 permanent({5, 4, 4}, "The MX record names no host: '" + text + "'")));
      continue;
    }
    NamedHost host;
    host.preference = record.preference;
    if (auto address = IpAddress::parse(record.exchange->text())) {  // MX-08
      host.address = *address;
    } else {
      host.name = *record.exchange;
    }
    const auto [it, fresh] = set.hosts.emplace(host.to_string(), host);
    if (!fresh) it->second.preference = std::min(it->second.preference, host.preference);
  }
  return set;
}

/// MX-04, RFC 5321 5.1: ourselves, and everything not better than ourselves, is out.
void drop_own(std::vector<NamedHost>& hosts, std::vector<HostOut>& out, const Rules& rules) {
  const auto is_own = [&rules](const NamedHost& host) {
    return host.name && std::find(rules.own_names.begin(), rules.own_names.end(), *host.name) != rules.own_names.end();
  };
  const auto own = std::find_if(hosts.begin(), hosts.end(), is_own);  // the best: hosts are sorted
  if (own == hosts.end()) return;
  const std::uint16_t limit = own->preference;
  for (const NamedHost& host : hosts) {
    if (host.preference < limit) continue;
    const std::string name = host.to_string();
    if (is_own(host)) {
      out.push_back(left_out(name, host.preference, OutReason::own_host,
                             permanent({5, 4, 6}, "MX host " + name + " is this system; the mail would loop")));
    } else {
      out.push_back(left_out(name, host.preference, OutReason::behind_own_host,
                             permanent({5, 4, 6}, "MX host " + name + " is not preferred to this system itself")));
    }
  }
  std::erase_if(hosts, [limit](const NamedHost& host) { return host.preference >= limit; });
}

void drop_over_limit(std::vector<NamedHost>& hosts, std::vector<HostOut>& out, const Rules& rules) {
  for (std::size_t i = rules.max_mx_hosts; i < hosts.size(); ++i) {
    Fault fault;
    fault.code = {4, 4, 4};
    fault.sentence = "MX host " + hosts[i].to_string() + " is beyond the " + std::to_string(rules.max_mx_hosts) +
                     " hosts considered for one domain";
    out.push_back(left_out(hosts[i].to_string(), hosts[i].preference, OutReason::over_limit, std::move(fault)));
  }
  if (hosts.size() > rules.max_mx_hosts) hosts.resize(rules.max_mx_hosts);
}

void read_records(MxStage& stage, const DnsAnswer& answer, const DomainName& domain, const Rules& rules) {
  const std::vector<MxRecord> records = answer.all<MxRecord>();
  const auto is_null = [](const MxRecord& record) { return record.exchange && record.exchange->is_root(); };
  if (!records.empty() && std::all_of(records.begin(), records.end(), is_null)) {
    stage.stop = null_mx(domain);
    return;
  }
  NamedSet set = name_hosts(records);
  for (auto& [text, host] : set.hosts) stage.hosts.push_back(std::move(host));
  std::stable_sort(stage.hosts.begin(), stage.hosts.end(),
                   [](const NamedHost& a, const NamedHost& b) { return a.preference < b.preference; });
  stage.out = std::move(set.out);
  drop_own(stage.hosts, stage.out, rules);
  drop_over_limit(stage.hosts, stage.out, rules);
  if (stage.hosts.empty() && stage.out.empty()) {
    stage.stop = permanent({5, 4, 4}, "The MX set of " + domain.to_string() + " names no host");
  }
}

MxStage read_domain(const DestinationFacts& facts, const DomainName& domain, const Rules& rules) {
  MxStage stage;
  const DnsQuestion question{domain, RecordType::mx};
  stage.path.push_back(question);
  const Reading reading = read(facts, question, rules);
  if (reading.known == Known::not_asked) stage.missing.push_back(question);
  if (reading.known == Known::failed) {  // MX-05: no implicit MX, no A (RFC 7672 2.1.2)
    stage.stop = lookup_fault(Purpose::location, *reading.evidence);
  }
  if (reading.known != Known::answered) return stage;

  const DnsAnswer& answer = reading.answer->value;
  stage.trust = reading.is_secure() ? MxTrust::secure : MxTrust::insecure;  // RES-07: aliases are in the status
  if (answer.is_alias() && answer.canonical_name() != domain) stage.expanded = answer.canonical_name();
  if (answer.existence == Existence::no_name) {  // MX-01
    stage.stop = permanent({5, 1, 2}, "Domain " + domain.to_string() + " does not exist");
    stage.stop->evidence = LookupEvidence::of(question, *facts.find(question));
  } else if (answer.existence == Existence::no_data) {  // MX-02, RFC 7672 2.2.2 third bullet
    stage.hosts.push_back({domain, std::nullopt, 0, HostOrigin::implicit_mx});
    drop_own(stage.hosts, stage.out, rules);
  } else {
    read_records(stage, answer, domain, rules);
  }
  return stage;
}

}  // namespace

std::string NamedHost::to_string() const {
  if (name) return name->to_string();
  return "[" + (address ? address->to_string() : std::string{}) + "]";
}

MxStage read_mx(const DestinationFacts& facts, const Rules& rules) {
  if (const auto* domain = std::get_if<NextHopDomain>(&facts.next_hop.target)) {
    return read_domain(facts, domain->name(), rules);
  }
  MxStage stage;
  NamedHost host;
  if (const auto* relay = std::get_if<RelayHost>(&facts.next_hop.target)) {
    host.name = relay->name();
    host.origin = HostOrigin::relay_host;
  } else {
    host.address = std::get<IpAddress>(facts.next_hop.target);
    host.origin = HostOrigin::address;
  }
  stage.hosts.push_back(std::move(host));
  return stage;
}

}  // namespace danewerk::policy
