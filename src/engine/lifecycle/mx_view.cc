#include "engine/lifecycle/mx_view.h"

#include <algorithm>

namespace danewerk::lifecycle {
namespace {

using types::RecordType;

/// Does this host, named in the MX, lead to us without being our host: as an alias of it, or by our addresses?
bool leads_to_us(const Expectation& expected, const types::DomainSight& sight, const types::DomainName& host) {
  for (const RecordType type : {RecordType::a, RecordType::aaaa}) {
    const types::Lookup* lookup = sight.find(host, type);
    if (lookup == nullptr || !lookup->has_value()) continue;
    const types::DnsAnswer& answer = (*lookup)->value;
    if (answer.is_alias() && answer.canonical_name() == expected.host) return true;
    for (const types::IpAddress& address : answer.all<types::IpAddress>()) {
      if (std::find(expected.addresses.begin(), expected.addresses.end(), address) != expected.addresses.end()) return true;
    }
  }
  return false;
}

struct Seen {
  std::optional<std::uint16_t> ours;   ///< the best preference
  std::optional<std::uint16_t> other;
};

Seen read_records(MxView& view, std::vector<types::MxRecord> records, const Expectation& expected, const types::DomainSight& sight) {
  std::sort(records.begin(), records.end());
  Seen seen;
  for (const types::MxRecord& record : records) {
    const std::string exchange = record.exchange ? record.exchange->to_string() + "." : record.exchange_text;
    const std::string line = expected.domain.to_string() + ". " + std::to_string(view.ttl.count()) + " IN MX " + std::to_string(record.preference) + " " +
                             (exchange == ".." ? "." : exchange);
    view.lines.push_back(line);
    if (!record.exchange) {
      view.unreadable.push_back(line);
      continue;
    }
    const bool ours = !expected.host.is_root() && *record.exchange == expected.host;
    const bool alias = !ours && !expected.host.is_root() && leads_to_us(expected, sight, *record.exchange);
    if (alias && !view.by_alias) view.alias = record.exchange->to_string();
    view.by_alias = view.by_alias || alias;
    std::optional<std::uint16_t>& best = ours ? seen.ours : seen.other;
    if (!best) best = record.preference;  // sorted: the first is the best
    if (!ours) view.others.push_back(line);
  }
  return seen;
}

}  // namespace

MxView view_mx(const Expectation& expected, const types::DomainSight& sight) {
  MxView view;
  const types::Lookup* lookup = sight.find(expected.domain, RecordType::mx);
  if (lookup == nullptr || !lookup->has_value()) return view;
  const types::Secured<types::DnsAnswer>& answer = **lookup;
  view.dnssec = answer.status;
  view.ttl = answer.ttl;
  const auto records = answer.value.all<types::MxRecord>();
  view.place = MxView::Place::missing;
  if (records.empty()) return view;
  const bool null = std::all_of(records.begin(), records.end(), [](const auto& one) { return one.exchange && one.exchange->is_root(); });
  const Seen seen = read_records(view, records, expected, sight);
  if (null) {
    view.place = MxView::Place::null;
  } else if (!seen.ours) {
    view.place = MxView::Place::elsewhere;
  } else if (!seen.other) {
    view.place = MxView::Place::alone;
  } else {
    view.place = *seen.other <= *seen.ours ? MxView::Place::behind : MxView::Place::first;
  }
  return view;
}

bool shows_token(const types::Lookup* lookup, const types::ControlToken& token) {
  if (lookup == nullptr || !lookup->has_value() || token == types::ControlToken{}) return false;
  const auto records = (*lookup)->value.all<types::TxtRecord>();
  const std::string wanted = control_text(token);
  return std::any_of(records.begin(), records.end(), [&wanted](const types::TxtRecord& one) { return one.joined() == wanted; });
}

}  // namespace danewerk::lifecycle
