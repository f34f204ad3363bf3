#include "io/tls/context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "io/tls/context_by_name.h"
#include "io/tls/digest.h"
#include "io/tls/handshake_flood.h"
#include "io/tls/identity.h"
#include "io/tls/lean_library.h"

namespace danewerk::io {
namespace {

// RFC 9325 4.2: forward secrecy and AEAD first; CBC suites stay for old peers; static RSA, DHE, anonymous ones do not (TLS-09).
constexpr const char* tls12_ciphers =
    "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AESCCM:ECDHE+SHA256:ECDHE+SHA384:ECDHE+SHA:!aNULL:!eNULL:!PSK:!SRP:!DSS:!3DES:!RC4:!CAMELLIA:!ARIA";

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio read_from(const std::string& pem) { return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free}; }

std::shared_ptr<SSL_CTX> new_context(OSSL_LIB_CTX* library, const SSL_METHOD* method) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new_ex(library, nullptr, method), &SSL_CTX_free);
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);  // TLS-01
  SSL_CTX_set_cipher_list(context.get(), tls12_ciphers);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  watch_for_handshake_floods(context.get());
  return context;
}

Failure<Error> bad_identity(const std::string& whose, const std::string& what) {
  return fail(ErrorKind::malformed, whose + ": " + what + ": " + tls_error_text("unreadable PEM"));
}

Result<void> add_identity(SSL_CTX* context, const ServerIdentity& identity, std::size_t index) {
  const std::string what = "server identity " + std::to_string(index + 1);
  TRY(const ReadIdentity read, read_identity(identity, what));
  if (SSL_CTX_use_cert_and_key(context, read.leaf.get(), read.key.get(), read.rest.get(), 1) != 1) return bad_identity(what, "OpenSSL refuses it");
  return {};
}

/// Of what a client is shown, and for whom.
Sha256 identity_digest(const std::vector<ServerIdentity>& identities, std::string_view whose) {
  std::string text = "danewerk\n" + std::string(whose) + "\n";
  for (const ServerIdentity& identity : identities) text += identity.chain_pem + "\n";
  return sha256(as_bytes(text));
}

}  // namespace

Result<ReadIdentity> read_identity(const ServerIdentity& identity, const std::string& what) {
  ReadIdentity out;
  const Bio key_bio = read_from(identity.key_pem);
  out.key.reset(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  if (!out.key) return bad_identity(what, "the private key cannot be read");
  const Bio chain_bio = read_from(identity.chain_pem);
  out.leaf.reset(PEM_read_bio_X509(chain_bio.get(), nullptr, nullptr, nullptr));
  if (!out.leaf) return bad_identity(what, "the certificate cannot be read");
  if (X509_check_private_key(out.leaf.get(), out.key.get()) != 1) return bad_identity(what, "the key is not the certificate's");
  out.rest.reset(sk_X509_new_null());
  while (X509* next = PEM_read_bio_X509(chain_bio.get(), nullptr, nullptr, nullptr)) sk_X509_push(out.rest.get(), next);
  ERR_clear_error();  // the end of the file is no error
  return out;
}

std::string tls_error_text(const std::string& otherwise) {
  std::string out;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!out.empty()) out += "; ";
    out += reason ? reason : "error " + std::to_string(code);
  }
  return out.empty() ? otherwise : out;
}

Failure<Error> tls_failure(const char* doing) {
  return fail(ErrorKind::internal, std::string(doing) + ": " + tls_error_text("OpenSSL gave no reason"));
}

Result<std::shared_ptr<const ServerContext>> ServerContext::make(const std::vector<ServerIdentity>& identities, std::string_view whose) {
  auto context = new_context(nullptr, TLS_server_method());
  if (!context) return fail(ErrorKind::internal, "TLS server context: " + tls_error_text("out of memory"));
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context.get(), 0);
  // Not only tickets keep contexts apart: a connection that changes to another context keeps the ticket keys of its first.
  const Sha256 session_id_context = identity_digest(identities, whose);
  SSL_CTX_set_session_id_context(context.get(), session_id_context.data(), static_cast<unsigned>(session_id_context.size()));
  allow_choice(context.get());
  if (identities.empty()) return fail(ErrorKind::malformed, "a TLS server needs at least one key and certificate");
  // CRT-12: one chain for each key algorithm, and OpenSSL shows the one that the client can verify.
  for (std::size_t i = 0; i < identities.size(); ++i) TRY_VOID(add_identity(context.get(), identities[i], i));
  return std::shared_ptr<const ServerContext>(new ServerContext(std::move(context)));
}

Result<std::shared_ptr<const ClientContext>> ClientContext::make(OfferedKeys offered) {
  auto context = new_context(tls::lean_library(), TLS_client_method());
  if (!context) return fail(ErrorKind::internal, "TLS client context: " + tls_error_text("out of memory"));
  const char* algorithms = offered == OfferedKeys::ecdsa ? "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512"
                                                         : "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";
  if (offered != OfferedKeys::any && SSL_CTX_set1_sigalgs_list(context.get(), algorithms) != 1) {
    return fail(ErrorKind::internal, "TLS client context: " + tls_error_text("signature algorithms"));
  }
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // Even under SSL_VERIFY_NONE OpenSSL would build and check a chain from its own store and throw the result away.
  SSL_CTX_set_cert_verify_callback(context.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  // A client's connection is short, or one of a bounded number at rest: to give buffers back at every turn costs more than it saves.
  SSL_CTX_clear_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return std::shared_ptr<const ClientContext>(new ClientContext(std::move(context)));
}

}  // namespace danewerk::io
