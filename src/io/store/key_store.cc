#include "io/store/key_store.h"

#include "io/store/ledger.h"

namespace danewerk::io {
namespace {

Result<void> put_fact(Database& database, const std::string& zone, const ZoneFact& fact) {
  return database.run("INSERT OR REPLACE INTO zone_fact(zone, name, value, at) VALUES(?1,?2,?3,?4)", zone, fact.name, fact.value, fact.at);
}

constexpr std::string_view all_keys =
    "SELECT id, algorithm, private_key, certificate, tlsa, created_at, published_at, seen_everywhere_at, serving_since,"
    " retired_at, withdrawn_at, key_group FROM key_pair ORDER BY created_at, id";

Result<std::vector<types::KeyFacts>> read_keys(Database& database) {
  TRY(Rows rows, database.query(all_keys));
  std::vector<types::KeyFacts> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    auto tlsa = types::TlsaRecord::parse(rows.text(4));
    if (!tlsa) return fail(ErrorKind::corrupt, "stored key " + rows.text(0) + ": " + tlsa.error().what);
    const auto algorithm = types::parse_key_algorithm(rows.text(1));
    if (!algorithm) return fail(ErrorKind::corrupt, "stored key " + rows.text(0) + ": " + algorithm.error().what);
    out.push_back({rows.text(0), *algorithm, rows.text(2), rows.text(3), *std::move(tlsa), rows.instant(5),
                   rows.maybe_instant(6), rows.maybe_instant(7), rows.maybe_instant(8), rows.maybe_instant(9),
                   rows.maybe_instant(10), rows.text(11)});
  }
}

/// Sets the column unless it is set, and the query for what it is then.
struct MarkSql {
  std::string_view set;
  std::string_view get;
};

MarkSql sql_of(types::KeyEvent event) {
  switch (event) {
    case types::KeyEvent::published:
      return {"UPDATE key_pair SET published_at = coalesce(published_at, ?2) WHERE id = ?1",
              "SELECT published_at FROM key_pair WHERE id = ?1"};
    case types::KeyEvent::seen_everywhere:
      return {"UPDATE key_pair SET seen_everywhere_at = coalesce(seen_everywhere_at, ?2) WHERE id = ?1",
              "SELECT seen_everywhere_at FROM key_pair WHERE id = ?1"};
    case types::KeyEvent::serving:
      return {"UPDATE key_pair SET serving_since = coalesce(serving_since, ?2) WHERE id = ?1",
              "SELECT serving_since FROM key_pair WHERE id = ?1"};
    case types::KeyEvent::retired:
      return {"UPDATE key_pair SET retired_at = coalesce(retired_at, ?2) WHERE id = ?1",
              "SELECT retired_at FROM key_pair WHERE id = ?1"};
    case types::KeyEvent::withdrawn: break;
  }
  return {"UPDATE key_pair SET withdrawn_at = coalesce(withdrawn_at, ?2) WHERE id = ?1",
          "SELECT withdrawn_at FROM key_pair WHERE id = ?1"};
}

/// With the facts "<kind>/<id>" of each. A key that has not retired shall be replaced: somebody else has it too.
Result<void> copy_keys(Database& database, const std::string& zone, const KeyHandover& handover, Instant now) {
  const std::string ending = "-" + handover.to;
  TRY_VOID(database.run("INSERT INTO zone_fact(zone, name, value, at) SELECT f.zone, f.name || ?3, f.value, f.at FROM zone_fact f JOIN key_pair k"
                        " ON substr(f.name, instr(f.name, '/') + 1) = k.id"
                        " WHERE f.zone = ?1 AND instr(f.name, '/') > 0 AND k.key_group = ?2 AND k.withdrawn_at IS NULL",
                        zone, handover.from, ending));
  TRY_VOID(database.run("INSERT OR REPLACE INTO zone_fact(zone, name, value, at) SELECT ?1, 'replace/' || id || ?3, ?4, ?5 FROM key_pair"
                        " WHERE key_group = ?2 AND withdrawn_at IS NULL AND retired_at IS NULL",
                        zone, handover.from, ending, handover.why, now));
  return database.run("INSERT INTO key_pair(id, algorithm, private_key, certificate, tlsa, created_at, published_at, seen_everywhere_at,"
                      " serving_since, retired_at, withdrawn_at, key_group) SELECT id || ?2, algorithm, private_key, certificate, tlsa, created_at,"
                      " published_at, seen_everywhere_at, serving_since, retired_at, NULL, ?3 FROM key_pair"
                      " WHERE key_group = ?1 AND withdrawn_at IS NULL",
                      handover.from, ending, handover.to);
}

Failure<Error> no_key(const std::string& id) { return fail(ErrorKind::not_found, "there is no key '" + id + "'"); }

}  // namespace

Task<Result<std::vector<types::KeyFacts>>> KeyStore::keys() {
  using Keys = std::vector<types::KeyFacts>;
  std::function<Result<Keys>(Database&)> work = read_keys;
  co_return co_await store_.read<Keys>(Store::Lane::views, std::move(work));
}

Task<Result<void>> KeyStore::add(types::KeyFacts key) {
  Writer::Work work = [key = std::move(key)](Database& database) -> Result<void> {
    TRY_VOID(database.run(
        "INSERT INTO key_pair(id, algorithm, private_key, certificate, tlsa, created_at, published_at, seen_everywhere_at,"
        " serving_since, retired_at, withdrawn_at, key_group) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT DO NOTHING",
        key.id, types::to_string(key.algorithm), key.private_key, key.certificate, key.tlsa.to_string(), key.created_at, key.published_at,
        key.seen_everywhere_at, key.serving_since, key.retired_at, key.withdrawn_at, key.group));
    if (database.changes() == 0) return fail(ErrorKind::conflict, "there is a key '" + key.id + "' already");
    return {};
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> KeyStore::set_certificate(std::string id, std::string certificate_pem) {
  Writer::Work work = [id = std::move(id), pem = std::move(certificate_pem)](Database& database) -> Result<void> {
    TRY_VOID(database.run("UPDATE key_pair SET certificate = ?2 WHERE id = ?1", id, pem));
    if (database.changes() == 0) return no_key(id);
    return {};
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<Instant>> KeyStore::mark(std::string id, types::KeyEvent event, Instant at) {
  auto counts = std::make_shared<Instant>();
  Writer::Work work = [counts, id = std::move(id), event, at](Database& database) -> Result<void> {
    const MarkSql sql = sql_of(event);
    TRY_VOID(database.run(sql.set, id, at));
    if (database.changes() == 0) return no_key(id);
    TRY(Rows rows, database.query(sql.get, id));
    TRY_VOID(rows.next());
    *counts = rows.instant(0);
    return {};
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work)));
  co_return *counts;
}

Task<Result<void>> KeyStore::erase(std::string id) {
  Writer::Work work = [id = std::move(id)](Database& database) -> Result<void> {
    TRY_VOID(database.run("DELETE FROM key_pair WHERE id = ?1 AND withdrawn_at IS NOT NULL", id));
    if (database.changes() != 0) return {};
    TRY(Rows rows, database.query("SELECT 1 FROM key_pair WHERE id = ?1", id));
    TRY(const bool there, rows.next());
    if (!there) return no_key(id);
    return fail(ErrorKind::conflict, "key '" + id + "' may still be in somebody's cache: withdraw its record first");
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<std::optional<Secret>>> KeyStore::secret(std::string name) {
  using Found = std::optional<Secret>;
  std::function<Result<Found>(Database&)> work = [name = std::move(name)](Database& database) -> Result<Found> {
    TRY(Rows rows, database.query("SELECT algorithm, octets, created_at FROM secret WHERE name = ?1", name));
    TRY(const bool there, rows.next());
    if (!there) return Found{};
    const std::string octets = rows.text(1);
    const ByteView view = as_bytes(octets);
    return Found{Secret{name, rows.text(0), Bytes(view.begin(), view.end()), rows.instant(2)}};
  };
  co_return co_await store_.read<Found>(Store::Lane::views, std::move(work));
}

Task<Result<void>> KeyStore::put_secret(Secret secret) {
  Writer::Work work = [secret = std::move(secret)](Database& database) {
    return database.run("INSERT OR REPLACE INTO secret(name, algorithm, octets, created_at) VALUES(?1,?2,?3,?4)", secret.name,
                        secret.algorithm, Blob{as_text(secret.octets)}, secret.created_at);
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<std::vector<ZoneFact>>> KeyStore::zone_facts(std::string zone) {
  using Facts = std::vector<ZoneFact>;
  std::function<Result<Facts>(Database&)> work = [zone = std::move(zone)](Database& database) -> Result<Facts> {
    TRY(Rows rows, database.query("SELECT name, value, at FROM zone_fact WHERE zone = ?1 ORDER BY name", zone));
    Facts out;
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) return out;
      out.push_back({rows.text(0), rows.text(1), rows.instant(2)});
    }
  };
  co_return co_await store_.read<Facts>(Store::Lane::views, std::move(work));
}

Task<Result<void>> KeyStore::put_zone_fact(std::string zone, ZoneFact fact) {
  Writer::Work work = [zone = std::move(zone), fact = std::move(fact)](Database& database) { return put_fact(database, zone, fact); };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> KeyStore::put_zone_fact(std::string zone, ZoneFact fact, types::AdminAct act, std::string action, std::string subject) {
  Writer::Work work = [zone = std::move(zone), fact = std::move(fact), act = std::move(act), action = std::move(action),
                       subject = std::move(subject)](Database& database) -> Result<void> {
    TRY_VOID(put_fact(database, zone, fact));
    return insert_ledger(database, act, std::nullopt, action, subject, "{}");
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<std::uint32_t>> KeyStore::hand_keys(std::string zone, KeyHandover handover, types::AdminAct act) {
  auto count = std::make_shared<std::uint32_t>(0);
  Writer::Work work = [count, zone = std::move(zone), handover = std::move(handover), act = std::move(act)](Database& database) -> Result<void> {
    if (handover.how == KeyHandover::How::copied) TRY_VOID(copy_keys(database, zone, handover, act.at));
    if (handover.how == KeyHandover::How::renamed) {
      TRY_VOID(database.run("UPDATE key_pair SET key_group = ?2 WHERE key_group = ?1", handover.from, handover.to));
    }
    if (handover.how != KeyHandover::How::noted) *count = static_cast<std::uint32_t>(database.changes());
    for (const ZoneFact& fact : handover.facts) TRY_VOID(put_fact(database, zone, fact));
    return insert_ledger(database, act, std::nullopt, "key.group", handover.to, "{}");
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work)));
  co_return *count;
}

Task<Result<void>> KeyStore::erase_zone_fact(std::string zone, std::string name) {
  Writer::Work work = [zone = std::move(zone), name = std::move(name)](Database& database) {
    return database.run("DELETE FROM zone_fact WHERE zone = ?1 AND name = ?2", zone, name);
  };
  co_return co_await store_.writer().write(std::move(work));
}

}  // namespace danewerk::io
