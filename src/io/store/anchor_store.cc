#include "io/store/anchor_store.h"

#include "io/store/ledger.h"

namespace danewerk::io {
namespace {

auto named(const types::DomainName& domain) {
  return [domain](const types::NegativeAnchor& anchor) { return anchor.domain == domain; };
}

Result<bool> is_in_force(Database& database, const std::string& domain, Instant at) {
  TRY(Rows rows, database.query("SELECT 1 FROM negative_anchor WHERE domain = ?1 AND until > ?2 AND ended_at IS NULL", domain, at));
  return rows.next();
}

}  // namespace

Result<std::unique_ptr<AnchorStore>> AnchorStore::open(Store& store) {
  std::unique_ptr<AnchorStore> out(new AnchorStore(store));
  TRY(Rows rows, store.reading_at_start().query("SELECT domain, who, why, since, until, ended_at FROM negative_anchor ORDER BY domain"));
  Anchors anchors;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) break;
    TRY(types::DomainName domain, types::DomainName::parse(rows.text(0)));
    anchors.push_back({std::move(domain), rows.text(1), rows.text(2), rows.instant(3), rows.instant(4), rows.maybe_instant(5)});
  }
  out->kept_.begin_with(std::move(anchors));
  return out;
}

Task<Result<void>> AnchorStore::add(types::DomainName domain, Instant until, types::AdminAct act) {
  Writer::Work work = [domain, until, act](Database& database) -> Result<void> {
    const std::string name = domain.to_string();
    TRY(const bool there, is_in_force(database, name, act.at));
    if (there) return fail(ErrorKind::conflict, "there is a negative trust anchor for " + name + " already; remove it first");
    TRY_VOID(database.run("INSERT OR REPLACE INTO negative_anchor(domain, who, why, since, until) VALUES(?1,?2,?3,?4,?5)", name, act.who, act.why,
                          act.at, until));
    return insert_ledger(database, act, std::nullopt, "nta.add", name, "{\"until\":\"" + to_rfc3339(until) + "\"}");
  };
  std::function<void(Anchors&)> show = [domain, until, act](Anchors& anchors) {
    std::erase_if(anchors, named(domain));
    anchors.push_back({domain, act.who, act.why, act.at, until, std::nullopt});
  };
  co_return co_await kept_.change(std::move(work), std::move(show));
}

Task<Result<void>> AnchorStore::end(types::DomainName domain, types::AdminAct act) {
  Writer::Work work = [domain, act](Database& database) -> Result<void> {
    const std::string name = domain.to_string();
    TRY(const bool there, is_in_force(database, name, act.at));
    if (!there) return fail(ErrorKind::not_found, "there is no negative trust anchor for " + name);
    TRY_VOID(database.run("UPDATE negative_anchor SET ended_at = ?2 WHERE domain = ?1", name, act.at));
    return insert_ledger(database, act, std::nullopt, "nta.remove", name, "{}");
  };
  std::function<void(Anchors&)> show = [domain, at = act.at](Anchors& anchors) {
    for (types::NegativeAnchor& anchor : anchors) {
      if (anchor.domain == domain) anchor.ended_at = at;
    }
  };
  co_return co_await kept_.change(std::move(work), std::move(show));
}

Task<Result<void>> AnchorStore::forget(types::NegativeAnchor anchor, types::AdminAct act) {
  Writer::Work work = [anchor, act](Database& database) -> Result<void> {
    const std::string name = anchor.domain.to_string();
    TRY_VOID(database.run("DELETE FROM negative_anchor WHERE domain = ?1 AND since = ?2", name, anchor.since));
    if (database.changes() == 0 || anchor.ended_at) return {};
    return insert_ledger(database, act, std::nullopt, "nta.expire", name, "{}");
  };
  std::function<void(Anchors&)> show = [anchor](Anchors& anchors) {
    std::erase_if(anchors, [&anchor](const types::NegativeAnchor& one) { return one.domain == anchor.domain && one.since == anchor.since; });
  };
  co_return co_await kept_.change(std::move(work), std::move(show));
}

}  // namespace danewerk::io
