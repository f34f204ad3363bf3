#pragma once
// The sink's side of an SMTP dialogue: says yes to everything, keeps nothing, counts exactly.
//
// Both servers under test relay to this sink and the clock of a run stops at its last 250, so a message miscounted
// because "\r\n." and "\r\n" came in two segments, or because a line began with a dot, would falsify every figure. The
// conversation is therefore a plain byte machine without socket or clock: the same bytes give the same counts whatever
// their fragmentation (RFC 5321 4.5.2 for dots, RFC 3030 for BDAT, RFC 2920 for groups of commands).
//
// Counted: messages and octets (as after dot removal), recipients, distinct X-Bench-Id values (so that a message
// delivered twice cannot stand in for one that was lost), MAIL commands that came without TLS.
// Extra verbs: XSTAT answers `250 {json}`; XRESET starts the counts anew. Owner: one a connection; totals are shared.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "figures.h"
#include "server_loop.h"

namespace danewerk::bench {

struct SinkTotals {
  std::uint64_t messages = 0;
  std::uint64_t octets = 0;
  std::uint64_t recipients = 0;
  std::uint64_t mails_in_clear = 0;
  std::uint64_t refused = 0;  // commands answered 4xx or 5xx
  double first_mail = 0;      // seconds since the epoch, 0 if none yet
  double last_accept = 0;     // the instant of the last 250 for a message
  std::unordered_set<std::uint64_t> ids;

  Record record() const;
};

struct SinkRules {
  bool offer_tls = false;
  bool require_tls = false;
  bool chunking = true;
  bool track_ids = true;
  int messages_per_connection = 0;  // 0: no limit; else the next MAIL gets 421 and the end of the connection
};

class SinkConversation : public Conversation {
 public:
  using Wall = double (*)();  // seconds since the epoch
  SinkConversation(const SinkRules& rules, SinkTotals& totals, Wall wall) : rules_(rules), totals_(totals), wall_(wall) {}

  void greet(std::string& answer) override;
  Then received(std::string_view bytes, std::string& answer) override;
  void tls_established() override;

 private:
  enum class Expect { command, data, chunk };
  enum class Dot { middle, cr, line_start, dot, dot_cr };

  Then command(std::string_view line, std::string& answer);
  Then mail(std::string& answer);
  Then start_tls(std::string& answer);
  void ehlo(std::string& answer);
  void bdat(std::string_view arguments, std::string& answer);
  void refuse(std::string_view reply, std::string& answer);
  std::size_t data(std::string_view bytes, std::string& answer);
  std::size_t chunk(std::string_view bytes, std::string& answer);
  void keep_head(std::string_view bytes);
  void accept(std::string& answer);
  void forget_transaction();

  const SinkRules& rules_;
  SinkTotals& totals_;
  Wall wall_;
  Expect expect_ = Expect::command;
  Dot dot_ = Dot::line_start;
  bool encrypted_ = false;
  bool sender_ = false;
  bool last_chunk_ = false;
  bool discard_chunk_ = false;
  bool overlong_ = false;
  std::uint64_t chunk_left_ = 0;
  std::uint64_t recipients_ = 0;
  std::uint64_t octets_ = 0;
  int accepted_ = 0;
  std::string line_;
  std::string head_;
};

}  // namespace danewerk::bench
