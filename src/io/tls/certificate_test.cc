#include "io/tls/certificate.h"

#include <gtest/gtest.h>

#include "io/tls/certificate_file.h"
#include "io/tls/certificate_forge.h"

namespace danewerk::tls {
namespace {

using forge::ec_key;
using forge::Forgery;
using forge::Identity;
using types::AssociationData;
using types::TlsaMatching;
using types::TlsaRecord;
using types::TlsaSelector;
using types::TlsaUsage;

Identity leaf() {
  Forgery forgery{"mx.example.com"};
  forgery.dns_names = {"MX.example.com", "*.example.net"};
  return forge::forge(forgery, ec_key("leaf"));
}

TEST(Certificate, every_field_is_read) {
  const Identity identity = leaf();
  const types::CertificateInfo info = identity.info();
  EXPECT_EQ(info.der, identity.der());
  EXPECT_EQ(info.spki, identity.spki());
  EXPECT_EQ(info.subject, "CN=mx.example.com");
  EXPECT_EQ(info.issuer, "CN=mx.example.com");
  EXPECT_EQ(info.common_name, "mx.example.com");
  EXPECT_EQ(info.dns_names, (std::vector<std::string>{"mx.example.com", "*.example.net"}));
  EXPECT_EQ(to_rfc3339(info.not_before), "2026-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(info.not_after), "2027-01-01T00:00:00Z");
  EXPECT_EQ(info.key_algorithm, "EC P-256");
  EXPECT_EQ(info.role, types::CertificateRole::end_entity);
  EXPECT_EQ(forge::forge(forge::authority("CA"), ec_key("ca")).info().role, types::CertificateRole::authority);
  EXPECT_EQ(forge::forge(Forgery{"r"}, forge::rsa_key(1024)).info().key_algorithm, "RSA 1024");
  const std::string sha256 = record_for(info, TlsaUsage::dane_ee, TlsaSelector::cert, TlsaMatching::sha2_256).to_string();
  EXPECT_EQ(sha256, "3 0 1 " + info.sha256);
}

TEST(Certificate, record_digests_are_those_of_openssl_dgst) {  // CRT-07
  const Bytes abc{'a', 'b', 'c'};  // FIPS 180-4 examples
  types::CertificateInfo info;
  info.der = abc;
  EXPECT_EQ(record_for(info, TlsaUsage::dane_ta, TlsaSelector::cert, TlsaMatching::sha2_256).to_string(),
            "2 0 1 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(record_for_key(abc, TlsaUsage::dane_ee, TlsaMatching::sha2_512).to_string(),
            "3 1 2 ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
            "2a9ac94fa54ca49f");
  EXPECT_EQ(record_for_key(abc, TlsaUsage::dane_ee, TlsaMatching::full).data, abc);
}

TEST(Certificate, embedded_nul_and_control_characters_become_visible) {
  Forgery forgery{"evil\x1b[2J.example"};
  forgery.dns_names = {std::string("mx.example.com\0.evil.test", 25), "a\\b"};
  const types::CertificateInfo info = forge::forge(forgery, ec_key("nul")).info();
  EXPECT_EQ(info.dns_names, (std::vector<std::string>{"mx.example.com\\x00.evil.test", "a\\x5cb"}));
  EXPECT_EQ(info.common_name, "evil\\x1b[2J.example");
  EXPECT_EQ(info.subject.find('\x1b'), std::string::npos) << info.subject;
}

TEST(Certificate, says_which_of_the_chain_does_not_parse) {
  std::vector<Bytes> ders{leaf().der(), leaf().der(), leaf().der()};
  EXPECT_EQ(read_chain(ders)->size(), 3U);
  for (std::size_t bad = 0; bad < ders.size(); ++bad) {
    auto broken = ders;
    broken[bad].resize(broken[bad].size() / 2);
    const auto chain = read_chain(broken);
    ASSERT_FALSE(chain);
    EXPECT_EQ(chain.error().kind, ErrorKind::malformed);
    EXPECT_NE(chain.error().what.find("certificate " + std::to_string(bad + 1) + " of 3"), std::string::npos)
        << chain.error().what;
  }
  EXPECT_FALSE(read_chain({}));
  Bytes longer = leaf().der();
  longer.push_back(0);
  EXPECT_NE(read_certificate(longer).error().what.find("1 octets follow"), std::string::npos);
  EXPECT_FALSE(read_certificate({}));
  EXPECT_EQ(ERR_peek_error(), 0UL) << "the error queue of the thread must stay clean";
}

TEST(Association, full_records_are_what_they_hold) {  // TL-12
  const auto inspect = [](TlsaUsage usage, TlsaSelector selector, const Bytes& data) {
    return inspect_association({usage, selector, TlsaMatching::full, data});
  };
  const auto ee = TlsaUsage::dane_ee;
  const Identity strong = leaf();
  const Identity weak = forge::forge(Forgery{"weak"}, forge::rsa_key(512));
  EXPECT_EQ(inspect(ee, TlsaSelector::cert, strong.der()), AssociationData::certificate);
  EXPECT_EQ(inspect(ee, TlsaSelector::spki, strong.spki()), AssociationData::public_key);
  EXPECT_EQ(inspect(ee, TlsaSelector::spki, strong.der()), AssociationData::unparsable);
  EXPECT_EQ(inspect(ee, TlsaSelector::cert, strong.spki()), AssociationData::unparsable);
  EXPECT_EQ(inspect(ee, TlsaSelector::cert, weak.der()), AssociationData::too_weak);
  EXPECT_EQ(inspect(ee, TlsaSelector::spki, weak.spki()), AssociationData::too_weak);
  EXPECT_EQ(inspect(ee, TlsaSelector::spki, forge::forge(Forgery{"r"}, forge::rsa_key(1024)).spki()),
            AssociationData::public_key);
  EXPECT_EQ(inspect(ee, TlsaSelector::cert, {}), AssociationData::unparsable);
  EXPECT_EQ(inspect(ee, TlsaSelector::cert, Bytes(60'000, 0x30)), AssociationData::unparsable);
  Bytes longer = strong.spki();
  longer.push_back(0);
  EXPECT_EQ(inspect(ee, TlsaSelector::spki, longer), AssociationData::unparsable);
  EXPECT_EQ(inspect_association(*TlsaRecord::parse("3 1 1 00")), AssociationData::digest);
}

std::vector<Bytes> ders_of(const Result<ParsedChain>& chain) {
  std::vector<Bytes> out;
  for (const types::CertificateInfo& info : describe_chain(chain->get())) out.push_back(info.der);
  return out;
}

TEST(CertificateFile, pem_with_junk_around) {
  const Identity a = leaf();
  const Identity b = forge::forge(forge::authority("CA"), ec_key("ca"));
  std::string crlf = forge::pem(b);
  for (std::size_t at = 0; (at = crlf.find('\n', at)) != std::string::npos; at += 2) crlf.insert(at, "\r");
  const std::string key = "-----BEGIN PRIVATE KEY-----\n" + to_base64(forge::private_key_der(a.key)) + "\n-----END PRIVATE KEY-----\n";
  const std::string file = "Bag Attributes\n  friendlyName: x\nsubject=CN = y\n" + key + forge::pem(a) + "\n\n# comment -----\n" +
                           crlf + "-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----";
  const auto read = read_certificate_file(file);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(ders_of(read), (std::vector<Bytes>{a.der(), b.der()}));
  EXPECT_EQ(*read_public_key_file(file), a.spki());
  Bytes both = a.der();
  const Bytes second = b.der();
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_EQ(ders_of(read_certificate_file(as_text(both))), (std::vector<Bytes>{a.der(), b.der()}));
}

TEST(CertificateFile, what_is_wrong_is_named) {
  const std::string good = forge::pem(leaf());
  struct Row {
    std::string file;
    const char* says;
  };
  std::string damaged = good;
  damaged[damaged.find('\n') + 40] = '!';
  std::string flipped = good;  // still base64, no longer DER
  flipped[good.find('\n') + 1] = 'Q';
  const Row rows[] = {
      {"", "empty"},
      {"hello\n", "certificate 1 (DER"},
      {good + damaged, "begins at line "},
      {good + flipped, "certificate 2"},
      {good.substr(0, good.size() / 2), "no END line"},
      {"-----BEGIN CERTIFICATE-----\n" + good, "no END line"},
      {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "is empty"},
      {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n", "another kind"},
      {"-----BEGIN X-----\nAAAA\n-----END X-----\n", "holds no certificate"},
      {std::string(100'000, '\0'), "certificate 1 (DER"},
  };
  for (const Row& row : rows) {
    const auto read = read_certificate_file(row.file);
    ASSERT_FALSE(read) << row.says;
    EXPECT_NE(read.error().what.find(row.says), std::string::npos) << read.error().what;
  }
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(KeyFile, every_common_form) {
  const forge::Key key = ec_key("leaf");
  const Bytes spki = leaf().spki();
  const auto block = [](const char* label, const Bytes& der) {
    return std::string("-----BEGIN ") + label + "-----\n" + to_base64(der) + "\n-----END " + label + "-----\n";
  };
  const Bytes sec1 = encode<EVP_PKEY>(i2d_PrivateKey, key.get());
  EXPECT_EQ(*read_public_key_file(block("PRIVATE KEY", forge::private_key_der(key))), spki);
  EXPECT_EQ(*read_public_key_file(block("EC PARAMETERS", {0x06, 0x00}) + block("EC PRIVATE KEY", sec1)), spki);
  EXPECT_EQ(*read_public_key_file(block("PUBLIC KEY", spki)), spki);
  EXPECT_EQ(*read_public_key_file(as_text(spki)), spki);
  EXPECT_EQ(*read_public_key_file(as_text(sec1)), spki);
  const auto rsa = forge::rsa_key(1024);
  const Bytes rsa_spki = encode<EVP_PKEY>(i2d_PUBKEY, rsa.get());
  EXPECT_EQ(*read_public_key_file(block("RSA PRIVATE KEY", encode<EVP_PKEY>(i2d_PrivateKey, rsa.get()))), rsa_spki);
  const auto encrypted = read_public_key_file("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n"
                                              "-----END RSA PRIVATE KEY-----\n");
  EXPECT_EQ(encrypted.error().kind, ErrorKind::denied);
  EXPECT_FALSE(read_public_key_file(forge::pem(leaf())));
  EXPECT_FALSE(read_public_key_file("junk"));
  EXPECT_FALSE(read_public_key_file(""));
}

}  // namespace
}  // namespace danewerk::tls
