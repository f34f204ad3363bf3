#include "sink_conversation.h"

#include <strings.h>

#include <charconv>
#include <cstring>

namespace danewerk::bench {

namespace {

constexpr std::size_t longest_line = 4096;
constexpr std::size_t longest_head = 4096;

bool starts_with_verb(std::string_view line, std::string_view verb) {
  if (line.size() < verb.size() || strncasecmp(line.data(), verb.data(), verb.size()) != 0) return false;
  return line.size() == verb.size() || line[verb.size()] == ' ';
}

}  // namespace

Record SinkTotals::record() const {
  Record out;
  out.put("messages", messages).put("distinct_ids", static_cast<std::uint64_t>(ids.size())).put("octets", octets);
  out.put("recipients", recipients).put("mails_in_clear", mails_in_clear).put("refused", refused);
  out.put("first_mail", first_mail).put("last_accept", last_accept);
  return out;
}

void SinkConversation::greet(std::string& answer) { answer += "220 sink.bench.test ESMTP\r\n"; }

void SinkConversation::tls_established() {
  encrypted_ = true;
  forget_transaction();
}

Then SinkConversation::received(std::string_view bytes, std::string& answer) {
  while (!bytes.empty()) {
    if (expect_ == Expect::data) {
      bytes.remove_prefix(data(bytes, answer));
      continue;
    }
    if (expect_ == Expect::chunk) {
      bytes.remove_prefix(chunk(bytes, answer));
      continue;
    }
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end == std::string_view::npos ? bytes.size() : end + 1);
    bytes.remove_prefix(part.size());
    overlong_ = overlong_ || line_.size() + part.size() > longest_line;
    if (overlong_) {
      line_.clear();
    } else if (!line_.empty() || part.back() != '\n') {
      line_ += part;
    }
    if (part.back() != '\n') continue;
    if (overlong_) {
      overlong_ = false;
      refuse("500 5.5.2 line too long\r\n", answer);
      continue;
    }
    std::string_view line = line_.empty() ? part : std::string_view(line_);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    const Then then = command(line, answer);
    line_.clear();
    if (then != Then::carry_on) return then;
  }
  return Then::carry_on;
}

Then SinkConversation::command(std::string_view line, std::string& answer) {
  if (starts_with_verb(line, "MAIL")) return mail(answer);
  if (starts_with_verb(line, "RCPT")) {
    if (!sender_) {
      refuse("503 5.5.1 MAIL first\r\n", answer);
    } else {
      ++recipients_;
      answer += "250 2.1.5 ok\r\n";
    }
  } else if (starts_with_verb(line, "DATA")) {
    if (recipients_ == 0) {
      refuse("503 5.5.1 RCPT first\r\n", answer);
    } else {
      expect_ = Expect::data;
      dot_ = Dot::line_start;
      answer += "354 go\r\n";
    }
  } else if (starts_with_verb(line, "BDAT") && rules_.chunking) {
    bdat(line.substr(4), answer);
  } else if (starts_with_verb(line, "EHLO")) {
    forget_transaction();
    ehlo(answer);
  } else if (starts_with_verb(line, "HELO") || starts_with_verb(line, "RSET") || starts_with_verb(line, "NOOP")) {
    if (!starts_with_verb(line, "NOOP")) forget_transaction();
    answer += "250 2.0.0 ok\r\n";
  } else if (starts_with_verb(line, "QUIT")) {
    answer += "221 2.0.0 bye\r\n";
    return Then::close;
  } else if (starts_with_verb(line, "STARTTLS")) {
    return start_tls(answer);
  } else if (starts_with_verb(line, "XSTAT")) {
    answer += "250 " + totals_.record().json() + "\r\n";
  } else if (starts_with_verb(line, "XRESET")) {
    totals_ = SinkTotals{};
    answer += "250 2.0.0 reset\r\n";
  } else {
    refuse("500 5.5.1 unknown command\r\n", answer);
  }
  return Then::carry_on;
}

void SinkConversation::ehlo(std::string& answer) {
  answer += "250-sink.bench.test\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n";
  if (rules_.chunking) answer += "250-CHUNKING\r\n";
  if (rules_.offer_tls && !encrypted_) answer += "250-STARTTLS\r\n";
  answer += "250 ENHANCEDSTATUSCODES\r\n";
}

Then SinkConversation::start_tls(std::string& answer) {
  if (!rules_.offer_tls || encrypted_) {
    refuse("503 5.5.1 TLS is not offered here\r\n", answer);
    return Then::carry_on;
  }
  answer += "220 2.0.0 go\r\n";
  return Then::start_tls;
}

Then SinkConversation::mail(std::string& answer) {
  if (!encrypted_) ++totals_.mails_in_clear;
  if (rules_.require_tls && !encrypted_) {
    refuse("530 5.7.0 STARTTLS first\r\n", answer);
    return Then::carry_on;
  }
  if (sender_) {
    refuse("503 5.5.1 nested MAIL\r\n", answer);
    return Then::carry_on;
  }
  if (rules_.messages_per_connection > 0 && accepted_ >= rules_.messages_per_connection) {
    refuse("421 4.7.0 enough messages on this connection\r\n", answer);
    return Then::close;
  }
  if (totals_.first_mail == 0) totals_.first_mail = wall_();
  sender_ = true;
  answer += "250 2.1.0 ok\r\n";
  return Then::carry_on;
}

void SinkConversation::refuse(std::string_view reply, std::string& answer) {
  ++totals_.refused;
  answer += reply;
}

void SinkConversation::forget_transaction() {
  sender_ = false;
  recipients_ = 0;
  octets_ = 0;
  head_.clear();
}

void SinkConversation::keep_head(std::string_view bytes) {
  if (!rules_.track_ids || head_.size() >= longest_head) return;
  head_.append(bytes.substr(0, longest_head - head_.size()));
}

void SinkConversation::accept(std::string& answer) {
  ++totals_.messages;
  ++accepted_;
  totals_.octets += octets_;
  totals_.recipients += recipients_;
  totals_.last_accept = wall_();
  constexpr std::string_view label = "X-Bench-Id: ";
  const std::size_t at = head_.find(label);
  if (at != std::string::npos) {
    const std::size_t from = at + label.size();
    const std::string_view id = std::string_view(head_).substr(from, head_.find('\r', from) - from);
    totals_.ids.insert(std::hash<std::string_view>{}(id));
  }
  forget_transaction();
  answer += "250 2.0.0 taken\r\n";
}

// RFC 5321 4.5.2. Returns how much was used: all, or up to the end of the message.
std::size_t SinkConversation::data(std::string_view bytes, std::string& answer) {
  keep_head(bytes);
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (dot_ == Dot::middle) {
      const void* cr = std::memchr(bytes.data() + at, '\r', bytes.size() - at);
      const std::size_t next = cr == nullptr ? bytes.size() : static_cast<std::size_t>(static_cast<const char*>(cr) - bytes.data());
      octets_ += next - at;
      at = next;
      if (cr == nullptr) break;
    }
    const char letter = bytes[at++];
    if (dot_ == Dot::line_start && letter == '.') {
      dot_ = Dot::dot;
      continue;
    }
    if (dot_ == Dot::dot && letter == '\r') {
      dot_ = Dot::dot_cr;
      continue;
    }
    if (dot_ == Dot::dot_cr) {
      if (letter == '\n') {
        expect_ = Expect::command;
        accept(answer);
        return at;
      }
      ++octets_;  // the CR after a stuffed dot was text
      dot_ = Dot::cr;
    }
    ++octets_;
    if (letter == '\r') {
      dot_ = Dot::cr;
    } else {
      dot_ = dot_ == Dot::cr && letter == '\n' ? Dot::line_start : Dot::middle;
    }
  }
  return at;
}

// RFC 3030: `BDAT size [LAST]`. A chunk out of turn is still read, then refused.
void SinkConversation::bdat(std::string_view arguments, std::string& answer) {
  while (!arguments.empty() && arguments.front() == ' ') arguments.remove_prefix(1);
  const char* end = arguments.data() + arguments.size();
  const auto parsed = std::from_chars(arguments.data(), end, chunk_left_);
  const std::string_view rest(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  const bool last = starts_with_verb(rest, " LAST");
  if (parsed.ec != std::errc{} || (!rest.empty() && !last)) return refuse("501 5.5.4 BDAT size [LAST]\r\n", answer);
  last_chunk_ = last;
  discard_chunk_ = recipients_ == 0;
  expect_ = Expect::chunk;
  if (chunk_left_ == 0) chunk({}, answer);
}

std::size_t SinkConversation::chunk(std::string_view bytes, std::string& answer) {
  const std::size_t take = bytes.size() < chunk_left_ ? bytes.size() : static_cast<std::size_t>(chunk_left_);
  chunk_left_ -= take;
  if (!discard_chunk_) {
    octets_ += take;
    keep_head(bytes.substr(0, take));
  }
  if (chunk_left_ > 0) return take;
  expect_ = Expect::command;
  if (discard_chunk_) {
    refuse("503 5.5.1 RCPT first\r\n", answer);
  } else if (last_chunk_) {
    accept(answer);
  } else {
    answer += "250 2.0.0 chunk\r\n";
  }
  return take;
}

}  // namespace danewerk::bench
