// The edge over real sockets, real TLS and a real store. What the session itself does is held by tests/transcripts.
#include <nlohmann/json.hpp>

#include "io/runtime/task_group.h"
#include "io/tls/certificate.h"
#include "service/edge/test_house.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;

struct World {
  explicit World(EdgeRules rules = {}, Door::Limits doors = {}) : edge(house, admission, TestEdge::Tls::offered, std::move(rules), doors) {}
  TestHouse house;
  InboundAdmission admission{house.house};
  TestEdge edge;
};

io::Task<> in_clear(World& world) {
  auto client = co_await TestClient::connect(world.edge.at());
  EXPECT_EQ(co_await client.reply(), "220 mx1.example.net ESMTP");
  EXPECT_NE((co_await client.say("EHLO client.example")).find("250-STARTTLS"), std::string::npos);
  EXPECT_EQ(co_await client.say("MAIL FROM:<bob@elsewhere.example>"), "250 2.1.0 sender ok");
  EXPECT_EQ(co_await client.say("RCPT TO:<x@elsewhere.example>"), "550 5.7.1 <x@elsewhere.example>: we do not pass on mail for this address");
  EXPECT_EQ(co_await client.say("RCPT TO:<@elsewhere.example:ann@contoso.example>"), "250 2.1.5 recipient ok");
  EXPECT_EQ((co_await client.say("DATA")).substr(0, 3), "354");
  const std::string queued = co_await client.say("Subject: hi\r\n\r\n..dot\r\n.");
  EXPECT_TRUE(queued.starts_with("250 2.0.0 queued as ")) << queued;
  EXPECT_EQ(co_await client.say("QUIT"), "221 2.0.0 bye");
  EXPECT_EQ(co_await client.reply(), "closed");
  const std::string text = co_await only_message(world.house);
  EXPECT_TRUE(text.starts_with("Received: from client.example ([127.0.0.1])\r\n\tby mx1.example.net (Danewerk) with ESMTP\r\n\tid " +
                               queued.substr(20)))
      << text;
  EXPECT_NE(text.find("\tfor <ann@contoso.example>;\r\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(" +0000\r\nSubject: hi\r\n\r\n.dot\r\n")) << text;
  EXPECT_EQ(world.edge.accepted, 1);
  EXPECT_TRUE(world.edge.logged("edge.message_accepted conn="));
  EXPECT_TRUE(world.edge.logged("queue=" + queued.substr(20)));
}

TEST(Edge, takes_a_message_in_clear) {
  World world;
  io::run_to_end(in_clear(world));
}

io::Task<> arrivals(World& world) {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  static_cast<void>(co_await client.encrypt());
  EXPECT_TRUE(co_await client.send("MAIL FROM:<a@b.example>\r\nRCPT TO:<ann@contoso.example>\r\nDATA\r\n"));
  for (int i = 0; i < 3; ++i) static_cast<void>(co_await client.reply());
  const std::string queued = co_await client.say("Subject: t\r\nMessage-Id:\r\n <7@b.example>\r\n\r\nMessage-ID: <8@b.example>\r\n.");
  EXPECT_TRUE(queued.starts_with("250 2.0.0 queued as ")) << queued;
  types::TraceQuery query;
  query.message_id = "7@b.example";
  auto found = co_await world.house.queue->trace(query);
  EXPECT_EQ(found->size(), 1U);
  if (found->empty()) co_return;
  auto detail = co_await world.house.queue->show(found->front().id);
  const auto arrival = nlohmann::json::parse(detail->arrival, nullptr, false);
  EXPECT_EQ(arrival["helo"], "client.example");
  EXPECT_TRUE(arrival["peer"].get<std::string>().starts_with("127.0.0.1:"));
  EXPECT_EQ(arrival["tls"]["version"], "TLSv1.3");
}

// "Who gave you this?" is answered from the store, months later
TEST(Edge, keeps_how_a_message_came) {
  World world;
  io::run_to_end(arrivals(world));
}

io::Task<> over_tls(World& world) {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  EXPECT_EQ(co_await client.encrypt(), "");
  EXPECT_EQ((co_await client.say("STARTTLS")).substr(0, 9), "503 5.5.1");
  // RFC 2920: a pipelined group; its replies come in order
  EXPECT_TRUE(co_await client.send("MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<jos\u00e9@contoso.example>\r\nRCPT TO:<no@b\u00fccher.example>\r\nDATA\r\n"));
  EXPECT_EQ((co_await client.reply()).substr(0, 9), "250 2.1.0");
  EXPECT_EQ((co_await client.reply()).substr(0, 9), "250 2.1.5");
  EXPECT_EQ((co_await client.reply()).substr(0, 9), "550 5.7.1");
  EXPECT_EQ((co_await client.reply()).substr(0, 3), "354");
  // and the next group right behind the end of the message
  EXPECT_TRUE(co_await client.send("Subject: t\r\n\r\nx\r\n.\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@fabrikam.example>\r\n"
                                   "RCPT TO:<ann@contoso.example>\r\nNOOP\r\n"));
  EXPECT_TRUE((co_await client.reply()).starts_with("250 2.0.0 queued as "));
  EXPECT_EQ((co_await client.reply()).substr(0, 9), "250 2.1.0");
  EXPECT_EQ((co_await client.reply()).substr(0, 9), "250 2.1.5");
  EXPECT_EQ((co_await client.reply()).substr(0, 9), "452 4.5.3") << "another tenant's recipient needs a message of its own";
  EXPECT_EQ((co_await client.reply()).substr(0, 9), "250 2.0.0");
  EXPECT_EQ((co_await client.say("BDAT 6 LAST\r\nx: y\r\n")).substr(0, 20), "250 2.0.0 queued as ");
  const std::string text = co_await only_message(world.house);
  EXPECT_NE(text.find(" with UTF8SMTPS (TLSv1.3 TLS_"), std::string::npos) << text;
  const std::string other = co_await only_message(world.house, "fabrikam");
  EXPECT_NE(other.find(" with ESMTPS (TLSv1.3 TLS_"), std::string::npos) << other;
  EXPECT_TRUE(other.ends_with("\r\nx: y\r\n")) << other;
}

// RFC 3848, RFC 3207, SNI-02 (the client names a host that is not ours)
TEST(Edge, takes_pipelined_messages_over_tls) {
  World world;
  io::run_to_end(over_tls(world));
}

/// The name in the certificate that is shown to who asks for this one; what went wrong otherwise.
io::Task<std::string> shown(World& world, std::string server_name) {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  const std::string fault = co_await client.encrypt(std::move(server_name));
  if (!fault.empty()) co_return fault;
  co_return tls::describe_chain(client.connection().peer_certificates()).front().dns_names.front();
}

io::Task<> by_name(World& world) {
  const auto pilot = TestEdge::certificate_for("any.s1.mx.example");
  world.edge.by_name = [pilot](std::string_view name) -> std::optional<std::shared_ptr<const io::ServerContext>> {
    if (name.ends_with(".s1.mx.example")) return pilot;
    if (name.ends_with(".s2.mx.example")) return nullptr;
    return std::nullopt;
  };
  EXPECT_EQ(co_await shown(world, "Contoso-Example.S1.mx.example"), "any.s1.mx.example");
  EXPECT_EQ(co_await shown(world, ""), "mx1.example.net");
  EXPECT_EQ(co_await shown(world, "elsewhere.example"), "mx1.example.net");
  EXPECT_NE((co_await shown(world, "a.s2.mx.example")).find("unrecognized name"), std::string::npos);
  const char* said = "no certificate may be served yet for a.s2.mx.example";  // after the alert has gone out
  for (int i = 0; i < 6000 && !world.edge.logged(said); ++i) co_await world.edge.clock.sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(world.edge.logged(said));
}

// Hosts with keys of their own get theirs, all others the default chain (SNI-02); none gets another's in place of one that is not there yet.
TEST(Edge, shows_the_certificate_of_the_host_that_is_asked_for) {
  World world;
  io::run_to_end(by_name(world));
}

io::Task<> malformed(World& world) {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  EXPECT_EQ((co_await client.say("MAIL FROM:<a@b.example> SIZE=abc")).substr(0, 9), "501 5.5.4");
  EXPECT_EQ((co_await client.say("NO\rOP")).substr(0, 9), "500 5.5.2");
  EXPECT_EQ(co_await client.say("QUIT"), "221 2.0.0 bye");
  EXPECT_EQ(co_await client.reply(), "closed");
  EXPECT_TRUE(world.edge.logged("edge.commands_refused conn="));
  EXPECT_TRUE(world.edge.logged("peer=127.0.0.1 count=2 first=\"MAIL FROM:<a@b.example> SIZE=abc\" reply=\"501 5.5.4 "));
}

TEST(Edge, says_whose_commands_were_malformed_and_how) {  // issue 2, "Bad input"
  World world;
  io::run_to_end(malformed(world));
}

io::Task<> injection(World& world) {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  EXPECT_TRUE(co_await client.send("STARTTLS\r\nNOOP\r\n"));
  EXPECT_EQ((co_await client.reply()).substr(0, 9), "421 4.7.0");
  EXPECT_EQ(co_await client.reply(), "closed");
  EXPECT_TRUE(world.edge.logged("edge.injected_plaintext conn="));
  auto other = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await other.reply());
  static_cast<void>(co_await other.say("EHLO client.example"));
  EXPECT_EQ((co_await other.say("STARTTLS")).substr(0, 3), "220");
  EXPECT_TRUE(co_await other.send("NOOP\r\nMAIL FROM:<a@b.example>\r\n"));
  std::string answer = co_await other.reply();
  EXPECT_EQ(answer.find("250"), std::string::npos) << "clear text was obeyed after STARTTLS";
}

// TLS-06, CVE-2011-0411
TEST(Edge, octets_behind_starttls_close_the_connection) {
  World world;
  io::run_to_end(injection(world));
}

io::Task<> no_certificate(World& world) {
  world.edge.certificate = nullptr;
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  EXPECT_EQ((co_await client.say("STARTTLS")).substr(0, 9), "454 4.7.0");
  EXPECT_EQ((co_await client.say("NOOP")).substr(0, 3), "250");
}

TEST(Edge, says_454_without_a_certificate_and_does_not_start_without_one) {
  World world;
  io::run_to_end(no_certificate(world));
  io::ReactorPool pool(1);
  EdgeParts parts{pool, *world.house.store, *world.house.queue, world.admission, world.edge.door, world.edge.clock, world.edge.log,
                  [] { return std::shared_ptr<const io::ServerContext>(); }, nullptr};
  Edge edge(std::move(parts), {});
  EXPECT_EQ(edge.start().error().kind, ErrorKind::unavailable);
}

io::Task<> crowd(World& world) {
  auto first = co_await TestClient::connect(world.edge.at());
  EXPECT_EQ((co_await first.reply()).substr(0, 3), "220");
  auto second = co_await TestClient::connect(world.edge.at());
  EXPECT_EQ(co_await second.reply(), "421 4.7.0 too many connections from your address");
  EXPECT_EQ(co_await second.reply(), "closed");
  auto other = co_await TestClient::connect(world.edge.at(), "127.0.0.2");
  EXPECT_EQ((co_await other.reply()).substr(0, 3), "220");
  auto third = co_await TestClient::connect(world.edge.at(), "127.0.0.3");
  EXPECT_EQ(co_await third.reply(), "421 4.3.2 too many connections, please come back later");
  EXPECT_EQ((co_await first.say("QUIT")).substr(0, 3), "221");
  EXPECT_EQ(co_await first.reply(), "closed");
  EXPECT_TRUE(world.edge.logged("edge.turned_away"));
}

TEST(Edge, bounds_connections_in_all_and_for_each_peer) {
  World world({}, {.in_all = 2, .per_peer = 1});
  io::run_to_end(crowd(world));
}

std::string with_received(int lines) {
  std::string out;
  for (int i = 0; i < lines; ++i) out += "Received: from a.example by b.example; Mon, 23 Nov 2026 15:04:05 +0000\r\n";
  return out + "Subject: loop\r\n\r\nReceived: this one is text\r\n.";
}

io::Task<std::string> deliver(World& world, std::string text, std::string recipient = "ann@contoso.example") {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  std::string answer = co_await client.say("MAIL FROM:<bob@elsewhere.example>");
  if (!answer.starts_with("250")) co_return answer;
  static_cast<void>(co_await client.say("RCPT TO:<" + recipient + ">"));
  answer = co_await client.say("DATA");
  if (!answer.starts_with("354")) co_return answer;
  co_return co_await client.say(std::move(text));
}

io::Task<> loops(World& world) {
  EXPECT_EQ((co_await deliver(world, with_received(100))).substr(0, 3), "250");
  EXPECT_EQ(co_await deliver(world, with_received(101)), "554 5.4.6 this message has passed too many servers: a mail loop");
  EXPECT_TRUE(world.edge.logged("edge.message_refused"));
}

// SMTP-06
TEST(Edge, ends_mail_loops) {
  World world;
  io::run_to_end(loops(world));
}

io::Task<> watermark(TestEdge& edge) {
  auto client = co_await TestClient::connect(edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  EXPECT_EQ((co_await client.say("MAIL FROM:<a@b.example>")).substr(0, 9), "452 4.3.1");
  EXPECT_TRUE(edge.logged("edge.disk_low"));
}

TEST(Edge, a_low_disk_is_said_at_mail) {
  io::StoreSettings settings;
  settings.room_floor = ByteCount{std::uint64_t{1} << 60};
  TestHouse house(settings);
  const InboundAdmission admission{house.house};
  TestEdge edge(house, admission, TestEdge::Tls::none);
  io::run_to_end(watermark(edge));
}

io::Task<> broken_store(World& world) {
  world.house.store->writer().break_down({ErrorKind::unavailable, "fsync: input/output error"});
  EXPECT_EQ((co_await deliver(world, "x")).substr(0, 9), "451 4.3.0");
}

io::Task<> breaks_in_the_message(World& world) {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  static_cast<void>(co_await client.say("MAIL FROM:<a@b.example>"));
  static_cast<void>(co_await client.say("RCPT TO:<ann@contoso.example>"));
  static_cast<void>(co_await client.say("DATA"));
  world.house.store->writer().break_down({ErrorKind::unavailable, "fsync: input/output error"});
  EXPECT_EQ(co_await client.say("Subject: x\r\n\r\n."), "451 4.3.0 the message could not be stored, please come back");
  EXPECT_TRUE(world.edge.logged("edge.store_failed"));
  EXPECT_TRUE(world.edge.logged("input/output error"));
}

// SMTP-02: never 250 without durability
TEST(Edge, a_failing_store_is_451) {
  World world;
  io::run_to_end(breaks_in_the_message(world));
  io::run_to_end(broken_store(world));
  EXPECT_EQ(world.edge.accepted, 0);
}

/// "VmHWM" or "VmRSS" of this process in KiB.
long memory(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long value = 0;
    if (word == name + ":" && status >> value) return value;
  }
  return 0;
}

io::Task<> huge(World& world) {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  EXPECT_EQ(co_await client.encrypt(), "");
  static_cast<void>(co_await client.say("MAIL FROM:<a@b.example>"));
  static_cast<void>(co_await client.say("RCPT TO:<ann@contoso.example>"));
  static_cast<void>(co_await client.say("DATA"));
  std::ofstream("/proc/self/clear_refs") << "5";  // the high-water mark starts here
  const long before = memory("VmRSS");
  std::string block;
  while (block.size() < 64 * 1024) block += std::string(76, 'a') + "\r\n";
  std::size_t sent = 0;
  for (; sent < 50'000'000; sent += block.size()) EXPECT_TRUE(co_await client.send(block));
  EXPECT_EQ((co_await client.say(".")).substr(0, 19), "250 2.0.0 queued as");
#ifndef __SANITIZE_ADDRESS__  // which keeps freed memory back on purpose
  EXPECT_LT(memory("VmHWM") - before, 8 * 1024) << "KiB for a message of " << sent << " octets";
#else
  static_cast<void>(before);
#endif
  types::QueueFilter all;
  auto entries = co_await world.house.queue->list(all);
  EXPECT_GT(static_cast<std::uint64_t>(entries->at(0).size), sent);
}

TEST(Edge, a_huge_message_costs_no_memory) {
  World world;
  io::run_to_end(huge(world));
}

io::Task<> stop_with_guests(World& world) {
  auto idle = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await idle.reply());
  auto busy = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await busy.reply());
  static_cast<void>(co_await busy.say("EHLO client.example"));
  EXPECT_EQ(co_await busy.encrypt(), "");
  static_cast<void>(co_await busy.say("MAIL FROM:<a@b.example>"));
  static_cast<void>(co_await busy.say("RCPT TO:<ann@contoso.example>"));
  static_cast<void>(co_await busy.say("DATA"));
  EXPECT_TRUE(co_await busy.send("Subject: half\r\n"));
  io::TaskGroup group(co_await io::this_executor(), "test");
  group.spawn("stop", world.edge.edge->stop(30s));
  EXPECT_EQ((co_await idle.reply()).substr(0, 9), "421 4.3.2");
  EXPECT_EQ(co_await idle.reply(), "closed");
  EXPECT_EQ((co_await busy.say("\r\nthe rest\r\n.")).substr(0, 19), "250 2.0.0 queued as");
  EXPECT_EQ((co_await busy.reply()).substr(0, 9), "421 4.3.2");
  co_await group.join();
  auto late = co_await io::dial(world.edge.at(), std::nullopt, 5s);
  EXPECT_FALSE(late.has_value());
}

TEST(Edge, stopping_lets_a_message_finish) {
  World world;
  io::run_to_end(stop_with_guests(world));
  EXPECT_TRUE(world.edge.logged("edge.stopped"));
}

io::Task<> stop_without_patience(World& world) {
  auto busy = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await busy.reply());
  static_cast<void>(co_await busy.say("EHLO client.example"));
  static_cast<void>(co_await busy.say("MAIL FROM:<a@b.example>"));
  static_cast<void>(co_await busy.say("RCPT TO:<ann@contoso.example>"));
  static_cast<void>(co_await busy.say("DATA"));
  co_await world.edge.edge->stop(5ms);
  EXPECT_EQ(co_await busy.reply(), "closed");
}

TEST(Edge, stopping_cuts_off_who_takes_too_long) {
  World world;
  io::run_to_end(stop_without_patience(world));
  EXPECT_EQ(world.edge.door.inside(), 0U);
}

io::Task<> silence(World& world) {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  EXPECT_EQ((co_await client.reply()).substr(0, 9), "421 4.4.2");
  EXPECT_EQ(co_await client.reply(), "closed");
}

TEST(Edge, a_silent_peer_meets_the_deadline) {
  EdgeRules rules;
  rules.timeouts.command = 20ms;
  World world(rules);
  io::run_to_end(silence(world));
}

io::Task<> drip(World& world) {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  static_cast<void>(co_await client.say("MAIL FROM:<a@b.example>"));
  static_cast<void>(co_await client.say("RCPT TO:<ann@contoso.example>"));
  static_cast<void>(co_await client.say("DATA"));
  EXPECT_TRUE(co_await client.send("S"));
  EXPECT_EQ(co_await client.reply(), "421 4.4.2 the message comes too slowly");
  EXPECT_EQ(co_await client.reply(), "closed");
  EXPECT_TRUE(world.edge.logged("edge.message_abandoned"));
}

// Slow-loris in DATA
TEST(Edge, a_dripping_body_is_ended) {
  EdgeRules rules;
  rules.pace = {ByteCount{1000}, 20ms};
  World world(rules);
  io::run_to_end(drip(world));
}

io::Task<> stranger(TestEdge& edge) {
  auto ours = co_await TestClient::connect(edge.at(), "127.0.0.5");
  EXPECT_EQ((co_await ours.reply()).substr(0, 3), "220");
  EXPECT_EQ((co_await ours.say("EHLO x")).find("STARTTLS"), std::string::npos);
  EXPECT_EQ((co_await ours.say("MAIL FROM:<ann@elsewhere.example>")).substr(0, 9), "550 5.7.1");
  EXPECT_EQ((co_await ours.say("MAIL FROM:<ann@contoso.example>")).substr(0, 3), "250");
  EXPECT_EQ((co_await ours.say("RCPT TO:<bob@elsewhere.example>")).substr(0, 3), "250");
  EXPECT_EQ((co_await ours.say("RCPT TO:<bob@fabrikam.example>")).substr(0, 3), "250");
  EXPECT_EQ((co_await ours.say("DATA")).substr(0, 3), "354");
  EXPECT_EQ((co_await ours.say("x: y\r\n\r\n.")).substr(0, 3), "250");
  auto other = co_await TestClient::connect(edge.at(), "127.0.0.6");
  EXPECT_EQ(co_await other.reply(), "554 5.7.1 this service is for hosts of our own");
}

TEST(Edge, submission_serves_its_networks_only) {
  TestHouse house;
  const SubmissionAdmission admission{house.house, {*types::Network::parse("127.0.0.5/32")}};
  TestEdge edge(house, admission, TestEdge::Tls::none);
  io::run_to_end(stranger(edge));
}

io::Task<> tagged(World& world, const char* header, const char* parameter, std::string& answer, types::RequireTls& tag) {
  auto client = co_await TestClient::connect(world.edge.at());
  static_cast<void>(co_await client.reply());
  static_cast<void>(co_await client.say("EHLO client.example"));
  EXPECT_EQ(co_await client.encrypt(), "");
  EXPECT_EQ((co_await client.say(std::string("MAIL FROM:<bob@elsewhere.example>") + parameter)).substr(0, 3), "250");
  EXPECT_EQ((co_await client.say("RCPT TO:<ann@contoso.example>")).substr(0, 3), "250");
  static_cast<void>(co_await client.say("DATA"));
  answer = co_await client.say(std::string(header) + "Subject: x\r\n\r\nTLS-Required: No\r\n.");
  types::QueueFilter all;
  auto entries = co_await world.house.queue->list(all);
  if (entries->size() == 1) tag = entries->front().sender.require_tls;
}

// RFC 8689 4.1, RTL-02: the header makes the tag, the parameter wins
TEST(Edge, tags_messages_by_parameter_or_header) {
  struct Row {
    const char* header;
    const char* parameter;
    types::RequireTls tag;
  };
  const std::vector<Row> rows{{"", "", types::RequireTls::no},
                              {"TLS-Required: No\r\n", "", types::RequireTls::waived},
                              {"", " REQUIRETLS", types::RequireTls::yes},
                              {"TLS-Required: No\r\n", " REQUIRETLS", types::RequireTls::yes}};
  for (const Row& row : rows) {
    World world;
    std::string answer;
    types::RequireTls tag{};
    io::run_to_end(tagged(world, row.header, row.parameter, answer, tag));
    EXPECT_TRUE(answer.starts_with("250 2.0.0 queued")) << answer;
    EXPECT_EQ(tag, row.tag) << row.header << row.parameter;
  }
}

// decision 0055: the operator's rule, said at the end of the message
TEST(Edge, may_refuse_tls_required_no) {
  EdgeRules rules;
  rules.waivers = types::WaiverUse::refuse;
  for (const char* header : {"TLS-Required: No\r\n", ""}) {
    World world(rules);
    std::string answer;
    types::RequireTls tag{};
    io::run_to_end(tagged(world, header, "", answer, tag));
    EXPECT_EQ(answer.substr(0, 9), *header ? "550 5.7.1" : "250 2.0.0") << answer;
    EXPECT_EQ(world.edge.accepted, *header ? 0 : 1);
  }
}

}  // namespace
}  // namespace danewerk::service
