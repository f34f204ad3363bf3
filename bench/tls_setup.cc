#include "tls_setup.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "options.h"

namespace danewerk::bench {

namespace {

struct TicketKeeper {
  void (*keep)(void* user, Session session) = nullptr;
  void* user = nullptr;
};

[[noreturn]] void tls_trouble(const std::string& doing) {
  char reason[256];
  ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
  give_up(doing + ": " + reason);
}

// Makes a P-256 key and a self-signed certificate of a day and puts both into the context.
void use_fresh_certificate(SSL_CTX* context) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  if (key == nullptr || certificate == nullptr) tls_trouble("making a P-256 key");
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_NAME* name = X509_get_subject_name(certificate);
  const unsigned char common_name[] = "bench.invalid";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  const bool fine = X509_sign(certificate, key, EVP_sha256()) > 0 && SSL_CTX_use_certificate(context, certificate) == 1 &&
                    SSL_CTX_use_PrivateKey(context, key) == 1;
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!fine) tls_trouble("signing the bench certificate");
}

int keep_ticket(SSL* ssl, SSL_SESSION* session) {
  auto* keeper = static_cast<TicketKeeper*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  keeper->keep(keeper->user, Session(session));
  return 1;
}

Context new_context(OSSL_LIB_CTX* library, const SSL_METHOD* method) {
  Context context(SSL_CTX_new_ex(library, nullptr, method));
  if (!context) tls_trouble("making a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set1_groups_list(context.get(), "X25519:P-256");
  return context;
}

}  // namespace

Context server_context(const std::string& certificate_file, const std::string& key_file) {
  Context context = new_context(nullptr, TLS_server_method());
  if (certificate_file.empty() != key_file.empty()) give_up("--cert and --key go together: give both or none");
  if (certificate_file.empty()) {
    use_fresh_certificate(context.get());
  } else {
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
      tls_trouble("--cert " + certificate_file);
    }
    if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) tls_trouble("--key " + key_file);
    if (SSL_CTX_check_private_key(context.get()) != 1) tls_trouble("--key does not belong to --cert");
  }
  const unsigned char name[] = "danewerk-bench";
  SSL_CTX_set_session_id_context(context.get(), name, sizeof name - 1);
  // Tickets carry the session: nothing is kept here.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // A client that closes without close_notify after QUIT is ordinary in SMTP.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  return context;
}

Context client_context(OSSL_LIB_CTX* library, void (*keep)(void* user, Session session), void* user) {
  Context context = new_context(library, TLS_client_method());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (keep == nullptr) return context;
  // One a program, living as long as it does.
  static TicketKeeper keeper;
  keeper = {keep, user};
  SSL_CTX_set_app_data(context.get(), &keeper);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_ticket);
  return context;
}

}  // namespace danewerk::bench
