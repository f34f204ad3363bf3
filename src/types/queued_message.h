// What the queue holds and what it is told: messages, their recipients, and the results of attempts.
//
// A message is accepted once and delivered recipient by recipient, each with its own next hop, its own next instant and
// its own end. The queue stores what delivery decided and the evidence for it; it decides nothing itself. Evidence and
// memo are text given by the caller (JSON by custom) and given back unchanged.
//
// RFC 5321 4.5.4 (queueing strategies), 6.1 (responsibility passes with the 250); RFC 3461 (what travels along).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.h"
#include "types/enhanced_code.h"
#include "types/envelope.h"
#include "types/queue_id.h"
#include "types/tenant.h"

namespace danewerk::types {

/// Where a message came from. `notice` is one we wrote ourselves (DSN, report).
enum class Origin : std::uint8_t { inbound, submission, notice };
/// The end (or not yet) of one recipient. Only `waiting` ones are ever attempted.
enum class RecipientState : std::uint8_t { waiting, delivered, failed, dropped };
const char* to_string(Origin origin) noexcept;
const char* to_string(RecipientState state) noexcept;

/// What recipients are grouped by for delivery: a next-hop domain, or the name of a route. Compared as text.
struct HopKey {
  std::string text;
  friend auto operator<=>(const HopKey&, const HopKey&) = default;
};

/// Everything about a new message but its body.
struct NewMessage {
  TenantId tenant;
  Origin origin = Origin::inbound;
  Envelope envelope;         ///< at least one recipient
  std::vector<HopKey> hops;  ///< one for each recipient, in their order
  Instant received_at{};
  Instant next_at{};      ///< when to try first; by custom received_at
  std::string prepended;  ///< header lines we put on top (Received), each ending in CRLF
  std::string message_id = {};  ///< of the header (RFC 5322 3.6.4), without angle brackets; empty where it has none
  std::string arrival = {};     ///< how it came to us, as JSON (docs/formats/evidence.md)
};

/// One recipient of a claim: who, and what became of the attempts so far.
struct DueRecipient {
  std::uint32_t position = 0;  ///< in the envelope, from 0; names the recipient towards record()
  Recipient recipient;
  std::uint32_t attempts = 0;
  std::string memo;  ///< what the last record() left for the next attempt
  friend bool operator==(const DueRecipient&, const DueRecipient&) = default;
};

/// The waiting and due recipients of one message that share a next hop.
struct DueRecipients {
  QueueId id;
  HopKey hop;
  TenantId tenant;
  Origin origin = Origin::inbound;
  Sender sender;
  Instant received_at{};
  ByteCount size{};  ///< prepended lines and body
  std::vector<DueRecipient> recipients;
};

/// What one attempt meant for one recipient.
struct RecipientResult {
  std::uint32_t position = 0;
  RecipientState state = RecipientState::waiting;
  Instant next_at{};  ///< read only while waiting
  EnhancedCode code;
  std::string sentence;  ///< for people
  std::string evidence;  ///< JSON
  std::string memo;
};

/// What is known of the signatures behind an attempt's DANE records (docs/formats/proof.md).
enum class ProofState : std::uint8_t { none, wanted, kept, failed };
const char* to_string(ProofState state) noexcept;

/// One conversation (or refusal to have one) with one host: kept as history.
struct AttemptEvidence {
  Instant at{};
  HopKey hop;
  std::string host;  ///< empty where no host was reached
  EnhancedCode code;
  std::string sentence;
  std::string evidence;  ///< JSON
  ProofState proof = ProofState::none;  ///< given to the store: none or wanted
  std::string no_proof = {};            ///< why there is none, where it failed
  friend bool operator==(const AttemptEvidence&, const AttemptEvidence&) = default;
};

/// Who changed something by hand, when, and why.
struct AdminAct {
  std::string who;
  std::string why;
  Instant at{};
  friend bool operator==(const AdminAct&, const AdminAct&) = default;
};

/// Which messages; every member given narrows. Paged by `after`, oldest first.
struct QueueFilter {
  std::optional<QueueId> id;
  std::optional<TenantId> tenant;
  std::optional<HopKey> hop;
  std::optional<std::string> recipient;  ///< the whole address as the envelope has it
  enum class Which : std::uint8_t { queued, finished, all } which = Which::queued;
  std::optional<QueueId> after;
  std::uint32_t limit = 100;
};

/// Whose life is asked for: exactly one of `message_id` and `address` is given. Answered newest first.
struct TraceQuery {
  std::optional<std::string> message_id;  ///< without angle brackets
  std::optional<std::string> address;     ///< sender or recipient; upper and lower case (ASCII) are the same
  std::optional<Instant> since;
  std::uint32_t limit = 20;
};

struct QueueEntry {
  QueueId id;
  TenantId tenant;
  Origin origin = Origin::inbound;
  Sender sender;
  Instant received_at{};
  std::optional<Instant> finished_at;  ///< when the last recipient stopped waiting
  ByteCount size{};
  std::uint32_t recipients = 0;
  std::uint32_t waiting = 0;
  std::optional<Instant> next_at;  ///< the earliest of those waiting
  std::string message_id = {};
};

struct QueuedRecipient {
  std::uint32_t position = 0;
  Recipient recipient;
  HopKey hop;
  RecipientState state = RecipientState::waiting;
  Instant next_at{};
  std::uint32_t attempts = 0;
  std::optional<Instant> last_at;  ///< of the last result
  std::optional<EnhancedCode> code;
  std::string sentence;
  std::string evidence;
};

struct QueueDetail {
  QueueEntry entry;
  std::string prepended;
  std::vector<QueuedRecipient> recipients;
  std::vector<AttemptEvidence> attempts;  ///< oldest first
  std::string arrival = {};                ///< how it came to us, as JSON; empty for what was accepted before we kept it
  std::optional<QueueId> about = {};       ///< of a notice: the message it tells of
  std::vector<QueueEntry> notices = {};    ///< written because of this message, oldest first
};

struct QueueCounts {
  std::uint64_t messages = 0;  ///< with a recipient waiting
  std::uint64_t waiting = 0;   ///< recipients
  std::uint64_t due = 0;       ///< of those, next_at has come
  std::uint64_t claimed = 0;   ///< (message, hop) pairs in delivery now
  std::uint64_t finished = 0;  ///< messages kept as history
};

}  // namespace danewerk::types
