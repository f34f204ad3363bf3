#include "io/store/queue_store.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/store/schema.h"
#include "io/store/test_rig.h"

namespace danewerk::io {
namespace {

using namespace std::chrono_literals;
using test::accept_message;
using test::finish;
using test::message_to;
using test::octets_of;
using test::start_of_time;
using types::RecipientState;

class QueueStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Store::open(disk_, test::turned_settings());
    ASSERT_TRUE(opened.has_value()) << opened.error().what;
    store_ = *std::move(opened);
    queue_ = std::make_unique<QueueStore>(*store_);
  }
  template <class T>
  T run(Task<T> task) {
    return finish(*store_, std::move(task));
  }
  types::QueueId accept(types::NewMessage message, std::string body = "body\r\n") {
    auto id = run(accept_message(*queue_, std::move(message), std::move(body)));
    CHECK(id.has_value());
    return *id;
  }
  Recording ending(types::QueueId id, const std::string& hop, std::vector<std::uint32_t> positions, RecipientState state,
                   Instant next = {}) {
    Recording recording{id, {hop}, start_of_time, {}, {}, {}};
    for (const std::uint32_t position : positions) {
      recording.results.push_back({position, state, next, {4, 7, 323}, "no TLSA record matched", "{\"k\":1}", "memo"});
    }
    recording.attempts.push_back({start_of_time, {hop}, "mx." + hop, {4, 7, 323}, "tried", "{\"a\":2}"});
    return recording;
  }

  std::shared_ptr<SimulatedDisk> disk_ = SimulatedDisk::make(1, {});
  std::unique_ptr<Store> store_;
  std::unique_ptr<QueueStore> queue_;
};

// SMTP-09, RFC 3461: DSN parameters are kept exactly; RFC 8689, RFC 1870, RFC 6531 likewise.
TEST_F(QueueStoreTest, keeps_the_envelope_exactly) {
  types::NewMessage message = message_to(3);
  types::Sender& sender = message.envelope.sender;
  sender = {test::mailbox("\"a b\\\"c\"@[IPv6:2001:db8::1]"), ByteCount{0}, types::BodyKind::binary_mime, types::Smtputf8::yes,
            types::RequireTls::yes, types::DsnReturn::headers, "QQ314159 = + \xc3\xbc"};
  message.envelope.recipients[0] = {test::mailbox("j\xc3\xbcrgen@example.org"), {true, false, true, true, true},
                                    types::OriginalRecipient{"rfc822", "Bob+x=@Example.COM"}};
  message.envelope.recipients[1] = {types::Postmaster{}, {true, true, false, false, false}, std::nullopt};
  message.envelope.recipients[2].original = types::OriginalRecipient{"", ""};
  const types::Envelope sent = message.envelope;
  const types::QueueId id = accept(std::move(message));
  auto shown = run(queue_->show(id));
  ASSERT_TRUE(shown.has_value()) << shown.error().what;
  EXPECT_EQ(shown->entry.sender, sent.sender);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(shown->recipients[i].recipient, sent.recipients[i]) << i;
  auto due = run(queue_->claim_due(start_of_time, 10));
  ASSERT_EQ(due->size(), 2U);
  EXPECT_EQ((*due)[0].sender, sent.sender);
  EXPECT_EQ((*due)[0].recipients[1].recipient, sent.recipients[1]);
  EXPECT_EQ((*due)[1].recipients[0].recipient, sent.recipients[2]);

  types::NewMessage null_sender = message_to(1);
  null_sender.envelope.sender.path = std::nullopt;
  EXPECT_EQ(run(queue_->show(accept(null_sender)))->entry.sender, null_sender.envelope.sender);
}

TEST_F(QueueStoreTest, refuses_what_it_could_not_give_back) {
  types::NewMessage message = message_to(1);
  message.envelope.recipients[0].path = types::Mailbox("line\nbreak", *types::DomainName::parse("example.org"));
  auto refused = run(accept_message(*queue_, message, "x"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::malformed);
  types::NewMessage nobody = message_to(1);
  nobody.envelope.recipients.clear();
  nobody.hops.clear();
  EXPECT_EQ(run(accept_message(*queue_, nobody, "x")).error().kind, ErrorKind::malformed);
}

TEST_F(QueueStoreTest, bodies_of_every_size_come_back_octet_for_octet) {
  for (const std::size_t size : {0U, 1U, 65535U, 65536U, 65537U, 262143U, 262144U, 262145U, 1000003U}) {
    const std::string body = octets_of(size, size);
    const types::QueueId id = accept(message_to(1), body);
    auto back = run(test::whole_body(*queue_, id));
    ASSERT_TRUE(back.has_value()) << back.error().what;
    EXPECT_TRUE(*back == "Received: by test\r\n" + body) << size;
  }
  EXPECT_EQ(disk_->list()->size(), 2U);  // what is above small_body, and only that, lies in the spool
}

TEST(BodyWriter, who_finds_no_memory_left_is_spooled) {
  auto disk = SimulatedDisk::make(1, {});
  StoreSettings settings = test::turned_settings();
  settings.bodies_held = settings.small_body;  // for one at a time
  auto store = *Store::open(disk, settings);
  QueueStore queue(*store);
  const std::string body = octets_of(1, 200'000);
  std::optional<BodyWriter> first = queue.begin(start_of_time);
  BodyWriter second = queue.begin(start_of_time);
  ASSERT_TRUE(finish(*store, first->append(body)).has_value());
  EXPECT_TRUE(disk->list()->empty());
  ASSERT_TRUE(finish(*store, second.append(body)).has_value());
  EXPECT_EQ(disk->list()->size(), 1U);
  BodyWriter small = queue.begin(start_of_time);
  ASSERT_TRUE(finish(*store, small.append(octets_of(2, body_chunk))).has_value());
  EXPECT_EQ(disk->list()->size(), 1U);  // what is small needs none of it
  first.reset();
  BodyWriter third = queue.begin(start_of_time);
  ASSERT_TRUE(finish(*store, third.append(body)).has_value());
  EXPECT_EQ(disk->list()->size(), 1U);  // the first gave its memory back
  auto id = finish(*store, queue.accept(test::message_to(1), std::move(second)));
  ASSERT_TRUE(id.has_value()) << id.error().what;
  EXPECT_TRUE(*finish(*store, test::whole_body(queue, *id)) == "Received: by test\r\n" + body);
}

Task<Result<void>> write_and_leave(QueueStore& queue, std::size_t size) {
  BodyWriter writer = queue.begin(start_of_time);
  const std::string body = octets_of(3, size);
  co_return co_await writer.append(body);
}

TEST_F(QueueStoreTest, an_abandoned_writer_leaves_nothing_behind) {
  ASSERT_TRUE(run(write_and_leave(*queue_, 500'000)).has_value());
  EXPECT_TRUE(disk_->list()->empty());
}

TEST_F(QueueStoreTest, claims_are_held_until_recorded_or_released) {
  const types::QueueId id = accept(message_to(4));
  auto first = run(queue_->claim_due(start_of_time, 1));
  ASSERT_EQ(first->size(), 1U);
  EXPECT_EQ((*first)[0].recipients.size(), 2U);
  auto second = run(queue_->claim_due(start_of_time, 10));
  ASSERT_EQ(second->size(), 1U);
  EXPECT_NE((*first)[0].hop, (*second)[0].hop);
  EXPECT_TRUE(run(queue_->claim_due(start_of_time, 10))->empty());
  EXPECT_EQ(queue_->take_notes().size(), 2U) << "it became due in two lanes when it was accepted";
  EXPECT_TRUE(queue_->take_notes().empty());
  queue_->release(id, (*second)[0].hop);
  EXPECT_EQ(queue_->take_notes().begin()->first.hop, (*second)[0].hop);
  EXPECT_EQ(run(queue_->claim_due(start_of_time, 10))->size(), 1U);
  EXPECT_EQ(run(queue_->counts(start_of_time))->claimed, 2U);
}

TEST_F(QueueStoreTest, deferral_end_and_history) {
  const types::QueueId id = accept(message_to(2), octets_of(1, 300'000));
  ASSERT_EQ(run(queue_->claim_due(start_of_time, 10))->size(), 1U);
  auto deferred = run(queue_->record(ending(id, "hop0.example", {0, 1}, RecipientState::waiting, start_of_time + 15min)));
  EXPECT_EQ(deferred->waiting, 2U);
  EXPECT_TRUE(run(queue_->claim_due(start_of_time + 14min, 10))->empty());
  const auto notes = queue_->take_notes();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes.begin()->second, start_of_time) << "the earliest of what was noted: it was accepted then";
  auto due = run(queue_->claim_due(start_of_time + 15min, 10));
  ASSERT_EQ(due->size(), 1U);
  EXPECT_EQ((*due)[0].recipients[0].attempts, 1U);
  EXPECT_EQ((*due)[0].recipients[0].memo, "memo");

  EXPECT_EQ(run(queue_->record(ending(id, "hop0.example", {0}, RecipientState::delivered)))->waiting, 1U);
  EXPECT_EQ(disk_->list()->size(), 1U);
  EXPECT_EQ(run(queue_->record(ending(id, "hop0.example", {1}, RecipientState::failed)))->waiting, 0U);
  EXPECT_TRUE(disk_->list()->empty()) << "the body goes with the last recipient";
  EXPECT_EQ(run(queue_->open_body(id)).error().kind, ErrorKind::not_found);

  auto shown = run(queue_->show(id));
  EXPECT_EQ(shown->entry.finished_at, start_of_time);
  EXPECT_EQ(shown->recipients[0].state, RecipientState::delivered);
  EXPECT_EQ(shown->recipients[1].state, RecipientState::failed);
  EXPECT_EQ(shown->recipients[1].code, (types::EnhancedCode{4, 7, 323}));
  EXPECT_EQ(shown->recipients[1].evidence, "{\"k\":1}");
  ASSERT_EQ(shown->attempts.size(), 3U);
  EXPECT_EQ(shown->attempts[0].host, "mx.hop0.example");
  types::QueueFilter finished;
  finished.which = types::QueueFilter::Which::finished;
  EXPECT_EQ(run(queue_->list(finished))->size(), 1U);
  EXPECT_TRUE(run(queue_->list({}))->empty());

  EXPECT_EQ(*run(queue_->prune_history(start_of_time + 1h)), 1U);
  EXPECT_EQ(run(queue_->show(id)).error().kind, ErrorKind::not_found);
}

TEST_F(QueueStoreTest, a_bounce_is_stored_with_the_failure_that_caused_it) {
  const types::QueueId id = accept(message_to(1));
  ASSERT_EQ(run(queue_->claim_due(start_of_time, 10))->size(), 1U);
  Recording recording = ending(id, "hop0.example", {0}, RecipientState::failed);
  types::NewMessage bounce = message_to(1);
  bounce.origin = types::Origin::notice;
  bounce.envelope.sender.path = std::nullopt;
  recording.notices.push_back({bounce, queue_->begin(start_of_time)});
  const types::QueueId bounce_id = recording.notices[0].body.id();
  ASSERT_TRUE(run(queue_->record(std::move(recording))).has_value());
  EXPECT_EQ(run(queue_->show(bounce_id))->entry.origin, types::Origin::notice);
}

TEST_F(QueueStoreTest, history_makes_room_oldest_first_and_waiting_mail_stays) {
  std::vector<types::QueueId> ids;
  for (int i = 0; i < 40; ++i) {
    types::NewMessage message = message_to(1);
    message.arrival = std::string(8000, 'x');
    ids.push_back(accept(std::move(message)));
  }
  ASSERT_EQ(run(queue_->claim_due(start_of_time, 100))->size(), 40U);
  for (std::size_t i = 0; i < 30; ++i) {
    Recording recording = ending(ids[i], "hop0.example", {0}, RecipientState::delivered);
    recording.now = start_of_time + std::chrono::seconds(i);
    ASSERT_TRUE(run(queue_->record(std::move(recording))).has_value());
  }
  const ByteCount waiting = *run(queue_->waiting_octets());
  EXPECT_EQ(static_cast<std::uint64_t>(waiting), 10U * 6);
  EXPECT_EQ(*run(queue_->prune_to_size(ByteCount{1 << 30}, waiting, 10)), 0U) << "there is room enough";
  EXPECT_EQ(*run(queue_->prune_to_size(ByteCount{200'000}, waiting, 10)), 10U);
  EXPECT_FALSE(run(queue_->show(ids[9])).has_value());
  EXPECT_TRUE(run(queue_->show(ids[10])).has_value()) << "the younger half stays";
  std::uint32_t more = 0;
  while (const std::uint32_t pruned = *run(queue_->prune_to_size(ByteCount{1}, waiting, 7))) more += pruned;
  EXPECT_EQ(more, 20U);
  for (std::size_t i = 30; i < 40; ++i) EXPECT_TRUE(run(queue_->show(ids[i])).has_value()) << "what waits is never history";
}

TEST_F(QueueStoreTest, is_found_through_all_of_history_newest_first) {
  types::TraceQuery bob;
  bob.address = "R0@HOP0.example";
  std::vector<types::QueueId> ids;
  for (int i = 0; i < 30; ++i) {
    types::NewMessage message = message_to(1, start_of_time + i * 10min);  // over many buckets
    message.message_id = std::to_string(i) + "@x.test";
    ids.push_back(accept(std::move(message)));
  }
  auto found = *run(queue_->trace(bob));
  ASSERT_EQ(found.size(), 20U) << "the limit";
  EXPECT_EQ(found.front().id, ids.back());
  EXPECT_TRUE(std::is_sorted(found.rbegin(), found.rend(), [](const auto& a, const auto& b) { return a.id < b.id; }));
  bob.limit = 100;
  bob.since = start_of_time + 100min;
  EXPECT_EQ(run(queue_->trace(bob))->size(), 20U);
  types::TraceQuery by_id;
  by_id.message_id = "7@x.test";
  EXPECT_EQ(run(queue_->trace(by_id))->at(0).id, ids[7]);
  by_id.message_id = "7@X.test";
  EXPECT_TRUE(run(queue_->trace(by_id))->empty()) << "a Message-ID is compared exactly";
  // What is forgotten is not found, and leaves nothing behind.
  ASSERT_EQ(run(queue_->claim_due(start_of_time + 1h * 24, 100))->size(), 30U);
  for (std::size_t i = 0; i < 30; ++i) ASSERT_TRUE(run(queue_->record(ending(ids[i], "hop0.example", {0}, RecipientState::delivered))).has_value());
  EXPECT_EQ(*run(queue_->prune_history(start_of_time + 1h, 30)), 30U);
  EXPECT_TRUE(run(queue_->trace(bob))->empty());
  std::function<Result<std::int64_t>(Database&)> count = [](Database& database) -> Result<std::int64_t> {
    TRY(Rows rows, database.query("SELECT count(*) FROM found"));
    TRY_VOID(rows.next());
    return rows.number(0);
  };
  EXPECT_EQ(*run(store_->read<std::int64_t>(Store::Lane::views, std::move(count))), 0);
}

TEST_F(QueueStoreTest, one_commit_serves_many) {
  boost::asio::io_context loop(1);
  std::vector<std::optional<Result<types::QueueId>>> results(32);
  for (auto& result : results) {
    boost::asio::co_spawn(loop, test::keep_result(accept_message(*queue_, message_to(1), "x"), result), [](std::exception_ptr) {});
  }
  const auto before = store_->writer().commits();
  const auto syncs = disk_->syncs();
  test::settle(loop, *store_);
  for (auto& result : results) EXPECT_TRUE(result && result->has_value());
  EXPECT_EQ(store_->writer().commits() - before, 1U);
  EXPECT_LE(disk_->syncs() - syncs, 2U);
}

TEST_F(QueueStoreTest, one_job_s_fault_is_never_another_s) {
  std::vector<Result<void>> answers;
  const auto keep = [&answers](Result<void> answer) { answers.push_back(std::move(answer)); };
  const auto insert = [](Database& database) {
    return database.run("INSERT INTO tenant(id, name, created_at, created_by) VALUES('same','',0,'')");
  };
  const auto other = [](Database& database) {
    return database.run("INSERT INTO tenant(id, name, created_at, created_by) VALUES('other','',0,'')");
  };
  store_->writer().submit(insert, keep);
  store_->writer().submit(insert, keep);
  store_->writer().submit(other, keep);
  while (store_->turn()) continue;
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_TRUE(answers[0].has_value());
  EXPECT_EQ(answers[1].error().kind, ErrorKind::conflict);
  EXPECT_TRUE(answers[2].has_value());
  EXPECT_FALSE(store_->broken().has_value());
}

types::NewMessage to_lane(const std::string& tenant, const std::string& hop, Instant at) {
  types::NewMessage message = message_to(1, at);
  message.tenant = test::tenant(tenant);
  message.hops[0].text = hop;
  return message;
}

types::Lane lane(const std::string& tenant, const std::string& hop) { return {test::tenant(tenant), {hop}}; }

TEST_F(QueueStoreTest, a_lane_gives_what_is_its_own_the_longest_due_first) {
  for (int i = 0; i < 50; ++i) accept(to_lane("large", "a.example", start_of_time + std::chrono::milliseconds{i}));
  const types::QueueId small = accept(to_lane("small", "a.example", start_of_time + 1s));
  accept(to_lane("large", "b.example", start_of_time + 1h));
  auto lanes = run(queue_->waiting());
  ASSERT_EQ(lanes->size(), 3U);
  EXPECT_EQ((*lanes)[0].lane, lane("large", "a.example"));
  EXPECT_EQ((*lanes)[0].next, start_of_time);
  EXPECT_EQ((*lanes)[2].next, start_of_time + 1h);

  auto claimed = run(queue_->claim({{lane("small", "a.example"), 5}, {lane("large", "a.example"), 3}, {lane("large", "b.example"), 5}}, start_of_time + 1min));
  ASSERT_TRUE(claimed.has_value());
  ASSERT_EQ(claimed->due.size(), 4U);
  EXPECT_EQ(claimed->due.back().id, small);
  EXPECT_EQ(claimed->lanes[0].taken, 1U);
  EXPECT_FALSE(claimed->lanes[0].next.has_value());
  EXPECT_EQ(claimed->lanes[1].taken, 3U);
  EXPECT_EQ(claimed->lanes[1].next, start_of_time + 3ms) << "behind what is in delivery";
  EXPECT_EQ(claimed->lanes[2].taken, 0U);
  EXPECT_EQ(claimed->lanes[2].next, start_of_time + 1h);
  auto again = run(queue_->claim({{lane("large", "a.example"), 100}}, start_of_time + 1min));
  EXPECT_EQ(again->due.size(), 47U);
  EXPECT_FALSE(again->lanes[0].next.has_value()) << "everything is in delivery";
}

TEST_F(QueueStoreTest, hold_keeps_mail_until_release) {
  const types::QueueId id = accept(message_to(3));
  types::QueueFilter filter;
  filter.hop = types::HopKey{"hop0.example"};
  const types::AdminAct by_anna{"anna", "their host is on fire", start_of_time + 1s};
  auto preview = run(queue_->preview(filter, among_of(Change::hold), by_anna.at));
  EXPECT_EQ(preview->count.recipients, 2U);
  EXPECT_EQ(preview->count.messages, 1U);
  EXPECT_EQ(preview->first.at(1).address, "r1@hop0.example");
  EXPECT_EQ(*run(queue_->change(Change::hold, filter, by_anna)), 2U);
  EXPECT_EQ(run(queue_->claim_due(start_of_time + 1h, 10))->size(), 1U) << "only the other hop's";
  EXPECT_EQ(run(queue_->counts(start_of_time))->held, 2U);
  EXPECT_EQ(run(queue_->show(id))->recipients[0].state, RecipientState::held);
  types::QueueFilter held;
  held.which = types::QueueFilter::Which::held;
  EXPECT_EQ(run(queue_->list(held))->size(), 1U);
  queue_->take_notes();

  EXPECT_EQ(*run(queue_->change(Change::release, {}, {"anna", "it is out", start_of_time + 2h})), 2U);
  EXPECT_EQ(queue_->take_notes().begin()->first.hop.text, "hop0.example") << "the scheduler hears of it";
  EXPECT_EQ(run(queue_->claim_due(start_of_time + 2h, 10))->size(), 1U);
  auto rows = run(queue_->ledger("hop0.example"));
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().action, "queue.hold");
  EXPECT_EQ(rows->front().act.why, "their host is on fire");
  EXPECT_EQ(run(queue_->ledger("queue"))->front().action, "queue.release");
}

TEST_F(QueueStoreTest, what_is_held_while_in_delivery_ends_as_it_ends_and_waits_held_otherwise) {
  const types::QueueId id = accept(message_to(2));
  ASSERT_EQ(run(queue_->claim_due(start_of_time, 10))->size(), 1U);
  const types::AdminAct by_anna{"anna", "wait", start_of_time + 1s};
  EXPECT_EQ(*run(queue_->change(Change::hold, {}, by_anna)), 2U);
  Recording recording = ending(id, "hop0.example", {0}, RecipientState::delivered);
  recording.results.push_back({1, RecipientState::waiting, start_of_time + 5min, {4, 4, 1}, "no", "", "m"});
  EXPECT_EQ(run(queue_->record(std::move(recording)))->waiting, 1U);
  auto shown = run(queue_->show(id));
  EXPECT_EQ(shown->recipients[0].state, RecipientState::delivered) << "or it would be sent twice";
  EXPECT_EQ(shown->recipients[1].state, RecipientState::held);
  EXPECT_EQ(shown->recipients[1].attempts, 1U);
  EXPECT_TRUE(run(queue_->claim_due(start_of_time + 1h, 10))->empty());
}

TEST_F(QueueStoreTest, filters_narrow) {
  const types::QueueId id = accept(message_to(4));
  ASSERT_EQ(run(queue_->claim_due(start_of_time, 10))->size(), 2U);
  ASSERT_TRUE(run(queue_->record(ending(id, "hop0.example", {0, 1}, RecipientState::waiting, start_of_time + 4h))).has_value());
  types::NewMessage other = to_lane("small", "hop0.example", start_of_time + 10s);
  other.envelope.sender.path = std::nullopt;
  accept(other);
  const auto count = [&](types::QueueFilter which) {
    return run(queue_->preview(std::move(which), Among::unfinished, start_of_time + 1h))->count.recipients;
  };
  types::QueueFilter filter;
  EXPECT_EQ(count(filter), 5U);
  filter.code = "4.7.*";
  EXPECT_EQ(count(filter), 2U);
  filter.code = "4.7.324";
  EXPECT_EQ(count(filter), 0U);
  filter = {};
  filter.tenant = test::tenant("small");
  EXPECT_EQ(count(filter), 1U);
  filter = {};
  filter.sender = "";
  EXPECT_EQ(count(filter), 1U) << "the null sender";
  filter.sender = "sender@contoso.example";
  EXPECT_EQ(count(filter), 4U);
  filter.recipient = "r3@hop1.example";
  EXPECT_EQ(count(filter), 1U);
  filter = {};
  filter.received_before = start_of_time + 10s;
  EXPECT_EQ(count(filter), 4U);
  filter = {};
  filter.id = id;
  filter.hop = types::HopKey{"hop1.example"};
  EXPECT_EQ(count(filter), 2U);
  EXPECT_EQ(run(queue_->hops(std::nullopt, 10))->front().waiting, 3U);
}

TEST_F(QueueStoreTest, what_matches_is_claimed_by_one_only) {
  const types::QueueId id = accept(message_to(4));
  ASSERT_EQ(run(queue_->claim({{lane("contoso", "hop0.example"), 1}}, start_of_time))->due.size(), 1U);
  ASSERT_EQ(*run(queue_->change(Change::hold, {}, {"anna", "", start_of_time + 1s})), 4U);
  auto matched = run(queue_->claim_matching({}, start_of_time + 1h, {0, -1}, 100));
  ASSERT_TRUE(matched.has_value());
  EXPECT_EQ(matched->looked_at, 4U);
  EXPECT_EQ(matched->in_delivery, 2U) << "delivery has them: its result counts";
  ASSERT_EQ(matched->due.size(), 1U);
  EXPECT_EQ(matched->due[0].recipients.size(), 2U);
  EXPECT_EQ(run(queue_->claim_matching({}, start_of_time + 1h, matched->last, 100))->looked_at, 0U);
  Recording ended = ending(id, "hop1.example", {2, 3}, RecipientState::failed);
  ended.tenant = test::tenant("contoso");
  ended.expired_by = types::AdminAct{"anna", "no use", start_of_time + 2s};
  ASSERT_EQ(run(queue_->record(std::move(ended)))->waiting, 2U);
  EXPECT_EQ(run(queue_->ledger(id.to_string()))->front().action, "queue.expire");
}

TEST_F(QueueStoreTest, drops_by_filter_with_a_ledger_row_for_each_message) {
  const types::QueueId one = accept(message_to(3), octets_of(1, 300'000));
  const types::QueueId two = accept(message_to(1));
  types::QueueFilter filter;
  filter.hop = types::HopKey{"hop0.example"};
  EXPECT_EQ(*run(queue_->change(Change::drop, filter, {"anna", "spam", start_of_time + 1s})), 3U);
  EXPECT_EQ(run(queue_->show(one))->entry.waiting, 1U);
  EXPECT_EQ(run(queue_->show(two))->entry.waiting, 0U);
  EXPECT_EQ(disk_->list()->size(), 1U);
  filter.hop = types::HopKey{"hop1.example"};
  EXPECT_EQ(*run(queue_->change(Change::drop, filter, {"anna", "spam", start_of_time + 1s})), 1U);
  EXPECT_TRUE(disk_->list()->empty());
  EXPECT_EQ(run(queue_->ledger(one.to_string()))->size(), 2U);
  EXPECT_EQ(run(queue_->ledger(two.to_string()))->size(), 1U);
}

TEST_F(QueueStoreTest, changes_in_slices_and_not_what_came_after) {
  for (int i = 0; i < 2500; ++i) accept(message_to(1, start_of_time + std::chrono::milliseconds{i}));
  const auto before = store_->writer().commits();
  EXPECT_EQ(*run(queue_->change(Change::hold, {}, {"anna", "", start_of_time + 2399ms})), 2400U);
  EXPECT_EQ(store_->writer().commits() - before, 3U);
  EXPECT_EQ(run(queue_->ledger("queue"))->size(), 3U);
  EXPECT_EQ(run(queue_->ledger("queue"))->front().detail, "{\"recipients\":400}");
}

TEST_F(QueueStoreTest, what_is_dropped_between_its_claim_and_its_delivery_has_no_body_any_more) {
  const types::AdminAct by_anna{"anna", "spam", start_of_time + 1min};
  const types::QueueId by_id = accept(message_to(1, start_of_time));
  const types::QueueId by_filter = accept(message_to(1, start_of_time));
  const types::QueueId stays = accept(message_to(1, start_of_time));
  ASSERT_EQ(run(queue_->claim({{lane("contoso", "hop0.example"), 3}}, start_of_time + 1s))->due.size(), 3U);
  EXPECT_TRUE(run(queue_->drop({by_id}, by_anna)).has_value());
  types::QueueFilter filter;
  filter.id = by_filter;
  EXPECT_TRUE(run(queue_->change(Change::drop, filter, by_anna)).has_value());
  for (const types::QueueId id : {by_id, by_filter}) {
    const auto body = run(queue_->open_body(id));
    EXPECT_EQ(body.has_value() ? ErrorKind::internal : body.error().kind, ErrorKind::not_found);
  }
  EXPECT_TRUE(run(queue_->open_body(stays)).has_value());
}

TEST_F(QueueStoreTest, retry_and_drop_leave_ledger_rows) {
  const types::QueueId id = accept(message_to(3, start_of_time), octets_of(1, 80'000));
  ASSERT_EQ(run(queue_->claim_due(start_of_time, 10))->size(), 2U);
  ASSERT_TRUE(run(queue_->record(ending(id, "hop0.example", {0, 1}, RecipientState::waiting, start_of_time + 4h))).has_value());
  types::QueueFilter of_hop;
  of_hop.hop = types::HopKey{"hop0.example"};
  const types::AdminAct by_anna{"anna", "peer is back", start_of_time + 1min};
  EXPECT_EQ(*run(queue_->retry(of_hop, by_anna)), 2U);
  EXPECT_EQ(run(queue_->claim_due(start_of_time + 1min, 10))->size(), 1U);

  auto dropped = run(queue_->drop({id, types::QueueId::from_number(1)}, {"anna", "spam", start_of_time + 2min}));
  EXPECT_EQ(*dropped, std::vector<types::QueueId>{id});
  EXPECT_TRUE(disk_->list()->empty());
  EXPECT_EQ(run(queue_->show(id))->recipients[2].state, RecipientState::dropped);
  auto late = run(queue_->record(ending(id, "hop0.example", {0, 1}, RecipientState::delivered)));
  EXPECT_FALSE(late->was_queued);
  EXPECT_EQ(run(queue_->show(id))->attempts.size(), 2U) << "evidence is kept all the same";
  auto rows = run(queue_->ledger(id.to_string()));
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().act.why, "spam");
  EXPECT_EQ(rows->front().action, "queue.drop");
  EXPECT_EQ(run(queue_->ledger("hop0.example"))->front().act.who, "anna");
}

TEST(Claims, a_release_during_a_scan_counts_after_it) {
  Claims claims;
  const Claims::Key key{7, "hop"};
  {
    Claims::Scan scan(claims);
    EXPECT_TRUE(scan.take(key, test::tenant("contoso")));
  }
  {
    Claims::Scan scan(claims);
    claims.release(key, std::nullopt);  // recorded elsewhere, while our snapshot still shows it waiting
    EXPECT_FALSE(scan.take(key, test::tenant("contoso")));
  }
  EXPECT_FALSE(claims.is_held(key));
  EXPECT_TRUE(claims.take_notes().empty());
  Claims::Scan scan(claims);
  EXPECT_TRUE(scan.take(key, test::tenant("contoso")));
  claims.release(key, start_of_time);
  EXPECT_EQ(claims.take_notes().begin()->second, start_of_time);
}

TEST(Schema, migrates_step_by_step_and_refuses_a_newer_one) {
  auto disk = SimulatedDisk::make(5, {});
  ASSERT_TRUE(disk->prepare().has_value());
  {
    auto old = Database::open(disk->database_path(), disk->vfs(), Database::Mode::writer);
    ASSERT_TRUE(old.has_value());
    ASSERT_TRUE(migrate(*old, 1).has_value());
    EXPECT_FALSE(old->script("SELECT 1 FROM key_pair").has_value());
    ASSERT_TRUE(old->script("INSERT INTO message VALUES(7,'contoso',0,0,NULL,NULL,NULL,0,0,0,0,NULL,'',0,0,1,1);"
                            "INSERT INTO recipient VALUES(7,0,'a@b.example',0,NULL,NULL,'b.example',0,5,0,NULL,NULL,NULL,NULL,NULL)").has_value());
    ASSERT_TRUE(migrate(*old).has_value());
    auto lanes = waiting_lanes(*old);
    ASSERT_TRUE(lanes && lanes->size() == 1) << "mail that waited before the lanes came is in its lane";
    EXPECT_EQ(lanes->front().lane, lane("contoso", "b.example"));
    EXPECT_TRUE(old->script("SELECT 1 FROM key_pair").has_value());
    ASSERT_TRUE(old->script("PRAGMA user_version = 999").has_value());
  }
  auto newer = Store::open(disk, test::turned_settings());
  ASSERT_FALSE(newer.has_value());
  EXPECT_EQ(newer.error().kind, ErrorKind::conflict);
  EXPECT_NE(newer.error().what.find("999"), std::string::npos);
}

}  // namespace
}  // namespace danewerk::io
