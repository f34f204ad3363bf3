#pragma once
// The generator's side of one SMTP connection, without socket: what to send next, and what came of each message.
//
// A load generator that waits where a real sender would not, or that loses count when a reply is split, measures
// itself. This machine takes replies in any fragmentation, sends MAIL, RCPT and DATA as one group where the server
// offers PIPELINING (RFC 2920), several messages a connection, and puts every failure down under its reply code.
//
// Each message carries an X-Bench-Id of its own and has exactly the asked number of octets (before dot stuffing; the
// text holds no leading dot). Latencies: `transaction` from MAIL to the 250 for the message; `first` from connect() to
// the first 250 of the connection: what a sender with one message feels. A failure costs the message at hand: nothing
// is tried twice, so sent + failed = total.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "figures.h"
#include "reply_reader.h"

namespace danewerk::bench {

struct LoadPlan {
  bool starttls = false;
  bool pipelining = true;
  std::uint64_t total = 1000;
  std::uint64_t per_connection = 1;
  std::size_t size = 4096;
  std::string run = "run";
  std::string helo = "load.bench.test";
  std::string sender = "sender@load.bench.test";
  std::string recipient = "user%u@d%d.bench.test";  // %d: domain number, %u: user number
  std::uint64_t domains = 1;
  std::uint64_t users = 1;
};

// Everything counted over all connections, and the next message number.
struct LoadScore {
  std::uint64_t taken = 0;
  std::uint64_t accepted = 0;
  std::uint64_t octets = 0;
  std::map<std::string, std::uint64_t> failures;  // by reply code, or `connect`, `tls`, `closed`, `stalled`, ...
  std::string first_refusal;
  Latencies transaction;
  Latencies first;
  Instant last_accept{};
};

// Builds messages of one size.
class MessageMaker {
 public:
  explicit MessageMaker(const LoadPlan& plan);
  std::string recipient(std::uint64_t number) const;
  // Appends message `number`; longer than plan.size if its header alone is (callers refuse such a plan).
  void append(std::uint64_t number, std::string& out) const;

 private:
  const LoadPlan& plan_;
  std::string filler_;
};

class LoadDialogue {
 public:
  enum class Next { carry_on, start_tls, finished };

  // Takes the first message number at once; the caller makes no dialogue when score.taken == plan.total.
  LoadDialogue(const LoadPlan& plan, const MessageMaker& maker, LoadScore& score, Instant connecting);

  // Appends what is to be sent to `out`. After start_tls: shake hands, then call tls_established().
  Next received(std::string_view bytes, Instant now, std::string& out);
  void tls_established(std::string& out);
  // The connection ended on its own: the message at hand, if any, failed for `reason`.
  void lost(const std::string& reason);

 private:
  enum class Expect { greeting, ehlo, starttls, handshake, ehlo_in_tls, mail, recipient, data, accepted, bye, nothing };

  Next reply(const SmtpReply& reply, Instant now, std::string& out);
  Next after_ehlo(const SmtpReply& reply, Instant now, std::string& out);
  Next after_accept(Instant now, std::string& out);
  Next fail(const std::string& reason, const std::string& text);
  void send_mail(Instant now, std::string& out);
  void send_recipient(std::string& out);

  const LoadPlan& plan_;
  const MessageMaker& maker_;
  LoadScore& score_;
  Instant connecting_;
  Instant mail_at_{};
  std::optional<std::uint64_t> message_;
  std::uint64_t done_ = 0;
  bool grouped_ = false;
  Expect expect_ = Expect::greeting;
  ReplyReader replies_;
};

}  // namespace danewerk::bench
