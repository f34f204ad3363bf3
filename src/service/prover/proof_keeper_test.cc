// The keeper against a real store and a resolver made of toy-signed zones: what is kept, shared, pruned, and why there is none.
#include "service/prover/proof_keeper.h"

#include <gtest/gtest.h>

#include "engine/dnssec/test_zones.h"
#include "io/store/test_rig.h"
#include "service/prover/claim.h"

namespace danewerk::service {
namespace {

using namespace engine::dnssec::test;
using engine::dnssec::Json;
using types::ProofState;
using types::RecordType;

/// What delivery writes of an attempt that a TLSA record authenticated.
Json evidence(const Bytes& record) {
  Json json{{"hop", {{"host", "mx.dest.test"}, {"base_domain", "mx.dest.test"}}},
            {"peer", "192.0.2.1:25"},
            {"end", "completed"},
            {"started", "2026-11-24T12:00:00Z"},
            {"dane", {{"verdict", "matched"}, {"record", engine::dnssec::tlsa_text(record)}, {"depth", 0U}}}};
  json["presented"].push_back({{"cert_sha256", std::string(64, 'f')}, {"spki_sha256", to_hex(ByteView(record).subspan(3))}});
  return json;
}

class KeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = io::Store::open(disk_, io::test::turned_settings());
    ASSERT_TRUE(opened.has_value());
    store_ = *std::move(opened);
    queue_.emplace(*store_);
    proofs_.emplace(*store_);
    dest_.add("dest.test.", RecordType::mx, mx("mx.dest.test."));
    dest_.add("mx.dest.test.", RecordType::a, address);
    dest_.add("_25._tcp.mx.dest.test.", RecordType::tlsa, tlsa(7));
    publish();
    keeper_.emplace(ProverParts{*proofs_, clock_, log_, toy_crypto(), [this](types::DnsQuestion question) { return ask(std::move(question)); },
                                [this]() -> Result<std::vector<engine::dnssec::TrustAnchor>> { return anchors_; }});
  }
  void TearDown() override {
    keeper_.reset();
    store_.reset();
  }
  void publish() {
    engine::dnssec::test::Zone root("."), top("test.");
    top.delegate("dest.test.", &dest_);
    root.delegate("test.", &top);
    sets_ = root.signed_sets();
    for (const auto& more : {top.signed_sets(), dest_.signed_sets()}) sets_.insert(sets_.end(), more.begin(), more.end());
    anchors_ = {{RecordType::ds, root.ds()}};
  }
  /// The set asked for, and every denial there is: more than a resolver would send, so that the rest must be left out.
  io::Task<Result<std::vector<io::dns::WireRecord>>> ask(types::DnsQuestion question) {
    ++asked_;
    if (failure_) co_return fail(failure_->kind, failure_->what);
    std::vector<io::dns::WireRecord> out;
    const auto asked = name(question.name.is_root() ? "." : question.name.to_string() + ".");
    for (const auto& set : sets_) {
      if (!(set.owner == asked && set.type == question.type) && set.type != RecordType::nsec) continue;
      for (const Bytes& rdata : set.rdatas) out.push_back({set.owner.wire(), static_cast<std::uint16_t>(set.type), rdata});
      for (const Bytes& rdata : set.signatures) out.push_back({set.owner.wire(), static_cast<std::uint16_t>(RecordType::rrsig), rdata});
    }
    co_return out;
  }
  template <class T>
  T run(io::Task<T> task) {
    return io::test::finish(*store_, std::move(task));
  }
  /// A message delivered to dest.test whose proof is wanted.
  types::QueueId delivered(const Json& with = evidence(tlsa(7)), ProofState proof = ProofState::wanted) {
    types::NewMessage message = io::test::message_to(1, now);
    message.hops[0].text = "dest.test";
    const types::QueueId id = *run(io::test::accept_message(*queue_, std::move(message), "x"));
    io::Recording recording{id, {"dest.test"}, now, {}, {}, {}};
    recording.results.push_back({0, types::RecipientState::delivered, {}, {2, 0, 0}, "delivered", "", ""});
    recording.attempts.push_back({now, {"dest.test"}, "mx.dest.test", {2, 0, 0}, "completed", with.dump(), proof});
    EXPECT_TRUE(run(queue_->record(std::move(recording))).has_value());
    return id;
  }
  io::ProvenAttempt attempt_of(types::QueueId id) { return run(proofs_->attempts_of(id))->at(0); }
  std::int64_t chains() {
    std::function<Result<std::int64_t>(io::Database&)> count = [](io::Database& database) -> Result<std::int64_t> {
      TRY(io::Rows rows, database.query("SELECT count(*) FROM proof"));
      TRY_VOID(rows.next());
      return rows.number(0);
    };
    return *run(store_->read<std::int64_t>(io::Store::Lane::views, std::move(count)));
  }
  void keep_all() {
    auto wanted = run(proofs_->wanted(100));
    ASSERT_TRUE(wanted.has_value());
    for (io::ProvenAttempt& one : *wanted) static_cast<void>(run(keeper_->keep(std::move(one))));
  }

  std::shared_ptr<io::SimulatedDisk> disk_ = io::SimulatedDisk::make(1, {});
  std::unique_ptr<io::Store> store_;
  std::optional<io::QueueStore> queue_;
  std::optional<io::ProofStore> proofs_;
  io::ManualClock clock_{now};
  io::MemoryLog log_;
  engine::dnssec::test::Zone dest_{"dest.test."};
  std::vector<engine::dnssec::RecordSet> sets_;
  std::vector<engine::dnssec::TrustAnchor> anchors_;
  std::optional<Error> failure_;
  int asked_ = 0;
  std::optional<ProofKeeper> keeper_;
};

TEST_F(KeeperTest, keeps_what_an_auditor_can_verify) {
  const types::QueueId id = delivered();
  EXPECT_EQ(attempt_of(id).attempt.proof, ProofState::wanted);
  keep_all();
  const auto kept = attempt_of(id);
  ASSERT_EQ(kept.attempt.proof, ProofState::kept) << kept.attempt.no_proof;
  const auto sets = engine::dnssec::read_sets(kept.sets);
  ASSERT_TRUE(sets.has_value()) << sets.error().what;
  const auto report = engine::dnssec::prove(*sets, *claim_of(kept.attempt), anchors_, toy_crypto());
  ASSERT_TRUE(report.has_value()) << report.error().what;
  EXPECT_TRUE(engine::dnssec::check_exact(*sets, *report).has_value());
  EXPECT_LT(sets->size(), sets_.size());
  EXPECT_TRUE(run(proofs_->wanted(100))->empty());
}

TEST_F(KeeperTest, many_deliveries_share_one_chain_and_the_last_takes_it_along) {
  std::vector<types::QueueId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(delivered());
  keep_all();
  const int questions = asked_;
  EXPECT_LT(questions, 20) << "one gathering served all";
  EXPECT_EQ(chains(), 1);
  clock_.advance(std::chrono::hours(1));
  ids.push_back(delivered());
  keep_all();
  EXPECT_GT(asked_, questions) << "an hour later it is gathered anew";
  EXPECT_EQ(chains(), 1) << "and is the same";
  for (const auto& id : ids) EXPECT_EQ(attempt_of(id).attempt.proof, ProofState::kept);
  EXPECT_EQ(*run(queue_->prune_history(now + std::chrono::hours(1), 20)), 20U);
  EXPECT_EQ(chains(), 1) << "one message still rests on it";
  EXPECT_EQ(attempt_of(ids.back()).attempt.proof, ProofState::kept);
  EXPECT_EQ(*run(queue_->prune_history(now + std::chrono::hours(1))), 1U);
  EXPECT_EQ(chains(), 0);
}

TEST_F(KeeperTest, why_there_is_none_is_written_down) {
  failure_ = Error{ErrorKind::refused, "dest.test MX: the resolver answers SERVFAIL"};
  const types::QueueId refused = delivered();
  keep_all();
  EXPECT_EQ(attempt_of(refused).attempt.proof, ProofState::failed);
  EXPECT_EQ(attempt_of(refused).attempt.no_proof, "dest.test MX: the resolver answers SERVFAIL");
  failure_.reset();
  EXPECT_TRUE(run(keeper_->keep(attempt_of(refused))).has_value()) << "asked for again, it is there";
  EXPECT_EQ(attempt_of(refused).attempt.proof, ProofState::kept);
  dest_.inception = engine::dnssec::test::Zone::seconds(now) + 10;  // signed anew after the delivery
  publish();
  clock_.advance(std::chrono::hours(1));
  const types::QueueId late = delivered();
  keep_all();
  EXPECT_EQ(attempt_of(late).attempt.proof, ProofState::failed);
  EXPECT_NE(attempt_of(late).attempt.no_proof.find("is valid only from"), std::string::npos) << attempt_of(late).attempt.no_proof;
}

TEST_F(KeeperTest, a_silent_resolver_is_asked_a_second_time) {
  const types::QueueId id = delivered();
  failure_ = Error{ErrorKind::timeout, "no answer within 10 s"};
  boost::asio::io_context loop(1);
  std::optional<Result<void>> result;
  boost::asio::co_spawn(loop, io::test::keep_result(keeper_->keep(attempt_of(id)), result), [](std::exception_ptr) {});
  io::test::settle(loop, *store_);
  EXPECT_FALSE(result.has_value()) << "it waits before it asks again";
  failure_.reset();
  clock_.advance(std::chrono::minutes(1));
  io::test::settle(loop, *store_);
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->has_value());
}

TEST_F(KeeperTest, nothing_false_is_kept) {
  const types::QueueId other_record = delivered(evidence(tlsa(9)));
  keep_all();
  EXPECT_NE(attempt_of(other_record).attempt.no_proof.find("does not hold"), std::string::npos);
  Json in_clear = evidence(tlsa(7));
  in_clear.erase("dane");
  EXPECT_FALSE(delivered_by_record(attempt_of(delivered(in_clear, ProofState::none)).attempt));
  Json refused = evidence(tlsa(7));
  refused["end"] = "refused";
  EXPECT_EQ(claim_of(attempt_of(delivered(refused)).attempt).error().kind, ErrorKind::refused);
  Json unreadable = evidence(tlsa(7));
  unreadable["hop"] = "?";
  EXPECT_EQ(claim_of(attempt_of(delivered(unreadable)).attempt).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(chains(), 0);
}

TEST_F(KeeperTest, a_pruned_attempt_leaves_nothing_behind) {
  const types::QueueId id = delivered();
  auto attempt = attempt_of(id);
  EXPECT_EQ(*run(queue_->prune_history(now + std::chrono::hours(1))), 1U);
  EXPECT_TRUE(run(keeper_->keep(std::move(attempt))).has_value());
  EXPECT_EQ(chains(), 0);
}

}  // namespace
}  // namespace danewerk::service
