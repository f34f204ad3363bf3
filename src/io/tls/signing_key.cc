#include "io/tls/signing_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/check.h"
#include "io/tls/context.h"

namespace danewerk::io {
namespace {

using types::DkimAlgorithm;
using KeyPtr = std::shared_ptr<EVP_PKEY>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

constexpr int rsa_bits = 2048;
constexpr int least_rsa_bits = 1024;
constexpr std::size_t ed25519_octets = 32;

KeyPtr owned(EVP_PKEY* key) { return {key, &EVP_PKEY_free}; }

int kind_of(DkimAlgorithm algorithm) { return algorithm == DkimAlgorithm::rsa_sha256 ? EVP_PKEY_RSA : EVP_PKEY_ED25519; }

/// Ed25519 takes the digest as its message and hashes no more (RFC 8463 3).
const EVP_MD* digest_of(DkimAlgorithm algorithm) { return algorithm == DkimAlgorithm::rsa_sha256 ? EVP_sha256() : nullptr; }

std::string message_of(DkimAlgorithm algorithm, std::string_view octets) {
  if (algorithm == DkimAlgorithm::rsa_sha256) return std::string(octets);
  const Sha256 digest = sha256(as_bytes(octets));
  return std::string(as_text(digest));
}

Result<KeyPtr> public_key(DkimAlgorithm algorithm, ByteView octets) {
  if (algorithm == DkimAlgorithm::ed25519_sha256) {
    if (octets.size() != ed25519_octets) return fail(ErrorKind::malformed, "an Ed25519 key has 32 octets");
    KeyPtr key = owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets.data(), octets.size()));
    if (!key) return fail(ErrorKind::malformed, "the Ed25519 key cannot be read");
    return key;
  }
  const unsigned char* at = octets.data();
  KeyPtr key = owned(d2i_PUBKEY(nullptr, &at, static_cast<long>(octets.size())));
  if (!key) {
    at = octets.data();
    key = owned(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(octets.size())));
  }
  ERR_clear_error();
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) return fail(ErrorKind::malformed, "the RSA key cannot be read");
  if (EVP_PKEY_bits(key.get()) < least_rsa_bits) return fail(ErrorKind::malformed, "the RSA key is shorter than 1024 bits (RFC 8301 3.2)");
  return key;
}

}  // namespace

Result<std::string> SigningKey::generate(DkimAlgorithm algorithm) {
  const KeyPtr key = owned(algorithm == DkimAlgorithm::rsa_sha256 ? EVP_RSA_gen(rsa_bits) : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) return tls_failure("making a key");
  const Bio out(BIO_new(BIO_s_mem()), &BIO_free);
  if (!out || PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) return tls_failure("writing a key");
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<SigningKey> SigningKey::from_pem(DkimAlgorithm algorithm, const std::string& pem) {
  const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  KeyPtr key = owned(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  if (!key || EVP_PKEY_base_id(key.get()) != kind_of(algorithm)) {
    ERR_clear_error();
    return fail(ErrorKind::malformed, std::string("no private key for ") + types::to_string(algorithm));
  }
  return SigningKey(algorithm, std::move(key));
}

Result<Bytes> SigningKey::public_octets() const {
  if (algorithm_ == DkimAlgorithm::ed25519_sha256) {
    Bytes out(ed25519_octets);
    std::size_t size = out.size();
    if (EVP_PKEY_get_raw_public_key(key_.get(), out.data(), &size) != 1) return tls_failure("reading a public key");
    return out;
  }
  unsigned char* data = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &data);
  if (size <= 0) return tls_failure("writing a public key");
  Bytes out(data, data + size);
  OPENSSL_free(data);
  return out;
}

Result<Bytes> SigningKey::sign(std::string_view octets) const {
  const std::string message = message_of(algorithm_, octets);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm_), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, message.size()) != 1) {
    return tls_failure("signing");
  }
  Bytes out(size);
  if (EVP_DigestSign(context.get(), out.data(), &size, data, message.size()) != 1) return tls_failure("signing");
  out.resize(size);
  return out;
}

Result<void> verify_octets(DkimAlgorithm algorithm, ByteView public_octets, std::string_view octets, ByteView signature) {
  TRY(const KeyPtr key, public_key(algorithm, public_octets));
  const std::string message = message_of(algorithm, octets);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  const bool good = context && EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm), nullptr, key.get()) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(), data, message.size()) == 1;
  ERR_clear_error();
  if (!good) return fail(ErrorKind::denied, "the signature is not this key's over these octets");
  return {};
}

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
  CHECK(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256Stream::feed(std::string_view octets) { CHECK(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1); }

Sha256 Sha256Stream::finish() {
  Sha256 out{};
  CHECK(EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) == 1);
  return out;
}

}  // namespace danewerk::io
