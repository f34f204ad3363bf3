// The message half of ClientSession: MAIL, RCPT, DATA or BDAT, body, results (RFC 5321 3.3, RFC 2920 3.1, RFC 2033 4.2; SMTP-07).
#include <algorithm>

#include "engine/smtp/client_session.h"

namespace danewerk::engine::smtp {

Result<void, Unsendable> ClientSession::begin_message(types::Envelope envelope, ByteCount size, Instant now) {
  now_ = now;
  if (run_ == Run::over || phase_ != ClientPhase::idle) {
    return Failure{Unsendable{{4, 4, 2}, "the session is not ready for a message"}};
  }
  TRY_VOID(check_sendable(envelope, size, peer_, tls_));
  if (needs_smtputf8(envelope)) envelope.sender.utf8 = types::Smtputf8::yes;
  message_ = Message{};
  message_->envelope = std::move(envelope);
  message_->size = size;
  message_->use_bdat = options_.bdat == UseBdat::when_offered && options_.protocol == Protocol::smtp &&
                       peer_.has(Extension::chunking) && size != ByteCount{0};
  if (message_->use_bdat) message_->writer = DataWriter(DotStuffing::no);
  phase_ = ClientPhase::mail;
  pump();
  return {};
}

/// Sends as many commands as may be in flight.
void ClientSession::pump() {
  const std::size_t window = peer_.has(Extension::pipelining) ? options_.window : 1;
  while (run_ == Run::going && message_ && pending_.size() < window && send_next()) {
  }
  if (run_ == Run::going && message_ && pending_.empty()) settle();
}

/// The next command of the transaction; false where there is none to send now.
bool ClientSession::send_next() {
  Message& m = *message_;
  const Duration patience = options_.timeouts.command;
  if (transaction_open_) {
    if (!pending_.empty()) return false;  // the RSET itself
    send("RSET\r\n", {Awaited::rset}, patience);
    return false;
  }
  if (!m.mail_sent) {
    m.mail_sent = true;
    send_mail_octets(mail_command(m.envelope.sender, m.size, peer_));
    send({}, {Awaited::mail}, patience);
    return true;
  }
  if (m.refusal || m.data_sent) return false;
  if (m.next_recipient < m.envelope.recipients.size()) {
    send_mail_octets(rcpt_command(m.envelope.recipients[m.next_recipient], peer_));
    send({}, {Awaited::rcpt, m.next_recipient++}, patience);
    return true;
  }
  if (m.use_bdat) return false;                                // waits until it is known that somebody is to get it
  if (pending_.empty() && m.accepted.empty()) return false;  // all recipients refused: no DATA
  m.data_sent = true;
  send_mail_octets("DATA\r\n");
  send({}, {Awaited::data}, options_.timeouts.data_go);
  return true;
}

void ClientSession::on_mail(types::Reply reply) {
  if (reply.is_intermediate()) return fail_unexpected(ClientPhase::mail, reply);
  if (reply.is_positive()) {
    phase_ = ClientPhase::rcpt;
  } else {
    message_->refusal = std::move(reply);
  }
  pump();
}

void ClientSession::on_rcpt(std::size_t index, types::Reply reply) {
  if (reply.is_intermediate()) return fail_unexpected(ClientPhase::rcpt, reply);
  if (!message_->refusal) {  // after a refused MAIL, answers to pipelined RCPTs say nothing
    if (reply.is_positive()) message_->accepted.push_back(index);
    else message_->last_recipient_refusal = reply;
    events_.push_back(RecipientResult{index, std::move(reply), ClientPhase::rcpt});
  } else if (reply.is_positive()) {  // it may hold a transaction that we know nothing of: its word on MAIL counts, and we leave
    return fail_with(ClientPhase::mail, *std::move(message_->refusal));
  }
  pump();
}

void ClientSession::on_data(types::Reply reply) {
  Message& m = *message_;
  if (reply.code == 354) {
    if (m.accepted.empty()) {  // RFC 2920 3.1: nobody is to get it; an empty message ends the misunderstanding
      m.void_data = true;
      send_mail_octets(".\r\n");
      return send({}, {Awaited::final_reply}, options_.timeouts.final_reply);
    }
    phase_ = ClientPhase::body;
    arm(options_.timeouts.body_block);
    events_.push_back(NeedBody{});
    return;
  }
  if (!reply.is_transient() && !reply.is_permanent()) return fail_unexpected(ClientPhase::data, reply);
  m.data_refusal = std::move(reply);
  pump();
}

/// Every reply of the group is in and no command is left to send: what becomes of the message?
void ClientSession::settle() {
  Message& m = *message_;
  if (phase_ == ClientPhase::body || phase_ == ClientPhase::final_reply) return;
  if (m.refusal) return finish_message(*std::move(m.refusal), ClientPhase::mail);
  transaction_open_ = true;
  if (m.accepted.empty()) return finish_message(std::move(m.last_recipient_refusal), ClientPhase::rcpt);
  if (m.data_refusal) return finish_message(*std::move(m.data_refusal), ClientPhase::data);
  if (m.use_bdat) begin_bdat();
}

/// RFC 3030 2: the whole message is one chunk of known size.
void ClientSession::begin_bdat() {
  message_->data_sent = true;
  transaction_open_ = bdat_complete_ = false;
  phase_ = ClientPhase::body;
  send_mail_octets("BDAT " + std::to_string(static_cast<std::uint64_t>(message_->size)) + " LAST\r\n");
  arm(options_.timeouts.body_block);
  events_.push_back(NeedBody{});
}

Result<void> ClientSession::body(std::string_view octets, Instant now) {
  now_ = now;
  if (run_ == Run::over || phase_ != ClientPhase::body) return fail(ErrorKind::cancelled, "the session takes no body now");
  Message& m = *message_;
  arm(options_.timeouts.body_block);
  m.written += octets.size();
  if (m.size != ByteCount{0} && ByteCount{m.written} > m.size) return fail_body("the body is longer than was said");
  std::string wire;
  m.writer.write(octets, wire);
  if (m.writer.fault() != LineFault::none) return fail_body(std::string("the body holds ") + to_string(m.writer.fault()));
  send_mail_octets(wire);
  if (m.use_bdat && ByteCount{m.written} == m.size) {
    // The chunk is complete: its reply may come before end_body() is called.
    TRY_VOID(end_body(now));
    bdat_complete_ = true;
  }
  return {};
}

Result<void> ClientSession::end_body(Instant now) {
  now_ = now;
  if (std::exchange(bdat_complete_, false)) return {};
  if (run_ == Run::over || phase_ != ClientPhase::body) return fail(ErrorKind::cancelled, "the session takes no body now");
  Message& m = *message_;
  if (m.size != ByteCount{0} && ByteCount{m.written} != m.size) return fail_body("the body is shorter than was said");
  std::string wire;
  m.writer.finish(wire);
  if (m.writer.fault() != LineFault::none) return fail_body(std::string("the body holds ") + to_string(m.writer.fault()));
  send_mail_octets(wire);
  phase_ = ClientPhase::final_reply;
  if (options_.protocol == Protocol::smtp) {
    send({}, {Awaited::final_reply}, options_.timeouts.final_reply);
    return {};
  }
  for (const std::size_t index : m.accepted) send({}, {Awaited::final_reply, index}, options_.timeouts.final_reply);
  return {};
}

/// A body that may not be sent: the connection goes with it, for half of it is out and cannot be taken back.
Result<void> ClientSession::fail_body(std::string why) {
  fail_with(ClientPhase::body, Breakdown::bad_body);
  return fail(ErrorKind::malformed, std::move(why));
}

void ClientSession::on_final(std::size_t index, types::Reply reply) {
  Message& m = *message_;
  if (reply.is_intermediate()) return fail_unexpected(ClientPhase::final_reply, reply);
  if (m.void_data) {  // its result means nothing
    m.void_data = false;
    return settle();
  }
  if (options_.protocol == Protocol::lmtp) {
    arm(options_.timeouts.final_reply);
    events_.push_back(RecipientResult{index, reply, ClientPhase::final_reply});
    if (!pending_.empty()) return;
  }
  finish_message(std::move(reply), ClientPhase::final_reply);
}

void ClientSession::finish_message(types::Reply reply, ClientPhase phase) {
  if (phase == ClientPhase::final_reply) transaction_open_ = false;
  message_.reset();
  phase_ = ClientPhase::idle;
  deadline_ = Instant::max();
  events_.push_back(MessageResult{std::move(reply), phase});
}

}  // namespace danewerk::engine::smtp
