#include "io/tls/dnssec_crypto.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>

#include "io/tls/certificate_openssl.h"

namespace danewerk::tls {
namespace {

using BignumPtr = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
using DigestCtxPtr = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using KeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using ParamBuildPtr = std::unique_ptr<OSSL_PARAM_BLD, FreeBy<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, FreeBy<OSSL_PARAM_free>>;
using EcdsaSigPtr = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;

BignumPtr number_of(ByteView octets) { return BignumPtr(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr)); }

EvpPkeyPtr key_from(const char* type, const ParamBuildPtr& build) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(build.get()));
  const KeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) return nullptr;
  return EvpPkeyPtr(key);
}

/// RFC 3110 2: length of the exponent in one octet, or in two behind a zero.
EvpPkeyPtr rsa_key(ByteView key) {
  if (key.size() < 3) return nullptr;
  std::size_t at = 1, length = key[0];
  if (length == 0) {
    length = static_cast<std::size_t>(key[1]) << 8 | key[2];
    at = 3;
  }
  constexpr std::size_t least = 1024 / 8, most = 4096 / 8, longest_exponent = 8;
  if (length == 0 || length > longest_exponent || key.size() < at + length) return nullptr;
  const ByteView modulus = key.subspan(at + length);
  if (modulus.size() < least || modulus.size() > most) return nullptr;
  const BignumPtr e = number_of(key.subspan(at, length)), n = number_of(modulus);
  const ParamBuildPtr build(OSSL_PARAM_BLD_new());
  if (!e || !n || !build || OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return key_from("RSA", build);
}

/// RFC 6605 4: x and y.
EvpPkeyPtr ec_key(ByteView key, const char* curve, std::size_t half) {
  if (key.size() != 2 * half) return nullptr;
  Bytes point{4};  // uncompressed
  point.insert(point.end(), key.begin(), key.end());
  const ParamBuildPtr build(OSSL_PARAM_BLD_new());
  if (!build || OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return nullptr;
  }
  return key_from("EC", build);
}

/// RFC 6605 4: r and s, each as long as the curve's order; OpenSSL wants them in DER.
Bytes ec_signature(ByteView signature, std::size_t half) {
  if (signature.size() != 2 * half) return {};
  const EcdsaSigPtr both(ECDSA_SIG_new());
  BignumPtr r = number_of(signature.subspan(0, half)), s = number_of(signature.subspan(half));
  if (!both || !r || !s || ECDSA_SIG_set0(both.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());  // now the signature's
  static_cast<void>(s.release());
  return encode(i2d_ECDSA_SIG, both.get());
}

bool verify(const EvpPkeyPtr& key, const EVP_MD* digest, ByteView data, ByteView signature) {
  const DigestCtxPtr context(EVP_MD_CTX_new());
  if (!key || !context || signature.empty()) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(), data.size()) == 1;
}

EvpPkeyPtr raw_key(int type, ByteView key) { return EvpPkeyPtr(EVP_PKEY_new_raw_public_key(type, nullptr, key.data(), key.size())); }

enum Algorithm : std::uint8_t { rsa_sha256 = 8, rsa_sha512 = 10, p256 = 13, p384 = 14, ed25519 = 15, ed448 = 16 };
constexpr std::size_t p256_half = 32, p384_half = 48;

}  // namespace

bool knows_dnssec_algorithm(std::uint8_t algorithm) noexcept {
  return algorithm == rsa_sha256 || algorithm == rsa_sha512 || (algorithm >= p256 && algorithm <= ed448);
}

bool verify_dnssec_signature(std::uint8_t algorithm, ByteView key, ByteView data, ByteView signature) {
  const ErrorQueueGuard guard;
  switch (algorithm) {
    case rsa_sha256: return verify(rsa_key(key), EVP_sha256(), data, signature);
    case rsa_sha512: return verify(rsa_key(key), EVP_sha512(), data, signature);
    case p256: return verify(ec_key(key, "prime256v1", p256_half), EVP_sha256(), data, ec_signature(signature, p256_half));
    case p384: return verify(ec_key(key, "secp384r1", p384_half), EVP_sha384(), data, ec_signature(signature, p384_half));
    case ed25519: return verify(raw_key(EVP_PKEY_ED25519, key), nullptr, data, signature);
    case ed448: return verify(raw_key(EVP_PKEY_ED448, key), nullptr, data, signature);
    default: return false;
  }
}

std::optional<Bytes> dnssec_digest(std::uint8_t digest_type, ByteView data) {
  const EVP_MD* kind = digest_type == 1 ? EVP_sha1() : digest_type == 2 ? EVP_sha256() : digest_type == 4 ? EVP_sha384() : nullptr;
  if (!kind) return std::nullopt;
  const ErrorQueueGuard guard;
  Bytes out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (EVP_Digest(data.data(), data.size(), out.data(), &size, kind, nullptr) != 1) return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace danewerk::tls
