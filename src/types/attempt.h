// Attempt: one try at one address of one hop, as it happened.
//
// An attempt is evidence: what was asked of the peer, how far it got, what the peer said, what the connection was. It
// draws no conclusion; policy::judge does, from the plan and all attempts of a round. Kept with the message's history it
// answers "why was my mail late" a month later, and TLS reports are counted from it (RFC 8460 4.3).
//
// RFC 5321 3, 4.5.4.2; RFC 7672 2.2; design.md 2.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "types/delivery_plan.h"
#include "types/pkix_verdict.h"
#include "types/reply.h"
#include "types/verdict.h"

namespace danewerk::types {

/// The place of a hop in DeliveryPlan::hops.
enum class HopIndex : std::uint32_t {};
/// The place of a recipient in the message's list; the caller keeps it stable over all attempts and rounds.
enum class RecipientIndex : std::uint32_t {};

enum class Channel : std::uint8_t { cleartext, tls };

/// How the client sets out: `plain` never says STARTTLS, and is only ever chosen for the second try of case (c).
enum class Opening : std::uint8_t { starttls, plain };

/// The step that was under way when the attempt ended, in order of a session.
enum class Phase : std::uint8_t {
  connect, greeting, ehlo, starttls, handshake, authenticate, ehlo_in_tls, mail, recipients, data, content, done,
};

enum class AttemptEnd : std::uint8_t {
  completed,               ///< the transaction ran to its end; each recipient has its reply
  refused,                 ///< `reply` (4xx or 5xx) ended the session or the transaction, at `phase`
  not_connected,           ///< connection refused, unreachable, or no answer in time
  timed_out,               ///< the peer fell silent
  lost,                    ///< the peer closed or reset the connection
  protocol_error,          ///< the peer said what SMTP does not know, or sent bytes ahead of TLS
  starttls_not_offered,    ///< EHLO did not list it
  starttls_refused,        ///< `reply` to STARTTLS was not 220
  handshake_failed,        ///< `detail` says how
  not_authenticated,       ///< `verdict` or `pkix` says why
  extension_missing,       ///< the message needs what the peer does not offer: `missing`
  local_fault,             ///< ours: no memory, no socket, stopped; says nothing about the peer
};

/// Whether the peer will tell the sender itself (RFC 3461 5.2.1), as its last EHLO reply has it.
enum class DsnOffer : std::uint8_t { unknown, absent, offered };

/// What a message can need of a server that not every server has.
enum class Extension : std::uint8_t { requiretls, smtputf8, eight_bit_mime, binary_mime, size };

struct TlsSession {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;   ///< "TLS_AES_256_GCM_SHA384"
  bool resumed = false;
  friend bool operator==(const TlsSession&, const TlsSession&) = default;
};

/// Lower-case hex: what a `3 0 1` and a `3 1 1` record for this certificate would hold.
struct CertificateDigests {
  std::string cert_sha256;
  std::string spki_sha256;
  friend bool operator==(const CertificateDigests&, const CertificateDigests&) = default;
};

struct RecipientReply {
  RecipientIndex recipient{};
  Phase phase = Phase::recipients;  ///< recipients: the reply to RCPT; data or content: the last word on it
  Reply reply;
  friend bool operator==(const RecipientReply&, const RecipientReply&) = default;
};

struct Attempt {
  HopIndex hop{};
  Endpoint peer;
  Opening opening = Opening::starttls;
  SecurityLevel demanded = SecurityLevel::opportunistic;

  Phase phase = Phase::connect;
  AttemptEnd end = AttemptEnd::local_fault;
  std::optional<Reply> reply;          ///< the reply that decided for all recipients, where one did
  std::vector<RecipientReply> replies; ///< one for each recipient that got an answer of its own
  std::optional<Extension> missing;
  std::string detail;                  ///< for people: "connection refused", "TLS alert: handshake failure"

  Channel channel = Channel::cleartext;  ///< when it ended
  std::optional<TlsSession> tls;
  std::vector<CertificateDigests> presented;  ///< leaf first, as sent; where a handshake got that far
  std::optional<Verdict> verdict;             ///< whenever the hop had DANE terms and a chain was seen, audit included
  std::optional<PkixVerdict> pkix;            ///< the same for PKIX terms
  std::string peer_name;                      ///< the name in the EHLO reply (RFC 8460: receiving-mx-helo)
  DsnOffer dsn = DsnOffer::unknown;           ///< known once mail could be offered
  RequireTls require_tls = RequireTls::no;    ///< `yes`: MAIL was sent with REQUIRETLS

  Instant started;
  std::optional<Instant> connected;  ///< when the connection was made, though it was for an earlier message
  std::optional<Instant> secured;
  std::uint32_t messages_before = 0;  ///< on this connection; above 0 it was kept open from an earlier errand
  Instant ended;
  ByteCount mail_octets_in_clear{};  ///< MAIL, RCPT, DATA and content sent outside TLS; 0 whenever TLS was demanded

  friend bool operator==(const Attempt&, const Attempt&) = default;
};

const char* to_string(Phase phase) noexcept;
const char* to_string(AttemptEnd end) noexcept;
const char* to_string(Extension extension) noexcept;
const char* to_string(Channel channel) noexcept;

}  // namespace danewerk::types
