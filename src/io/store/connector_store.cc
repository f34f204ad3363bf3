#include "io/store/connector_store.h"

#include <algorithm>

#include "io/store/ledger.h"

namespace danewerk::io {
namespace {

using types::BrokenConnector;
using types::Connector;
using types::StoredConnector;

constexpr std::string_view select_all =
    "SELECT id, owner, place, pattern, dane, mta_sts, tls, verify_names, route, source, author, reason, created_at, expires_at, pool FROM connector";

/// The words of a space-separated list.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

template <class Items>
std::string joined(const Items& items) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : " ") + item.to_string();
  return out;
}

/// "route: 'x' is not a next hop": the column before what is wrong in it.
template <class T>
Result<T> column(const char* name, Result<T> read) {
  if (read) return read;
  return fail(ErrorKind::corrupt, std::string(name) + ": " + read.error().what);
}

Result<Connector> read_rule(const Rows& rows) {
  TRY(auto id, column("id", types::ConnectorId::parse(rows.text(0))));
  TRY(auto owner, column("owner", types::parse_owner(rows.text(1))));
  TRY(auto pattern, column("pattern", types::RecipientPattern::parse(rows.text(3))));
  TRY(const auto dane, column("dane", types::parse_dane_mode(rows.text(4))));
  TRY(const auto mta_sts, column("mta_sts", types::parse_sts_mode(rows.text(5))));
  TRY(const auto tls, column("tls", types::parse_tls_mode(rows.text(6))));
  Connector rule{std::move(id), std::move(owner), static_cast<std::uint32_t>(rows.number(2)), std::move(pattern), dane, mta_sts, tls, {}, {}, {},
                 rows.text(10), rows.text(11), rows.instant(12), rows.maybe_instant(13)};
  for (const std::string& word : words_of(rows.text(7))) {
    TRY(auto name, column("verify_names", types::DomainName::parse(word)));
    rule.verify_names.emplace_back(std::move(name));
  }
  if (!rows.is_null(8)) {
    TRY(rule.smart_host, column("route", types::NextHop::parse(rows.text(8))));
  }
  for (const std::string& word : words_of(rows.text(9))) {
    TRY(auto address, column("source", types::IpAddress::parse(word)));
    rule.source.push_back(address);
  }
  rule.pool = rows.text(14);
  return rule;
}

StoredConnector read_stored(const Rows& rows) {
  auto rule = read_rule(rows);
  if (rule) return *std::move(rule);
  BrokenConnector broken{rows.text(0), {}, static_cast<std::uint32_t>(rows.number(2)), {}, rule.error().what};
  if (auto owner = types::parse_owner(rows.text(1))) broken.owner = *std::move(owner);
  if (auto pattern = types::RecipientPattern::parse(rows.text(3))) broken.pattern = *std::move(pattern);
  return broken;
}

/// '?', which is no tenant's id, stands for an owner that nobody can read.
std::string owner_key(const StoredConnector& stored) {
  if (const auto* rule = std::get_if<Connector>(&stored)) return types::to_string(rule->owner);
  const auto& broken = std::get<BrokenConnector>(stored);
  return broken.owner ? types::to_string(*broken.owner) : "?";
}

std::uint32_t place_of(const StoredConnector& stored) {
  if (const auto* rule = std::get_if<Connector>(&stored)) return rule->place;
  return std::get<BrokenConnector>(stored).place;
}

Result<std::vector<StoredConnector>> read_all(Database& database) {
  std::vector<StoredConnector> out;
  {
    TRY(Rows rows, database.query(select_all));
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) break;
      out.push_back(read_stored(rows));
    }
  }
  // A broken rule stands before a sound one of the same place: what may be strict goes first.
  const auto order = [](const StoredConnector& one) { return std::tuple(owner_key(one), place_of(one), one.index() == 0); };
  std::stable_sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
  return out;
}

Result<void> put_rule(Database& database, const Connector& rule) {
  if (rule.owner) {
    TRY(Rows rows, database.query("SELECT 1 FROM tenant WHERE id = ?1", rule.owner->text()));
    TRY(const bool known, rows.next());
    if (!known) return fail(ErrorKind::not_found, "connector " + rule.id.to_string() + ": there is no tenant " + rule.owner->text());
  }
  std::optional<std::string> route;
  if (rule.smart_host) route = rule.smart_host->to_string();
  return database.run("INSERT OR REPLACE INTO connector(id, owner, place, pattern, dane, mta_sts, tls, verify_names, route, source,"
                      " author, reason, created_at, expires_at, pool) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
                      rule.id.to_string(), types::to_string(rule.owner), rule.place, rule.pattern.to_string(),
                      std::string_view(types::to_string(rule.dane)), std::string_view(types::to_string(rule.mta_sts)),
                      std::string_view(types::to_string(rule.tls)), joined(rule.verify_names), route, joined(rule.source), rule.author,
                      rule.reason, rule.created, rule.expires, rule.pool);
}

Result<void> apply(Database& database, const types::ConnectorEdit& edit, const types::AdminAct& act) {
  for (const std::string& id : edit.removed) TRY_VOID(database.run("DELETE FROM connector WHERE id = ?1", id));
  for (const Connector& rule : edit.put) TRY_VOID(put_rule(database, rule));
  for (const auto& note : edit.notes) TRY_VOID(insert_ledger(database, act, note.owner, note.action, note.subject, note.detail));
  return {};
}

}  // namespace

Connectors::Connectors(std::vector<types::StoredConnector> rules) : all_(std::move(rules)) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    Range& range = parts_.try_emplace(owner_key(all_[i]), Range{i, 0}).first->second;
    ++range.count;
  }
}

std::span<const types::StoredConnector> Connectors::part(const std::string& owner) const noexcept {
  const auto found = parts_.find(owner);
  if (found == parts_.end()) return {};
  return std::span(all_).subspan(found->second.begin, found->second.count);
}

Result<std::unique_ptr<ConnectorStore>> ConnectorStore::open(Store& store) {
  std::unique_ptr<ConnectorStore> out(new ConnectorStore(store));
  TRY(auto rules, read_all(store.reading_at_start()));
  out->shared_->current = std::make_shared<Connectors>(std::move(rules));
  return out;
}

std::shared_ptr<const Connectors> ConnectorStore::snapshot() const {
  const std::lock_guard guard(shared_->mutex);
  return shared_->current;
}

Task<Result<types::ConnectorEdit>> ConnectorStore::change(ConnectorEditor editor, types::AdminAct act) {
  struct Job {
    ConnectorEditor editor;
    types::AdminAct act;
    types::ConnectorEdit edit;
    std::vector<types::StoredConnector> after;
  };
  auto job = std::make_shared<Job>(Job{std::move(editor), std::move(act), {}, {}});
  Writer::Work work = [job](Database& database) -> Result<void> {
    TRY(const auto rules, read_all(database));
    TRY(job->edit, job->editor(rules));
    TRY_VOID(apply(database, job->edit, job->act));
    TRY(job->after, read_all(database));
    return {};
  };
  // On the writer's thread and in commit order, so that the last to commit is the last to be shown.
  Writer::Answer settled = [shared = shared_, job](const Result<void>& result) {
    if (!result) return;
    auto next = std::make_shared<const Connectors>(std::move(job->after));
    const std::lock_guard guard(shared->mutex);
    shared->current = std::move(next);
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work), std::move(settled)));
  co_return std::move(job->edit);
}

}  // namespace danewerk::io
