#include "service/prover/collect.h"

#include <deque>

namespace danewerk::service {
namespace {

using engine::dnssec::Name;
using engine::dnssec::RecordSet;
using types::RecordType;
using Key = std::pair<Name, RecordType>;

constexpr std::size_t most_questions = 60;
constexpr std::size_t most_aliases = 16;

bool proves_something(RecordType type) {
  switch (type) {
    case RecordType::a: case RecordType::aaaa: case RecordType::cname: case RecordType::dname: case RecordType::mx: case RecordType::ds:
    case RecordType::dnskey: case RecordType::nsec: case RecordType::nsec3: case RecordType::tlsa: return true;
    default: return false;
  }
}

/// What has come so far, and what is still to be asked.
class Pool {
 public:
  void want(const Name& name, RecordType type) {
    if (asked_.insert({name, type}).second) waiting_.push_back({name, type});
  }
  std::optional<Key> next() {
    if (waiting_.empty() || done_ == most_questions) return std::nullopt;
    ++done_;
    Key key = waiting_.front();
    waiting_.pop_front();
    return key;
  }
  void take(const io::dns::WireRecord& record);
  /// For each zone that signed something, its keys, and what vouches for them.
  void want_keys();
  /// For a name that came unsigned: the DS of each name above it.
  void want_cuts(const Name& name);
  /// Where aliases lead from a name; itself where there are none.
  Name end_of(Name name) const;
  bool is_signed(const Name& name, RecordType type) const;
  std::vector<RecordSet> signed_sets() const;

 private:
  std::map<Key, RecordSet> sets_;
  std::map<Name, Name> aliases_;
  std::set<Name> signers_;
  std::set<Key> asked_;
  std::deque<Key> waiting_;
  std::size_t done_ = 0;
};

void Pool::take(const io::dns::WireRecord& record) {
  std::size_t size = 0;
  const auto owner = Name::read(record.owner, size);
  if (!owner) return;
  RecordType type = static_cast<RecordType>(record.type);
  const bool signature = type == RecordType::rrsig;
  if (signature) {
    const auto facts = engine::dnssec::read_rrsig(record.rdata);
    if (!facts || !proves_something(facts->covered)) return;
    type = facts->covered;
    signers_.insert(facts->signer);
  } else if (!proves_something(type)) {
    return;
  }
  RecordSet& set = sets_.try_emplace({*owner, type}, RecordSet{*owner, type, {}, {}}).first->second;
  (signature ? set.signatures : set.rdatas).push_back(record.rdata);
  if (type != RecordType::cname || signature) return;
  if (auto target = engine::dnssec::read_target(record.rdata)) aliases_.insert_or_assign(*owner, *target);
}

void Pool::want_keys() {
  for (const Name& zone : signers_) {
    want(zone, RecordType::dnskey);
    if (!zone.is_root()) want(zone, RecordType::ds);
  }
}

void Pool::want_cuts(const Name& name) {
  for (std::size_t labels = 1; labels <= name.label_count(); ++labels) want(name.ancestor(labels), RecordType::ds);
}

Name Pool::end_of(Name name) const {
  for (std::size_t i = 0; i < most_aliases; ++i) {
    const auto next = aliases_.find(name);
    if (next == aliases_.end()) break;
    name = next->second;
  }
  return name;
}

bool Pool::is_signed(const Name& name, RecordType type) const {
  const auto found = sets_.find({name, type});
  return found != sets_.end() && !found->second.signatures.empty();
}

std::vector<RecordSet> Pool::signed_sets() const {
  std::vector<RecordSet> out;
  for (const auto& [key, set] : sets_) {
    if (set.rdatas.empty() || set.signatures.empty()) continue;
    out.push_back(set);
    engine::dnssec::make_canonical(out.back());
  }
  return out;
}

io::Task<Result<void>> ask_all(const AskSigned& ask, Pool& pool) {
  while (auto key = pool.next()) {
    const std::string text = key->first.to_string();
    auto name = types::DomainName::parse(text);
    if (!name) co_return fail(ErrorKind::refused, text + " is a name that cannot be asked for");
    types::DnsQuestion question{*std::move(name), key->second};
    CO_TRY(const auto records, co_await ask(std::move(question)));
    for (const io::dns::WireRecord& record : records) pool.take(record);
    pool.want_keys();
  }
  co_return Result<void>();
}

}  // namespace

io::Task<Result<std::vector<RecordSet>>> collect(AskSigned ask, engine::dnssec::Claim claim) {
  Pool pool;
  if (claim.way == engine::dnssec::Way::mx) pool.want(claim.next_hop, RecordType::mx);
  pool.want(claim.host, RecordType::a);
  pool.want(claim.host, RecordType::aaaa);
  CO_TRY_VOID(co_await ask_all(ask, pool));
  const Name expanded = pool.end_of(claim.host);
  for (const Name& base : {claim.base, expanded}) {
    if (const auto name = engine::dnssec::tlsa_name(base, claim.port)) pool.want(*name, RecordType::tlsa);
  }
  CO_TRY_VOID(co_await ask_all(ask, pool));
  const Name domain = pool.end_of(claim.next_hop);
  if (claim.way == engine::dnssec::Way::mx && !pool.is_signed(domain, RecordType::mx)) {
    pool.want_cuts(claim.next_hop);
    pool.want_cuts(domain);
  }
  const bool address_signed = pool.is_signed(expanded, RecordType::a) || pool.is_signed(expanded, RecordType::aaaa);
  if (!address_signed) pool.want_cuts(expanded);
  CO_TRY_VOID(co_await ask_all(ask, pool));
  co_return pool.signed_sets();
}

}  // namespace danewerk::service
