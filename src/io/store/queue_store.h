// QueueStore: the mail in our custody, by use.
//
// The promise (RFC 5321 6.1, SMTP-02): when accept() has returned success, message and envelope survive a power failure;
// when record() has returned success, no recipient it ended is ever claimed again. Whatever was under way when the
// process died is due again at the next start: at least once, twice only if the last answer was lost.
//
//   BodyWriter body = queue.begin(now);                 // its id goes into the Received line
//   co_await body.append(chunk); ...
//   CO_TRY(QueueId id, co_await queue.accept(message, std::move(body)));   // now say 250
//
//   auto due = co_await queue.claim_due(now, 100);      // claims are held until record() or release()
//   auto reader = co_await queue.open_body(due[0].id);
//   co_await queue.record({...});
//
// Errors everywhere: limit (disk full: 452), unavailable (the store is broken, see Writer: 451), corrupt.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/store/body.h"
#include "io/store/claims.h"
#include "io/store/ledger.h"
#include "io/store/queue_views.h"
#include "io/store/store.h"
#include "types/queued_message.h"

namespace danewerk::io {

/// A message we write because of another one: stored in the same transaction as what caused it.
struct Notice {
  types::NewMessage message;
  BodyWriter body;
};

/// What one claim came to. Recipients of the claim that are not named stay waiting with the instant they had.
struct Recording {
  types::QueueId id;
  types::HopKey hop;
  Instant now{};
  std::vector<types::RecipientResult> results;
  std::vector<types::AttemptEvidence> attempts;
  std::vector<Notice> notices;  ///< a bounce must not be lost between the failure and its own acceptance
};

struct Recorded {
  bool was_queued = false;    ///< false if somebody dropped the message meanwhile; the attempts are kept all the same
  std::uint32_t waiting = 0;  ///< recipients that still wait
};

/// Messages one transaction forgets, so that an accept() waits some milliseconds at most.
constexpr std::uint32_t prune_slice = 100;

/// Thread safe.
class QueueStore {
 public:
  explicit QueueStore(Store& store) : store_(store) {}

  /// A new message's body and id. The writer must be gone before the store is.
  BodyWriter begin(Instant now) { return BodyWriter(store_, store_.next_id(now)); }

  /// Returns after the commit. Errors also: malformed, if the envelope could not be kept exactly.
  Task<Result<types::QueueId>> accept(types::NewMessage message, BodyWriter body);

  /// Up to `limit` groups of due recipients, by and large the longest due first; a hop that has `most_per_hop` claims out
  /// (0: no bound) is passed over. Looks at 20 000 index rows at most and goes on from there next time.
  Task<Result<std::vector<types::DueRecipients>>> claim_due(Instant now, std::size_t limit, std::size_t most_per_hop = 0);
  /// Gives a claim back without a result.
  void release(types::QueueId id, const types::HopKey& hop) { claims_->release({id.number(), hop.text}); }

  /// Ends a claim. On error the claim stays: delivering again what cannot be recorded would send it without end.
  Task<Result<Recorded>> record(Recording recording);

  /// Ends a claim without an attempt: its recipients wait until `until`, say why, and keep the memo given here. Counts as no try. On
  /// error the claim stays, as with record().
  Task<Result<void>> put_off(const types::DueRecipients& due, Instant until, types::EnhancedCode code, std::string sentence);

  /// When somebody should call claim_due next, if nothing is added before.
  Task<Result<std::optional<Instant>>> next_due();

  /// Error: not_found once finished; corrupt if the spool file is gone.
  Task<Result<BodyReader>> open_body(types::QueueId id);

  Task<Result<std::vector<types::QueueEntry>>> list(types::QueueFilter filter);
  /// Newest first, queued and finished.
  Task<Result<std::vector<types::QueueEntry>>> trace(types::TraceQuery query);
  /// Also of finished messages, until pruned. Error: not_found.
  Task<Result<types::QueueDetail>> show(types::QueueId id);
  Task<Result<types::QueueCounts>> counts(Instant now);
  /// Makes what matches due now, however many; returns how many recipients. Leaves a ledger row.
  Task<Result<std::uint64_t>> retry(types::QueueFilter filter, types::AdminAct act);
  /// Ends what still waits of these messages, without notice to the sender; returns those it changed.
  Task<Result<std::vector<types::QueueId>>> drop(std::vector<types::QueueId> ids, types::AdminAct act);
  /// Forgets history finished before `before`, a slice of `most` messages; returns how many it was.
  Task<Result<std::uint32_t>> prune_history(Instant before, std::uint32_t most = prune_slice);
  /// Forgets the oldest history, a slice of `most` messages, while the database holds more than `size` octets besides
  /// `waiting` (from waiting_octets()); returns how many it was. Pages freed are used again, the file does not shrink.
  Task<Result<std::uint32_t>> prune_to_size(ByteCount size, ByteCount waiting, std::uint32_t most = prune_slice);
  /// The bodies in the database of messages that still wait. Takes a while where many do.
  Task<Result<ByteCount>> waiting_octets();
  Task<Result<std::vector<LedgerRow>>> ledger(std::optional<std::string> subject, std::uint32_t most = 100);

 private:
  Task<Result<void>> make_due(std::vector<RecipientKey> keys, Instant now);

  Store& store_;
  std::shared_ptr<Claims> claims_ = std::make_shared<Claims>();
  std::shared_ptr<ScanPlace> place_ = std::make_shared<ScanPlace>();
};

}  // namespace danewerk::io
