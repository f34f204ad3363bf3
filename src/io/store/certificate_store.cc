#include "io/store/certificate_store.h"

#include <algorithm>

#include "io/store/ledger.h"

namespace danewerk::io {
namespace {

using Certificates = std::vector<types::StoredCertificate>;

constexpr std::string_view all_certificates = "SELECT subject, names, private_key, chain, source, at, who FROM certificate ORDER BY subject";
constexpr std::string_view one_certificate = "SELECT subject, names, private_key, chain, source, at, who FROM certificate WHERE subject = ?1";

std::string joined(const std::vector<types::DomainName>& names) {
  std::string out;
  for (const types::DomainName& name : names) out += (out.empty() ? "" : " ") + name.to_string();
  return out;
}

Result<types::StoredCertificate> certificate_of(const Rows& rows) {
  types::StoredCertificate out{rows.text(0), {}, rows.text(2), rows.text(3), rows.text(4), rows.instant(5), rows.text(6)};
  std::string names = rows.text(1);
  while (!names.empty()) {
    const std::size_t space = names.find(' ');
    TRY(types::DomainName name, types::DomainName::parse(names.substr(0, space)));
    out.names.push_back(std::move(name));
    names = space == std::string::npos ? std::string{} : names.substr(space + 1);
  }
  return out;
}

Result<Certificates> read_certificates(Rows rows) {
  Certificates out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    TRY(types::StoredCertificate one, certificate_of(rows));
    out.push_back(std::move(one));
  }
}

}  // namespace

Task<Result<Certificates>> CertificateStore::certificates() {
  std::function<Result<Certificates>(Database&)> work = [](Database& database) -> Result<Certificates> {
    TRY(Rows rows, database.query(all_certificates));
    return read_certificates(std::move(rows));
  };
  co_return co_await store_.read<Certificates>(Store::Lane::views, std::move(work));
}

Task<Result<std::optional<types::StoredCertificate>>> CertificateStore::find(std::string subject) {
  using Found = std::optional<types::StoredCertificate>;
  std::function<Result<Found>(Database&)> work = [subject = std::move(subject)](Database& database) -> Result<Found> {
    TRY(Rows rows, database.query(one_certificate, subject));
    TRY(Certificates found, read_certificates(std::move(rows)));
    return found.empty() ? Found{} : Found{std::move(found.front())};
  };
  co_return co_await store_.read<Found>(Store::Lane::views, std::move(work));
}

Task<Result<std::vector<std::string>>> CertificateStore::name_subjects() {
  using Subjects = std::vector<std::string>;
  std::function<Result<Subjects>(Database&)> work = [](Database& database) -> Result<Subjects> {
    TRY(Rows rows, database.query("SELECT subject FROM certificate WHERE subject >= 'name:' AND subject < 'name;' ORDER BY subject"));
    Subjects out;
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) return out;
      out.push_back(rows.text(0));
    }
  };
  co_return co_await store_.read<Subjects>(Store::Lane::views, std::move(work));
}

Task<Result<std::uint32_t>> CertificateStore::orders_since(Instant since) {
  std::function<Result<std::uint32_t>(Database&)> work = [since](Database& database) -> Result<std::uint32_t> {
    TRY(Rows rows, database.query("SELECT count(*) FROM (SELECT began_at FROM certificate_order ORDER BY id DESC LIMIT 10000) WHERE began_at >= ?1", since));
    TRY_VOID(rows.next());
    return static_cast<std::uint32_t>(rows.number(0));
  };
  co_return co_await store_.read<std::uint32_t>(Store::Lane::views, std::move(work));
}

Task<Result<void>> CertificateStore::put(types::StoredCertificate certificate, std::optional<types::AdminAct> act) {
  Writer::Work work = [one = std::move(certificate), act = std::move(act)](Database& database) -> Result<void> {
    TRY_VOID(database.run("INSERT OR REPLACE INTO certificate(subject, names, private_key, chain, source, at, who) VALUES(?1,?2,?3,?4,?5,?6,?7)",
                          one.subject, joined(one.names), one.private_key, one.chain, one.source, one.at, one.who));
    return act ? insert_ledger(database, *act, std::nullopt, "certificate.put", one.subject, "{}") : Result<void>{};
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> CertificateStore::erase(std::string subject, types::AdminAct act) {
  Writer::Work work = [subject = std::move(subject), act = std::move(act)](Database& database) -> Result<void> {
    TRY_VOID(database.run("DELETE FROM certificate WHERE subject = ?1", subject));
    if (database.changes() == 0) return fail(ErrorKind::not_found, "there is no certificate '" + subject + "'");
    return insert_ledger(database, act, std::nullopt, "certificate.erase", subject, "{}");
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> CertificateStore::forget_keys_but(std::vector<std::string> keys) {
  CO_TRY(const Certificates stored, co_await certificates());
  std::vector<std::string> gone;
  for (const types::StoredCertificate& one : stored) {
    if (one.subject.starts_with("key:") && std::find(keys.begin(), keys.end(), one.subject.substr(4)) == keys.end()) gone.push_back(one.subject);
  }
  if (gone.empty()) co_return Result<void>{};
  Writer::Work work = [gone](Database& database) -> Result<void> {
    for (const std::string& subject : gone) TRY_VOID(database.run("DELETE FROM certificate WHERE subject = ?1", subject));
    return {};
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<std::int64_t>> CertificateStore::begin_order(std::string names, Instant at) {
  auto id = std::make_shared<std::int64_t>();
  Writer::Work work = [id, names = std::move(names), at](Database& database) -> Result<void> {
    TRY_VOID(database.run("INSERT INTO certificate_order(names, began_at, failure) VALUES(?1,?2,'')", names, at));
    TRY(Rows rows, database.query("SELECT max(id) FROM certificate_order"));
    TRY_VOID(rows.next());
    *id = rows.number(0);
    return {};
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work)));
  co_return *id;
}

Task<Result<void>> CertificateStore::end_order(std::int64_t id, Instant at, std::string failure, std::optional<Instant> not_before) {
  Writer::Work work = [id, at, failure = std::move(failure), not_before](Database& database) {
    return database.run("UPDATE certificate_order SET ended_at = ?2, failure = ?3, not_before = ?4 WHERE id = ?1", id, at, failure, not_before);
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> CertificateStore::end_cut_off(Instant start) {
  Writer::Work work = [start](Database& database) {
    return database.run("UPDATE certificate_order SET ended_at = ?1, failure = 'cut off: danewerk ended in the middle of it'"
                        " WHERE ended_at IS NULL AND began_at < ?1", start);
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<std::vector<OrderRow>>> CertificateStore::orders(std::string names) {
  using Orders = std::vector<OrderRow>;
  std::function<Result<Orders>(Database&)> work = [names = std::move(names)](Database& database) -> Result<Orders> {
    TRY(Rows rows, database.query("SELECT id, names, began_at, ended_at, failure, not_before FROM certificate_order WHERE ?1 = '' OR names = ?1"
                                  " ORDER BY id DESC LIMIT 50", names));
    Orders out;
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) break;
      out.push_back({rows.number(0), rows.text(1), rows.instant(2), rows.maybe_instant(3), rows.text(4), rows.maybe_instant(5)});
    }
    std::reverse(out.begin(), out.end());
    return out;
  };
  co_return co_await store_.read<Orders>(Store::Lane::views, std::move(work));
}

Task<Result<void>> CertificateStore::note_challenge(ChallengeRow challenge, Instant at) {
  Writer::Work work = [challenge = std::move(challenge), at](Database& database) {
    return database.run("INSERT OR REPLACE INTO challenge_record(name, value, at) VALUES(?1,?2,?3)", challenge.name.to_string(), challenge.value, at);
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> CertificateStore::forget_challenge(ChallengeRow challenge) {
  Writer::Work work = [challenge = std::move(challenge)](Database& database) {
    return database.run("DELETE FROM challenge_record WHERE name = ?1 AND value = ?2", challenge.name.to_string(), challenge.value);
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<std::vector<ChallengeRow>>> CertificateStore::challenges() {
  using Challenges = std::vector<ChallengeRow>;
  std::function<Result<Challenges>(Database&)> work = [](Database& database) -> Result<Challenges> {
    TRY(Rows rows, database.query("SELECT name, value FROM challenge_record ORDER BY name, value"));
    Challenges out;
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) return out;
      TRY(types::DomainName name, types::DomainName::parse(rows.text(0)));
      out.push_back({std::move(name), rows.text(1)});
    }
  };
  co_return co_await store_.read<Challenges>(Store::Lane::views, std::move(work));
}

}  // namespace danewerk::io
