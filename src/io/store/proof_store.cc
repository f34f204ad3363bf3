#include "io/store/proof_store.h"

#include "io/store/queue_rows.h"

namespace danewerk::io {
namespace {

#define DW_PROVEN_COLUMNS                                                                                    \
  "SELECT a.id, a.message, a.at, a.hop, a.host, a.code, a.sentence, a.evidence, p.state, p.why, o.octets"    \
  " FROM attempt a LEFT JOIN attempt_proof p ON p.attempt = a.id LEFT JOIN proof o ON o.id = p.proof"
constexpr std::string_view all_attempts = DW_PROVEN_COLUMNS " WHERE a.message = ?1 ORDER BY a.id";
constexpr std::string_view all_wanted =
    DW_PROVEN_COLUMNS " WHERE a.id IN (SELECT attempt FROM attempt_proof WHERE state = 1 ORDER BY attempt LIMIT ?1) ORDER BY a.id";
#undef DW_PROVEN_COLUMNS

Result<std::vector<ProvenAttempt>> read_all(Result<Rows> query) {
  TRY(Rows rows, std::move(query));
  std::vector<ProvenAttempt> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    TRY(auto code, read_code(rows, 5));
    types::AttemptEvidence attempt{rows.instant(2), {rows.text(3)}, rows.text(4), code.value_or(types::EnhancedCode{}), rows.text(6), rows.text(7),
                                   static_cast<types::ProofState>(rows.number(8)), rows.text(9)};
    out.push_back({rows.number(0), types::QueueId::from_number(rows.number(1)), std::move(attempt), rows.text(10)});
  }
}

Result<void> keep_row(Database& database, std::int64_t attempt, const Bytes& digest, const std::string& sets, Instant now) {
  const Blob name{as_text(digest)};
  TRY_VOID(database.run("INSERT INTO proof(digest, octets, made_at) SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM attempt WHERE id = ?4)"
                        " ON CONFLICT(digest) DO NOTHING",
                        name, Blob{sets}, now, attempt));
  return database.run("INSERT OR REPLACE INTO attempt_proof(attempt, message, state, proof)"
                      " SELECT a.id, a.message, 2, p.id FROM attempt a, proof p WHERE a.id = ?1 AND p.digest = ?2",
                      attempt, name);
}

}  // namespace

Task<Result<std::vector<ProvenAttempt>>> ProofStore::wanted(std::uint32_t most) {
  using Found = std::vector<ProvenAttempt>;
  std::function<Result<Found>(Database&)> work = [most](Database& database) { return read_all(database.query(all_wanted, most)); };
  co_return co_await store_.read<Found>(Store::Lane::views, std::move(work));
}

Task<Result<std::vector<ProvenAttempt>>> ProofStore::attempts_of(types::QueueId message) {
  using Found = std::vector<ProvenAttempt>;
  std::function<Result<Found>(Database&)> work = [message](Database& database) { return read_all(database.query(all_attempts, message.number())); };
  co_return co_await store_.read<Found>(Store::Lane::views, std::move(work));
}

Task<Result<void>> ProofStore::keep(std::int64_t attempt, Bytes digest, std::string sets, Instant now) {
  Writer::Work work = [attempt, digest = std::move(digest), sets = std::move(sets), now](Database& database) {
    return keep_row(database, attempt, digest, sets, now);
  };
  co_return co_await store_.writer().write(std::move(work));
}

Task<Result<void>> ProofStore::give_up(std::int64_t attempt, std::string why) {
  Writer::Work work = [attempt, why = std::move(why)](Database& database) {
    return database.run("INSERT OR REPLACE INTO attempt_proof(attempt, message, state, why)"
                        " SELECT id, message, 3, ?2 FROM attempt WHERE id = ?1",
                        attempt, why);
  };
  co_return co_await store_.writer().write(std::move(work));
}

}  // namespace danewerk::io
