#include "service/publisher/zone_watch.h"

#include "io/dns/signature.h"
#include "io/dns/zone_view.h"
#include "io/runtime/together.h"

namespace danewerk::service {
namespace {

using types::RecordType;
using zone::ParentState;

constexpr std::size_t most_parent_servers = 3;  // one that answers is enough

std::vector<Bytes> entry_points(const types::DomainName& zone, const std::vector<Bytes>& keys) {
  std::vector<Bytes> out;
  for (const Bytes& key : keys) {
    constexpr std::uint8_t entry_point = 1;  // RFC 4034 2.1.1
    if (key.size() < 4 || (key[1] & entry_point) == 0) continue;
    if (auto ds = io::dns::ds_of(zone, key)) out.push_back(*std::move(ds));
  }
  return out;
}

}  // namespace

io::Task<zone::ZoneState> ZoneWatch::look() {
  zone::ZoneState out;
  out.apex = parts_.zone;
  Seen primary = co_await look_at(parts_.servers.front(), std::nullopt);
  out.own_ds = entry_points(parts_.zone, primary.keys);
  out.cds = primary.cds;
  out.cdnskey = primary.cdnskey;
  out.servers.push_back(primary.state);
  std::vector<io::Task<Seen>> others;
  std::optional<std::vector<Bytes>> keys;  // of a primary that is down none are known: then by those a server shows itself
  if (!primary.keys.empty()) keys = primary.keys;
  for (std::size_t i = 1; i < parts_.servers.size(); ++i) others.push_back(look_at(parts_.servers[i], keys));
  std::vector<Seen> seen = co_await io::together(std::move(others));
  for (Seen& other : seen) out.servers.push_back(std::move(other.state));
  out.parent = co_await look_at_parent();
  co_return out;
}

io::Task<ZoneWatch::Seen> ZoneWatch::look_at(AuthoritativeServer server, std::optional<std::vector<Bytes>> keys) {
  Seen out;
  out.state.server = server.name;
  io::dns::ZoneQuestions questions;
  questions.zone = parts_.zone;
  questions.besides = parts_.besides;
  questions.keys = std::move(keys);
  questions.deadline = parts_.deadline;
  auto view = co_await io::dns::view_zone(server.endpoint, std::move(questions), parts_.entropy, parts_.clock);
  if (!view) {
    out.state.fault = view.error().what;
    co_return out;
  }
  out.state.fault = view->fault;
  out.state.serial = view->serial;
  out.state.expire = view->expire;
  out.state.signed_until = view->signed_until;
  out.state.name_servers = view->name_servers;
  out.keys = std::move(view->keys);
  out.cds = std::move(view->cds);
  out.cdnskey = std::move(view->cdnskey);
  co_return out;
}

io::Task<std::vector<zone::Signal>> ZoneWatch::look_at_signals(std::vector<types::RrSet> wanted) {
  std::vector<zone::Signal> out;
  for (const types::RrSet& set : wanted) {
    const types::Lookup found = co_await parts_.resolver.ask(set.name, set.type);
    out.push_back(zone::judge_signal(set, found));
  }
  co_return out;
}

io::Task<ParentState> ZoneWatch::look_at_parent() {
  ParentState out;
  const types::Lookup ds = co_await parts_.resolver.ask(parts_.zone, RecordType::ds);
  if (!ds) {
    out.answer = ParentState::Answer::failed;
    out.fault = ds.error().what;
    co_return out;
  }
  out.answer = ParentState::Answer::given;
  for (const auto& record : ds->value.all<types::RawRecord>()) out.ds.push_back(record.rdata);
  co_await look_at_delegation(out);
  co_return out;
}

/// Up from our zone to the one that delegates it; one of its servers says to whom. What fails here is no fault of ours.
io::Task<void> ZoneWatch::look_at_delegation(ParentState& into) {
  types::DomainName parent = parts_.zone;
  std::vector<types::NameRecord> servers;
  while (servers.empty() && !parent.is_root()) {
    parent = parent.parent();
    const types::Lookup found = co_await parts_.resolver.ask(parent, RecordType::ns);
    if (!found) co_return;
    servers = found->value.all<types::NameRecord>();
  }
  if (servers.size() > most_parent_servers) servers.resize(most_parent_servers);
  for (const types::NameRecord& server : servers) {
    const types::Lookup found = co_await parts_.resolver.ask(server.target, RecordType::a);
    if (!found) continue;
    for (const types::IpAddress& address : found->value.all<types::IpAddress>()) {
      const types::Endpoint endpoint{address, types::Port{53}};
      auto names = co_await io::dns::ask_delegation(endpoint, parts_.zone, parts_.entropy, parts_.deadline);
      if (!names) continue;
      into.name_servers = *std::move(names);
      co_return;
    }
  }
}

}  // namespace danewerk::service
