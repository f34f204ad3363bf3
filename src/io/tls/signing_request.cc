#include "io/tls/signing_request.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "io/tls/context.h"

namespace danewerk::io {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Request = std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)>;

void free_extensions(STACK_OF(X509_EXTENSION)* all) { sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free); }

bool add_names(X509_REQ* request, const std::vector<types::DomainName>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "DNS:" : ",DNS:") + name.to_string();
  const std::unique_ptr<STACK_OF(X509_EXTENSION), decltype(&free_extensions)> all(sk_X509_EXTENSION_new_null(), &free_extensions);
  X509_EXTENSION* one = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, text.c_str());
  if (!all || !one) return false;
  if (sk_X509_EXTENSION_push(all.get(), one) == 0) {
    X509_EXTENSION_free(one);
    return false;
  }
  return X509_REQ_add_extensions(request, all.get()) == 1;
}

}  // namespace

Result<std::string> signing_request(const std::string& key_pem, const std::vector<types::DomainName>& names) {
  if (names.empty()) return fail(ErrorKind::limit, "a certificate needs at least one name");
  const Bio key_bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())), &BIO_free);
  const Key key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (!key) return fail(ErrorKind::malformed, "the private key cannot be read: " + tls_error_text("not PEM"));
  const Request request(X509_REQ_new(), &X509_REQ_free);
  const Bio out(BIO_new(BIO_s_mem()), &BIO_free);
  const bool made = request && out && X509_REQ_set_pubkey(request.get(), key.get()) == 1 && add_names(request.get(), names) &&
                    X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0 && PEM_write_bio_X509_REQ(out.get(), request.get()) == 1;
  if (!made) return fail(ErrorKind::internal, "make a signing request: " + tls_error_text("OpenSSL gave no reason"));
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace danewerk::io
