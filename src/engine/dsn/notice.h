// compose(): the notice itself: a message that tells the sender what has become of theirs.
//
// A bounce is read twice: by a person who wants to know whether to send again, call, or complain, and by programs that
// clean lists. So it has two faces made from the same values: plain words (what failed, at which host and address, who
// must repair what, with the records published and the digests presented) and the fields of RFC 3464. A third part gives
// back the header of the original, or all of it where the sender asked and it is small.
//
// Nearly every octet that enters here was written by a stranger: replies, host names, ORCPT, ENVID, the header returned.
// What leaves is a message of our own name. Hence the invariants:
//   * every line ends in CRLF, no CR or LF stands alone, no line is longer than 998 octets (RFC 5322 2.1.1);
//   * no input can end a field, start one, end a part or close the multipart: fields pass through one funnel that leaves
//     printable text only, and the boundary occurs in no part;
//   * 7 bit throughout, unless the sender's own address needs SMTPUTF8, or all of an 8-bit message goes back; so a notice
//     does not get stuck where the mail that caused it could pass;
//   * same input, same octets.
//
// RFC 3461 6; RFC 3464; RFC 6522; RFC 6533; RFC 3834 5 (Auto-Submitted); RFC 8689 5; SMTP-06, SMTP-09, RTL-05.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/dsn/wanted.h"
#include "types/delivery_plan.h"
#include "types/outcome.h"

namespace danewerk::dsn {

/// One round of tries: what was planned and what happened. Recipients of one destination share it.
struct Round {
  types::DeliveryPlan plan;
  std::vector<types::Attempt> attempts;  ///< in order; the list Outcome::attempt counts in
  friend bool operator==(const Round&, const Round&) = default;
};

/// One recipient the notice speaks of. Only those wanted() named.
struct Told {
  types::Recipient recipient{types::Postmaster{}, {}, {}};
  Action action = Action::failed;
  types::Outcome outcome;            ///< of the last round
  std::optional<std::size_t> round;  ///< of the last round, in DsnInput::rounds; nothing where there was no plan
  std::uint32_t rounds_tried = 1;
  /// Where a limit ended it (retry::GiveUp) or made us write: the code to report. Nothing: outcome.code.
  std::optional<types::EnhancedCode> gave_up_as;
  std::optional<Instant> next_try;     ///< `delayed` only
  std::optional<Instant> retry_until;  ///< `delayed` only
  friend bool operator==(const Told&, const Told&) = default;
};

/// How much of the original DsnInput::original holds.
enum class Extent : std::uint8_t {
  beginning,  ///< its header, or as much of it as the limits below can use
  whole,      ///< every octet of it
};

struct Limits {
  std::size_t header = 32 * 1024;    ///< octets of header given back
  std::size_t message = 256 * 1024;  ///< octets of a message given back whole
  friend bool operator==(const Limits&, const Limits&) = default;
};

struct DsnInput {
  std::string id;                  ///< unique for ever; letters, digits, "-", "." (others are dropped): Message-ID, boundary
  types::DomainName reporting_mta; ///< our fully qualified name
  std::string queue_id;            ///< of the original, for Final-Log-Id and for people; same letters; may be empty
  types::Sender sender;            ///< of the original; its path must not be null (CHECKed, SMTP-06)
  Instant arrived;                 ///< when we accepted the original
  Instant now;
  std::vector<Round> rounds;
  std::vector<Told> told;          ///< at least one (CHECKed)
  std::string original;            ///< the original's octets from the first, CRLF lines as received
  Extent extent = Extent::beginning;
  Limits limits;
};

struct Notice {
  types::ReversePath reverse_path;  ///< always null (RFC 3461 6.1)
  types::Mailbox recipient;         ///< the original's reverse-path. Send with NOTIFY=NEVER where DSN is offered, never RET
  types::Smtputf8 needs_utf8 = types::Smtputf8::no;
  types::BodyKind body = types::BodyKind::seven_bit;  ///< eight_bit_mime: if the next hop lacks it, compose again with Extent::beginning
  /// RTL-05: ask for it where offered; RFC 8689 5 wants the notice sent on even where the next hop does not offer it.
  types::RequireTls require_tls = types::RequireTls::no;
  std::string message;  ///< header and body, CRLF, not dot-stuffed
};

/// The notice for `input.told`. Outcomes, rounds and attempts must fit each other: an index that names nothing is CHECKed.
Notice compose(const DsnInput& input);

}  // namespace danewerk::dsn
