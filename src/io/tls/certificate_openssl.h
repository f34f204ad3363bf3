// The OpenSSL objects behind certificates, owned; only for .cc files and tests of io/tls.
//
// OpenSSL's functions leave their complaints in a queue a thread, and SSL_get_error() of the next connection on that
// thread would read them as its own. So every entry from outside holds an ErrorQueueGuard, which empties what it added.
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/bytes.h"
#include "types/certificate_info.h"

namespace danewerk::tls {

template <auto free_function>
struct FreeBy {
  template <class T>
  void operator()(T* object) const noexcept {
    free_function(object);
  }
};
inline void free_certificates(STACK_OF(X509) * stack) noexcept { sk_X509_pop_free(stack, X509_free); }
inline void free_names(GENERAL_NAMES* names) noexcept { GENERAL_NAMES_free(names); }
inline void free_octets(unsigned char* octets) noexcept { OPENSSL_free(octets); }

using X509Ptr = std::unique_ptr<X509, FreeBy<X509_free>>;
using X509StackPtr = std::unique_ptr<STACK_OF(X509), FreeBy<free_certificates>>;
using X509StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, FreeBy<X509_STORE_CTX_free>>;
using EvpPkeyPtr = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, FreeBy<SSL_free>>;
using BioPtr = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, FreeBy<free_names>>;

class ErrorQueueGuard {
 public:
  ErrorQueueGuard() noexcept { ERR_set_mark(); }
  ~ErrorQueueGuard() { ERR_pop_to_mark(); }
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
};

/// The newest complaint in the queue, e.g. "asn1 encoding routines: wrong tag"; "no reason given" where there is none.
std::string newest_openssl_error();

/// Exactly one certificate, all octets used; null otherwise.
X509Ptr decode_certificate(ByteView der);
/// All that CertificateInfo holds, from a certificate already parsed.
types::CertificateInfo describe_certificate(X509* certificate);
/// Exactly one SubjectPublicKeyInfo of an algorithm we know, all octets used; null otherwise.
EvpPkeyPtr decode_public_key(ByteView der);

/// What an i2d function writes for `object`: empty if it fails.
template <class T>
Bytes encode(int (*i2d)(const T*, unsigned char**), const T* object) {
  unsigned char* raw = nullptr;
  const int length = i2d(object, &raw);
  const std::unique_ptr<unsigned char, FreeBy<free_octets>> owner(raw);
  return length > 0 ? Bytes(raw, raw + length) : Bytes{};
}

}  // namespace danewerk::tls
