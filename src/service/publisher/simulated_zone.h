// SimulatedZone: an MX zone with a primary, lagging secondaries and a parent, in memory and in virtual time. For tests.
//
// It applies changes as RFC 2136 3 says (prerequisites, deletions, additions, all or nothing), answers wildcards as RFC
// 4592 does for the names a publisher asks, and lets a test break what breaks in practice: a server that lags, is down, or
// signs no more, a primary that refuses, a parent without DS.
#pragma once

#include <algorithm>
#include <map>
#include <utility>

#include "service/publisher/zone_access.h"

namespace danewerk::service {

class SimulatedZone final : public ZoneAccess {
 public:
  struct Server {
    Duration lag{0};
    rollover::Sight sight = rollover::Sight::verified;
  };
  using Content = std::map<std::pair<types::DomainName, types::RecordType>, types::RrSet>;

  SimulatedZone(const io::Clock& clock, std::vector<Server> servers) : servers_(std::move(servers)), clock_(clock) { history_.push_back({clock.now(), {}}); }

  Server& server(std::size_t index) { return servers_[index]; }
  bool ds_at_parent = false;
  bool refuses_updates = false;
  int changes = 0;
  /// What a server holds now: the newest version old enough for its lag.
  const Content& content(std::size_t index) const {
    const Content* out = &history_.front().second;
    for (const auto& [at, version] : history_) {
      if (at + servers_[index].lag <= clock_.now()) out = &version;
    }
    return *out;
  }
  std::size_t server_count() const { return servers_.size(); }
  types::RrSet answer(std::size_t index, const types::DnsQuestion& question) const {
    const Content& zone = content(index);
    types::DomainName encloser = question.name;  // RFC 4592 2.2.1: the name itself, or the nearest above it that exists
    while (!encloser.is_root() && !exists(zone, encloser)) encloser = encloser.parent();
    const auto found = zone.find({encloser == question.name ? encloser : encloser.prefixed("*"), question.type});
    if (found == zone.end()) return {question.name, question.type, Ttl{0}, {}};
    return {question.name, question.type, found->second.ttl, found->second.rdatas};
  }

  io::Task<Result<std::vector<Bytes>>> zone_keys(AuthoritativeServer server) override {
    if (servers_[index_of(server)].sight == rollover::Sight::unreachable) co_return fail(ErrorKind::unavailable, "down");
    Bytes key{1, 1, 3, 13};  // flags 257, protocol 3, algorithm 13
    key.resize(68, 7);
    co_return std::vector<Bytes>{key};
  }
  io::Task<ServerReading> read(AuthoritativeServer server, types::DnsQuestion question, std::vector<Bytes> keys) override {
    const std::size_t index = index_of(server);
    ServerReading out;
    out.sight = keys.empty() ? rollover::Sight::unverified : servers_[index].sight;
    out.detail = "simulated";
    if (out.sight != rollover::Sight::unreachable) out.set = answer(index, question);
    co_return out;
  }
  io::Task<Result<void, io::dns::UpdateError>> apply(types::ZoneChange change) override {
    using io::dns::UpdateErrorKind;
    if (refuses_updates) co_return Failure{io::dns::UpdateError{UpdateErrorKind::refused, "the zone is frozen"}};
    Content next = history_.back().second;
    for (const auto& prerequisite : change.prerequisites) {
      if (!holds(next, prerequisite)) co_return Failure{io::dns::UpdateError{UpdateErrorKind::prerequisite_failed, "NXRRSET"}};
    }
    for (const auto& deletion : change.deletes) {
      if (const auto* set = std::get_if<types::DeleteRrSet>(&deletion)) next.erase({set->name, set->type});
    }
    for (const auto& set : change.adds) next[{set.name, set.type}] = set;
    if (change.empty()) co_return Result<void, io::dns::UpdateError>{};
    history_.emplace_back(clock_.now(), std::move(next));
    ++changes;
    co_return Result<void, io::dns::UpdateError>{};
  }
  io::Task<types::Lookup> ask_afresh(types::DomainName owner) override {
    types::Secured<types::DnsAnswer> out;
    out.value.question = {owner.parent().prefixed("_25._tcp.any"), types::RecordType::tlsa};
    for (const Bytes& rdata : answer(0, out.value.question).rdatas) out.value.records.emplace_back(types::TlsaRecord::from_rdata(rdata));
    out.status = ds_at_parent ? types::DnssecStatus::secure : types::DnssecStatus::insecure;
    co_return out;
  }

 private:
  static std::size_t index_of(const AuthoritativeServer& server) { return static_cast<std::size_t>(server.name.back() - '1'); }
  static bool exists(const Content& zone, const types::DomainName& name) {
    return std::any_of(zone.begin(), zone.end(), [&name](const auto& one) { return one.first.first.is_within(name); });
  }
  static bool holds(const Content& zone, const types::Prerequisite& prerequisite) {
    if (const auto* is = std::get_if<types::RrSetIs>(&prerequisite)) {
      const auto there = zone.find({is->set.name, is->set.type});
      return there != zone.end() && there->second.same_records(is->set);
    }
    const auto* absent = std::get_if<types::RrSetAbsent>(&prerequisite);
    return absent != nullptr && !zone.contains({absent->name, absent->type});
  }

  std::vector<Server> servers_;
  const io::Clock& clock_;
  std::vector<std::pair<Instant, Content>> history_;
};

}  // namespace danewerk::service
