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
//   auto claimed = co_await queue.claim(lanes, now);    // claims are held until record() or release()
//   auto reader = co_await queue.open_body(claimed->due[0].id);
//   co_await queue.record({...});
//
// Errors everywhere: limit (disk full: 452), unavailable (the store is broken, see Writer: 451), corrupt.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/store/bodies_ahead.h"
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
  std::optional<types::TenantId> tenant{};      ///< for the ledger
  std::optional<types::AdminAct> expired_by{};  ///< a person ended it: a ledger row in the same transaction
};

/// What a person does to all mail that matches.
enum class Change : std::uint8_t {
  retry,    ///< waiting for later: due now
  hold,     ///< waiting: held, until released
  release,  ///< held: waiting, and due now
  drop,     ///< waiting or held: ended, and nobody is told
};
/// "retry", ...
const char* name_of(Change change) noexcept;
/// Which recipients it is about.
Among among_of(Change change) noexcept;

/// What a filter names: how many, and the first of them.
struct Preview {
  MatchCount count;
  std::vector<Matching> first;
};

struct Recorded {
  bool was_queued = false;    ///< false if somebody dropped the message meanwhile; the attempts are kept all the same
  std::uint32_t waiting = 0;  ///< recipients that still wait
};

/// What claim_matching() has taken; behind `last` more may match, unless nothing was looked at.
struct Matched {
  std::vector<types::DueRecipients> due;
  std::size_t looked_at = 0;
  std::size_t in_delivery = 0;  ///< recipients passed over
  RecipientKey last;
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

  /// What has become due, and when, since the last call; the first call may be preceded by waiting().
  std::map<types::Lane, Instant> take_notes() { return claims_->take_notes(); }
  /// Every lane with mail and its earliest instant.
  Task<Result<std::vector<WaitingLane>>> waiting();
  /// Groups of due recipients out of the lanes named, the longest due first.
  Task<Result<Claimed>> claim(std::vector<LaneWant> wants, Instant now);
  /// Up to `limit` groups from all lanes, one lane after the other: for tools and tests; it knows no turns.
  Task<Result<std::vector<types::DueRecipients>>> claim_due(Instant now, std::size_t limit);
  /// Gives a claim back without a result: due at once.
  void release(types::QueueId id, const types::HopKey& hop) { claims_->release({id.number(), hop.text}); }

  /// Ends a claim. On error the claim stays: delivering again what cannot be recorded would send it without end.
  Task<Result<Recorded>> record(Recording recording);

  /// Ends a claim without an attempt: its recipients wait until `until`, say why, and keep the memo given here. Counts as no try. On
  /// error the claim stays, as with record().
  Task<Result<void>> put_off(const types::DueRecipients& due, Instant until, types::EnhancedCode code, std::string sentence);

  /// Error: not_found once finished; corrupt if the spool file is gone.
  Task<Result<BodyReader>> open_body(types::QueueId id);

  Task<Result<std::vector<types::QueueEntry>>> list(types::QueueFilter filter);
  /// Newest first, queued and finished.
  Task<Result<std::vector<types::QueueEntry>>> trace(types::TraceQuery query);
  /// Also of finished messages, until pruned. Error: not_found.
  Task<Result<types::QueueDetail>> show(types::QueueId id);
  Task<Result<types::QueueCounts>> counts(Instant now);
  /// Of messages received at `now` or before.
  Task<Result<Preview>> preview(types::QueueFilter filter, Among among, Instant now, std::size_t most_shown = 10);
  /// Does it to all that match and were received at `act.at` or before, slice by slice: others' commits come between, and a
  /// ledger row is in each transaction (of a drop, one for each message). Returns how many recipients; on error the slices before
  /// it hold.
  Task<Result<std::uint64_t>> change(Change change, types::QueueFilter filter, types::AdminAct act);
  /// change(Change::retry).
  Task<Result<std::uint64_t>> retry(types::QueueFilter filter, types::AdminAct act);
  /// Claims up to `most` recipients that match, waiting or held, due or not; passes over those in delivery. For who ends them.
  Task<Result<Matched>> claim_matching(types::QueueFilter filter, Instant now, RecipientKey after, std::size_t most);
  /// The hops with the most mail waiting.
  Task<Result<std::vector<HopCount>>> hops(std::optional<types::HopKey> hop, std::uint32_t most);
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
  Task<Result<void>> change_slice(Change change, std::shared_ptr<const std::vector<Matching>> slice, types::AdminAct act,
                                  std::string subject, std::optional<types::TenantId> tenant);

  Store& store_;
  std::shared_ptr<Claims> claims_ = std::make_shared<Claims>();
  std::shared_ptr<BodiesAhead> ahead_ = std::make_shared<BodiesAhead>();
};

}  // namespace danewerk::io
