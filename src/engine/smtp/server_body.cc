// The body half of ServerSession: DATA and BDAT (RFC 5321 4.1.1.4, RFC 3030 2). Octets pass through as views.
#include <algorithm>

#include "engine/smtp/reply_text.h"
#include "engine/smtp/server_session.h"

namespace danewerk::engine::smtp {
namespace {

types::Reply line_fault_reply(LineFault fault) {
  if (fault == LineFault::nul) return make_reply(554, {5, 6, 0}, "the message holds a NUL octet");
  return make_reply(550, {5, 6, 11}, std::string("the message holds ") + to_string(fault) + "; lines end in CR LF");
}

types::Reply too_large() { return make_reply(552, {5, 3, 4}, "message exceeds the size announced in SIZE"); }

}  // namespace

std::optional<Request> ServerSession::do_bdat(Bdat bdat) {
  chunk_size_ = chunk_left_ = static_cast<std::uint64_t>(bdat.size);
  last_ = bdat.last;
  if (!have_sender_ || accepted_ == 0) {  // also what follows a failed chunk in the pipeline: RFC 3030 2
    const auto reply = make_reply(503, {5, 5, 1}, have_sender_ ? "no valid recipients" : "say MAIL FROM first");
    note_refused(reply);
    discard(chunk_size_, reply);
    count_error();
    return std::nullopt;
  }
  const auto limit = static_cast<std::uint64_t>(options_.limits.message);
  const std::uint64_t so_far = body_open_ ? size_ : 0;
  if (limit != 0 && (chunk_size_ > limit || so_far > limit - chunk_size_)) {
    reset_transaction(AbandonReason::too_large);
    note_refused(too_large());
    discard(chunk_size_, too_large());
    return std::nullopt;
  }
  if (body_open_) {
    enter(Phase::bdat);
    return std::nullopt;
  }
  framing_ = Framing::counted;
  due_ = Due::body_start;
  return BodyStart{};
}

void ServerSession::answer_body_start(const Decision& decision, Instant) {
  if (!decision.accepts()) {
    reset_transaction(AbandonReason::refused);
    if (decision.after == AfterReply::close) {
      append_reply(out_, *decision.reply);
      return close(CloseReason::refused, {});
    }
    if (framing_ == Framing::counted) return discard(chunk_size_, *decision.reply);
    append_reply(out_, *decision.reply);
    return enter(Phase::command);
  }
  body_open_ = true;
  size_ = 0;
  rules_ = {};
  reader_ = {};
  verdict_.reset();
  if (framing_ == Framing::dots) out_ += "354 end with CR LF . CR LF\r\n";
  enter(framing_ == Framing::dots ? Phase::data : Phase::bdat);
}

/// The next piece of a body. Once refused, pieces are only counted.
std::optional<Request> ServerSession::take_body(std::string_view octets) {
  if (octets.empty()) return std::nullopt;
  const auto limit = static_cast<std::uint64_t>(options_.limits.message);
  const std::uint64_t before = size_;
  size_ += octets.size();
  if (!verdict_) {
    // Line ends are judged up to the limit and not beyond: what refuses a message must not depend on the cut (SMTP-01).
    const std::uint64_t room = limit == 0 ? octets.size() : limit - std::min(limit, before);
    rules_.feed(octets.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, octets.size()))));
    if (rules_.fault() != LineFault::none) {
      spoil(AbandonReason::bad_line_ends, line_fault_reply(rules_.fault()));
    } else if (limit != 0 && size_ > limit) {
      spoil(AbandonReason::too_large, too_large());  // RFC 1870 6.3
    } else {
      return BodyChunk{octets};
    }
  }
  return std::nullopt;
}

/// A refused body is swallowed so far and no further; counted from its start, so that how it was cut changes nothing.
bool ServerSession::give_up_body() {
  const auto limit = static_cast<std::uint64_t>(options_.limits.message);
  if (!verdict_ || size_ <= limit + static_cast<std::uint64_t>(options_.limits.discard)) return false;
  append_reply(out_, *verdict_);
  close(CloseReason::endless_body, {});
  return true;
}

void ServerSession::spoil(AbandonReason reason, types::Reply reply) {
  abandoned_ = reason;
  body_open_ = false;
  verdict_ = std::move(reply);
}

std::optional<Request> ServerSession::read_data() {
  while (!give_up_body()) {
    const DataReader::Step step = reader_.read(buffered());
    at_ += step.used;
    if (step.state == DataReader::State::ended) return end_body();
    if (step.used == 0) return std::nullopt;
    if (auto chunk = take_body(step.text)) return chunk;
    if (abandoned_) return BodyAbandoned{*std::exchange(abandoned_, std::nullopt)};
  }
  return std::nullopt;
}

/// Nothing, in phase bdat still and with nothing abandoned, is: more octets are needed.
std::optional<Request> ServerSession::read_bdat() {
  if (give_up_body()) return std::nullopt;
  const std::string_view here = buffered().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, in_.size())));
  at_ += here.size();
  chunk_left_ -= here.size();
  if (auto chunk = take_body(here)) return chunk;
  if (abandoned_ || give_up_body() || chunk_left_ != 0) return std::nullopt;
  if (last_ == LastChunk::yes || verdict_) return end_body();
  out_ += "250 2.0.0 " + std::to_string(chunk_size_) + " octets received\r\n";
  enter(Phase::command);
  return std::nullopt;
}

std::optional<Request> ServerSession::end_body() {
  if (!verdict_) {
    rules_.finish();
    if (rules_.fault() != LineFault::none) spoil(AbandonReason::bad_line_ends, line_fault_reply(rules_.fault()));
  }
  if (abandoned_) return std::nullopt;  // that is said first; only a BDAT chunk can be here, and read_bdat() comes back
  if (verdict_) {
    append_reply(out_, *verdict_);
    reset_transaction(AbandonReason::refused);
    enter(Phase::command);
    return std::nullopt;
  }
  due_ = Due::body_end;
  return BodyEnd{ByteCount{size_}};
}

void ServerSession::answer_body_end(const Decision& decision) {
  body_open_ = false;
  reset_transaction(AbandonReason::refused);
  idle_ = 0;
  if (decision.reply) {
    append_reply(out_, *decision.reply);
  } else {
    out_ += "250 2.0.0 message accepted\r\n";
  }
  enter(Phase::command);
}

/// Swallows a chunk nobody wants, then answers. One too large to swallow closes the connection instead.
void ServerSession::discard(std::uint64_t octets, types::Reply then) {
  if (octets > static_cast<std::uint64_t>(options_.limits.discard)) {
    append_reply(out_, then);
    return close(CloseReason::unreadable_bdat, {});
  }
  chunk_left_ = octets;
  verdict_ = std::move(then);
  enter(Phase::discard);
}

/// False where more octets are needed.
bool ServerSession::read_discard() {
  const auto here = std::min<std::uint64_t>(chunk_left_, in_.size() - at_);
  at_ += static_cast<std::size_t>(here);
  chunk_left_ -= here;
  if (chunk_left_ != 0) return false;
  append_reply(out_, *verdict_);
  verdict_.reset();
  enter(Phase::command);
  return true;
}

}  // namespace danewerk::engine::smtp
