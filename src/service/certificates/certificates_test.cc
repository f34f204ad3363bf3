// The certificate service over a real store, a written DNS and a CA that does what CAs do, in virtual time.
#include <gtest/gtest.h>

#include <algorithm>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "io/dns/scripted_resolver.h"
#include "io/store/key_store.h"
#include "io/store/test_rig.h"
#include "io/tls/certificate.h"
#include "io/tls/certificate_file.h"
#include "io/tls/self_issue.h"
#include "io/tls/signing_request.h"
#include "service/certificates/acme_issuer.h"
#include "service/certificates/caa_check.h"
#include "service/certificates/issued.h"
#include "service/certificates/staged.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;

const Instant start = *parse_rfc3339("2026-11-27T12:00:00Z");
const types::AdminAct act{"anna", "ticket 7", start};

types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }
const std::vector<types::DomainName> mx_names{name("*.s1.mx.hoster.example")};
const std::vector<types::DomainName> pilot_names{name("*.s2.mx.hoster.example")};
const NamesOfGroup names_of = [](const std::string& group) { return group.empty() ? mx_names : pilot_names; };

std::string new_key() { return *io::generate_key(io::KeyAlgorithm::ecdsa_p256); }
std::string chain_for(const std::string& key, const std::vector<types::DomainName>& names, Instant from, Duration life = 90 * 24h) {
  return *io::self_issue(key, names, from - 1h, from + life);
}

/// The service, and the world around it.
class Bench {
 public:
  Bench() {
    ChallengeParts proofs{certificates, clock, log};
    proofs.publish_record = [this](types::DomainName at, std::string value) { return publish(std::move(at), std::move(value)); };
    proofs.remove_record = [this](types::DomainName at, std::string value) { return remove(std::move(at), std::move(value)); };
    challenges.emplace(std::move(proofs), name("mx.hoster.example"));
    IssuerRules rules;
    rules.ca_names = {"ca.example"};
    rules.proves_by_http = true;
    const auto ca = [this](std::string label, std::string request) { return order(std::move(label), std::move(request)); };
    const auto alert_to = [this](const std::string&, const std::optional<std::string>& fault) { alert = fault.value_or(""); };
    issuer = std::make_unique<AcmeIssuer>(IssuerParts{certificates, *challenges, resolver, clock, log, loop.get_executor(), ca, alert_to}, rules);
  }
  /// Until nothing can go on: an order that was begun has ended.
  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(loop, io::test::keep_result(std::move(task), result), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io::test::settle(loop, *store);
    CHECK(result.has_value());
    return *std::move(result);
  }
  /// What the publisher hears.
  Result<types::CertificateAnswer> ask() { return run(issuer->obtain(wanted())); }
  /// Why it hears nothing.
  std::string fault() {
    const auto answer = ask();
    const auto* later = answer ? std::get_if<types::CertificateLater>(&*answer) : nullptr;
    return later ? later->why : "";
  }
  types::CertificateOrder wanted() const {
    types::CertificateOrder out;
    out.key = "k1";
    out.private_key = key;
    out.names = mx_names;
    return out;
  }

  boost::asio::io_context loop{1};
  std::shared_ptr<io::SimulatedDisk> disk = io::SimulatedDisk::make(61, {});
  std::unique_ptr<io::Store> store = *io::Store::open(disk, io::test::turned_settings());
  io::CertificateStore certificates{*store};
  io::KeyStore keys{*store};
  io::ManualClock clock{start};
  io::dns::ScriptedResolver resolver{clock};
  io::MemoryLog log;
  std::string key = new_key();
  std::optional<Challenges> challenges;
  std::unique_ptr<AcmeIssuer> issuer;
  int orders = 0;
  std::optional<io::AcmeFailure> ca_says;  ///< instead of a certificate
  std::string ca_certifies;                ///< another key than the one asked for
  std::vector<std::string> zone;           ///< what challenges put there
  std::string alert;

 private:
  io::Task<Result<void>> publish(types::DomainName at, std::string value) {
    zone.push_back(at.to_string() + " " + value);
    co_return Result<void>{};
  }
  io::Task<Result<void>> remove(types::DomainName at, std::string value) {
    std::erase(zone, at.to_string() + " " + value);
    co_return Result<void>{};
  }
  /// The CA and its client.
  io::Task<Result<std::string, io::AcmeFailure>> order(std::string, std::string request) {
    ++orders;
    EXPECT_NE(request.find("BEGIN CERTIFICATE REQUEST"), std::string::npos);
    const auto shown = co_await challenges->present("dns-01", "s1.mx.hoster.example", "token", "digest");
    EXPECT_TRUE(shown.has_value());
    EXPECT_EQ(zone, std::vector<std::string>{"_acme-challenge.s1.mx.hoster.example digest"});
    const auto declined = co_await challenges->present("http-01", "s1.mx.hoster.example", "token", "token.key");
    EXPECT_EQ(declined.error().kind, ErrorKind::denied);
    const auto foreign = co_await challenges->present("dns-01", "s2.mx.hoster.example", "token", "digest");
    EXPECT_EQ(foreign.error().kind, ErrorKind::denied) << "nothing is ordered for it";
    const auto gone = co_await challenges->withdraw("dns-01", "s1.mx.hoster.example", "token", "digest");
    EXPECT_TRUE(gone.has_value() && zone.empty());
    if (ca_says) co_return Failure{*ca_says};
    co_return chain_for(ca_certifies.empty() ? key : ca_certifies, mx_names, clock.now());
  }
};

bool issued(const Result<types::CertificateAnswer>& answer) { return answer && std::holds_alternative<types::CertificateIssued>(*answer); }
bool waits(const Result<types::CertificateAnswer>& answer) { return answer && std::holds_alternative<types::CertificateLater>(*answer); }

TEST(AcmeIssuer, orders_once_and_renews_long_before_the_end) {
  Bench bench;
  EXPECT_TRUE(waits(bench.ask()));
  EXPECT_TRUE(issued(bench.ask()));
  EXPECT_EQ(bench.orders, 1);
  bench.clock.advance(61 * 24h);
  EXPECT_TRUE(waits(bench.ask())) << "a third of its life is left";
  EXPECT_EQ(bench.orders, 2);
}

TEST(AcmeIssuer, tells_the_cas_words_and_leaves_it_alone) {  // RFC 8555 6.6
  Bench bench;
  bench.ca_says = io::AcmeFailure{"too many certificates (rateLimited)", start + 3h};
  EXPECT_TRUE(waits(bench.ask()));
  EXPECT_EQ(bench.fault(), "too many certificates (rateLimited); the CA is asked again 2026-11-27T15:00:00Z");
  EXPECT_EQ(bench.alert, "too many certificates (rateLimited)");
  bench.clock.advance(2h);
  EXPECT_TRUE(waits(bench.ask()));
  EXPECT_EQ(bench.orders, 1) << "Retry-After is honoured";
  bench.clock.advance(90min);
  bench.ca_says.reset();
  EXPECT_TRUE(waits(bench.ask()));
  EXPECT_TRUE(issued(bench.ask()));
  EXPECT_EQ(bench.orders, 2);
  EXPECT_EQ(bench.alert, "");
}

TEST(AcmeIssuer, keeps_no_certificate_for_another_key) {  // PUB-03
  Bench bench;
  bench.ca_certifies = new_key();
  EXPECT_TRUE(waits(bench.ask()));
  EXPECT_NE(bench.fault().find("for another key"), std::string::npos);
  const auto kept = bench.run(bench.certificates.find("key:k1"));
  EXPECT_TRUE(kept && !*kept);
}

TEST(AcmeIssuer, asks_caa_first) {  // RFC 8659 3
  Bench bench;
  // mx.hoster.example CAA 0 issue "other.example"
  ASSERT_TRUE(bench.resolver.add("mx.hoster.example CAA secure \\# 20 00056973737565 6f746865722e6578616d706c65\n").has_value());
  EXPECT_TRUE(waits(bench.ask()));
  EXPECT_NE(bench.fault().find("mx.hoster.example CAA 0 issue \"other.example\" does not let ca.example issue"), std::string::npos) << bench.fault();
  EXPECT_EQ(bench.orders, 0) << "the CA was not asked";
  bench.resolver.remove(name("mx.hoster.example"));
  ASSERT_TRUE(bench.resolver.add("mx.hoster.example * servfail\n").has_value());
  bench.clock.advance(11min);
  EXPECT_TRUE(waits(bench.ask()));
  EXPECT_EQ(bench.orders, 0) << "doubt is no permission";
  bench.resolver.remove(name("mx.hoster.example"));
  bench.clock.advance(11min);
  EXPECT_TRUE(waits(bench.ask()));
  EXPECT_EQ(bench.orders, 1);
}

TEST(Challenges, take_out_what_a_crash_left_in_the_zone) {
  Bench bench;
  const io::ChallengeRow row{name("_acme-challenge.s1.mx.hoster.example"), "old"};
  ASSERT_TRUE(bench.run(bench.certificates.note_challenge(row, start)).has_value());
  bench.zone.push_back("_acme-challenge.s1.mx.hoster.example old");
  ASSERT_TRUE(bench.run(bench.challenges->sweep()).has_value());
  EXPECT_TRUE(bench.zone.empty());
}

TEST(Challenges, prove_names_of_our_zone_for_the_operators_tool) {
  Bench bench;
  ASSERT_TRUE(bench.run(bench.challenges->present_for_operator(name("*.s1.mx.hoster.example"), "a")).has_value());
  ASSERT_TRUE(bench.run(bench.challenges->present_for_operator(name("_acme-challenge.s1.mx.hoster.example"), "b")).has_value());
  EXPECT_EQ(bench.zone, (std::vector<std::string>{"_acme-challenge.s1.mx.hoster.example a", "_acme-challenge.s1.mx.hoster.example b"}));
  EXPECT_EQ(bench.run(bench.challenges->present_for_operator(name("contoso.example"), "a")).error().kind, ErrorKind::denied);
  EXPECT_EQ(bench.run(bench.challenges->present_for_operator(name("s1.mx.hoster.example"), "a b")).error().kind, ErrorKind::malformed);
}

types::KeyFacts facts(const std::string& id, const std::string& pem) {
  types::KeyFacts out;
  out.id = id;
  out.private_key = pem;
  out.certificate = chain_for(pem, mx_names, start);
  const auto leaf = leaf_of(out.certificate);
  out.tlsa = tls::record_for(*leaf, types::TlsaUsage::dane_ee, types::TlsaSelector::spki, types::TlsaMatching::sha2_256);
  out.created_at = start;
  return out;
}

TEST(Staging, takes_only_certificates_for_published_keys) {  // PUB-01
  Bench bench;
  auto next = facts("k1", bench.key);
  next.published_at = start;
  ASSERT_TRUE(bench.run(bench.keys.add(next)).has_value());
  const auto staged = [&bench](const std::string& chain) { return bench.run(stage(bench.certificates, bench.keys, Stage{chain, names_of, act})); };
  const auto foreign = staged(chain_for(new_key(), mx_names, start));
  EXPECT_EQ(foreign.error().kind, ErrorKind::refused);
  EXPECT_NE(foreign.error().what.find("Published keys: k1: 3 1 1 "), std::string::npos) << foreign.error().what;
  const auto nameless = staged(chain_for(bench.key, {name("mx1.hoster.example")}, start));
  EXPECT_NE(nameless.error().what.find("does not name *.s1.mx.hoster.example"), std::string::npos) << nameless.error().what;
  auto wanted = bench.wanted();
  EXPECT_TRUE(waits(bench.run(staged_for(bench.certificates, wanted, start))));
  const auto good = staged(chain_for(bench.key, mx_names, start));
  EXPECT_TRUE(good && good->id == "k1");
  EXPECT_TRUE(issued(bench.run(staged_for(bench.certificates, wanted, start))));
  wanted.standing_until = start + 90 * 24h;
  EXPECT_TRUE(waits(bench.run(staged_for(bench.certificates, wanted, start)))) << "the one that stands is no newer";
}

TEST(FindKey, names_next_and_serving) {
  auto first = facts("a", new_key()), second = facts("b", new_key()), third = facts("c", new_key());
  first.published_at = first.serving_since = second.published_at = start;
  const std::vector keys{first, second, third};
  EXPECT_EQ(find_key(keys, "next", "")->id, "b");
  EXPECT_EQ(find_key(keys, "serving", "")->id, "a");
  EXPECT_EQ(find_key(keys, "c", "").error().kind, ErrorKind::not_found) << "it is not published";
}

TEST(FindKey, names_those_of_a_group) {
  auto first = facts("a", new_key()), second = facts("b", new_key());
  first.published_at = second.published_at = start;
  second.group = "pilot";
  const std::vector keys{first, second};
  EXPECT_EQ(find_key(keys, "next", "")->id, "a");
  EXPECT_EQ(find_key(keys, "next", "pilot")->id, "b");
  EXPECT_EQ(find_key(keys, "b", "")->id, "b") << "an id says which group";
  EXPECT_EQ(find_key(keys, "serving", "pilot").error().kind, ErrorKind::not_found);
}

TEST(Staging, a_key_of_two_groups_gets_the_certificate_for_the_names_it_has) {
  Bench bench;
  for (const char* group : {"", "pilot"}) {
    auto key = facts(std::string("k1") + group, bench.key);
    key.published_at = start;
    key.group = group;
    ASSERT_TRUE(bench.run(bench.keys.add(key)).has_value());
    const std::string chain = chain_for(bench.key, names_of(group), start);
    const auto staged = bench.run(stage(bench.certificates, bench.keys, Stage{chain, names_of, act}));
    ASSERT_TRUE(staged) << staged.error().what;
    EXPECT_EQ(staged->id, key.id);
  }
  const auto none = bench.run(stage(bench.certificates, bench.keys, Stage{chain_for(bench.key, {name("mx1.hoster.example")}, start), names_of, act}));
  EXPECT_FALSE(none.has_value());
}

TEST(Pkix, fails_for_what_we_issue_ourselves) {  // RFC 8461 4.2
  const std::string key = new_key(), chain = chain_for(key, mx_names, start), other = chain_for(new_key(), mx_names, start);
  const std::string file = ::testing::TempDir() + "danewerk-trust-" + std::to_string(::getpid()) + ".pem";
  ASSERT_TRUE(std::ofstream(file) << other);
  const auto trust = tls::TrustStore::read(file);
  std::filesystem::remove(file);
  ASSERT_TRUE(trust.has_value());
  const auto fault = pkix_fault(**trust, chain, mx_names, start);
  ASSERT_TRUE(fault && *fault);
  EXPECT_TRUE((*fault)->starts_with("*.s1.mx.hoster.example: ")) << **fault;
}

TEST(SigningRequest, needs_names_and_a_key) {
  EXPECT_EQ(io::signing_request(new_key(), {}).error().kind, ErrorKind::limit);
  EXPECT_EQ(io::signing_request("no key", mx_names).error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace danewerk::service
