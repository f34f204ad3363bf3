// Delivery under MTA-STS policies: what is sent to whom, on which certificate, and the last look before mail is returned.
// RFC 8461 4, 5, 5.1; STS-09, STS-10, STS-11.
#include <filesystem>
#include <fstream>

#include "service/delivery/test_world.h"

namespace danewerk::service::test {
namespace {

using types::RecipientState;
using types::StsPolicyMode;
using Trick = TestServer::Trick;
using namespace std::chrono_literals;

/// A policy for every domain, as written; another one at the recheck.
class WrittenPolicies final : public StsSource {
 public:
  explicit WrittenPolicies(StsPolicyMode mode, const char* mx = "mx.test") : now_(fact(mode, mx)), later_(now_) {}
  void changes_to(StsPolicyMode mode) { later_ = fact(mode, "mx.test"); }
  io::Task<types::StsFact> look(io::dns::Resolver&, types::DomainName domain) override {
    asked = domain.to_string();
    co_return now_;
  }
  io::Task<types::StsFact> recheck(io::dns::Resolver&, types::DomainName) override {
    ++rechecks;
    now_ = later_;
    co_return now_;
  }
  std::string asked;
  int rechecks = 0;

 private:
  static types::StsFact fact(StsPolicyMode mode, const char* mx) {
    types::StsFact out;
    out.in_force = types::StsInForce{{mode, {*types::StsMxPattern::parse(mx)}, 7 * 24h}, types::StsSource::live, "1", start, start + 7 * 24h};
    return out;
  }
  types::StsFact now_;
  types::StsFact later_;
};

enum class Trust { server, somebody_else, nobody };

std::shared_ptr<const tls::TrustStore> trusting(const std::string& pem) {
  const std::string file = ::testing::TempDir() + "danewerk-delivery-trust-" + std::to_string(::getpid()) + ".pem";
  std::ofstream(file) << pem;
  auto store = tls::TrustStore::read(file);
  std::filesystem::remove(file);
  return store ? *store : nullptr;
}

struct Round {
  std::optional<types::QueueDetail> detail;
  std::size_t taken = 0;
  bool mail_in_clear = false;
  std::vector<std::string> server_names;
  int rounds = 1;
  const types::QueuedRecipient& recipient() const { return detail->recipients.at(0); }
  std::string code() const { return recipient().code ? recipient().code->to_string() : ""; }
};

/// One message to [mx.test], whose zone is not signed: `rounds` of them, or until it is over.
io::Task<> play_sts(World& world, Trust trust, Trick trick, int rounds, Round& out) {
  const TestIdentity identity = make_identity("mx.test");
  const TestIdentity other = make_identity("other.test");
  if (trust != Trust::nobody) world.parts->manners.trust = trusting(trust == Trust::server ? identity.certificate : other.certificate);
  TestServer server(co_await io::this_executor(), "127.0.0.1:0", identity.context);
  server.trick = trick;
  server.start();
  world.knows("mx.test A insecure 127.0.0.1\n");
  const types::QueueId id = co_await accept(world, message_to("[mx.test]:" + server.port()));
  for (out.rounds = 1;; ++out.rounds) {
    EXPECT_EQ(co_await deliver_due(world), 1U);
    out.detail = co_await look(world, id);
    if (out.detail->entry.waiting == 0 || out.rounds == rounds) break;
    world.clock.advance_to(*out.detail->entry.next_at);
  }
  co_await server.stop();
  out.taken = server.taken.size();
  out.mail_in_clear = server.clear.find("MAIL") != std::string::npos;
  out.server_names = server.server_names;
}

Round run_sts(World& world, WrittenPolicies& policies, Trust trust, Trick trick = Trick::none, int rounds = 1) {
  world.parts->sts = &policies;
  Round out;
  io::run_to_end(play_sts(world, trust, trick, rounds, out));
  return out;
}

TEST(DeliverSts, a_valid_certificate_for_the_host_takes_the_mail) {
  World world;
  WrittenPolicies policies(StsPolicyMode::enforce);
  const Round round = run_sts(world, policies, Trust::server);
  EXPECT_EQ(policies.asked, "mx.test");  // STS-07: the smart host's own
  EXPECT_EQ(round.recipient().state, RecipientState::delivered) << round.recipient().sentence;
  EXPECT_EQ(round.server_names, std::vector<std::string>{"mx.test"});  // SNI-01
  EXPECT_EQ(evidence(round.recipient())["assurance"], "next_hop_authenticated");
  const auto attempt = evidence(round.detail->attempts.at(0));
  EXPECT_EQ(attempt["hop"]["level"], "verified");
  EXPECT_EQ(attempt["pkix"]["verdict"], "valid");
  EXPECT_EQ(attempt["mta_sts"]["mode"], "enforce");
  EXPECT_NE(round.recipient().sentence.find("its certificate for mx.test (mta-sts)"), std::string::npos) << round.recipient().sentence;
}

TEST(DeliverSts, an_untrusted_one_is_told_nothing) {
  World world;
  WrittenPolicies policies(StsPolicyMode::enforce);
  const Round round = run_sts(world, policies, Trust::somebody_else);
  EXPECT_EQ(round.recipient().state, RecipientState::waiting);
  EXPECT_EQ(round.code(), "4.7.5") << round.recipient().sentence;
  EXPECT_EQ(round.taken, 0U);
  EXPECT_FALSE(round.mail_in_clear);
}

TEST(DeliverSts, a_stripped_starttls_is_no_way_to_cleartext) {
  World world;
  WrittenPolicies policies(StsPolicyMode::enforce);
  const Round round = run_sts(world, policies, Trust::server, Trick::no_starttls);
  EXPECT_EQ(round.code(), "4.7.321") << round.recipient().sentence;
  EXPECT_EQ(round.taken, 0U);
  EXPECT_FALSE(round.mail_in_clear);
}

TEST(DeliverSts, a_host_the_policy_does_not_name_is_not_connected_to) {
  World world;
  WrittenPolicies policies(StsPolicyMode::enforce, "elsewhere.test");
  const Round round = run_sts(world, policies, Trust::server);
  EXPECT_EQ(round.code(), "4.4.8") << round.recipient().sentence;
  EXPECT_TRUE(round.server_names.empty());
}

TEST(DeliverSts, testing_watches_and_delivers) {
  World world;
  WrittenPolicies policies(StsPolicyMode::testing);
  const Round round = run_sts(world, policies, Trust::somebody_else);
  EXPECT_EQ(round.recipient().state, RecipientState::delivered) << round.recipient().sentence;
  EXPECT_EQ(evidence(round.recipient())["assurance"], "encrypted");
  EXPECT_EQ(evidence(round.detail->attempts.at(0))["pkix"]["failure"], "certificate-not-trusted");
}

TEST(DeliverSts, without_a_trust_store_the_fault_is_ours) {
  World world;
  WrittenPolicies policies(StsPolicyMode::enforce);
  const Round round = run_sts(world, policies, Trust::nobody);
  EXPECT_EQ(round.recipient().state, RecipientState::waiting);
  EXPECT_EQ(round.code(), "4.3.0") << round.recipient().sentence;
  EXPECT_EQ(round.taken, 0U);
}

// STS-11
TEST(DeliverSts, before_mail_is_returned_the_policy_is_looked_at_again) {
  World world;
  WrittenPolicies policies(StsPolicyMode::enforce);
  const Round round = run_sts(world, policies, Trust::somebody_else, Trick::none, 100);
  EXPECT_EQ(round.recipient().state, RecipientState::failed);
  EXPECT_EQ(round.code(), "5.7.5") << round.recipient().sentence;
  EXPECT_EQ(policies.rechecks, 1);
  EXPECT_EQ(round.taken, 0U);
}

TEST(DeliverSts, a_policy_that_has_changed_is_tried_before_mail_is_returned) {
  World world;
  WrittenPolicies policies(StsPolicyMode::enforce);
  policies.changes_to(StsPolicyMode::none);
  const Round round = run_sts(world, policies, Trust::somebody_else, Trick::none, 100);
  EXPECT_EQ(round.recipient().state, RecipientState::delivered) << round.recipient().sentence;
  EXPECT_EQ(policies.rechecks, 1);
  EXPECT_EQ(round.taken, 1U);
}

}  // namespace
}  // namespace danewerk::service::test
