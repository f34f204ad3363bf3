#include "load_dialogue.h"

#include <algorithm>

namespace danewerk::bench {

namespace {

bool offers(const SmtpReply& reply, std::string_view keyword) {
  const std::size_t at = reply.text.find(keyword);
  return at != std::string::npos && (at == 0 || reply.text[at - 1] == '\n');
}

}  // namespace

MessageMaker::MessageMaker(const LoadPlan& plan) : plan_(plan) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789";
  constexpr std::size_t line_length = 74;
  // Lines are laid from the end, so that any tail of the filler ends in a whole line.
  std::size_t seed = 0;
  while (filler_.size() < plan.size + line_length + 2) {
    std::string line;
    for (std::size_t at = 0; at < line_length; ++at) line += letters[(seed * 31 + at * 7 + seed * at) % letters.size()];
    filler_ += line + "\r\n";
    ++seed;
  }
}

std::string MessageMaker::recipient(std::uint64_t number) const {
  std::string out;
  for (std::size_t at = 0; at < plan_.recipient.size(); ++at) {
    const std::string_view mark = std::string_view(plan_.recipient).substr(at, 2);
    if (mark == "%d") {
      out += std::to_string(number % plan_.domains);
    } else if (mark == "%u") {
      out += std::to_string(number % plan_.users);
    } else {
      out += plan_.recipient[at];
      continue;
    }
    ++at;
  }
  return out;
}

void MessageMaker::append(std::uint64_t number, std::string& out) const {
  const std::size_t from = out.size();
  const std::string id = plan_.run + "-" + std::to_string(number);
  out += "From: <" + plan_.sender + ">\r\nTo: <" + recipient(number) + ">\r\nSubject: bench message\r\n";
  out += "Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <" + id + "@load.bench.test>\r\nX-Bench-Id: " + id;
  out += "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n";
  const std::size_t header = out.size() - from;
  if (header >= plan_.size) return;
  std::string_view text = std::string_view(filler_).substr(filler_.size() - (plan_.size - header));
  if (text.front() == '\n') {  // the cut fell inside a CRLF: a letter instead, the size stays
    out += 'x';
    text.remove_prefix(1);
  }
  out += text;
}

LoadDialogue::LoadDialogue(const LoadPlan& plan, const MessageMaker& maker, LoadScore& score, Instant connecting)
    : plan_(plan), maker_(maker), score_(score), connecting_(connecting), message_(score.taken++) {}

LoadDialogue::Next LoadDialogue::received(std::string_view bytes, Instant now, std::string& out) {
  replies_.add(bytes);
  while (const std::optional<SmtpReply> one = replies_.next()) {
    const Next next = reply(*one, now, out);
    if (next != Next::carry_on) return next;
  }
  return replies_.broken() ? fail("not SMTP", "") : Next::carry_on;
}

void LoadDialogue::tls_established(std::string& out) {
  expect_ = Expect::ehlo_in_tls;
  out += "EHLO " + plan_.helo + "\r\n";
}

void LoadDialogue::lost(const std::string& reason) {
  if (message_) fail(reason, "");
}

LoadDialogue::Next LoadDialogue::fail(const std::string& reason, const std::string& text) {
  ++score_.failures[reason];
  if (score_.first_refusal.empty()) score_.first_refusal = reason + " " + text;
  message_.reset();
  expect_ = Expect::nothing;
  return Next::finished;
}

LoadDialogue::Next LoadDialogue::reply(const SmtpReply& reply, Instant now, std::string& out) {
  const int wanted = expect_ == Expect::greeting || expect_ == Expect::starttls ? 220
                     : expect_ == Expect::data                                  ? 354
                     : expect_ == Expect::bye                                   ? 221
                                                                                : 250;
  const bool also = expect_ == Expect::recipient && reply.code == 251;
  if (expect_ == Expect::bye || expect_ == Expect::nothing) return Next::finished;
  if (reply.code != wanted && !also) return fail(std::to_string(reply.code), reply.text);
  switch (expect_) {
    case Expect::greeting:
      out += "EHLO " + plan_.helo + "\r\n";
      expect_ = Expect::ehlo;
      break;
    case Expect::ehlo:
    case Expect::ehlo_in_tls:
      return after_ehlo(reply, now, out);
    case Expect::starttls:
      // RFC 3207 4.2: nothing may follow the 220 in clear.
      if (!replies_.empty()) return fail("bytes after STARTTLS", "");
      expect_ = Expect::handshake;
      return Next::start_tls;
    case Expect::mail:
      expect_ = Expect::recipient;
      if (!grouped_) send_recipient(out);
      break;
    case Expect::recipient:
      expect_ = Expect::data;
      if (!grouped_) out += "DATA\r\n";
      break;
    case Expect::data:
      expect_ = Expect::accepted;
      maker_.append(*message_, out);
      out += ".\r\n";
      break;
    case Expect::accepted:
      return after_accept(now, out);
    default:
      break;
  }
  return Next::carry_on;
}

LoadDialogue::Next LoadDialogue::after_ehlo(const SmtpReply& reply, Instant now, std::string& out) {
  if (plan_.starttls && expect_ == Expect::ehlo) {
    if (!offers(reply, "STARTTLS")) return fail("STARTTLS not offered", "");
    out += "STARTTLS\r\n";
    expect_ = Expect::starttls;
    return Next::carry_on;
  }
  grouped_ = plan_.pipelining && offers(reply, "PIPELINING");
  send_mail(now, out);
  return Next::carry_on;
}

void LoadDialogue::send_mail(Instant now, std::string& out) {
  mail_at_ = now;
  expect_ = Expect::mail;
  out += "MAIL FROM:<" + plan_.sender + "> SIZE=" + std::to_string(plan_.size) + "\r\n";
  if (!grouped_) return;
  send_recipient(out);
  out += "DATA\r\n";
}

void LoadDialogue::send_recipient(std::string& out) { out += "RCPT TO:<" + maker_.recipient(*message_) + ">\r\n"; }

LoadDialogue::Next LoadDialogue::after_accept(Instant now, std::string& out) {
  ++score_.accepted;
  score_.octets += plan_.size;
  score_.last_accept = now;
  score_.transaction.add(mail_at_, now);
  if (done_ == 0) score_.first.add(connecting_, now);
  ++done_;
  message_.reset();
  if (done_ < plan_.per_connection && score_.taken < plan_.total) {
    message_ = score_.taken++;
    send_mail(now, out);
  } else {
    out += "QUIT\r\n";
    expect_ = Expect::bye;
  }
  return Next::carry_on;
}

}  // namespace danewerk::bench
