#pragma once
// Collects SMTP replies from a byte stream in any fragmentation (RFC 5321 4.2: `250-first`, `250 last`).
//
// The generator sends groups of commands, so several replies come in one segment, or one in several. The reader keeps
// what is not yet complete and hands out whole replies only. Lines longer than 2,000 octets, or without three digits,
// make it broken(): the connection is then counted as a failure and closed.

#include <optional>
#include <string>
#include <string_view>

namespace danewerk::bench {

struct SmtpReply {
  int code = 0;
  std::string text;  // every line after its code, joined by '\n'
};

class ReplyReader {
 public:
  void add(std::string_view bytes) { pending_.append(bytes); }
  std::optional<SmtpReply> next();
  bool broken() const { return broken_; }
  bool empty() const { return pending_.empty(); }

 private:
  std::string pending_;
  SmtpReply building_;
  bool broken_ = false;
};

}  // namespace danewerk::bench
