// STS-09, RFC 8461 4.2, RFC 6125 6.4: which chains are valid for which names.
#include "io/tls/pkix_verify.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "io/tls/certificate_forge.h"

namespace danewerk::tls {
namespace {

using forge::authority;
using forge::ec_key;
using forge::Forgery;
using forge::Identity;
using forge::in_2026;

struct PkixWorld {
  Identity root = forge::forge(authority("Root"), ec_key("root"));
  Identity issuer = forge::forge(authority("Issuer"), ec_key("issuer"), &root);
  std::shared_ptr<const TrustStore> trust = stored(forge::pem(root));

  static std::shared_ptr<const TrustStore> stored(const std::string& pem) {
    const std::string file = ::testing::TempDir() + "danewerk-trust-" + std::to_string(::getpid()) + ".pem";
    std::ofstream(file) << pem;
    auto store = TrustStore::read(file);
    std::filesystem::remove(file);
    return store ? *store : nullptr;
  }
  Identity leaf(std::vector<std::string> dns_names, Forgery forgery = Forgery{"mx.example.com"}) const {
    forgery.dns_names = std::move(dns_names);
    return forge::forge(forgery, ec_key("leaf"), &issuer);
  }
  /// "valid for NAME", or the failure word.
  std::string verify(const std::vector<Identity>& chain, const std::vector<std::string>& names = {"mx.example.com"}, Instant at = in_2026) const {
    std::vector<Bytes> ders;
    for (const Identity& identity : chain) ders.push_back(identity.der());
    std::vector<types::ReferenceName> wanted;
    for (const std::string& one : names) wanted.emplace_back(*types::DomainName::parse(one));
    const auto verdict = verify_pkix(*trust, ders, wanted, at);
    if (!verdict) return std::string("error ") + to_string(verdict.error().kind);
    return verdict->failure ? to_string(*verdict->failure) : "valid for " + verdict->matched_name;
  }
};

TEST(Pkix, a_chain_to_a_trusted_root_for_one_of_the_names) {
  const PkixWorld w;
  EXPECT_EQ(w.verify({w.leaf({"mx.example.com"}), w.issuer}), "valid for mx.example.com");
  EXPECT_EQ(w.verify({w.leaf({"other.example", "MX.Example.com"}), w.issuer, w.root}), "valid for MX.Example.com");
  EXPECT_EQ(w.verify({w.leaf({"partner.example"}), w.issuer}, {"mx.example.com", "partner.example"}), "valid for partner.example");
  EXPECT_EQ(w.verify({w.leaf({"mx.example.com"})}), "certificate-not-trusted");  // the issuer was not sent
  EXPECT_EQ(w.verify({}), "certificate-not-trusted");
}

TEST(Pkix, names_are_dns_ids_only) {
  const PkixWorld w;
  EXPECT_EQ(w.verify({w.leaf({}), w.issuer}), "certificate-host-mismatch");  // the CN says mx.example.com
  EXPECT_EQ(w.verify({w.leaf({"other.example.com"}), w.issuer}), "certificate-host-mismatch");
  EXPECT_EQ(w.verify({w.leaf({std::string("mx.example.com\0.evil.example", 28)}), w.issuer}), "certificate-host-mismatch");
}

TEST(Pkix, a_wildcard_is_the_whole_leftmost_label) {
  const PkixWorld w;
  EXPECT_EQ(w.verify({w.leaf({"*.example.com"}), w.issuer}), "valid for *.example.com");
  EXPECT_EQ(w.verify({w.leaf({"m*.example.com"}), w.issuer}), "certificate-host-mismatch");
  EXPECT_EQ(w.verify({w.leaf({"*.com"}), w.issuer}, {"example.com"}), "certificate-host-mismatch");
  EXPECT_EQ(w.verify({w.leaf({"*.example.com"}), w.issuer}, {"a.b.example.com"}), "certificate-host-mismatch");
  EXPECT_EQ(w.verify({w.leaf({"*.example.com"}), w.issuer}, {"example.com"}), "certificate-host-mismatch");
}

TEST(Pkix, dates_purpose_and_trust_count) {
  const PkixWorld w;
  const Identity good = w.leaf({"mx.example.com"});
  EXPECT_EQ(w.verify({good, w.issuer}, {"mx.example.com"}, forge::instant("2027-06-01T00:00:00Z")), "certificate-expired");
  EXPECT_EQ(w.verify({good, w.issuer}, {"mx.example.com"}, forge::instant("2025-06-01T00:00:00Z")), "validation-failure");
  Forgery client{"mx.example.com"};
  client.extended_key_usage = "clientAuth";
  EXPECT_EQ(w.verify({w.leaf({"mx.example.com"}, client), w.issuer}), "certificate-not-trusted");
  Forgery self{"mx.example.com"};
  self.dns_names = {"mx.example.com"};
  EXPECT_EQ(w.verify({forge::forge(self, ec_key("leaf"))}), "certificate-not-trusted");
  const Identity stranger = forge::forge(authority("Root"), ec_key("stranger"));  // the root's name, another key
  EXPECT_EQ(w.verify({forge::forge(self, ec_key("leaf"), &stranger), stranger}), "certificate-not-trusted");
  Forgery no_authority{"not an authority"};
  const Identity impostor = forge::forge(no_authority, ec_key("impostor"), &w.issuer);
  EXPECT_EQ(w.verify({forge::forge(self, ec_key("leaf"), &impostor), impostor, w.issuer}), "certificate-not-trusted");
}

// OpenSSL takes the absence of a name for "check none": it must be refused here.
TEST(Pkix, without_a_name_there_is_no_verdict) {
  const PkixWorld w;
  const Identity good = w.leaf({"mx.example.com"});
  EXPECT_EQ(w.verify({good, w.issuer}, {}), "error malformed");
  EXPECT_EQ(w.verify({good, w.issuer}, {"."}), "error malformed");
}

TEST(TrustStoreFile, says_what_is_wrong_with_it) {
  EXPECT_EQ(PkixWorld::stored("no certificate"), nullptr);
  const auto missing = TrustStore::read("/nonexistent/trust.pem");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().what.find("delivery.trust_store"), std::string::npos);
}

}  // namespace
}  // namespace danewerk::tls
