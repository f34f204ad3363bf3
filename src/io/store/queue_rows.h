// The queue's rows: envelopes to columns and back, and the changes of one transaction.
//
// Everything here is a plain function on a Database, run by Writer or a reading thread; no waiting, no locks. What MAIL
// and RCPT said is kept column by column so that it leaves exactly as it came (RFC 3461 promises the sender that);
// text that no longer parses is `corrupt`, never guessed at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/store/body.h"
#include "io/store/database.h"
#include "types/queued_message.h"

namespace danewerk::io {

/// Error: malformed, naming the address, if it would not read back as what it is; or no recipients, or hops that do not match.
Result<void> check_storable(const types::NewMessage& message);

/// `about`: the message a notice tells of. Error: conflict if the id is taken.
Result<void> insert_message(Database& database, types::QueueId id, const types::NewMessage& message, const StoredBody& body,
                            std::optional<types::QueueId> about = std::nullopt);

struct Applied {
  bool known = false;        ///< the message is still queued, or was until now
  std::uint32_t waiting = 0;  ///< recipients that still wait
  bool unlink = false;       ///< the spool file has no purpose any more
};

/// Writes results of an attempt; recipients that no longer wait keep what they have. When none waits, ends the message.
Result<Applied> apply_results(Database& database, types::QueueId id, const std::vector<types::RecipientResult>& results,
                              Instant now);
Result<void> insert_attempt(Database& database, types::QueueId id, const types::AttemptEvidence& attempt);

/// All that wait become dropped; a ledger row says so. `known` is false if none waited.
Result<Applied> drop_message(Database& database, types::QueueId id, const types::AdminAct& act);

/// Removes up to `most` messages finished before `before`, the longest finished first, with all their rows and the proofs
/// nobody else needs. How many.
Result<std::uint32_t> prune(Database& database, Instant before, std::uint32_t most);

/// Where table `found` keeps a message: a stretch of about 17 minutes of queue ids.
std::int64_t found_bucket(std::int64_t message);
/// What it is kept under: a hash of a Message-ID or address, ASCII case aside. Hashes may be equal: who finds compares.
std::int64_t found_key(std::string_view text);

/// Seven columns from `first`: sender, declared_size, body_kind, utf8, require_tls, dsn_return, envelope_id.
Result<types::Sender> read_sender(const Rows& rows, int first);
/// Four columns from `first`: address, notify, original_type, original_address.
Result<types::Recipient> read_recipient(const Rows& rows, int first);
Result<types::TenantId> read_tenant(const Rows& rows, int column);
/// Absent where NULL or empty.
Result<std::optional<types::EnhancedCode>> read_code(const Rows& rows, int column);

}  // namespace danewerk::io
