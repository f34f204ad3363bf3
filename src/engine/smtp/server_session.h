// The receiving side of one SMTP connection, as a value: octets and instants go in, requests and octets come out.
//
// It never reads a clock, opens a socket, or asks anybody anything; the same octets at the same instants give the same
// conversation however they were cut. Driver:
//
//   for (;;) {
//     while (auto request = session.next()) ... answer it with reply(), or act on it if it is a notice ...
//     write(session.take_output());  if closed: close
//     wait until session.deadline() for input: received(octets, now), or tick(now), or peer_closed()
//   }
//
// Memory: limits.h states the bound. A body passes through as views into the receive buffer; received() is called only
// after next() gave nothing, so that buffer holds one received() call plus one partial line.
//
// STARTTLS (RFC 3207 4; TLS-05, TLS-06; CVE-2011-0411). Once it is read, the session holds not one octet more: if
// anything is buffered behind it, the 220 is NOT sent and the connection closes with 421; octets handed in between the
// 220 and tls_established() close it without a word, because the peer may be in its handshake. After tls_established()
// everything said before is forgotten, and STARTTLS is not offered again.
//
// Line ends (SMTP-01). Among commands, a bare LF closes the connection at once (521 5.5.2): a client that ends lines so
// would otherwise wait for ever, and a forger gets no second reading; a bare CR or NUL makes its line 500 5.5.2. In a
// body, any of them refuses the message (550 5.6.11, NUL 554 5.6.0) after reading it to its true end. Text lines of any
// length are taken as they are and never split (RFC 5321 4.5.3.1.6 lets a receiver take more than 1000 octets).
// A BDAT body is kept exact, also where it does not end in CRLF.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "engine/smtp/data_reader.h"
#include "engine/smtp/grammar.h"
#include "engine/smtp/limits.h"
#include "engine/smtp/server_request.h"

namespace danewerk::engine::smtp {

enum class StartTlsOffer : std::uint8_t { no, yes };

struct ServerOptions {
  std::string host;  ///< our name in banner and EHLO
  StartTlsOffer starttls = StartTlsOffer::yes;
  ToAscii to_ascii = no_u_labels;
  Limits limits;
  ServerTimeouts timeouts;
};

/// What the session refused by itself, without asking the service: malformed, out of order, too much. For the operator, to
/// whom such a peer would otherwise be a connection that says nothing. `line` is as the peer wrote it: escape it in print.
struct RefusedCommands {
  static constexpr std::size_t most_of_line = 80;
  std::uint32_t count = 0;
  std::string line;  ///< the first one, or its first octets
  types::Reply reply{0, std::nullopt, {}};  ///< what it was answered
};

class ServerSession {
 public:
  ServerSession(ServerOptions options, Instant now);

  /// More octets from the peer, in any fragmentation. Nothing happens after Closed.
  void received(std::string_view octets, Instant now);
  /// The next thing to decide or do; nothing while an answer is due, or until more arrives.
  std::optional<Request> next();
  /// Answers the one outstanding request (CHECKed: there is one).
  void reply(const Decision& decision, Instant now);
  /// What to send; empty if nothing.
  std::string take_output();
  /// The handshake that StartTlsGiven asked for is done (CHECKed: it was asked for). RFC 3207 4.2.
  void tls_established(Instant now);
  /// The peer closed its side or the connection broke.
  void peer_closed();
  /// At the next command boundary outside a message: 421 4.3.2 and Closed. A message under way may finish.
  void shut_down() { stopping_ = true; }
  /// When to call tick(); the far future while an answer is due.
  Instant deadline() const;
  /// Past the deadline: 421 4.4.2 and Closed.
  void tick(Instant now);

  /// What EHLO or HELO said; empty before. Not verified.
  const std::string& peer_name() const noexcept { return peer_name_; }
  TlsState tls() const noexcept { return tls_; }
  const RefusedCommands& refused() const noexcept { return refused_; }
  /// Octets waiting in the session, both directions: what limits.h bounds.
  std::size_t held() const noexcept { return in_.size() - at_ + out_.size(); }

 private:
  enum class Phase : std::uint8_t { connected, command, starttls, handshake, data, bdat, discard, closed };
  enum class Hello : std::uint8_t { none, helo, ehlo };
  enum class Due : std::uint8_t { nothing, connected, starttls, sender, recipient, body_start, body_end };

  std::optional<std::string_view> take_line();
  std::optional<Request> read_command();
  std::optional<Request> obey(Command command);
  std::optional<Request> do_mail(Mail mail);
  std::optional<Request> do_rcpt(Rcpt rcpt);
  std::optional<Request> do_data();
  std::optional<Request> do_bdat(Bdat bdat);
  std::optional<Request> do_starttls();
  std::optional<Request> read_data();
  std::optional<Request> read_bdat();
  bool read_discard();
  std::optional<Request> take_body(std::string_view octets);
  std::optional<Request> end_body();
  bool give_up_body();

  void greet_back(Hello hello, std::string name);
  void idle_command(std::string_view reply);
  void fault(const types::Reply& reply);
  void note_refused(const types::Reply& reply);
  void count_error();
  void reset_transaction(AbandonReason reason);
  void spoil(AbandonReason reason, types::Reply reply);
  void close(CloseReason reason, std::string_view last_words);
  void discard(std::uint64_t octets, types::Reply then);
  void enter(Phase phase);
  void answer_body_start(const Decision& decision, Instant now);
  void answer_body_end(const Decision& decision);
  std::string_view buffered() const { return std::string_view(in_).substr(at_); }

  ServerOptions options_;
  std::string in_;           // received, not yet consumed from at_ on
  std::size_t at_ = 0;
  std::size_t scanned_ = 0;  // octets from at_ on known to hold no LF
  std::string out_;
  Phase phase_ = Phase::connected;
  Due due_ = Due::nothing;
  Hello hello_ = Hello::none;
  TlsState tls_ = TlsState::clear;
  std::string peer_name_;
  enum class LastCr : std::uint8_t { no, yes };
  enum class Framing : std::uint8_t { dots, counted };
  bool skipping_line_ = false;  // the line was too long; waiting for its end
  bool skipped_bdat_ = false;   // and it began with BDAT
  LastCr input_cr_ = LastCr::no;  // the skipped part ended in CR
  bool stopping_ = false;

  // The transaction.
  bool have_sender_ = false;
  types::Smtputf8 utf8_ = types::Smtputf8::no;
  std::uint32_t accepted_ = 0;
  std::uint32_t asked_ = 0;

  // The body.
  bool body_open_ = false;  // BodyStart was accepted, neither BodyEnd nor BodyAbandoned given
  std::optional<AbandonReason> abandoned_;
  std::optional<types::Reply> verdict_;  // the body is refused already: said at its end
  DataReader reader_;
  LineRules rules_;
  std::uint64_t size_ = 0;        // message octets so far, of a refused message too
  std::uint64_t chunk_left_ = 0;  // of the BDAT chunk or discard
  std::uint64_t chunk_size_ = 0;
  LastChunk last_ = LastChunk::no;
  Framing framing_ = Framing::dots;

  RefusedCommands refused_;
  std::string_view line_;      // the command at hand, for refused_: only within one step of next()
  std::string skipped_start_;  // how the line that is too long began
  std::uint32_t errors_ = 0;
  std::uint32_t refused_recipients_ = 0;
  std::uint32_t idle_ = 0;
  std::optional<CloseReason> closing_;
  Instant now_;
  Instant phase_began_;
  Instant last_octet_;
};

}  // namespace danewerk::engine::smtp
