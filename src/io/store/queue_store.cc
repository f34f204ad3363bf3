#include "io/store/queue_store.h"

#include "io/store/queue_rows.h"
#include "io/store/unlink_body.h"

namespace danewerk::io {
namespace {

/// One message ready for its transaction; the job may run twice, so it only reads this.
struct Prepared {
  types::QueueId id;
  types::NewMessage message;
  StoredBody body;
};

/// After a failed commit of unknown end the file stays for the sweep: a row that names it may have reached the disk. Only
/// where the transaction was certainly undone is it removed, above all when the disk is full.
void discard_if_undone(Store& store, const Prepared& prepared, const Result<void>& result) {
  if (result || !prepared.body.spooled || result.error().kind == ErrorKind::unavailable) return;
  if (result.error().kind == ErrorKind::corrupt || result.error().kind == ErrorKind::conflict) return;
  unlink_body(store, prepared.id);
}

/// A new message is due in each of its lanes.
void note_all(Claims& claims, const types::NewMessage& message) {
  for (const types::HopKey& hop : message.hops) claims.note({message.tenant, hop}, message.next_at);
}

struct RecordJob {
  types::QueueId id;
  types::HopKey hop;
  Instant now;
  std::vector<types::RecipientResult> results;
  std::vector<types::AttemptEvidence> attempts;
  std::vector<Prepared> notices;
  std::optional<types::AdminAct> expired_by;
  std::optional<types::TenantId> tenant;  ///< where a person ended it
  Applied applied;
  std::optional<Instant> next;  ///< of what still waits for the hop

  Result<void> run(Database& database) {
    TRY(applied, apply_results(database, id, results, now));
    next.reset();
    if (applied.waiting > 0) {
      TRY(next, next_of(database, id, hop));
    }
    if (expired_by) {
      const std::string detail = "{\"recipients\":" + std::to_string(results.size()) + "}";
      TRY_VOID(insert_ledger(database, *expired_by, tenant, "queue.expire", id.to_string(), detail));
    }
    for (const auto& attempt : attempts) TRY_VOID(insert_attempt(database, id, attempt));
    for (const auto& notice : notices) TRY_VOID(insert_message(database, notice.id, notice.message, notice.body, id));
    return {};
  }
};

struct FoundBody {
  std::string prepended;
  std::string octets;
  std::shared_ptr<SpoolFile> file;
  std::uint64_t size = 0;
};

Result<FoundBody> find_body(Database& database, StoreDisk& disk, types::QueueId id) {
  TRY(Rows rows, database.query("SELECT m.prepended, m.body_size, m.spooled, b.octets FROM message m"
                                " LEFT JOIN body b ON b.message = m.id WHERE m.id = ?1 AND m.waiting > 0",
                                id.number()));
  TRY(const bool found, rows.next());
  if (!found) return fail(ErrorKind::not_found, "message " + id.to_string() + " is not queued any more");
  FoundBody body{rows.text(0), {}, nullptr, static_cast<std::uint64_t>(rows.number(1))};
  if (rows.number(2) != 0) {
    auto file = disk.open(id);
    if (!file) return fail(ErrorKind::corrupt, "message " + id.to_string() + " has lost its body: " + file.error().what);
    body.file = *std::move(file);
    TRY(const ByteCount size, body.file->size());
    if (static_cast<std::uint64_t>(size) == body.size) return body;
  } else {
    body.octets = rows.text(3);
    if (body.octets.size() == body.size) return body;
  }
  return fail(ErrorKind::corrupt, "the body of message " + id.to_string() + " does not have its length");
}

/// The small ones of what was just claimed. One that cannot be read here is not missed: its delivery asks again, and is told why.
void read_ahead(Database& database, StoreDisk& disk, const std::vector<types::DueRecipients>& claimed, BodiesAhead& ahead) {
  for (const types::DueRecipients& due : claimed) {
    if (static_cast<std::uint64_t>(due.size) > BodiesAhead::largest) continue;
    auto body = find_body(database, disk, due.id);
    if (body && !body->file) ahead.put(due.id, {std::move(body->prepended), std::move(body->octets)});
  }
}

}  // namespace

Task<Result<types::QueueId>> QueueStore::accept(types::NewMessage message, BodyWriter body) {
  CO_TRY_VOID(check_storable(message));
  CO_TRY(StoredBody stored, co_await body.seal());
  auto job = std::make_shared<Prepared>(Prepared{body.id(), std::move(message), std::move(stored)});
  body.state_->file.reset();  // the row's from here on
  Writer::Work work = [job](Database& database) {
    return insert_message(database, job->id, job->message, job->body);
  };
  Writer::Answer settled = [job, store = &store_, claims = claims_](const Result<void>& result) {
    discard_if_undone(*store, *job, result);
    if (result) note_all(*claims, job->message);
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work), std::move(settled)));
  co_return job->id;
}

Task<Result<std::vector<WaitingLane>>> QueueStore::waiting() {
  using Lanes = std::vector<WaitingLane>;
  std::function<Result<Lanes>(Database&)> work = [](Database& database) { return waiting_lanes(database); };
  co_return co_await store_.read<Lanes>(Store::Lane::delivery, std::move(work));
}

Task<Result<Claimed>> QueueStore::claim(std::vector<LaneWant> wants, Instant now) {
  std::function<Result<Claimed>(Database&)> work = [claims = claims_, ahead = ahead_, disk = &store_.disk(), wants = std::move(wants),
                                                    now](Database& database) -> Result<Claimed> {
    TRY(Claimed claimed, claim_lanes(database, *claims, wants, now));
    read_ahead(database, *disk, claimed.due, *ahead);
    return claimed;
  };
  co_return co_await store_.read<Claimed>(Store::Lane::delivery, std::move(work));
}

Task<Result<std::vector<types::DueRecipients>>> QueueStore::claim_due(Instant now, std::size_t limit) {
  using Due = std::vector<types::DueRecipients>;
  std::function<Result<Due>(Database&)> work = [claims = claims_, now, limit](Database& database) {
    return claim_due_rows(database, *claims, now, limit);
  };
  co_return co_await store_.read<Due>(Store::Lane::delivery, std::move(work));
}

Task<Result<Recorded>> QueueStore::record(Recording recording) {
  auto job = std::make_shared<RecordJob>(RecordJob{recording.id, std::move(recording.hop), recording.now,
                                                   std::move(recording.results), std::move(recording.attempts), {},
                                                   std::move(recording.expired_by), recording.tenant, {}, {}});
  for (Notice& notice : recording.notices) {
    CO_TRY_VOID(check_storable(notice.message));
    CO_TRY(StoredBody stored, co_await notice.body.seal());
    job->notices.push_back({notice.body.id(), std::move(notice.message), std::move(stored)});
  }
  for (Notice& notice : recording.notices) notice.body.state_->file.reset();
  Writer::Work work = [job](Database& database) { return job->run(database); };
  // On the writer's thread, so that it happens even if our caller is cancelled meanwhile.
  Writer::Answer settled = [job, store = &store_, claims = claims_](const Result<void>& result) {
    for (const Prepared& notice : job->notices) discard_if_undone(*store, notice, result);
    if (!result) return;
    if (job->applied.unlink) unlink_body(*store, job->id);
    claims->release({job->id.number(), job->hop.text}, job->next);
    for (const Prepared& notice : job->notices) note_all(*claims, notice.message);
  };
  CO_TRY_VOID(co_await store_.writer().write(std::move(work), std::move(settled)));
  co_return Recorded{job->applied.known, job->applied.waiting};
}

Task<Result<void>> QueueStore::put_off(const types::DueRecipients& due, Instant until, types::EnhancedCode code, std::string sentence) {
  auto next = std::make_shared<std::optional<Instant>>();
  Writer::Work work = [id = due.id, hop = due.hop, recipients = due.recipients, until, code = code.to_string(), sentence = std::move(sentence),
                       next](Database& database) -> Result<void> {
    for (const types::DueRecipient& one : recipients) {
      TRY_VOID(database.run("UPDATE recipient SET next_at = ?3, code = ?4, sentence = ?5, memo = ?6 WHERE message = ?1 AND position = ?2 AND state = 0",
                            id.number(), one.position, until, code, sentence, one.memo));
    }
    TRY(*next, next_of(database, id, hop));
    return {};
  };
  Writer::Answer settled = [claims = claims_, key = Claims::Key{due.id.number(), due.hop.text}, next](const Result<void>& result) {
    if (result) claims->release(key, *next);
  };
  co_return co_await store_.writer().write(std::move(work), std::move(settled));
}

Task<Result<BodyReader>> QueueStore::open_body(types::QueueId id) {
  if (auto here = ahead_->take(id)) {
    const std::size_t size = here->octets.size();
    co_return BodyReader(store_, std::move(here->prepended), std::move(here->octets), nullptr, size);
  }
  std::function<Result<FoundBody>(Database&)> work = [disk = &store_.disk(), id](Database& database) {
    return find_body(database, *disk, id);
  };
  CO_TRY(FoundBody body, co_await store_.read<FoundBody>(Store::Lane::delivery, std::move(work)));
  co_return BodyReader(store_, std::move(body.prepended), std::move(body.octets), std::move(body.file), body.size);
}

}  // namespace danewerk::io
