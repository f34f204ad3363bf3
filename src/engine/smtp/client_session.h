// The sending side of one SMTP or LMTP connection, as a value.
//
// It greets, upgrades to TLS as demanded, and delivers any number of messages, each with its own envelope, pipelined
// where the server allows. Driver: hand in octets with received(), take events from next() until there are none, send
// take_output(), wake it at deadline() with tick().
//
// The invariant that DANE stands on: with TlsDemand::required, not one octet of MAIL, RCPT, DATA or a body is produced
// before tls_established(). It is CHECKed at the only place that writes such octets, and Ready, without which no message
// begins, is not given before. What the handshake proved is judged outside; a caller not content calls quit().
//
// What a server said before TLS is forgotten (RFC 3207 4.2). Octets between its 220 and the handshake fail the session
// (response injection), also those read together with the 220.
//
// Memory: the envelope, one reply (ReplyLimits), and what body() was given since take_output(). At most `window`
// commands are unanswered, so that neither side's buffers fill up (RFC 2920 3.1).
//
// RFC 5321, 2920, 3207, 3030, 8689; RFC 2033 (LMTP).
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "engine/smtp/client_event.h"
#include "engine/smtp/command_text.h"
#include "engine/smtp/data_writer.h"
#include "engine/smtp/limits.h"
#include "engine/smtp/reply_reader.h"

namespace danewerk::engine::smtp {

enum class TlsDemand : std::uint8_t {
  none,           ///< STARTTLS is not used
  opportunistic,  ///< used if offered; in clear otherwise, also where the server answers it with an error
  required,       ///< no TLS, no mail
};
enum class Protocol : std::uint8_t { smtp, lmtp };
/// May a server that refuses EHLO be greeted with HELO? Never in clear where TLS is required.
enum class HeloFallback : std::uint8_t { no, yes };
/// BDAT is used, where offered, for bodies of known size; never in LMTP.
enum class UseBdat : std::uint8_t { no, when_offered };

struct ClientOptions {
  std::string hello_name;
  TlsDemand tls = TlsDemand::required;
  Protocol protocol = Protocol::smtp;
  HeloFallback helo = HeloFallback::yes;
  UseBdat bdat = UseBdat::no;
  std::size_t window = 100;  ///< commands in flight, at least 1
  ClientTimeouts timeouts;
  ReplyLimits replies;
};

class ClientSession {
 public:
  ClientSession(ClientOptions options, Instant now);

  void received(std::string_view octets, Instant now);
  std::optional<ClientEvent> next();
  /// What to send; empty if nothing.
  std::string take_output();
  /// The handshake NeedTls asked for is done (CHECKed: it was asked for).
  void tls_established(Instant now);
  /// The connection is gone.
  void peer_closed();
  Instant deadline() const noexcept { return deadline_; }
  void tick(Instant now);

  /// After Ready or MessageResult. `size` is the exact number of octets body() will give (0: not known), CRLFs included,
  /// dots not stuffed. Error: this server cannot take this message; nothing was sent, and another message may follow.
  Result<void, Unsendable> begin_message(types::Envelope envelope, ByteCount size, Instant now);
  /// After NeedBody. Octets with CRLF line ends. Error: what is wrong with them; the session has failed then.
  Result<void> body(std::string_view octets, Instant now);
  /// The body is complete. Error: as body().
  Result<void> end_body(Instant now);
  /// RSET, answered by Ready: is the connection still good? Only where begin_message() may stand.
  void reset(Instant now);
  /// QUIT, answered by Finished. In the middle of a message nothing is sent and Finished follows at once.
  void quit(Instant now);

  TlsState tls() const noexcept { return tls_; }
  ClientPhase phase() const noexcept { return phase_; }
  /// What the last EHLO offered: of every message on this connection, from Ready on.
  const Capabilities& peer() const noexcept { return peer_; }
  /// After broken_reply and unexpected_reply: what the server said, and what is wrong with it, in a line for people. Else empty.
  const std::string& offence() const noexcept { return offence_; }

 private:
  enum class Awaited : std::uint8_t { greeting, ehlo, helo, starttls, rset, mail, rcpt, data, final_reply, quit };
  struct Pending {
    Awaited what;
    std::size_t recipient = 0;
  };
  enum class Run : std::uint8_t { going, over };

  void process();
  void refuse_early_reply();
  void handle(Pending pending, types::Reply reply);
  void on_greeting(const types::Reply& reply);
  void on_ehlo(const types::Reply& reply);
  void on_helo(const types::Reply& reply);
  void on_starttls(types::Reply reply);
  void on_rset(const types::Reply& reply);
  void on_mail(types::Reply reply);
  void on_rcpt(std::size_t index, types::Reply reply);
  void on_data(types::Reply reply);
  void on_final(std::size_t index, types::Reply reply);
  void become_ready();
  void say_hello(Awaited kind);

  void pump();
  bool send_next();
  void settle();
  void begin_bdat();
  void finish_message(types::Reply reply, ClientPhase phase);
  Result<void> fail_body(std::string why);

  void send(std::string_view line, Pending pending, Duration patience);
  void send_mail_octets(std::string_view octets);
  void fail_with(ClientPhase phase, std::variant<types::Reply, Breakdown> why);
  void fail_unexpected(ClientPhase phase, const types::Reply& reply);
  void fail_broken(ClientPhase phase, ReplyFault fault);
  void say_goodbye_and_fail(ClientPhase phase, std::variant<types::Reply, Breakdown> why);
  ClientPhase phase_of(Awaited what) const noexcept;
  void arm(Duration patience) { deadline_ = now_ + patience; }

  ClientOptions options_;
  ReplyReader reader_;
  std::string out_;
  std::string offence_;
  std::deque<ClientEvent> events_;
  std::deque<Pending> pending_;
  ClientPhase phase_ = ClientPhase::greeting;
  Run run_ = Run::going;
  TlsState tls_ = TlsState::clear;
  ClientTls tls_result_ = ClientTls::not_asked;
  Capabilities peer_;
  Instant now_;
  Instant deadline_;

  struct Message {
    types::Envelope envelope;
    ByteCount size{};
    bool use_bdat = false;
    bool mail_sent = false;
    bool data_sent = false;
    std::size_t next_recipient = 0;
    std::deque<std::size_t> accepted;  // indices, in order
    std::optional<types::Reply> refusal;  // of MAIL
    std::optional<types::Reply> data_refusal;
    types::Reply last_recipient_refusal;
    bool void_data = false;  // 354 came although nobody is to get the message
    std::uint64_t written = 0;
    DataWriter writer{DotStuffing::yes};
  };
  std::optional<Message> message_;
  bool bdat_complete_ = false;     // body() gave the last octet of the chunk; end_body() has nothing left to do
  bool transaction_open_ = false;  // the server may still hold a MAIL of ours: RSET before the next
};

}  // namespace danewerk::engine::smtp
