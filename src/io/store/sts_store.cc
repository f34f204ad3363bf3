#include "io/store/sts_store.h"

#include <sstream>

namespace danewerk::io {
namespace {

using types::StsMemory;

constexpr std::string_view one_row =
    "SELECT domain, mode, mx, max_age, id, fetched_at, failure, failed_what, failed_at, failed_id, failures, used_at"
    " FROM sts_policy WHERE domain = ?1";
constexpr std::string_view rows_behind =
    "SELECT domain, mode, mx, max_age, id, fetched_at, failure, failed_what, failed_at, failed_id, failures, used_at"
    " FROM sts_policy WHERE domain > ?1 ORDER BY domain LIMIT ?2";

Failure<Error> corrupt(const Rows& rows, const std::string& what) {
  return fail(ErrorKind::corrupt, "the stored MTA-STS policy of " + rows.text(0) + " cannot be read: " + what);
}

Result<StsMemory> read_row(const Rows& rows) {
  StsMemory memory;
  if (!rows.is_null(1)) {
    types::StsPolicy policy;
    if (rows.number(1) < 0 || rows.number(1) > 2) return corrupt(rows, "mode " + rows.text(1));
    policy.mode = static_cast<types::StsPolicyMode>(rows.number(1));
    policy.max_age = std::chrono::seconds(rows.number(3));
    std::istringstream patterns(rows.text(2));
    for (std::string text; patterns >> text;) {
      auto pattern = types::StsMxPattern::parse(text);
      if (!pattern) return corrupt(rows, pattern.error().what);
      policy.mx.push_back(*std::move(pattern));
    }
    memory.policy = std::move(policy);
  }
  memory.id = rows.text(4);
  memory.fetched = rows.instant(5);
  if (!rows.is_null(6)) {
    if (rows.number(6) < 0 || rows.number(6) > static_cast<int>(types::TlsFailure::sts_webpki_invalid)) return corrupt(rows, "failure " + rows.text(6));
    memory.fault = types::StsFault{static_cast<types::TlsFailure>(rows.number(6)), rows.text(7), rows.instant(8)};
  }
  memory.failed_id = rows.text(9);
  memory.failures = static_cast<std::uint32_t>(rows.number(10));
  memory.used = rows.instant(11);
  return memory;
}

std::string patterns_of(const std::optional<types::StsPolicy>& policy) {
  std::string out;
  if (!policy) return out;
  for (const types::StsMxPattern& pattern : policy->mx) out += (out.empty() ? "" : " ") + pattern.to_string();
  return out;
}

}  // namespace

Task<Result<std::optional<StsMemory>>> StsStore::find(types::DomainName domain) {
  using Found = std::optional<StsMemory>;
  std::function<Result<Found>(Database&)> work = [domain = std::move(domain)](Database& database) -> Result<Found> {
    TRY(Rows rows, database.query(one_row, domain.to_string()));
    TRY(const bool there, rows.next());
    if (!there) return Found{};
    TRY(StsMemory memory, read_row(rows));
    return Found{std::move(memory)};
  };
  co_return co_await store_.read<Found>(Store::Lane::delivery, std::move(work));
}

Task<Result<void>> StsStore::put(types::DomainName domain, StsMemory memory) {
  Writer::Work work = [domain = std::move(domain), memory = std::move(memory)](Database& database) {
    const auto mode = memory.policy ? std::optional(memory.policy->mode) : std::nullopt;
    const auto max_age = memory.policy ? memory.policy->max_age.count() : 0;
    const auto failure = memory.fault ? std::optional(memory.fault->failure) : std::nullopt;
    const std::string what = memory.fault ? memory.fault->what : std::string{};
    const Instant at = memory.fault ? memory.fault->at : Instant{};
    return database.run(
        "INSERT OR REPLACE INTO sts_policy(domain, mode, mx, max_age, id, fetched_at, failure, failed_what, failed_at, failed_id,"
        " failures, used_at) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
        domain.to_string(), mode, patterns_of(memory.policy), max_age, memory.id, memory.fetched, failure, what, at, memory.failed_id,
        memory.failures, memory.used);
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> StsStore::mark_used(types::DomainName domain, Instant at) {
  Writer::Work work = [domain = std::move(domain), at](Database& database) {
    return database.run("UPDATE sts_policy SET used_at = max(used_at, ?2) WHERE domain = ?1", domain.to_string(), at);
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<std::vector<StsStore::Row>>> StsStore::page(types::DomainName after, std::size_t most) {
  using Page = std::vector<Row>;
  std::function<Result<Page>(Database&)> work = [after = std::move(after), most](Database& database) -> Result<Page> {
    const std::string from = after.is_root() ? std::string{} : after.to_string();
    TRY(Rows rows, database.query(rows_behind, from, most));
    Page out;
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) return out;
      auto domain = types::DomainName::parse(rows.text(0));
      auto memory = read_row(rows);
      if (domain && memory) out.emplace_back(*std::move(domain), *std::move(memory));
    }
  };
  co_return co_await store_.read<Page>(Store::Lane::views, std::move(work));
}

Task<Result<std::size_t>> StsStore::prune(Instant unused_since, Instant now) {
  auto count = std::make_shared<std::size_t>(0);
  Writer::Work work = [unused_since, now, count](Database& database) -> Result<void> {
    TRY_VOID(database.run("DELETE FROM sts_policy WHERE used_at < ?1 AND fetched_at + max_age * 1000 < ?2", unused_since, now));
    *count = static_cast<std::size_t>(database.changes());
    return {};
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work)));
  co_return *count;
}

}  // namespace danewerk::io
