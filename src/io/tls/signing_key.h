// SigningKey and the other half: signatures over octets, for DKIM.
//
// All that DKIM needs of OpenSSL, so that the engine that knows the format knows no keys: RSA (PKCS #1 v1.5 with SHA-256) and
// Ed25519, which signs the SHA-256 of the octets and not the octets (RFC 8463 3). Public keys travel as the p= tag has them:
// RSA as SubjectPublicKeyInfo (also read as RSAPublicKey, which some publish), Ed25519 as its 32 octets.
//
// RFC 6376 3.3, 3.6.1; RFC 8463 3, 4; RFC 8301 3.2 (RSA below 1024 bits proves nothing).
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/tls/digest.h"
#include "types/dkim_key.h"

struct evp_md_ctx_st;
struct evp_pkey_st;

namespace danewerk::io {

/// Thread safe once made.
class SigningKey {
 public:
  /// A fresh key as PEM (PKCS #8): RSA of 2048 bits, or Ed25519. Error: internal.
  static Result<std::string> generate(types::DkimAlgorithm algorithm);
  /// Error: malformed, also where the key is of another kind.
  static Result<SigningKey> from_pem(types::DkimAlgorithm algorithm, const std::string& pem);

  /// As p= has it, before base64.
  Result<Bytes> public_octets() const;
  /// Error: internal.
  Result<Bytes> sign(std::string_view octets) const;

 private:
  SigningKey(types::DkimAlgorithm algorithm, std::shared_ptr<evp_pkey_st> key) : algorithm_(algorithm), key_(std::move(key)) {}
  types::DkimAlgorithm algorithm_;
  std::shared_ptr<evp_pkey_st> key_;
};

/// Success if `signature` is that key's over these octets. Errors: malformed (the key cannot be read, or is too weak), denied (it is not).
Result<void> verify_octets(types::DkimAlgorithm algorithm, ByteView public_octets, std::string_view octets, ByteView signature);

/// SHA-256 of what streams past.
class Sha256Stream {
 public:
  Sha256Stream();
  void feed(std::string_view octets);
  /// Once.
  Sha256 finish();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace danewerk::io
