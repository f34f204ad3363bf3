// Certificate forge: the certificates that tests need, the faulty ones above all. Included by tests only.
//
// EC keys are derived from a label, so that one label is one key in every run and in two certificates (cross-signing);
// such keys protect nothing and must never leave a test, which is why this is a header that no library compiles. RSA keys
// are generated and kept for the run: nothing a test asserts depends on their value. Signatures of ECDSA are random by
// nature, so whole-certificate digests differ between runs while every verdict stays the same.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/instant.h"
#include "io/tls/certificate.h"
#include "io/tls/certificate_openssl.h"

namespace danewerk::tls::forge {

using Key = std::shared_ptr<EVP_PKEY>;

inline Instant instant(const char* text) { return *parse_rfc3339(text); }
/// When what is forged with the default dates is valid.
inline const Instant in_2026 = instant("2026-06-01T00:00:00Z");

/// The P-256 key that belongs to `label`.
inline Key ec_key(const std::string& label) {
  Bytes scalar(32);
  CHECK(EVP_Digest(label.data(), label.size(), scalar.data(), nullptr, EVP_sha256(), nullptr) == 1);
  scalar[0] = 0x01;  // below the group order
  const std::unique_ptr<EC_GROUP, FreeBy<EC_GROUP_free>> group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const std::unique_ptr<BIGNUM, FreeBy<BN_free>> secret(BN_bin2bn(scalar.data(), 32, nullptr));
  const std::unique_ptr<EC_POINT, FreeBy<EC_POINT_free>> point(EC_POINT_new(group.get()));
  CHECK(EC_POINT_mul(group.get(), point.get(), secret.get(), nullptr, nullptr, nullptr) == 1);
  Bytes open(65);
  CHECK(EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, open.data(), open.size(), nullptr) == 65);
  const std::unique_ptr<OSSL_PARAM_BLD, FreeBy<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get());
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, open.data(), open.size());
  const std::unique_ptr<OSSL_PARAM, FreeBy<OSSL_PARAM_free>> params(OSSL_PARAM_BLD_to_param(builder.get()));
  const std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  CHECK(EVP_PKEY_fromdata_init(context.get()) == 1);
  CHECK(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) == 1);
  return {key, EVP_PKEY_free};
}

/// An RSA key of this size; the same one on every call of a run with the same `label`.
inline Key rsa_key(unsigned bits, const std::string& label = "") {
  static std::map<std::pair<unsigned, std::string>, Key> made;
  Key& key = made[{bits, label}];
  if (!key) key = {EVP_RSA_gen(bits), EVP_PKEY_free};
  CHECK(key != nullptr);
  return key;
}

struct Forgery {
  std::string common_name;
  std::vector<std::string> dns_names = {};  ///< octets as given, also NUL
  Instant not_before = instant("2026-01-01T00:00:00Z");
  Instant not_after = instant("2027-01-01T00:00:00Z");
  std::string basic_constraints = {};  ///< "critical,CA:TRUE,pathlen:0"
  std::string extended_key_usage = {};  ///< "serverAuth"
  std::string key_usage = {};
  std::string name_constraints = {};  ///< "critical,permitted;DNS:example.com"
  const EVP_MD* digest = EVP_sha256();
};

struct Identity {
  Key key;
  std::shared_ptr<X509> certificate;

  Bytes der() const { return encode<X509>(i2d_X509, certificate.get()); }
  Bytes spki() const { return encode<EVP_PKEY>(i2d_PUBKEY, key.get()); }
  types::CertificateInfo info() const { return *read_certificate(der()); }
};

inline Forgery authority(const std::string& common_name) {
  Forgery forgery{common_name};
  forgery.basic_constraints = "critical,CA:TRUE";
  return forgery;
}

inline void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, FreeBy<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  CHECK(extension != nullptr);
  CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

inline void add_dns_names(X509* certificate, const std::vector<std::string>& names) {
  if (names.empty()) return;
  const GeneralNamesPtr list(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    GENERAL_NAME* entry = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    CHECK(ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) == 1);
    GENERAL_NAME_set0_value(entry, GEN_DNS, text);
    CHECK(sk_GENERAL_NAME_push(list.get(), entry) > 0);
  }
  CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) == 1);
}

/// Signed by `issuer`, or by itself where there is none.
inline Identity forge(const Forgery& forgery, const Key& key, const Identity* issuer = nullptr) {
  static long serial = 1000;
  const std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509* raw = certificate.get();
  X509* issued_by = issuer != nullptr ? issuer->certificate.get() : raw;
  X509_set_version(raw, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial);
  const auto seconds = [](Instant at) { return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count(); };
  ASN1_TIME_set(X509_getm_notBefore(raw), seconds(forgery.not_before));
  ASN1_TIME_set(X509_getm_notAfter(raw), seconds(forgery.not_after));
  if (!forgery.common_name.empty()) {
    CHECK(X509_NAME_add_entry_by_NID(X509_get_subject_name(raw), NID_commonName, MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(forgery.common_name.data()),
                                     static_cast<int>(forgery.common_name.size()), -1, 0) == 1);
  }
  X509_set_pubkey(raw, key.get());
  X509_set_issuer_name(raw, X509_get_subject_name(issued_by));
  add_extension(raw, issued_by, NID_subject_key_identifier, "hash");
  if (issuer != nullptr) add_extension(raw, issued_by, NID_authority_key_identifier, "keyid");
  add_extension(raw, issued_by, NID_basic_constraints, forgery.basic_constraints);
  add_extension(raw, issued_by, NID_key_usage, forgery.key_usage);
  add_extension(raw, issued_by, NID_ext_key_usage, forgery.extended_key_usage);
  add_extension(raw, issued_by, NID_name_constraints, forgery.name_constraints);
  add_dns_names(raw, forgery.dns_names);
  CHECK(X509_sign(raw, issuer != nullptr ? issuer->key.get() : key.get(), forgery.digest) > 0);
  return {key, certificate};
}

/// PEM, for files and for --batch.
inline std::string pem(const Identity& identity) {
  const std::string base64 = to_base64(identity.der());
  std::string out = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t i = 0; i < base64.size(); i += 64) out += base64.substr(i, 64) + "\n";
  return out + "-----END CERTIFICATE-----\n";
}

/// Unencrypted PKCS#8, DER.
inline Bytes private_key_der(const Key& key) {
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeBy<PKCS8_PRIV_KEY_INFO_free>> info(EVP_PKEY2PKCS8(key.get()));
  return encode<PKCS8_PRIV_KEY_INFO>(i2d_PKCS8_PRIV_KEY_INFO, info.get());
}

}  // namespace danewerk::tls::forge
