#pragma once
// TLS contexts for the bench programs: always TLS 1.3, always ECDSA P-256 unless a certificate is given.
//
// A measurement of handshakes means something only if every party agrees on what a handshake is: here TLS 1.3 with
// X25519, an ECDSA P-256 certificate, two session tickets after a full handshake (OpenSSL's default), and no chain
// verification at the client (the CertificateVerify signature is checked always; DANE costs one digest more).
//
// Owner: whoever holds the unique_ptr. A context outlives the sessions made from it by OpenSSL's reference count.

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace danewerk::bench {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;
using Session = std::unique_ptr<SSL_SESSION, FreeSession>;

// A server context. With both paths empty a key and a self-signed certificate are made in memory. PEM files otherwise;
// ends the program if they cannot be read or do not belong together.
Context server_context(const std::string& certificate_file, const std::string& key_file);

// A client context that calls `keep(user, session)` for each ticket the server sends (ownership passes to it);
// nullptr: tickets are ignored. `library` reads the server's certificate; nullptr: OpenSSL's usual one.
Context client_context(OSSL_LIB_CTX* library, void (*keep)(void* user, Session session), void* user);

}  // namespace danewerk::bench
