#include "io/store/hosted_policy_store.h"

#include <map>
#include <sstream>

#include "io/store/ledger.h"

namespace danewerk::io {
namespace {

using types::HostedPolicy;
using Policies = std::vector<HostedPolicy>;

std::string words_of(const std::vector<types::StsMxPattern>& patterns) {
  std::string out;
  for (const types::StsMxPattern& one : patterns) out += (out.empty() ? "" : " ") + one.to_string();
  return out;
}

Failure<Error> unreadable(const std::string& domain, const std::string& what) {
  return fail(ErrorKind::corrupt, "the MTA-STS policy kept for " + domain + " cannot be read: " + what);
}

Result<std::vector<types::StsMxPattern>> hosts_of(const std::string& domain, const std::string& text) {
  std::vector<types::StsMxPattern> out;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    auto one = types::StsMxPattern::parse(word);
    if (!one) return unreadable(domain, one.error().what);
    out.push_back(*std::move(one));
  }
  return out;
}

Result<types::StsPolicyMode> mode_of(const std::string& domain, std::int64_t number) {
  if (number < 0 || number > 2) return unreadable(domain, "mode " + std::to_string(number));
  return static_cast<types::StsPolicyMode>(number);
}

Result<void> read_policies(Database& database, std::map<types::DomainName, HostedPolicy>& into) {
  TRY(Rows rows, database.query("SELECT domain, asked_at, mode, max_age, also, withdrawn, record_removed FROM hosted_policy"));
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return {};
    HostedPolicy one;
    TRY(one.domain, types::DomainName::parse(rows.text(0)));
    one.asked_at = rows.instant(1);
    TRY(one.mode, mode_of(rows.text(0), rows.number(2)));
    one.max_age = std::chrono::seconds(rows.number(3));
    TRY(one.also, hosts_of(rows.text(0), rows.text(4)));
    one.withdrawn = rows.maybe_instant(5);
    one.record_removed = rows.maybe_instant(6);
    into.emplace(one.domain, one);
  }
}

Result<void> read_versions(Database& database, std::map<types::DomainName, HostedPolicy>& into) {
  TRY(Rows rows, database.query("SELECT domain, id, mode, mx, max_age, since, fetched, announced FROM hosted_policy_version ORDER BY domain, since"));
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return {};
    types::PolicyVersion one;
    one.id = rows.text(1);
    TRY(one.policy.mode, mode_of(rows.text(0), rows.number(2)));
    TRY(one.policy.mx, hosts_of(rows.text(0), rows.text(3)));
    one.policy.max_age = std::chrono::seconds(rows.number(4));
    one.since = rows.instant(5);
    one.fetched = rows.maybe_instant(6);
    one.announced = rows.maybe_instant(7);
    TRY(const types::DomainName domain, types::DomainName::parse(rows.text(0)));
    if (const auto found = into.find(domain); found != into.end()) found->second.versions.push_back(std::move(one));
  }
}

Result<void> read_mx(Database& database, std::map<types::DomainName, HostedPolicy>& into) {
  TRY(Rows rows, database.query("SELECT domain, host, until FROM hosted_policy_mx ORDER BY domain, host"));
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return {};
    TRY(const types::DomainName domain, types::DomainName::parse(rows.text(0)));
    TRY(types::DomainName host, types::DomainName::parse(rows.text(1)));
    if (const auto found = into.find(domain); found != into.end()) found->second.mx.push_back({std::move(host), rows.instant(2)});
  }
}

Result<void> erase_rows(Database& database, const types::DomainName& domain) {
  TRY_VOID(database.run("DELETE FROM hosted_policy WHERE domain = ?1", domain.to_string()));
  TRY_VOID(database.run("DELETE FROM hosted_policy_version WHERE domain = ?1", domain.to_string()));
  return database.run("DELETE FROM hosted_policy_mx WHERE domain = ?1", domain.to_string());
}

Result<void> write_rows(Database& database, const HostedPolicy& one) {
  const std::string domain = one.domain.to_string();
  TRY_VOID(erase_rows(database, one.domain));
  TRY_VOID(database.run("INSERT INTO hosted_policy(domain, asked_at, mode, max_age, also, withdrawn, record_removed) VALUES(?1,?2,?3,?4,?5,?6,?7)", domain,
                        one.asked_at, one.mode, one.max_age.count(), words_of(one.also), one.withdrawn, one.record_removed));
  for (const types::PolicyVersion& version : one.versions) {
    TRY_VOID(database.run(
        "INSERT INTO hosted_policy_version(domain, id, mode, mx, max_age, since, fetched, announced) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)", domain,
        version.id, version.policy.mode, words_of(version.policy.mx), version.policy.max_age.count(), version.since, version.fetched, version.announced));
  }
  for (const types::NamedMx& mx : one.mx) {
    TRY_VOID(database.run("INSERT INTO hosted_policy_mx(domain, host, until) VALUES(?1,?2,?3)", domain, mx.host.to_string(), mx.until));
  }
  return {};
}

}  // namespace

Task<Result<Policies>> HostedPolicyStore::all() {
  std::function<Result<Policies>(Database&)> work = [](Database& database) -> Result<Policies> {
    std::map<types::DomainName, HostedPolicy> found;
    TRY_VOID(read_policies(database, found));
    TRY_VOID(read_versions(database, found));
    TRY_VOID(read_mx(database, found));
    Policies out;
    for (auto& [domain, one] : found) out.push_back(std::move(one));
    return out;
  };
  co_return co_await store_.read<Policies>(Store::Lane::views, std::move(work));
}

Task<Result<void>> HostedPolicyStore::put(HostedPolicy hosted, std::optional<types::AdminAct> act, std::string action) {
  Writer::Work work = [one = std::move(hosted), act = std::move(act), action = std::move(action)](Database& database) -> Result<void> {
    TRY_VOID(write_rows(database, one));
    return act ? insert_ledger(database, *act, std::nullopt, action, one.domain.to_string(), "{}") : Result<void>{};
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> HostedPolicyStore::erase(types::DomainName domain) {
  Writer::Work work = [domain = std::move(domain)](Database& database) { return erase_rows(database, domain); };
  co_return co_await store_.writer().write(std::move(work));
}

}  // namespace danewerk::io
