#include "engine/smtp/server_session.h"

#include <algorithm>
#include <cstring>

#include "engine/smtp/reply_text.h"

namespace danewerk::engine::smtp {

ServerSession::ServerSession(ServerOptions options, Instant now)
    : options_(std::move(options)), now_(now), phase_began_(now), last_octet_(now) {}

void ServerSession::received(std::string_view octets, Instant now) {
  now_ = now;
  if (phase_ == Phase::closed || octets.empty()) return;
  if (phase_ == Phase::handshake) return close(CloseReason::injected_plaintext, {});  // TLS-06
  last_octet_ = now;
  if (at_ == in_.size()) {
    in_.clear();
  } else {
    in_.erase(0, at_);
  }
  at_ = 0;
  in_.append(octets);
}

std::optional<Request> ServerSession::next() {
  while (due_ == Due::nothing) {
    if (abandoned_) return BodyAbandoned{*std::exchange(abandoned_, std::nullopt)};
    std::optional<Request> request;
    switch (phase_) {
      case Phase::connected:
        due_ = Due::connected;
        return Connected{};
      case Phase::starttls:
        due_ = Due::starttls;
        return StartTlsGiven{};
      case Phase::handshake: return std::nullopt;
      case Phase::closed:
        if (!closing_) return std::nullopt;
        return Closed{*std::exchange(closing_, std::nullopt)};
      case Phase::command: {
        const std::size_t before = in_.size() - at_;
        const Phase was = phase_;
        if (stopping_ && !have_sender_) {
          close(CloseReason::stopping, "421 4.3.2 shutting down, please come back\r\n");
          continue;
        }
        request = read_command();
        if (!request && before == in_.size() - at_ && was == phase_) return std::nullopt;
        break;
      }
      case Phase::data:
        request = read_data();
        if (!request && phase_ == Phase::data) return std::nullopt;
        break;
      case Phase::bdat:
        request = read_bdat();
        if (!request && phase_ == Phase::bdat && !abandoned_) return std::nullopt;
        break;
      case Phase::discard:
        if (!read_discard()) return std::nullopt;
        break;
    }
    if (request) return request;
  }
  return std::nullopt;
}

void ServerSession::reply(const Decision& decision, Instant now) {
  CHECK(due_ != Due::nothing);
  now_ = now;
  const Due due = std::exchange(due_, Due::nothing);
  if (phase_ == Phase::closed) {  // the peer went while we thought
    if (due == Due::body_start && decision.accepts()) abandoned_ = AbandonReason::connection_lost;
    return;
  }
  phase_began_ = last_octet_ = now;     // our thinking time is not the peer's
  if (due == Due::body_start) return answer_body_start(decision, now);
  if (due == Due::body_end) {
    answer_body_end(decision);
  } else if (decision.reply) {
    append_reply(out_, *decision.reply);
  }
  const bool accepted = decision.accepts();
  switch (due) {
    case Due::connected:
      if (!accepted) return close(CloseReason::refused, {});
      if (!decision.reply) out_ += "220 " + options_.host + " ESMTP\r\n";
      enter(Phase::command);
      break;
    case Due::starttls:
      if (accepted && !buffered().empty()) {
        return close(CloseReason::injected_plaintext, "421 4.7.0 nothing may follow STARTTLS before the handshake\r\n");
      }
      if (accepted && !decision.reply) out_ += "220 2.0.0 ready to start TLS\r\n";
      enter(accepted ? Phase::handshake : Phase::command);
      break;
    case Due::sender:
      have_sender_ = accepted;
      if (!decision.reply) out_ += "250 2.1.0 sender ok\r\n";
      break;
    case Due::recipient:
      if (accepted) ++accepted_;
      if (!accepted && decision.reply->is_permanent()) ++refused_recipients_;
      if (!decision.reply) out_ += "250 2.1.5 recipient ok\r\n";
      break;
    case Due::body_start:
    case Due::body_end:
    case Due::nothing: break;
  }
  if (decision.after == AfterReply::close) return close(CloseReason::refused, {});
  if (refused_recipients_ > options_.limits.refused_recipients) {
    close(CloseReason::too_many_errors, "421 4.7.0 too many unknown recipients\r\n");
  }
}

std::string ServerSession::take_output() { return std::exchange(out_, {}); }

void ServerSession::tls_established(Instant now) {
  now_ = now;
  if (phase_ == Phase::closed) return;
  CHECK(phase_ == Phase::handshake);
  // RFC 3207 4.2, TLS-06: as after the 220 greeting; nothing said in clear is known any more.
  reset_transaction(AbandonReason::reset_by_peer);
  in_.clear();
  at_ = scanned_ = 0;
  hello_ = Hello::none;
  peer_name_.clear();
  tls_ = TlsState::encrypted;
  enter(Phase::command);
}

void ServerSession::peer_closed() {
  if (phase_ == Phase::closed) return;
  if (body_open_) {
    body_open_ = false;
    abandoned_ = AbandonReason::connection_lost;
  }
  close(CloseReason::peer_gone, {});
}

Instant ServerSession::deadline() const {
  const ServerTimeouts& t = options_.timeouts;
  if (due_ != Due::nothing || phase_ == Phase::closed) return Instant::max();
  switch (phase_) {
    case Phase::handshake: return phase_began_ + t.handshake;
    case Phase::data:
    case Phase::bdat:
    case Phase::discard: return std::min(last_octet_ + t.body_block, phase_began_ + t.body_total);
    default: return phase_began_ + t.command;  // not last_octet_: a dripped line does not live longer
  }
}

void ServerSession::tick(Instant now) {
  now_ = now;
  if (now < deadline()) return;
  if (body_open_) {
    body_open_ = false;
    abandoned_ = AbandonReason::connection_lost;
  }
  close(CloseReason::timeout, phase_ == Phase::handshake ? "" : "421 4.4.2 you were silent for too long\r\n");
}

void ServerSession::enter(Phase phase) {
  phase_ = phase;
  phase_began_ = last_octet_ = now_;
}

void ServerSession::close(CloseReason reason, std::string_view last_words) {
  out_ += last_words;
  reset_transaction(AbandonReason::refused);
  phase_ = Phase::closed;
  closing_ = reason;
  in_.clear();
  at_ = scanned_ = 0;
}

void ServerSession::reset_transaction(AbandonReason reason) {
  if (body_open_) abandoned_ = reason;
  body_open_ = have_sender_ = false;
  utf8_ = types::Smtputf8::no;
  accepted_ = asked_ = 0;
  verdict_.reset();
}

const char* to_string(AbandonReason reason) noexcept {
  switch (reason) {
    case AbandonReason::bad_line_ends: return "bad_line_ends";
    case AbandonReason::too_large: return "too_large";
    case AbandonReason::reset_by_peer: return "reset_by_peer";
    case AbandonReason::connection_lost: return "connection_lost";
    case AbandonReason::refused: return "refused";
  }
  return "refused";
}

const char* to_string(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::quit: return "quit";
    case CloseReason::peer_gone: return "peer_gone";
    case CloseReason::timeout: return "timeout";
    case CloseReason::refused: return "refused";
    case CloseReason::too_many_errors: return "too_many_errors";
    case CloseReason::bare_line_end: return "bare_line_end";
    case CloseReason::unreadable_bdat: return "unreadable_bdat";
    case CloseReason::endless_body: return "endless_body";
    case CloseReason::injected_plaintext: return "injected_plaintext";
    case CloseReason::stopping: return "stopping";
  }
  return "refused";
}

}  // namespace danewerk::engine::smtp
