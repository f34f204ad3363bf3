#include "io/tls/self_issue.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "io/tls/context.h"

namespace danewerk::io {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

bool set_time(ASN1_TIME* field, Instant instant) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count();
  return ASN1_TIME_set(field, static_cast<time_t>(seconds)) != nullptr;
}

bool add_extension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()), &X509_EXTENSION_free);
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// RFC 5280 4.1.2.2: positive, at most 20 octets.
bool set_random_serial(X509* certificate) {
  std::array<unsigned char, 16> octets{};
  if (RAND_bytes(octets.data(), octets.size()) != 1) return false;
  octets[0] &= 0x7f;
  std::unique_ptr<BIGNUM, decltype(&BN_free)> number(BN_bin2bn(octets.data(), octets.size(), nullptr), &BN_free);
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

/// RFC 5280 A.1: a common name holds at most 64 characters; a longer host name stands in the SAN only.
bool set_subject(X509* certificate, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const std::string common_name = name.size() <= 64 ? name : "Danewerk";
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

std::string subject_alternative_names(const std::vector<types::DomainName>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "DNS:" : ",DNS:") + name.to_string();
  return out;
}

}  // namespace

Result<std::string> generate_key(KeyAlgorithm algorithm) {
  const unsigned bits = algorithm == KeyAlgorithm::rsa_3072 ? 3072 : 2048;
  const Key key(algorithm == KeyAlgorithm::ecdsa_p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(bits), &EVP_PKEY_free);
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
  if (!key || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return tls_failure("generate a key");
  }
  return text_of(bio.get());
}

Result<std::string> self_issue(const std::string& key_pem, const std::vector<types::DomainName>& names, Instant not_before,
                               Instant not_after) {
  if (names.empty()) return fail(ErrorKind::limit, "a certificate needs at least one name");
  const Bio key_bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())), &BIO_free);
  const Key key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (!key) return fail(ErrorKind::malformed, "the private key cannot be read: " + tls_error_text("not PEM"));
  const Certificate certificate(X509_new(), &X509_free);
  X509* x = certificate.get();
  const bool built = x && X509_set_version(x, X509_VERSION_3) == 1 && set_random_serial(x) &&
                     set_subject(x, names.front().to_string()) && set_time(X509_getm_notBefore(x), not_before) &&
                     set_time(X509_getm_notAfter(x), not_after) && X509_set_pubkey(x, key.get()) == 1 &&
                     add_extension(x, NID_subject_alt_name, subject_alternative_names(names)) &&
                     add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
                     add_extension(x, NID_key_usage, "critical,digitalSignature") &&
                     add_extension(x, NID_ext_key_usage, "serverAuth") &&
                     add_extension(x, NID_subject_key_identifier, "hash") && X509_sign(x, key.get(), EVP_sha256()) > 0;
  if (!built) return tls_failure("issue a certificate");
  const Bio out(BIO_new(BIO_s_mem()), &BIO_free);
  if (PEM_write_bio_X509(out.get(), x) != 1) return tls_failure("write a certificate");
  return text_of(out.get());
}

}  // namespace danewerk::io
