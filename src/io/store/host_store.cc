#include "io/store/host_store.h"

#include "io/store/domain_rows.h"

namespace danewerk::io {
namespace {

Result<std::optional<HeldHost>> read_held(const Rows& rows, int first_column) {
  if (rows.is_null(first_column)) return std::optional<HeldHost>{};
  HeldHost out;
  TRY(out.host, types::DomainName::parse(rows.text(first_column)));
  TRY(out.zone, types::DomainName::parse(rows.text(first_column + 1)));
  TRY(out.node, types::HostNode::parse(rows.text(first_column + 2)));
  return std::optional(std::move(out));
}

Result<void> settle_one(Database& database, const HostDone& done, Instant at) {
  const std::string domain = done.domain.to_string();
  if (done.held) {
    TRY_VOID(database.run("INSERT OR REPLACE INTO mx_host(domain, host, zone, node, at) VALUES(?1,?2,?3,?4,?5)", domain, done.held->host.to_string(),
                          done.held->zone.to_string(), done.held->node.to_string(), at));
  } else {
    TRY_VOID(database.run("DELETE FROM mx_host WHERE domain = ?1", domain));
  }
  if (done.then == HostDone::Then::look_again) return {};
  return database.run("DELETE FROM mx_host_work WHERE id = ?1", done.id);
}

}  // namespace

Task<Result<std::vector<HostWork>>> HostStore::due(Instant now, std::uint32_t most) {
  std::function<Result<std::vector<HostWork>>(Database&)> work = [now, most](Database& database) -> Result<std::vector<HostWork>> {
    TRY(Rows rows, database.query("SELECT w.id, w.domain, h.host, h.zone, h.node, a.domain" FACTS_COLUMNS " FROM mx_host_work w"
                                  " LEFT JOIN mx_host h ON h.domain = w.domain LEFT JOIN accepted_domain a ON a.domain = w.domain"
                                  " WHERE w.not_before <= ?1 ORDER BY w.id LIMIT ?2",
                                  now, most));
    std::vector<HostWork> out;
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) return out;
      HostWork one;
      one.id = rows.number(0);
      TRY(one.domain, types::DomainName::parse(rows.text(1)));
      TRY(one.held, read_held(rows, 2));
      if (!rows.is_null(5)) one.facts = read_facts(rows, 6);
      out.push_back(std::move(one));
    }
  };
  co_return co_await store_.read(Store::Lane::views, std::move(work));
}

Task<Result<void>> HostStore::settle(std::vector<HostDone> done, Instant at) {
  auto all = std::make_shared<std::vector<HostDone>>(std::move(done));
  Writer::Work work = [all, at](Database& database) -> Result<void> {
    for (const HostDone& one : *all) TRY_VOID(settle_one(database, one, at));
    return {};
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> HostStore::postpone(std::vector<HostPostponed> postponed, Instant until) {
  auto all = std::make_shared<std::vector<HostPostponed>>(std::move(postponed));
  Writer::Work work = [all, until](Database& database) -> Result<void> {
    for (const HostPostponed& one : *all) {
      TRY_VOID(database.run("UPDATE mx_host_work SET not_before = ?2, fault = ?3 WHERE id = ?1", one.id, until, one.fault));
    }
    return {};
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> HostStore::note_all() {
  Writer::Work work = [](Database& database) -> Result<void> {
    TRY_VOID(database.run("INSERT OR IGNORE INTO mx_host_work(domain) SELECT domain FROM accepted_domain"));
    TRY_VOID(database.run("INSERT OR IGNORE INTO mx_host_work(domain) SELECT domain FROM mx_host"));
    return database.run("UPDATE mx_host_work SET not_before = 0, fault = '' WHERE not_before > 0");
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<HostsWaiting>> HostStore::waiting() {
  std::function<Result<HostsWaiting>(Database&)> work = [](Database& database) -> Result<HostsWaiting> {
    TRY(Rows rows, database.query("SELECT count(*), count(nullif(fault, '')) FROM mx_host_work"));
    TRY_VOID(rows.next());
    return HostsWaiting{static_cast<std::uint64_t>(rows.number(0)), static_cast<std::uint64_t>(rows.number(1))};
  };
  co_return co_await store_.read(Store::Lane::views, std::move(work));
}

Task<Result<std::map<types::DomainName, std::uint64_t>>> HostStore::held() {
  using Counts = std::map<types::DomainName, std::uint64_t>;
  std::function<Result<Counts>(Database&)> work = [](Database& database) -> Result<Counts> {
    TRY(Rows rows, database.query("SELECT zone, count(*) FROM mx_host GROUP BY zone"));
    Counts out;
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) return out;
      TRY(auto zone, types::DomainName::parse(rows.text(0)));
      out[zone] = static_cast<std::uint64_t>(rows.number(1));
    }
  };
  co_return co_await store_.read(Store::Lane::views, std::move(work));
}

Task<Result<std::optional<std::pair<types::DomainName, HeldHost>>>> HostStore::sample(types::DomainName zone) {
  using Sample = std::optional<std::pair<types::DomainName, HeldHost>>;
  std::function<Result<Sample>(Database&)> work = [zone](Database& database) -> Result<Sample> {
    TRY(Rows rows, database.query("SELECT domain, host, zone, node FROM mx_host WHERE zone = ?1 LIMIT 1", zone.text()));
    TRY(const bool found, rows.next());
    if (!found) return Sample{};
    TRY(auto domain, types::DomainName::parse(rows.text(0)));
    TRY(auto held, read_held(rows, 1));
    return Sample(std::in_place, std::move(domain), *std::move(held));
  };
  co_return co_await store_.read(Store::Lane::views, std::move(work));
}

Task<Result<void>> HostStore::forget(types::DomainName zone) {
  Writer::Work work = [zone](Database& database) -> Result<void> {
    TRY_VOID(database.run("INSERT OR IGNORE INTO mx_host_work(domain) SELECT domain FROM mx_host WHERE zone = ?1", zone.text()));
    return database.run("DELETE FROM mx_host WHERE zone = ?1", zone.text());
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<std::vector<HostFault>>> HostStore::faults(std::optional<types::DomainName> domain, std::uint32_t most) {
  std::function<Result<std::vector<HostFault>>(Database&)> work = [domain, most](Database& database) -> Result<std::vector<HostFault>> {
    constexpr std::string_view of_all = "SELECT domain, fault, not_before FROM mx_host_work WHERE fault != '' ORDER BY id LIMIT ?1";
    constexpr std::string_view of_one = "SELECT domain, fault, not_before FROM mx_host_work WHERE fault != '' AND domain = ?2 LIMIT ?1";
    auto query = domain ? database.query(of_one, most, domain->to_string()) : database.query(of_all, most);
    TRY(Rows rows, std::move(query));
    std::vector<HostFault> out;
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) return out;
      TRY(auto name, types::DomainName::parse(rows.text(0)));
      out.push_back({name, rows.text(1), rows.instant(2)});
    }
  };
  co_return co_await store_.read(Store::Lane::views, std::move(work));
}

}  // namespace danewerk::io
