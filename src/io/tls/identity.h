// A key with its chain as OpenSSL holds them. Within io/tls only.
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>

#include "io/tls/context.h"

namespace danewerk::io {

struct ReadIdentity {
  static void free_all(STACK_OF(X509)* stack) { sk_X509_pop_free(stack, X509_free); }
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{nullptr, &EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> leaf{nullptr, &X509_free};
  std::unique_ptr<STACK_OF(X509), decltype(&free_all)> rest{nullptr, &free_all};
};

/// Error: malformed, beginning with `what`: unreadable, or the key is not the certificate's.
Result<ReadIdentity> read_identity(const ServerIdentity& identity, const std::string& what);

}  // namespace danewerk::io
