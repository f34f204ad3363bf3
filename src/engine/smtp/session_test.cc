// The two sessions against each other and against hostile peers. Seeds are fixed and named in each failure.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "engine/smtp/client_session.h"
#include "engine/smtp/server_session.h"

namespace danewerk::engine::smtp {
namespace {

constexpr Instant start{std::chrono::hours(1)};

using Random = std::mt19937;
std::size_t below(Random& random, std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); }

// ---- What goes in comes out ------------------------------------------------------------------------------------

std::string random_body(Random& random) {
  static const std::vector<std::string> words{".", "..", "a", "text ", "QUIT", "\xc3\xa9", std::string(1200, 'x'), "", ".\t", "BDAT 5"};
  std::string body;
  for (std::size_t lines = below(random, 30); lines > 0; --lines) {
    for (std::size_t n = below(random, 4); n > 0; --n) body += words[below(random, words.size())];
    body += "\r\n";
  }
  return body;
}

types::Mailbox mailbox(const std::string& text) { return *types::Mailbox::parse(text, types::Smtputf8::yes); }

types::Envelope random_envelope(Random& random, bool tls) {
  types::Envelope e;
  if (below(random, 4) != 0) e.sender.path = mailbox(below(random, 3) ? "a@a.example" : "\"odd > one\"@[192.0.2.1]");
  e.sender.body = below(random, 2) ? types::BodyKind::eight_bit_mime : types::BodyKind::seven_bit;
  e.sender.require_tls = tls && below(random, 2) ? types::RequireTls::yes : types::RequireTls::no;
  e.sender.dsn_return = static_cast<types::DsnReturn>(below(random, 3));
  if (below(random, 2)) e.sender.envelope_id = "id +=;" + std::to_string(below(random, 1000));
  e.sender.utf8 = below(random, 2) ? types::Smtputf8::yes : types::Smtputf8::no;
  for (std::size_t n = 1 + below(random, 6); n > 0; --n) {
    types::Recipient r{types::Postmaster{}, {}, {}};
    if (below(random, 5)) r.path = mailbox("r" + std::to_string(n) + (below(random, 2) ? "+x=y" : "") + "@b.example");
    if (e.sender.utf8 == types::Smtputf8::yes && below(random, 3) == 0) r.path = mailbox("caf\xc3\xa9@b.example");
    if (below(random, 3) == 0) r.notify = {true, true, false, false, false};
    else if (below(random, 2)) r.notify = {true, false, true, below(random, 2) == 0, below(random, 2) == 0};
    if (below(random, 2)) r.original = types::OriginalRecipient{below(random, 2) ? "rfc822" : "utf-8", "x+y=z@c.example"};
    e.recipients.push_back(std::move(r));
  }
  return e;
}

struct Message {
  types::Envelope envelope;
  std::string body;
};

/// Both sessions and the wire between them, which cuts where it likes.
class Line {
 public:
  Line(Random& random, ClientOptions client, ServerOptions server)
      : random_(random), client_(std::move(client), start), server_(std::move(server), start) {}

  /// Sends the messages; true if both sides finished in good order.
  void run(std::vector<Message> messages) {
    to_send_ = std::move(messages);
    for (int rounds = 0; rounds < 200000 && !(finished_ && closed_); ++rounds) {
      drain_server();
      drain_client();
      to_client_ += server_.take_output();
      to_server_ += client_.take_output();
      feed_body();
      if (handshaking_client_ && handshaking_server_ && to_client_.empty() && to_server_.empty()) {
        handshaking_client_ = handshaking_server_ = false;
        server_.tls_established(start);
        client_.tls_established(start);
      }
      deliver(to_server_, [this](std::string_view piece) { server_.received(piece, start); });
      deliver(to_client_, [this](std::string_view piece) { client_.received(piece, start); });
    }
  }

  std::vector<Message> arrived;
  std::size_t results_positive = 0;
  bool broken = false;
  bool good_end() const { return finished_ && closed_ && !broken; }

 private:
  template <class Use>
  void deliver(std::string& wire, Use use) {
    const std::size_t piece = 1 + below(random_, below(random_, 3) ? 40 : 3000);
    const std::string part = wire.substr(0, piece);
    wire.erase(0, part.size());
    if (!part.empty()) use(part);
  }

  void drain_server() {
    while (auto request = server_.next()) {
      if (auto* r = std::get_if<SenderGiven>(&*request)) current_ = {types::Envelope{r->sender, {}}, ""};
      if (auto* r = std::get_if<BodyChunk>(&*request)) current_.body += r->octets;
      if (std::holds_alternative<BodyAbandoned>(*request)) broken = true;
      if (auto* r = std::get_if<Closed>(&*request)) closed_ = true, broken = broken || r->reason != CloseReason::quit;
      Decision decision = Decision::accept();
      if (auto* r = std::get_if<RecipientGiven>(&*request)) {
        if (below(random_, 4) == 0) decision = Decision::say({550, types::EnhancedCode{5, 1, 1}, {"no"}});
        else current_.envelope.recipients.push_back(r->recipient);
      }
      if (std::holds_alternative<BodyEnd>(*request)) arrived.push_back(current_);
      if (std::holds_alternative<StartTlsGiven>(*request)) handshaking_server_ = true;
      const bool notice = std::holds_alternative<BodyChunk>(*request) || std::holds_alternative<BodyAbandoned>(*request) ||
                          std::holds_alternative<Closed>(*request);
      if (!notice) server_.reply(decision, start);
    }
  }

  void drain_client() {
    while (auto event = client_.next()) {
      if (std::holds_alternative<NeedTls>(*event)) handshaking_client_ = true;
      if (std::holds_alternative<Ready>(*event)) next_message();
      if (std::holds_alternative<NeedBody>(*event)) feeding_ = true, fed_ = 0;
      if (auto* r = std::get_if<RecipientResult>(&*event)) accepted_[r->index] = r->reply.is_positive();
      if (auto* r = std::get_if<MessageResult>(&*event)) {
        if (r->reply.is_positive()) ++results_positive, expected.push_back(narrowed());
        next_message();
      }
      if (std::holds_alternative<Failed>(*event)) broken = finished_ = closed_ = true;
      if (std::holds_alternative<Finished>(*event)) finished_ = true;
    }
  }

  Message narrowed() const {
    Message m = to_send_[sending_ - 1];
    std::vector<types::Recipient> kept;
    for (std::size_t i = 0; i < m.envelope.recipients.size(); ++i) {
      if (accepted_[i]) kept.push_back(m.envelope.recipients[i]);
    }
    m.envelope.recipients = std::move(kept);
    return m;
  }

  void next_message() {
    if (sending_ == to_send_.size()) return client_.quit(start);
    const Message& m = to_send_[sending_++];
    accepted_.assign(m.envelope.recipients.size(), false);
    auto begun = client_.begin_message(m.envelope, ByteCount{m.body.size()}, start);
    EXPECT_TRUE(begun) << begun.error().why;
  }

  void feed_body() {
    if (!feeding_) return;
    const std::string& body = to_send_[sending_ - 1].body;
    const std::string piece = body.substr(fed_, 1 + below(random_, 2000));
    fed_ += piece.size();
    if (!piece.empty()) {
      EXPECT_TRUE(client_.body(piece, start));
    }
    if (fed_ < body.size()) return;
    feeding_ = false;
    EXPECT_TRUE(client_.end_body(start));
  }

  Random& random_;
  ClientSession client_;
  ServerSession server_;
  std::string to_client_, to_server_;
  std::vector<Message> to_send_;
  std::size_t sending_ = 0, fed_ = 0;
  std::vector<bool> accepted_;
  Message current_;
  bool handshaking_client_ = false, handshaking_server_ = false, feeding_ = false, finished_ = false, closed_ = false;

 public:
  std::vector<Message> expected;
};

TEST(Sessions, what_goes_in_comes_out) {  // SMTP-01, SMTP-07, SMTP-08, SMTP-09, RTL-01
  std::size_t delivered = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    ClientOptions client;
    client.hello_name = "out.example";
    const bool tls = below(random, 3) != 0;
    client.tls = tls ? (below(random, 2) ? TlsDemand::required : TlsDemand::opportunistic) : TlsDemand::none;
    client.bdat = below(random, 2) ? UseBdat::when_offered : UseBdat::no;
    client.window = 1 + below(random, 8);
    ServerOptions server;
    server.host = "mx.example";
    std::vector<Message> messages;
    for (std::size_t n = 1 + below(random, 5); n > 0; --n) messages.push_back({random_envelope(random, tls), random_body(random)});
    Line line(random, client, server);
    line.run(messages);
    ASSERT_TRUE(line.good_end());
    ASSERT_EQ(line.arrived.size(), line.expected.size());
    for (std::size_t i = 0; i < line.arrived.size(); ++i) {
      types::Envelope got = line.arrived[i].envelope;
      got.sender.declared_size.reset();
      ASSERT_EQ(got, line.expected[i].envelope);
      ASSERT_EQ(line.arrived[i].body, line.expected[i].body);
    }
    delivered += line.arrived.size();
  }
  EXPECT_GT(delivered, 500U);
}

// ---- TLS required: not one octet of mail in clear --------------------------------------------------------------

/// Everything a server may say at one step.
const std::vector<std::string>& utterances() {
  static const std::vector<std::string> all{
      "220 mx.example\r\n", "250 mx.example\r\n", "250-mx.example\r\n250 STARTTLS\r\n", "250-mx\r\n250-PIPELINING\r\n250 REQUIRETLS\r\n",
      "354 go\r\n", "421 bye\r\n", "454 4.7.0 no TLS\r\n", "500 what\r\n", "550 no\r\n", "220 go\r\n250 more\r\n",
      "250-mx\r\n250 STARTTLS\r\n220 go\r\n", "250 ok\r\n250 ok\r\n354 go\r\n", "garbage\r\n", "2", "220-", ""};
  return all;
}

std::string provoke(ClientSession& session, const std::vector<std::size_t>& said, const types::Envelope& envelope) {
  std::string sent;
  for (std::size_t what : said) {
    session.received(utterances()[what], start);
    while (auto event = session.next()) {
      EXPECT_FALSE(std::holds_alternative<Ready>(*event));
      EXPECT_FALSE(std::holds_alternative<NeedBody>(*event));
    }
    EXPECT_FALSE(session.begin_message(envelope, ByteCount{3}, start));
    EXPECT_FALSE(session.body("x\r\n", start));
    EXPECT_FALSE(session.end_body(start));
    sent += session.take_output();
  }
  session.peer_closed();
  return sent + session.take_output();
}

TEST(ClientSession, tls_required_never_speaks_of_mail_in_clear) {  // TLS-08, RFC 7672 2.2; STARTTLS stripping
  const types::Envelope envelope{{}, {types::Recipient{types::Postmaster{}, {}, {}}}};
  const std::size_t n = utterances().size();
  for (std::size_t path = 0; path < n * n * n * n; path += path < n * n * n ? 1 : 3) {
    const std::vector<std::size_t> said{path % n, path / n % n, path / n / n % n, path / n / n / n};
    ClientOptions options;
    options.hello_name = "out.example";
    options.protocol = path % 5 == 0 ? Protocol::lmtp : Protocol::smtp;
    options.bdat = path % 2 == 0 ? UseBdat::when_offered : UseBdat::no;
    ClientSession session(options, start);
    const std::string sent = provoke(session, said, envelope);
    for (auto word : {"MAIL", "RCPT", "DATA", "BDAT", "x\r\n", "HELO", "RSET"}) {
      ASSERT_EQ(sent.find(word), std::string::npos) << sent << " on path " << path;
    }
  }
}

// ---- The server holds a bounded number of octets, and cutting changes nothing ---------------------------------

std::string random_talk(Random& random) {
  static const std::vector<std::string> phrases{
      "EHLO a.example\r\n", "MAIL FROM:<a@a.example>\r\n", "RCPT TO:<b@b.example>\r\n", "DATA\r\n", ".\r\n", "\r\n.\r\n", "BDAT 5\r\nab\r\nc",
      "BDAT 0 LAST\r\n", "BDAT 3 LAST\r\nx\r\n", "RSET\r\n", "NOOP\r\n", "\r", "\n", ".", "STARTTLS\r\n", std::string(1, '\0'), "text\r\n",
      "BDAT x\r\n", "BDAT 99999999999999999999\r\n", std::string(3000, 'y'), "QUIT", "MAIL FROM:<> SIZE=1 SIZE=1\r\n", "EHLO x\r\nMAIL FROM:<>\r\n"
      "RCPT TO:<postmaster>\r\nDATA\r\n"};
  std::string talk;
  for (std::size_t n = 1 + below(random, 25); n > 0; --n) talk += phrases[below(random, phrases.size())];
  return talk;
}

std::string listen(const std::string& talk, const std::function<std::size_t()>& piece) {
  ServerOptions options;
  options.host = "mx.example";
  options.limits.message = ByteCount{6000};
  options.limits.discard = ByteCount{9000};
  ServerSession session(options, start);
  std::string heard, body;
  const auto pump = [&] {
    while (auto request = session.next()) {
      if (auto* chunk = std::get_if<BodyChunk>(&*request)) {
        body += chunk->octets;
        continue;
      }
      heard += session.take_output() + "@" + std::to_string(request->index());
      if (std::holds_alternative<BodyAbandoned>(*request)) body.clear();
      if (std::holds_alternative<BodyEnd>(*request)) heard += "<" + std::exchange(body, {}) + ">";
      const bool notice = std::holds_alternative<BodyAbandoned>(*request) || std::holds_alternative<Closed>(*request);
      // A handshake in the middle of random octets would depend on the cut by nature: refused here.
      const bool tls = std::holds_alternative<StartTlsGiven>(*request);
      if (!notice) session.reply(tls ? Decision::say({454, types::EnhancedCode{4, 7, 0}, {"no"}}) : Decision::accept(), start);
    }
    heard += session.take_output();
  };
  pump();
  for (std::size_t at = 0; at < talk.size();) {
    const std::size_t n = std::min(piece(), talk.size() - at);
    session.received(std::string_view(talk).substr(at, n), start);
    at += n;
    pump();
    EXPECT_LE(session.held(), options.limits.path_command_line + 1);
  }
  return heard;
}

TEST(ServerSession, the_same_octets_mean_the_same_however_cut) {  // SMTP-01
  for (unsigned seed = 1; seed <= 1500; ++seed) {
    Random random(seed);
    std::string talk = random_talk(random);
    // What stands behind STARTTLS is judged by when it came: CVE-2011-0411 has transcripts of its own.
    for (std::size_t at; (at = talk.find("STARTTLS")) != std::string::npos;) talk.replace(at, 8, "NOOP");
    const std::string whole = listen(talk, [&] { return talk.size(); });
    ASSERT_EQ(whole, listen(talk, [] { return std::size_t{1}; })) << "seed " << seed;
    ASSERT_EQ(whole, listen(talk, [&] { return 1 + below(random, 50); })) << "seed " << seed;
  }
}

TEST(ServerSession, tells_which_command_it_refused_first) {  // issue 2, "Bad input": what and where
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{65536}}) {
    ServerSession session({"mx.example", StartTlsOffer::yes, no_u_labels, {}, {}}, start);
    const std::string sent = "EHLO a.example\r\nMAIL " + std::string(9000, 'x') + "\r\nNO\rOP\r\nNOOP\r\n";
    ASSERT_TRUE(session.next());
    session.reply(Decision::accept(), start);
    for (std::size_t at = 0; at < sent.size(); at += piece) {
      session.received(std::string_view(sent).substr(at, piece), start);
      EXPECT_FALSE(session.next());
    }
    EXPECT_EQ(session.refused().count, 2U);
    EXPECT_EQ(session.refused().line.substr(0, 7), "MAIL xx");
    EXPECT_LE(session.refused().line.size(), RefusedCommands::most_of_line + 0U);
    EXPECT_EQ(session.refused().reply.to_string(), "500 5.5.2 line too long");
  }
}

TEST(ServerSession, a_line_without_end_costs_no_memory) {  // SMTP-03
  ServerOptions options;
  options.host = "mx.example";
  ServerSession session(options, start);
  while (session.next()) session.reply(Decision::accept(), start);
  const std::string flood(65536, 'x');
  for (int i = 0; i < 200; ++i) {
    session.received(flood, start);
    ASSERT_FALSE(session.next());
    ASSERT_LE(session.held(), 4096U);
  }
  EXPECT_EQ(session.deadline(), start + std::chrono::minutes(5));
}

}  // namespace
}  // namespace danewerk::engine::smtp
