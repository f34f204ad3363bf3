#include "engine/smtp/client_session.h"

#include <algorithm>

namespace danewerk::engine::smtp {

ClientSession::ClientSession(ClientOptions options, Instant now)
    : options_(std::move(options)), reader_(options_.replies), now_(now), deadline_(now + options_.timeouts.greeting) {
  CHECK(options_.window > 0);
  pending_.push_back({Awaited::greeting});
}

void ClientSession::received(std::string_view octets, Instant now) {
  now_ = now;
  if (run_ == Run::over || octets.empty()) return;
  if (phase_ == ClientPhase::handshake) return fail_with(phase_, Breakdown::injected_plaintext);
  reader_.received(octets);
  process();
}

std::optional<ClientEvent> ClientSession::next() {
  if (events_.empty()) return std::nullopt;
  ClientEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::string ClientSession::take_output() { return std::exchange(out_, {}); }

void ClientSession::process() {
  while (run_ == Run::going) {
    auto reply = reader_.next();
    if (!reply) return fail_broken(pending_.empty() ? phase_ : phase_of(pending_.front().what), reply.error());
    if (!*reply) return;
    if (pending_.empty()) {
      split_enhanced(**reply);
      // 421 may come at any time (RFC 5321 3.8); during a body an early refusal may come too. Anything else is noise
      // that would be taken for the answer to a command not yet sent.
      const bool meaningful = (*reply)->code == 421 || (phase_ == ClientPhase::body && (*reply)->code >= 400);
      if (meaningful) return fail_with(phase_, **std::move(reply));
      return fail_unexpected(phase_, **reply);
    }
    const Pending pending = pending_.front();
    pending_.pop_front();
    const bool came_early = pending_.empty() && reader_.has_leftover();
    handle(pending, **std::move(reply));
    if (came_early) refuse_early_reply();
  }
}

/// Something stood behind the last reply we waited for: it answers nothing, least of all the command that handle() has
/// just written. A 421 is believed.
void ClientSession::refuse_early_reply() {
  if (run_ == Run::over || pending_.empty()) return;  // nothing was written: process() judges it
  if (phase_ == ClientPhase::starttls) return fail_with(phase_, Breakdown::injected_plaintext);
  auto reply = reader_.next();
  if (!reply) return fail_broken(phase_, reply.error());
  if (!*reply) return;
  split_enhanced(**reply);
  if ((*reply)->code == 421) return fail_with(phase_, **std::move(reply));
  fail_unexpected(phase_, **reply);
}

void ClientSession::handle(Pending pending, types::Reply reply) {
  if (pending.what != Awaited::greeting && pending.what != Awaited::ehlo) split_enhanced(reply);
  if (pending.what == Awaited::quit) {
    run_ = Run::over;
    deadline_ = Instant::max();
    events_.push_back(Finished{});
    return;
  }
  if (reply.code == 421) return fail_with(phase_of(pending.what), std::move(reply));
  if (!pending_.empty()) arm(options_.timeouts.command);
  switch (pending.what) {
    case Awaited::greeting: return on_greeting(reply);
    case Awaited::ehlo: return on_ehlo(reply);
    case Awaited::helo: return on_helo(reply);
    case Awaited::starttls: return on_starttls(std::move(reply));
    case Awaited::rset: return on_rset(reply);
    case Awaited::mail: return on_mail(std::move(reply));
    case Awaited::rcpt: return on_rcpt(pending.recipient, std::move(reply));
    case Awaited::data: return on_data(std::move(reply));
    case Awaited::final_reply: return on_final(pending.recipient, std::move(reply));
    case Awaited::quit: return;
  }
}

void ClientSession::on_greeting(const types::Reply& reply) {
  if (reply.is_intermediate()) return fail_unexpected(ClientPhase::greeting, reply);
  if (!reply.is_positive()) return say_goodbye_and_fail(ClientPhase::greeting, reply);  // RFC 5321 3.1
  say_hello(Awaited::ehlo);
}

void ClientSession::say_hello(Awaited kind) {
  phase_ = ClientPhase::hello;
  const char* verb = kind == Awaited::helo ? "HELO " : options_.protocol == Protocol::lmtp ? "LHLO " : "EHLO ";
  send(verb + options_.hello_name + "\r\n", {kind}, options_.timeouts.command);
}

void ClientSession::on_ehlo(const types::Reply& reply) {
  if (reply.is_intermediate()) return fail_unexpected(ClientPhase::hello, reply);
  if (!reply.is_positive()) {
    // RFC 5321 3.2: a server without extensions. It cannot do STARTTLS: never that way where TLS is required.
    const bool may_fall_back = options_.helo == HeloFallback::yes && options_.protocol == Protocol::smtp &&
                               reply.is_permanent() && (options_.tls != TlsDemand::required || tls_ == TlsState::encrypted);
    if (may_fall_back) return say_hello(Awaited::helo);
    return say_goodbye_and_fail(ClientPhase::hello, reply);
  }
  peer_ = Capabilities::from_ehlo(reply);
  if (tls_ == TlsState::encrypted || options_.tls == TlsDemand::none) return become_ready();  // TLS-06: never nested
  if (peer_.has(Extension::starttls)) {
    phase_ = ClientPhase::starttls;
    return send("STARTTLS\r\n", {Awaited::starttls}, options_.timeouts.command);
  }
  tls_result_ = ClientTls::not_offered;
  if (options_.tls == TlsDemand::required) return say_goodbye_and_fail(ClientPhase::hello, Breakdown::starttls_not_offered);
  become_ready();
}

void ClientSession::on_helo(const types::Reply& reply) {
  if (!reply.is_positive()) return say_goodbye_and_fail(ClientPhase::hello, reply);
  peer_ = Capabilities{};
  if (tls_ == TlsState::clear && options_.tls != TlsDemand::none) tls_result_ = ClientTls::not_offered;
  become_ready();
}

void ClientSession::on_starttls(types::Reply reply) {
  if (reply.code == 220) {
    // Response injection: what came together with the 220 was not said under TLS, and must not be read as if it were.
    if (reader_.has_leftover()) return fail_with(ClientPhase::starttls, Breakdown::injected_plaintext);
    phase_ = ClientPhase::handshake;
    arm(options_.timeouts.handshake);
    events_.push_back(NeedTls{});
    return;
  }
  if (!reply.is_transient() && !reply.is_permanent()) return fail_unexpected(ClientPhase::starttls, reply);
  tls_result_ = ClientTls::refused;
  if (options_.tls == TlsDemand::required) return say_goodbye_and_fail(ClientPhase::starttls, std::move(reply));
  become_ready();
}

void ClientSession::tls_established(Instant now) {
  now_ = now;
  if (run_ == Run::over) return;
  CHECK(phase_ == ClientPhase::handshake);
  tls_ = TlsState::encrypted;  // RFC 3207 4.2, TLS-06
  tls_result_ = ClientTls::established;
  peer_ = Capabilities{};
  reader_.clear();
  say_hello(Awaited::ehlo);
}

void ClientSession::become_ready() {
  CHECK(options_.tls != TlsDemand::required || tls_ == TlsState::encrypted);
  phase_ = ClientPhase::idle;
  deadline_ = Instant::max();
  events_.push_back(Ready{peer_, tls_result_});
}

void ClientSession::on_rset(const types::Reply& reply) {
  if (!reply.is_positive()) return say_goodbye_and_fail(ClientPhase::reset, reply);
  transaction_open_ = false;
  if (message_) return pump();
  become_ready();
}

void ClientSession::reset(Instant now) {
  now_ = now;
  if (run_ == Run::over) return;
  CHECK(phase_ == ClientPhase::idle);
  phase_ = ClientPhase::reset;
  send("RSET\r\n", {Awaited::rset}, options_.timeouts.command);
}

void ClientSession::quit(Instant now) {
  now_ = now;
  if (run_ == Run::over) return;
  if (phase_ == ClientPhase::idle) {
    phase_ = ClientPhase::quit;
    return send("QUIT\r\n", {Awaited::quit}, options_.timeouts.quit);
  }
  run_ = Run::over;
  deadline_ = Instant::max();
  events_.push_back(Finished{});
}

void ClientSession::peer_closed() {
  if (run_ == Run::over) return;
  if (phase_ != ClientPhase::quit) return fail_with(phase_, Breakdown::connection_lost);
  run_ = Run::over;
  deadline_ = Instant::max();
  events_.push_back(Finished{});
}

void ClientSession::tick(Instant now) {
  now_ = now;
  if (run_ == Run::over || now < deadline_) return;
  if (phase_ == ClientPhase::quit) return peer_closed();
  fail_with(pending_.empty() ? phase_ : phase_of(pending_.front().what), Breakdown::timeout);
}

void ClientSession::send(std::string_view line, Pending pending, Duration patience) {
  out_ += line;
  pending_.push_back(pending);
  arm(patience);
}

/// Every octet of a transaction passes here, and nowhere else (the invariant of the header).
void ClientSession::send_mail_octets(std::string_view octets) {
  CHECK(options_.tls != TlsDemand::required || tls_ == TlsState::encrypted);
  out_ += octets;
}

void ClientSession::fail_with(ClientPhase phase, std::variant<types::Reply, Breakdown> why) {
  run_ = Run::over;
  deadline_ = Instant::max();
  pending_.clear();
  message_.reset();
  reader_.clear();
  events_.push_back(Failed{phase, std::move(why)});
}

void ClientSession::fail_unexpected(ClientPhase phase, const types::Reply& reply) {
  offence_ = types::Reply{reply.code, reply.enhanced, {reply.lines.front()}}.to_string();
  fail_with(phase, Breakdown::unexpected_reply);
}

void ClientSession::fail_broken(ClientPhase phase, ReplyFault fault) {
  offence_ = std::string(to_string(fault)) + ": '" + reader_.leftover() + "'";
  fail_with(phase, Breakdown::broken_reply);
}

/// TLS-08: where the conversation itself is in order, leave politely. The answer is not waited for.
void ClientSession::say_goodbye_and_fail(ClientPhase phase, std::variant<types::Reply, Breakdown> why) {
  out_ += "QUIT\r\n";
  fail_with(phase, std::move(why));
}

ClientPhase ClientSession::phase_of(Awaited what) const noexcept {
  switch (what) {
    case Awaited::greeting: return ClientPhase::greeting;
    case Awaited::ehlo:
    case Awaited::helo: return ClientPhase::hello;
    case Awaited::starttls: return ClientPhase::starttls;
    case Awaited::rset: return ClientPhase::reset;
    case Awaited::mail: return ClientPhase::mail;
    case Awaited::rcpt: return ClientPhase::rcpt;
    case Awaited::data: return ClientPhase::data;
    case Awaited::final_reply: return phase_ == ClientPhase::body ? ClientPhase::body : ClientPhase::final_reply;
    case Awaited::quit: return ClientPhase::quit;
  }
  return phase_;
}

const char* to_string(ClientPhase phase) noexcept {
  switch (phase) {
    case ClientPhase::greeting: return "greeting";
    case ClientPhase::hello: return "hello";
    case ClientPhase::starttls: return "starttls";
    case ClientPhase::handshake: return "handshake";
    case ClientPhase::idle: return "idle";
    case ClientPhase::mail: return "mail";
    case ClientPhase::rcpt: return "rcpt";
    case ClientPhase::data: return "data";
    case ClientPhase::body: return "body";
    case ClientPhase::final_reply: return "final_reply";
    case ClientPhase::reset: return "reset";
    case ClientPhase::quit: return "quit";
  }
  return "idle";
}

const char* to_string(Breakdown breakdown) noexcept {
  switch (breakdown) {
    case Breakdown::starttls_not_offered: return "starttls_not_offered";
    case Breakdown::injected_plaintext: return "injected_plaintext";
    case Breakdown::broken_reply: return "broken_reply";
    case Breakdown::unexpected_reply: return "unexpected_reply";
    case Breakdown::bad_body: return "bad_body";
    case Breakdown::timeout: return "timeout";
    case Breakdown::connection_lost: return "connection_lost";
  }
  return "unexpected_reply";
}

const char* to_string(ClientTls tls) noexcept {
  switch (tls) {
    case ClientTls::not_asked: return "not_asked";
    case ClientTls::not_offered: return "not_offered";
    case ClientTls::refused: return "refused";
    case ClientTls::established: return "established";
  }
  return "not_asked";
}

}  // namespace danewerk::engine::smtp
