#include "io/tls/dane_verify.h"

#include <gtest/gtest.h>

#include "io/tls/certificate_forge.h"

namespace danewerk::tls {
namespace {

using forge::authority;
using forge::ec_key;
using forge::Forgery;
using forge::Identity;
using forge::in_2026;
using types::TlsaMatching;
using types::TlsaRecord;
using types::TlsaSelector;
using types::TlsaSet;
using types::TlsaUsage;
using types::Verdict;
using types::VerdictKind;

Forgery host(const std::vector<std::string>& dns_names, const std::string& common_name = "host") {
  Forgery forgery{common_name};
  forgery.dns_names = dns_names;
  return forgery;
}

Forgery expired(Forgery forgery) {
  forgery.not_before = forge::instant("2024-01-01T00:00:00Z");
  forgery.not_after = forge::instant("2025-01-01T00:00:00Z");
  return forgery;
}

TlsaRecord record(const Identity& identity, int usage, int selector, int matching) {
  return record_for(identity.info(), static_cast<TlsaUsage>(usage), static_cast<TlsaSelector>(selector),
                    static_cast<TlsaMatching>(matching));
}

Result<Verdict> verify(const std::vector<Identity>& chain, const TlsaSet& records, const std::string& base = "mx.example.com",
                       const std::vector<std::string>& others = {}, Instant at = in_2026) {
  std::vector<Bytes> ders;
  for (const Identity& identity : chain) ders.push_back(identity.der());
  std::vector<types::ReferenceName> names;
  for (const std::string& other : others) names.emplace_back(*types::DomainName::parse(other));
  return verify_chain(ders, {records, types::TlsaBaseDomain(*types::DomainName::parse(base)), names, at});
}

/// "matched 1", or the failure word and OpenSSL's name.
std::string summary(const Result<Verdict>& verdict) {
  if (!verdict) return std::string("error ") + to_string(verdict.error().kind);
  if (verdict->kind == VerdictKind::all_unusable) return "all-unusable";
  if (verdict->kind == VerdictKind::matched) return "matched " + std::to_string(static_cast<unsigned>(*verdict->depth));
  return std::string(to_string(*verdict->failure)) + " " + verdict->library_code;
}

struct World {
  Identity root = forge::forge(authority("Root"), ec_key("root"));
  Identity issuer = forge::forge(authority("Issuer"), ec_key("issuer"), &root);
  Identity leaf = forge::forge(host({"mx.example.com"}), ec_key("leaf"), &issuer);
  std::vector<Identity> chain{leaf, issuer, root};
};

TEST(DaneEe, leaf_matches_by_every_selector_and_matching_type) {  // CRT-07
  const World w;
  for (int selector : {0, 1}) {
    for (int matching : {0, 1, 2}) {
      const auto wanted = record(w.leaf, 3, selector, matching);
      const auto verdict = verify(w.chain, {wanted});
      EXPECT_EQ(summary(verdict), "matched 0") << wanted.describe();
      EXPECT_EQ(verdict->record, wanted);
      EXPECT_FALSE(verdict->matched_name);
      EXPECT_EQ(summary(verify(w.chain, {record(w.issuer, 3, selector, matching)})), "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");
    }
  }
}

TEST(DaneEe, names_dates_and_purpose_do_not_count) {  // CRT-01, RFC 7672 3.1.1
  Forgery odd = expired(host({"somebody.else.test"}));
  odd.extended_key_usage = "clientAuth";
  const Identity leaf = forge::forge(odd, ec_key("odd"));
  EXPECT_EQ(summary(verify({leaf}, {record(leaf, 3, 1, 1)})), "matched 0");
  const World w;
  EXPECT_EQ(summary(verify({leaf, w.root}, {record(leaf, 3, 0, 1)}, "x.test")), "matched 0");
  EXPECT_EQ(summary(verify({leaf}, {record(leaf, 3, 1, 1)}, "x.test", {}, forge::instant("2099-01-01T00:00:00Z"))), "matched 0");
}

TEST(DaneEe, any_one_record_is_enough) {  // CRT-09
  const World w;
  EXPECT_EQ(summary(verify(w.chain, {record(w.root, 3, 1, 1), record(w.leaf, 3, 1, 1), record(w.root, 2, 1, 2)})), "matched 0");
}

TEST(DaneEe, digest_agility) {  // CRT-08, also where the caller forgot it
  const World w;
  const auto wrong_512 = record(w.root, 3, 1, 2);
  EXPECT_EQ(summary(verify(w.chain, {record(w.leaf, 3, 1, 1), wrong_512})), "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");
  EXPECT_EQ(summary(verify(w.chain, {record(w.leaf, 3, 1, 0), wrong_512})), "matched 0");
}

TEST(DaneTa, anchor_matches_at_its_depth_and_the_name_is_checked) {  // CRT-02, RFC 7672 3.2.2
  const World w;
  for (int selector : {0, 1}) {
    for (int matching : {0, 1, 2}) {
      EXPECT_EQ(summary(verify(w.chain, {record(w.issuer, 2, selector, matching)})), "matched 1");
      EXPECT_EQ(summary(verify(w.chain, {record(w.root, 2, selector, matching)})), "matched 2");
    }
  }
  const auto verdict = verify(w.chain, {record(w.root, 2, 0, 1)});
  EXPECT_EQ(verdict->matched_name, "mx.example.com");
  EXPECT_EQ(summary(verify(w.chain, {record(w.root, 2, 0, 1)}, "mx2.example.com")),
            "certificate-host-mismatch X509_V_ERR_HOSTNAME_MISMATCH");
  EXPECT_EQ(summary(verify(w.chain, {record(w.root, 2, 0, 1)}, "mx2.example.com", {"mx.example.com"})), "matched 2");
}

TEST(DaneTa, order_and_strangers_in_the_chain_do_not_matter) {
  const World w;
  const Identity stranger = forge::forge(authority("Stranger"), ec_key("stranger"));
  EXPECT_EQ(summary(verify({w.leaf, w.root, stranger, w.issuer}, {record(w.root, 2, 0, 1)})), "matched 2");
  EXPECT_EQ(summary(verify({w.leaf, stranger, w.issuer, w.root}, {record(stranger, 2, 0, 1)})),
            "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");
}

TEST(DaneTa, the_leaf_is_not_its_own_issuer) {  // CRT-04
  const World w;
  const auto verdict = verify(w.chain, {record(w.leaf, 2, 1, 1)});
  EXPECT_EQ(summary(verdict), "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");
  EXPECT_NE(verdict->reason.find("never the server's own certificate"), std::string::npos) << verdict->reason;
  const Identity self = forge::forge(authority("mx.example.com"), ec_key("self"));
  EXPECT_EQ(summary(verify({self}, {record(self, 2, 0, 1)})), "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");
  EXPECT_EQ(summary(verify({self}, {record(self, 2, 1, 1)})), "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");
}

TEST(DaneTa, anchor_that_is_only_in_dns) {  // CRT-03, RFC 7671 5.2.2 and 5.2.3
  const World w;
  const std::vector<Identity> sent{w.leaf, w.issuer};
  EXPECT_EQ(summary(verify(sent, {record(w.root, 2, 0, 0)})), "matched 2");
  EXPECT_EQ(summary(verify(sent, {record(w.root, 2, 1, 0)})), "matched 1");  // the key that signed depth 1
  EXPECT_EQ(summary(verify({w.leaf}, {record(w.issuer, 2, 0, 0)})), "matched 1");
  EXPECT_EQ(summary(verify({w.leaf}, {record(w.issuer, 2, 1, 0)})), "matched 0");
  for (int selector : {0, 1}) {
    EXPECT_EQ(summary(verify(sent, {record(w.root, 2, selector, 1)})), "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");
  }
  const auto lonely = verify({w.leaf}, {record(w.issuer, 2, 0, 1)});
  EXPECT_NE(lonely->reason.find("sent no issuer certificate"), std::string::npos) << lonely->reason;
}

TEST(DaneTa, dates_constraints_and_signatures_of_the_chain_count) {  // CRT-02, RFC 7671 5.2.1
  const World w;
  const TlsaSet root{record(w.root, 2, 0, 1)};
  const auto under = [&](const Forgery& forgery) {
    return verify({forge::forge(forgery, ec_key("leaf"), &w.issuer), w.issuer, w.root}, root);
  };
  EXPECT_EQ(summary(under(expired(host({"mx.example.com"})))), "certificate-expired X509_V_ERR_CERT_HAS_EXPIRED");
  Forgery early = host({"mx.example.com"});
  early.not_before = forge::instant("2026-12-01T00:00:00Z");
  EXPECT_EQ(summary(under(early)), "validation-failure X509_V_ERR_CERT_NOT_YET_VALID");
  // The order of faults: the name comes before the date.
  EXPECT_EQ(summary(under(expired(host({"x.test"})))), "certificate-host-mismatch X509_V_ERR_HOSTNAME_MISMATCH");
  Forgery client = host({"mx.example.com"});
  client.extended_key_usage = "clientAuth";
  EXPECT_EQ(summary(under(client)), "certificate-not-trusted X509_V_ERR_INVALID_PURPOSE");
  Forgery sha1 = host({"mx.example.com"});
  sha1.digest = EVP_sha1();
  EXPECT_EQ(summary(under(sha1)), "validation-failure X509_V_ERR_CA_MD_TOO_WEAK");

  const Identity not_a_ca = forge::forge(host({"x.test"}, "NotCa"), ec_key("not-a-ca"), &w.root);
  const Identity below = forge::forge(host({"mx.example.com"}), ec_key("leaf"), &not_a_ca);
  EXPECT_EQ(summary(verify({below, not_a_ca, w.root}, root)), "certificate-not-trusted X509_V_ERR_INVALID_CA");

  const Identity impostor = forge::forge(authority("Issuer"), ec_key("issuer"));  // right name and key, wrong signer
  Identity forged = forge::forge(authority("Issuer"), ec_key("issuer"), &w.root);
  X509_sign(forged.certificate.get(), ec_key("mallory").get(), EVP_sha256());
  EXPECT_EQ(summary(verify({w.leaf, forged, w.root}, root)), "certificate-not-trusted X509_V_ERR_CERT_SIGNATURE_FAILURE");
  EXPECT_EQ(summary(verify({w.leaf, impostor, w.root}, root)), "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");

  const Identity expired_root = forge::forge(expired(authority("Root")), ec_key("root"));
  EXPECT_EQ(summary(verify({w.leaf, w.issuer, expired_root}, {record(expired_root, 2, 0, 1)})),
            "certificate-expired X509_V_ERR_CERT_HAS_EXPIRED");
}

TEST(DaneTa, name_constraints_and_path_length) {  // RFC 7671 5.2.1
  Forgery constrained = authority("Constrained");
  constrained.name_constraints = "critical,permitted;DNS:example.org";
  constrained.basic_constraints = "critical,CA:TRUE,pathlen:0";
  const Identity anchor = forge::forge(constrained, ec_key("constrained"));
  const Identity outside = forge::forge(host({"mx.example.com"}), ec_key("leaf"), &anchor);
  const Identity inside = forge::forge(host({"mx.example.org"}), ec_key("leaf"), &anchor);
  EXPECT_EQ(summary(verify({outside, anchor}, {record(anchor, 2, 0, 1)})), "certificate-not-trusted X509_V_ERR_PERMITTED_VIOLATION");
  EXPECT_EQ(summary(verify({inside, anchor}, {record(anchor, 2, 0, 1)}, "mx.example.org")), "matched 1");
  const Identity middle = forge::forge(authority("Middle"), ec_key("middle"), &anchor);
  const Identity deep = forge::forge(host({"mx.example.org"}), ec_key("leaf"), &middle);
  EXPECT_EQ(summary(verify({deep, middle, anchor}, {record(anchor, 2, 0, 1)}, "mx.example.org")),
            "certificate-not-trusted X509_V_ERR_PATH_LENGTH_EXCEEDED");
}

TEST(DaneTa, cross_signed_intermediate) {
  const World w;
  const Identity other_root = forge::forge(authority("OtherRoot"), ec_key("other-root"));
  const Identity crossed = forge::forge(authority("Issuer"), ec_key("issuer"), &other_root);
  EXPECT_EQ(summary(verify({w.leaf, crossed, other_root}, {record(other_root, 2, 1, 1)})), "matched 2");
  EXPECT_EQ(summary(verify({w.leaf, w.issuer, w.root}, {record(crossed, 2, 1, 1)})), "matched 1");  // same key
  EXPECT_EQ(summary(verify({w.leaf, w.issuer, w.root}, {record(crossed, 2, 0, 1)})), "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");
}

TEST(DaneTa, reference_names_against_presented_names) {  // CRT-06, RFC 7672 3.2.3
  struct Row {
    std::vector<std::string> dns_names;
    const char* common_name;
    const char* base;
    bool fits;
  };
  const Row rows[] = {
      {{"mx.example.com"}, "x", "mx.example.com", true},
      {{"MX.EXAMPLE.COM"}, "x", "mx.example.com", true},
      {{"*.example.com"}, "x", "mx.example.com", true},
      {{"*.example.com"}, "x", "a.mx.example.com", false},
      {{"*.example.com"}, "x", "example.com", false},
      {{"m*.example.com"}, "x", "mx.example.com", false},
      {{"*x.example.com"}, "x", "mx.example.com", false},
      {{"mx.*.com"}, "x", "mx.example.com", false},
      {{"other.test", "mx.example.com"}, "x", "mx.example.com", true},
      {{}, "mx.example.com", "mx.example.com", true},              // CN-ID: no DNS-ID present
      {{}, "*.example.com", "mx.example.com", true},
      {{"other.test"}, "mx.example.com", "mx.example.com", false},  // DNS-ID present: CN ignored
      {{std::string("mx.example.com\0.evil.test", 25)}, "x", "mx.example.com", false},
      {{std::string("mx.example.com\0", 15)}, "x", "mx.example.com", false},
      {{"192.0.2.1"}, "x", "192.0.2.1", true},                     // a name of digits is a name, not an address
  };
  const World w;
  for (const Row& row : rows) {
    const Identity leaf = forge::forge(host(row.dns_names, row.common_name), ec_key("leaf"), &w.issuer);
    const auto verdict = verify({leaf, w.issuer}, {record(w.issuer, 2, 1, 1)}, row.base);
    EXPECT_EQ(summary(verdict), row.fits ? "matched 1" : "certificate-host-mismatch X509_V_ERR_HOSTNAME_MISMATCH")
        << row.base << " against " << (row.dns_names.empty() ? row.common_name : row.dns_names.front());
  }
}

TEST(DaneVerify, keys_below_the_floor_authenticate_nobody) {  // TLS-02
  const Identity rsa512 = forge::forge(host({"mx.example.com"}), forge::rsa_key(512));
  const Identity rsa1024 = forge::forge(host({"mx.example.com"}), forge::rsa_key(1024));
  EXPECT_EQ(summary(verify({rsa512}, {record(rsa512, 3, 1, 1)})), "validation-failure X509_V_ERR_EE_KEY_TOO_SMALL");
  EXPECT_EQ(summary(verify({rsa1024}, {record(rsa1024, 3, 1, 1)})), "matched 0");
  const Identity weak_ca = forge::forge(authority("Weak"), forge::rsa_key(512, "ca"));
  const Identity leaf = forge::forge(host({"mx.example.com"}), ec_key("leaf"), &weak_ca);
  EXPECT_EQ(summary(verify({leaf, weak_ca}, {record(weak_ca, 2, 1, 1)})), "validation-failure X509_V_ERR_CA_KEY_TOO_SMALL");
}

TEST(DaneVerify, nothing_usable_is_never_pkix) {  // TL-11 (b)
  const World w;
  EXPECT_EQ(summary(verify(w.chain, {})), "all-unusable");
  EXPECT_EQ(summary(verify(w.chain, {record(w.leaf, 1, 1, 1), record(w.root, 0, 0, 1)})), "all-unusable");
  EXPECT_EQ(summary(verify(w.chain, {TlsaRecord::from_rdata(Bytes{3, 1})})), "all-unusable");
  EXPECT_EQ(summary(verify(w.chain, {*TlsaRecord::parse("3 1 1 00"), *TlsaRecord::parse("3 9 1 00")})), "all-unusable");
  EXPECT_EQ(summary(verify(w.chain, {record(w.root, 0, 0, 1), record(w.root, 3, 0, 1)})), "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");
}

TEST(DaneVerify, reasons_show_what_would_have_matched) {
  const World w;
  const auto verdict = verify(w.chain, {record(w.root, 3, 1, 1)});
  EXPECT_NE(verdict->reason.find(record(w.leaf, 3, 1, 1).to_string()), std::string::npos) << verdict->reason;
  EXPECT_NE(verdict->reason.find("DANE-EE(3) matches the first one only"), std::string::npos) << verdict->reason;
  const auto other = verify(w.chain, {*TlsaRecord::parse("2 0 1 " + std::string(64, '0'))});
  EXPECT_NE(other->reason.find(record(w.root, 2, 0, 1).to_string()), std::string::npos) << other->reason;
}

TEST(DaneVerify, absurd_input_gets_an_answer) {
  const World w;
  EXPECT_EQ(summary(verify({}, {record(w.leaf, 3, 1, 1)})), "tlsa-invalid ");
  EXPECT_EQ(summary(verify_chain(nullptr, {TlsaSet{record(w.leaf, 3, 1, 1)}, {}, {}, in_2026})), "error malformed");
  std::vector<Identity> long_chain(1000, w.root);
  long_chain.front() = w.leaf;
  const auto lost = verify(long_chain, {record(w.issuer, 2, 0, 1)});
  EXPECT_EQ(summary(lost), "tlsa-invalid X509_V_ERR_DANE_NO_MATCH");
  EXPECT_LT(lost->reason.size(), 2000U);
  TlsaSet many(1000, record(w.root, 3, 1, 1));
  many.push_back(record(w.leaf, 3, 1, 1));
  EXPECT_EQ(summary(verify(w.chain, many)), "matched 0");
  const TlsaRecord huge{TlsaUsage::dane_ee, TlsaSelector::cert, TlsaMatching::full, Bytes(60'000, 0x30)};
  EXPECT_EQ(summary(verify(w.chain, {huge})), "all-unusable");
  EXPECT_EQ(summary(verify(w.chain, {huge, record(w.leaf, 3, 1, 1)})), "matched 0");
  EXPECT_EQ(summary(verify(w.chain, {record(w.root, 2, 0, 1)}, ".")), "error malformed");  // "" would mean: check no name
  EXPECT_EQ(summary(verify(w.chain, {record(w.root, 2, 0, 1)}, "x.test", {"."})), "error malformed");
  std::vector<Identity> ladder{forge::forge(authority("L0"), ec_key("l"))};
  for (int i = 1; i < 150; ++i) ladder.push_back(forge::forge(authority("L" + std::to_string(i)), ec_key("l"), &ladder.back()));
  ladder.push_back(forge::forge(host({"mx.example.com"}), ec_key("leaf"), &ladder.back()));
  const TlsaSet top{record(ladder.front(), 2, 0, 1)};
  std::reverse(ladder.begin(), ladder.end());
  EXPECT_EQ(summary(verify(ladder, top)), "certificate-not-trusted X509_V_ERR_CERT_CHAIN_TOO_LONG");
  const std::vector<Bytes> broken{w.leaf.der(), Bytes{0x30, 0x00}};
  const auto error = verify_chain(broken, {TlsaSet{record(w.leaf, 3, 1, 1)}, types::TlsaBaseDomain(*types::DomainName::parse("a.b")), {}, in_2026});
  ASSERT_FALSE(error);
  EXPECT_NE(error.error().what.find("certificate 2 of 2"), std::string::npos);
  EXPECT_EQ(ERR_peek_error(), 0UL) << "the error queue of the thread must stay clean";
}

}  // namespace
}  // namespace danewerk::tls
