// Several messages to one host over real sockets and real TLS: when they share a connection or a session, and when never.
#include "engine/policy/plan.h"
#include "service/delivery/test_world.h"

namespace danewerk::service::test {
namespace {

using types::RecipientState;
using Trick = TestServer::Trick;

/// A host, mail to it, and what is kept between messages.
struct Street {
  Street(World& in, io::Executor executor, LineLimits limits, std::size_t tickets_kept)
      : world(in),
        identity(make_identity("mx.test")),
        server(executor, "127.0.0.1:0", identity.context),
        lines(executor, in.clock, limits),
        tickets(tickets_kept) {
    server.start();
    world.parts->reuse = {&lines, &tickets, nullptr};
    world.knows("mx.test A secure 127.0.0.1\n");
  }
  void publishes(const std::string& records) {
    const types::DomainName owner = *types::DomainName::parse("_" + server.port() + "._tcp.mx.test");
    world.resolver.remove(owner, types::RecordType::tlsa);
    for (std::size_t at = 0, end = 0; at < records.size(); at = end + 1) {
      end = std::min(records.find('\n', at), records.size());
      world.knows(owner.to_string() + " TLSA " + records.substr(at, end - at) + "\n");
    }
  }
  std::string own() const { return "secure " + identity.record; }
  std::string relay() const { return "[mx.test]:" + server.port(); }
  io::Task<> close() {
    world.parts->reuse = {};
    co_await lines.stop();
    co_await server.stop();
  }

  World& world;
  TestIdentity identity;
  TestServer server;
  Lines lines;
  Tickets tickets;
};

LineLimits no_lines() {
  LineLimits limits;
  limits.idle = Duration::zero();
  return limits;
}

/// One more message to `hop`; what became of it.
io::Task<types::QueueDetail> send(Street& street, std::string hop) {
  types::NewMessage message = message_to(hop);
  co_return co_await one_round(street.world, std::move(message));
}

io::Task<Told> delivered(Street& street, std::string hop) {
  const types::QueueDetail detail = co_await send(street, std::move(hop));
  EXPECT_EQ(detail.recipients[0].state, RecipientState::delivered) << detail.recipients[0].sentence;
  EXPECT_EQ(detail.attempts.size(), 1U) << "what went stale is no attempt of its own";
  co_return evidence(detail.attempts.back());
}

template <class Play>
void on_street(Play play, LineLimits limits = {}, std::size_t tickets = 10) {
  World world;
  const auto all = [&]() -> io::Task<> {
    Street street(world, co_await io::this_executor(), limits, tickets);
    co_await play(street);
    co_await street.close();
  };
  io::run_to_end(all());
}

// TLS-04, RFC 7672 2.2: proven once, for these very terms
io::Task<> several_on_one(Street& street) {
  street.publishes(street.own());
  for (int i = 0; i < 3; ++i) {
    const auto json = co_await delivered(street, street.relay());
    EXPECT_EQ(json.number("messages_before"), i);
    EXPECT_EQ(json["channel"], "tls");
    EXPECT_EQ(json["dane"]["verdict"], "matched");
    EXPECT_EQ(json["presented"].size(), 1U);
    EXPECT_EQ(json["helo"], "mx.test");
    EXPECT_EQ(json["tls"]["resumed"], false);
    EXPECT_EQ(json["mail_octets_in_clear"], 0);
  }
  EXPECT_EQ(street.server.sessions, 1);
  EXPECT_EQ(street.server.taken.size(), 3U);
  EXPECT_EQ(street.server.clear, "EHLO out.danewerk.test\r\nSTARTTLS\r\n");
}
TEST(Reuse, several_messages_share_a_connection) { on_street(several_on_one); }

// TLS-04: a set that changed is another promise
io::Task<> changed_set(Street& street) {
  street.publishes(street.own());
  co_await delivered(street, street.relay());
  street.publishes(street.own() + "\nsecure 3 1 1 " + std::string(64, 'a'));
  const auto json = co_await delivered(street, street.relay());
  EXPECT_EQ(json.number("messages_before"), 0);
  EXPECT_EQ(json["tls"]["resumed"], false);
  EXPECT_EQ(street.server.sessions, 2);
}
TEST(Reuse, a_changed_tlsa_set_asks_for_a_new_connection) { on_street(changed_set); }
TEST(Reuse, a_changed_tlsa_set_asks_for_a_full_handshake) { on_street(changed_set, no_lines()); }

io::Task<> revoked(Street& street) {
  street.publishes(street.own());
  co_await delivered(street, street.relay());
  street.publishes("secure 3 1 1 " + std::string(64, '0'));
  const types::QueueDetail detail = co_await send(street, street.relay());
  EXPECT_EQ(detail.recipients[0].code->to_string(), "4.7.323") << detail.recipients[0].sentence;
  EXPECT_EQ(street.server.taken.size(), 1U);
}
TEST(Reuse, neither_line_nor_session_outlives_the_record_it_was_proven_by) {
  on_street(revoked);
  on_street(revoked, no_lines());
}

// TL-11: a line in clear serves nothing but `opportunistic`
io::Task<> clear_line(Street& street) {
  street.server.trick = Trick::no_starttls;
  for (int i = 0; i < 2; ++i) EXPECT_EQ((co_await delivered(street, street.relay())).number("messages_before"), i);
  EXPECT_EQ(street.server.sessions, 1);
  EXPECT_EQ(street.lines.resting(), 1U);
  street.publishes(street.own());
  const types::QueueDetail detail = co_await send(street, street.relay());
  EXPECT_EQ(detail.recipients[0].code->to_string(), "4.7.321") << detail.recipients[0].sentence;
  EXPECT_EQ(street.server.sessions, 2);
  EXPECT_EQ(street.server.taken.size(), 2U);
}
TEST(Reuse, a_line_in_clear_never_serves_a_demand) { on_street(clear_line); }

// CRT-05: the names of another domain are judged by the chain that is there
io::Task<> two_domains(Street& street) {
  street.publishes(street.own());
  street.world.knows("zone dest.test secure\ndest.test MX secure 10 mx.test\nzone other.test secure\nother.test MX secure 10 mx.test\n");
  const auto first = co_await delivered(street, "dest.test:" + street.server.port());
  const auto second = co_await delivered(street, "other.test:" + street.server.port());
  EXPECT_EQ(second.number("messages_before"), 1);
  EXPECT_EQ(second["dane"]["verdict"], "matched");
  EXPECT_EQ(street.server.sessions, 1);
}
TEST(Reuse, domains_with_the_same_host_share_its_line) { on_street(two_domains); }

// RFC 8689 4.2.1: the extension is looked for in what was offered over TLS
io::Task<> require_tls(Street& street) {
  street.publishes(street.own());
  co_await delivered(street, street.relay());
  types::NewMessage message = message_to(street.relay());
  message.envelope.sender.require_tls = types::RequireTls::yes;
  const types::QueueDetail detail = co_await one_round(street.world, std::move(message));
  EXPECT_EQ(detail.recipients[0].state, RecipientState::delivered) << detail.recipients[0].sentence;
  EXPECT_EQ(street.server.sessions, 1);
  EXPECT_EQ(street.server.taken.back().envelope.sender.require_tls, types::RequireTls::yes);
}
TEST(Reuse, requiretls_travels_on_a_line_that_offers_it) { on_street(require_tls); }

/// The second message's MAIL is answered so, once.
TestServer::Decide once_at_second_mail(int code, types::EnhancedCode enhanced) {
  return [code, enhanced, mails = std::make_shared<int>(0)](const smtp::Request& request) -> std::optional<types::Reply> {
    if (!std::holds_alternative<smtp::SenderGiven>(request) || ++*mails != 2) return std::nullopt;
    return smtp::make_reply(code, enhanced, "enough on this connection");
  };
}

io::Task<> had_enough(Street& street) {
  street.publishes(street.own());
  co_await delivered(street, street.relay());
  const auto json = co_await delivered(street, street.relay());
  EXPECT_EQ(json.number("messages_before"), 0);
  EXPECT_EQ(street.server.sessions, 2);
  EXPECT_EQ(street.server.taken.size(), 2U);
}
TEST(Reuse, a_line_the_host_has_had_enough_of_is_replaced_and_nobody_is_charged) {
  for (const auto& [code, enhanced] : {std::pair(421, types::EnhancedCode{4, 7, 0}), std::pair(452, types::EnhancedCode{4, 5, 3})}) {
    on_street([code = code, enhanced = enhanced](Street& street) {
      street.server.decide = once_at_second_mail(code, enhanced);
      return had_enough(street);
    });
  }
}

// RFC 5321 4.2.1: on a connection of its own the same word counts
io::Task<> refuses_always(Street& street) {
  street.publishes(street.own());
  co_await delivered(street, street.relay());
  street.server.decide = [](const smtp::Request& request) -> std::optional<types::Reply> {
    if (!std::holds_alternative<smtp::SenderGiven>(request)) return std::nullopt;
    return smtp::make_reply(450, {4, 7, 1}, "not now");
  };
  const types::QueueDetail detail = co_await send(street, street.relay());
  EXPECT_EQ(detail.recipients[0].code->to_string(), "4.7.1");
  EXPECT_EQ(detail.attempts.size(), 1U);
  EXPECT_EQ(street.server.sessions, 2) << "asked once more on a new connection, then believed";
}
TEST(Reuse, what_is_said_on_a_new_connection_is_believed) { on_street(refuses_always); }

io::Task<> restarted(Street& street) {
  const io::Executor executor = co_await io::this_executor();
  std::optional<TestServer> first;
  first.emplace(executor, "127.0.0.1:0", street.identity.context);
  first->start();
  const std::string port = first->port();
  street.world.knows("_" + port + "._tcp.mx.test TLSA " + street.own() + "\n");
  co_await delivered(street, "[mx.test]:" + port);
  co_await first->stop();
  first.reset();
  TestServer second(executor, "127.0.0.1:" + port, street.identity.context);
  second.start();
  const auto json = co_await delivered(street, "[mx.test]:" + port);
  EXPECT_EQ(json.number("messages_before"), 0);
  EXPECT_EQ(second.sessions, 1);
  co_await second.stop();
}
TEST(Reuse, a_line_that_died_at_rest_is_replaced) { on_street(restarted); }

// TLS-04, RFC 8446 2.2
io::Task<> resumed(Street& street) {
  street.publishes(street.own());
  for (int i = 0; i < 3; ++i) {
    const auto json = co_await delivered(street, street.relay());
    EXPECT_EQ(json["tls"]["resumed"], i > 0);
    EXPECT_EQ(json["dane"]["verdict"], "matched") << "the chain kept with the session is judged each time";
    EXPECT_EQ(json["dane"]["record"], street.identity.record);
    EXPECT_EQ(json["presented"].size(), 1U);
  }
  EXPECT_EQ(street.server.sessions, 3);
  EXPECT_EQ(street.tickets.size(), 1U);
}
TEST(Reuse, a_session_is_resumed_and_its_evidence_is_complete) { on_street(resumed, no_lines()); }

io::Task<> outlived(Street& street) {
  street.publishes(street.own());
  co_await delivered(street, street.relay());
  street.world.clock.advance(std::chrono::hours(2));  // beyond the records' TTL, and so beyond the plan
  const auto json = co_await delivered(street, street.relay());
  EXPECT_EQ(json["tls"]["resumed"], false);
}
TEST(Reuse, no_session_outlives_the_plan_it_was_made_under) { on_street(outlived, no_lines()); }

io::Task<> never_resumed(Street& street) {
  street.publishes(street.own());
  for (int i = 0; i < 2; ++i) EXPECT_EQ((co_await delivered(street, street.relay()))["tls"]["resumed"], false);
}
TEST(Reuse, without_room_for_tickets_every_handshake_is_full) { on_street(never_resumed, no_lines(), 0); }

/// A host whose handshakes fail wherever a session is offered: what it says to that is not the last word.
io::Task<> breaks_on_resumption(Street& street) {
  street.publishes(street.own());
  co_await delivered(street, street.relay());
  street.server.trick = Trick::garbage_handshake;
  const types::QueueDetail failing = co_await send(street, street.relay());
  EXPECT_EQ(failing.recipients[0].state, RecipientState::waiting);
  EXPECT_EQ(street.server.sessions, 3) << "with the session, then in full; never in clear";
  EXPECT_EQ(street.tickets.size(), 0U);
  EXPECT_EQ(street.server.clear.find("MAIL"), std::string::npos);
}
TEST(Reuse, a_handshake_that_fails_with_a_session_is_tried_in_full) { on_street(breaks_on_resumption, no_lines()); }

io::Task<> kept_plan(Street& street) {
  Plans plans(10);
  street.world.parts->reuse.plans = &plans;
  street.publishes(street.own());
  co_await delivered(street, street.relay());
  const std::size_t asked = street.world.resolver.asked().size();
  co_await delivered(street, street.relay());
  EXPECT_EQ(street.world.resolver.asked().size(), asked) << "the plan still stands";
  types::NewMessage message = message_to(street.relay());
  message.envelope.sender.require_tls = types::RequireTls::yes;
  co_await one_round(street.world, std::move(message));
  EXPECT_GT(street.world.resolver.asked().size(), asked) << "other demands, another plan";
  const std::size_t again = street.world.resolver.asked().size();
  street.world.clock.advance(std::chrono::minutes(1));
  co_await delivered(street, street.relay());
  EXPECT_GT(street.world.resolver.asked().size(), again);
}
TEST(Reuse, a_plan_is_kept_for_a_minute_and_for_its_own_demands_only) { on_street(kept_plan); }

}  // namespace
}  // namespace danewerk::service::test
