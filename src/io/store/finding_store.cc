#include "io/store/finding_store.h"

#include <algorithm>

namespace danewerk::io {
namespace {

Result<std::vector<StandingFinding>> all_of(Rows rows) {
  std::vector<StandingFinding> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    TRY(auto domain, types::DomainName::parse(rows.text(0)));
    types::Finding finding;
    finding.code = rows.text(1);
    finding.subject = domain.to_string();
    finding.severity = static_cast<types::Severity>(rows.number(2));
    finding.whose = static_cast<types::Party>(rows.number(3));
    finding.evidence = rows.text(5);
    out.push_back({std::move(domain), std::move(finding), rows.instant(4)});
  }
}

Result<std::vector<StandingFinding>> findings_of(Database& database, const types::DomainName& domain) {
  TRY(Rows rows, database.query("SELECT domain, code, severity, whose, since, evidence FROM domain_finding WHERE domain = ?1 ORDER BY code", domain.text()));
  return all_of(std::move(rows));
}

void keep_one_of_each(std::vector<types::Finding>& findings) {
  std::erase_if(findings, [](const types::Finding& one) { return one.severity == types::Severity::notice; });
  const auto by_code = [](const types::Finding& a, const types::Finding& b) { return a.code < b.code; };
  std::stable_sort(findings.begin(), findings.end(), by_code);
  const auto same = [](const types::Finding& a, const types::Finding& b) { return a.code == b.code; };
  findings.erase(std::unique(findings.begin(), findings.end(), same), findings.end());
}

Result<void> write_difference(Database& database, const types::DomainName& domain, const std::vector<types::Finding>& findings, Instant now,
                              FindingStore::Change& change) {
  TRY(const auto standing, findings_of(database, domain));
  for (const types::Finding& one : findings) {
    const auto known = std::find_if(standing.begin(), standing.end(), [&one](const auto& other) { return other.finding.code == one.code; });
    if (known != standing.end() && known->finding.evidence == one.evidence && known->finding.severity == one.severity) continue;
    const Instant since = known != standing.end() ? known->since : now;
    TRY_VOID(database.run("INSERT OR REPLACE INTO domain_finding(domain, code, severity, whose, since, evidence) VALUES(?1,?2,?3,?4,?5,?6)", domain.text(),
                          one.code, one.severity, one.whose, since, one.evidence));
    if (known == standing.end()) change.begun.push_back(one);
  }
  for (const StandingFinding& one : standing) {
    if (std::any_of(findings.begin(), findings.end(), [&one](const auto& other) { return other.code == one.finding.code; })) continue;
    TRY_VOID(database.run("DELETE FROM domain_finding WHERE domain = ?1 AND code = ?2", domain.text(), one.finding.code));
    change.over.push_back(one);
  }
  return {};
}

}  // namespace

Task<Result<FindingStore::Change>> FindingStore::replace(types::DomainName domain, std::vector<types::Finding> findings, Instant now) {
  keep_one_of_each(findings);
  auto change = std::make_shared<Change>();
  Writer::Work work = [domain, findings = std::move(findings), now, change](Database& database) {
    *change = {};
    return write_difference(database, domain, findings, now, *change);
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work)));
  co_return std::move(*change);
}

Task<Result<std::vector<StandingFinding>>> FindingStore::of(types::DomainName domain) {
  std::function<Result<std::vector<StandingFinding>>(Database&)> work = [domain](Database& database) { return findings_of(database, domain); };
  co_return co_await store_.read<std::vector<StandingFinding>>(Store::Lane::views, std::move(work));
}

Task<Result<std::vector<FindingCount>>> FindingStore::counts() {
  std::function<Result<std::vector<FindingCount>>(Database&)> work = [](Database& database) -> Result<std::vector<FindingCount>> {
    TRY(Rows rows, database.query("SELECT code, severity, whose, count(*) FROM domain_finding GROUP BY code, severity, whose"));
    std::vector<FindingCount> out;
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) return out;
      out.push_back({rows.text(0), static_cast<types::Severity>(rows.number(1)), static_cast<types::Party>(rows.number(2)),
                     static_cast<std::uint64_t>(rows.number(3))});
    }
  };
  co_return co_await store_.read<std::vector<FindingCount>>(Store::Lane::views, std::move(work));
}

Task<Result<std::vector<StandingFinding>>> FindingStore::our_errors(std::uint32_t most) {
  std::function<Result<std::vector<StandingFinding>>(Database&)> work = [most](Database& database) -> Result<std::vector<StandingFinding>> {
    TRY(Rows rows, database.query("SELECT domain, code, severity, whose, since, evidence FROM domain_finding WHERE severity = 2 AND whose = 1 LIMIT ?1", most));
    return all_of(std::move(rows));
  };
  co_return co_await store_.read<std::vector<StandingFinding>>(Store::Lane::views, std::move(work));
}

}  // namespace danewerk::io
