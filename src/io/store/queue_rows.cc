#include "io/store/queue_rows.h"

#include "io/store/ledger.h"

namespace danewerk::io {
namespace {

using types::RecipientState;

// recipient.notify (RFC 3461 4.1)
constexpr std::int64_t specified = 1;
constexpr std::int64_t never = 2;
constexpr std::int64_t on_success = 4;
constexpr std::int64_t on_failure = 8;
constexpr std::int64_t on_delay = 16;

std::int64_t notify_bits(const types::DsnNotify& notify) {
  return (notify.specified ? specified : 0) | (notify.never ? never : 0) | (notify.success ? on_success : 0) |
         (notify.failure ? on_failure : 0) | (notify.delay ? on_delay : 0);
}

types::DsnNotify notify_of(std::int64_t bits) {
  return {(bits & specified) != 0, (bits & never) != 0, (bits & on_success) != 0, (bits & on_failure) != 0,
          (bits & on_delay) != 0};
}

std::optional<std::string> text_of(const types::ForwardPath& path) {
  const auto* mailbox = std::get_if<types::Mailbox>(&path);
  return mailbox != nullptr ? std::optional(mailbox->to_string()) : std::nullopt;
}

Failure<Error> corrupt(const Error& error) { return fail(ErrorKind::corrupt, "stored envelope: " + error.what); }

Result<void> check_mailbox(const types::Mailbox& mailbox) {
  TRY(const auto again, types::Mailbox::parse(mailbox.to_string(), types::Smtputf8::yes));
  if (again == mailbox) return {};
  return fail(ErrorKind::malformed, "'" + mailbox.to_string() + "' does not read back as the mailbox it is");
}

/// An optional that is NULL where the text is empty: most recipients never have one.
std::optional<std::string_view> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

Result<void> make_findable(Database& database, std::int64_t message, const std::optional<std::string>& text) {
  if (!text || text->empty()) return {};
  return database.run("INSERT OR IGNORE INTO found(bucket, key, message) VALUES(?1,?2,?3)", found_bucket(message), found_key(*text), message);
}

/// After `ended` recipients stopped waiting. Evidence stays, the body goes.
Result<Applied> count_down(Database& database, types::QueueId id, std::int64_t ended, Instant now) {
  if (ended > 0) {
    TRY_VOID(database.run("UPDATE message SET waiting = waiting - ?2 WHERE id = ?1", id.number(), ended));
  }
  TRY(Rows rows, database.query("SELECT waiting, spooled FROM message WHERE id = ?1", id.number()));
  TRY(const bool found, rows.next());
  if (!found) return Applied{};
  Applied applied{true, static_cast<std::uint32_t>(rows.number(0)), false};
  applied.known = applied.waiting > 0 || ended > 0;
  if (applied.waiting != 0 || ended == 0) return applied;
  applied.unlink = rows.number(1) != 0;
  TRY_VOID(database.run("UPDATE message SET finished_at = ?2, spooled = 0 WHERE id = ?1", id.number(), now));
  if (!applied.unlink) TRY_VOID(database.run("DELETE FROM body WHERE message = ?1", id.number()));
  return applied;
}

}  // namespace

Result<void> check_storable(const types::NewMessage& message) {
  const auto& recipients = message.envelope.recipients;
  if (recipients.empty()) return fail(ErrorKind::malformed, "a message for the store has no recipient");
  if (recipients.size() != message.hops.size()) return fail(ErrorKind::malformed, "a message needs one hop for each recipient");
  if (message.envelope.sender.path) TRY_VOID(check_mailbox(*message.envelope.sender.path));
  for (const auto& recipient : recipients) {
    if (const auto* mailbox = std::get_if<types::Mailbox>(&recipient.path)) TRY_VOID(check_mailbox(*mailbox));
  }
  return {};
}

Result<void> insert_message(Database& database, types::QueueId id, const types::NewMessage& message, const StoredBody& body,
                            std::optional<types::QueueId> about) {
  const types::Sender& sender = message.envelope.sender;
  const auto path = sender.path ? std::optional(sender.path->to_string()) : std::nullopt;
  const auto& recipients = message.envelope.recipients;
  TRY_VOID(database.run(
      "INSERT INTO message(id, tenant, origin, received_at, sender, declared_size, body_kind, utf8, require_tls, dsn_return,"
      " envelope_id, prepended, body_size, spooled, recipients, waiting, message_id, arrival, about)"
      " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?15,?16,?17,?18)",
      id.number(), message.tenant.text(), message.origin, message.received_at, path, sender.declared_size, sender.body,
      sender.utf8, sender.require_tls, sender.dsn_return, sender.envelope_id, message.prepended, body.size,
      body.spooled ? 1 : 0, recipients.size(), unless_empty(message.message_id), unless_empty(message.arrival),
      about ? std::optional(about->number()) : std::nullopt));
  if (!body.spooled) {
    TRY_VOID(database.run("INSERT INTO body(message, octets) VALUES(?1,?2)", id.number(), Blob{body.octets}));
  }
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const types::Recipient& recipient = recipients[i];
    std::optional<std::string_view> original_type;
    std::optional<std::string_view> original;
    if (recipient.original) {
      original_type = recipient.original->address_type;
      original = recipient.original->address;
    }
    TRY_VOID(database.run(
        "INSERT INTO recipient(message, position, address, notify, original_type, original_address, hop, state, next_at,"
        " attempts) VALUES(?1,?2,?3,?4,?5,?6,?7,0,?8,0)",
        id.number(), i, text_of(recipient.path), notify_bits(recipient.notify), original_type, original,
        message.hops[i].text, message.next_at));
    TRY_VOID(make_findable(database, id.number(), text_of(recipient.path)));
  }
  TRY_VOID(make_findable(database, id.number(), path));
  return make_findable(database, id.number(), message.message_id);
}

std::int64_t found_bucket(std::int64_t message) {
  constexpr int stretch = types::QueueId::counter_bits + 20;  // 2^20 ms
  return message >> stretch;
}

std::int64_t found_key(std::string_view text) {  // FNV-1a
  std::uint64_t state = 0xcbf29ce484222325U;
  for (const char octet : text) {
    const char lower = octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + ('a' - 'A')) : octet;
    state = (state ^ static_cast<unsigned char>(lower)) * 0x100000001b3U;
  }
  return static_cast<std::int64_t>(state);
}

Result<Applied> apply_results(Database& database, types::QueueId id, const std::vector<types::RecipientResult>& results,
                              Instant now) {
  std::int64_t ended = 0;
  for (const types::RecipientResult& result : results) {
    const auto next_at = result.state == RecipientState::waiting ? std::optional(result.next_at) : std::nullopt;
    TRY_VOID(database.run(
        "UPDATE recipient SET state = ?3, next_at = coalesce(?4, next_at), attempts = attempts + 1, last_at = ?5, code = ?6,"
        " sentence = ?7, evidence = ?8, memo = ?9 WHERE message = ?1 AND position = ?2 AND state = 0",
        id.number(), result.position, result.state, next_at, now, result.code.to_string(), unless_empty(result.sentence),
        unless_empty(result.evidence), unless_empty(result.memo)));
    if (result.state != RecipientState::waiting) ended += database.changes();
  }
  return count_down(database, id, ended, now);
}

Result<void> insert_attempt(Database& database, types::QueueId id, const types::AttemptEvidence& attempt) {
  TRY_VOID(database.run("INSERT INTO attempt(message, at, hop, host, code, sentence, evidence) VALUES(?1,?2,?3,?4,?5,?6,?7)",
                        id.number(), attempt.at, attempt.hop.text, attempt.host, attempt.code.to_string(), attempt.sentence,
                        attempt.evidence));
  if (attempt.proof == types::ProofState::none) return {};
  return database.run("INSERT INTO attempt_proof(attempt, message, state) VALUES(last_insert_rowid(),?1,?2)", id.number(), attempt.proof);
}

Result<Applied> drop_message(Database& database, types::QueueId id, const types::AdminAct& act) {
  TRY_VOID(database.run("UPDATE recipient SET state = ?2, last_at = ?3, sentence = ?4 WHERE message = ?1 AND +state = 0",
                        id.number(), RecipientState::dropped, act.at, "dropped by " + act.who + ": " + act.why));
  const std::int64_t ended = database.changes();
  if (ended == 0) return Applied{};
  TRY(const Applied applied, count_down(database, id, ended, act.at));
  TRY(Rows rows, database.query("SELECT tenant FROM message WHERE id = ?1", id.number()));
  TRY_VOID(rows.next());
  TRY(const auto tenant, read_tenant(rows, 0));
  TRY_VOID(insert_ledger(database, act, tenant, "queue.drop", id.to_string(), "{\"recipients\":" + std::to_string(ended) + "}"));
  return applied;
}

/// Buckets older than the oldest message, a bounded part at a time; what is left goes with the next slice.
static Result<void> forget_found(Database& database) {
  std::int64_t oldest = INT64_MAX;
  {
    TRY(Rows rows, database.query("SELECT min(id) FROM message"));
    TRY_VOID(rows.next());
    if (!rows.is_null(0)) oldest = rows.number(0);
  }
  return database.run("DELETE FROM found WHERE (bucket, key, message) IN (SELECT bucket, key, message FROM found WHERE bucket < ?1 LIMIT 1000)",
                      found_bucket(oldest));
}

Result<std::uint32_t> prune(Database& database, Instant before, std::uint32_t most) {
  std::vector<std::int64_t> ids;
  {
    TRY(Rows rows, database.query("SELECT id FROM message WHERE finished_at < ?1 ORDER BY finished_at LIMIT ?2", before, most));
    while (true) {
      TRY(const bool more, rows.next());
      if (!more) break;
      ids.push_back(rows.number(0));
    }
  }
  for (const std::int64_t id : ids) {
    TRY_VOID(database.run("DELETE FROM proof WHERE id IN (SELECT proof FROM attempt_proof WHERE message = ?1)"
                          " AND NOT EXISTS (SELECT 1 FROM attempt_proof o WHERE o.proof = proof.id AND o.message <> ?1)", id));
    TRY_VOID(database.run("DELETE FROM attempt_proof WHERE message = ?1", id));
    TRY_VOID(database.run("DELETE FROM attempt WHERE message = ?1", id));
    TRY_VOID(database.run("DELETE FROM recipient WHERE message = ?1", id));
    TRY_VOID(database.run("DELETE FROM message WHERE id = ?1", id));
  }
  TRY_VOID(forget_found(database));
  return static_cast<std::uint32_t>(ids.size());
}

Result<types::Sender> read_sender(const Rows& rows, int first) {
  types::Sender sender;
  if (!rows.is_null(first)) {
    auto path = types::Mailbox::parse(rows.text(first), types::Smtputf8::yes);
    if (!path) return corrupt(path.error());
    sender.path = *std::move(path);
  }
  if (!rows.is_null(first + 1)) sender.declared_size = ByteCount{static_cast<std::uint64_t>(rows.number(first + 1))};
  sender.body = static_cast<types::BodyKind>(rows.number(first + 2));
  sender.utf8 = static_cast<types::Smtputf8>(rows.number(first + 3));
  sender.require_tls = static_cast<types::RequireTls>(rows.number(first + 4));
  sender.dsn_return = static_cast<types::DsnReturn>(rows.number(first + 5));
  if (!rows.is_null(first + 6)) sender.envelope_id = rows.text(first + 6);
  return sender;
}

Result<types::Recipient> read_recipient(const Rows& rows, int first) {
  types::Recipient recipient{types::Postmaster{}, notify_of(rows.number(first + 1)), std::nullopt};
  if (!rows.is_null(first)) {
    auto mailbox = types::Mailbox::parse(rows.text(first), types::Smtputf8::yes);
    if (!mailbox) return corrupt(mailbox.error());
    recipient.path = *std::move(mailbox);
  }
  if (!rows.is_null(first + 2)) recipient.original = types::OriginalRecipient{rows.text(first + 2), rows.text(first + 3)};
  return recipient;
}

Result<types::TenantId> read_tenant(const Rows& rows, int column) {
  auto tenant = types::TenantId::parse(rows.text(column));
  if (!tenant) return corrupt(tenant.error());
  return *std::move(tenant);
}

Result<std::optional<types::EnhancedCode>> read_code(const Rows& rows, int column) {
  const std::string text = rows.text(column);
  if (text.empty()) return std::optional<types::EnhancedCode>{};
  auto code = types::EnhancedCode::parse(text);
  if (!code) return corrupt(code.error());
  return std::optional(*code);
}

}  // namespace danewerk::io
