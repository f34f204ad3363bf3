#include "io/tls/pkix_verify.h"

#include "io/tls/certificate.h"
#include "io/tls/certificate_openssl.h"
#include "io/tls/dane_verify_failure.h"

namespace danewerk::tls {
namespace {

using types::PkixVerdict;

Failure<Error> openssl_failed(const char* what) {
  return fail(ErrorKind::internal, std::string("PKIX verification: ") + what + ": " + newest_openssl_error());
}

std::string names_text(std::span<const types::ReferenceName> names) {
  std::string out;
  for (const types::ReferenceName& name : names) out += (out.empty() ? "" : " or ") + name.to_string();
  return out;
}

PkixVerdict no_certificate() {
  PkixVerdict verdict;
  verdict.failure = types::TlsFailure::certificate_not_trusted;
  verdict.reason = "the server presented no certificate";
  return verdict;
}

Result<X509StoreCtxPtr> prepare(const TrustStore& trust, const STACK_OF(X509) * chain, std::span<const types::ReferenceName> names, Instant at) {
  X509StoreCtxPtr context(X509_STORE_CTX_new());
  auto* untrusted = const_cast<STACK_OF(X509)*>(chain);  // only read; OpenSSL's signature has no const
  if (!context || X509_STORE_CTX_init(context.get(), trust.get(), sk_X509_value(chain, 0), untrusted) != 1) {
    return openssl_failed("X509_STORE_CTX_init");
  }
  if (X509_STORE_CTX_set_default(context.get(), "ssl_server") != 1) return openssl_failed("purpose");
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  for (const types::ReferenceName& name : names) {
    if (X509_VERIFY_PARAM_add1_host(param, name.to_string().c_str(), 0) != 1) return openssl_failed("add1_host");
  }
  X509_VERIFY_PARAM_set_auth_level(param, authentication_security_level);
  X509_VERIFY_PARAM_set_time(param, std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  return context;
}

/// In place of OpenSSL's own verification.
int judge_one(X509_STORE_CTX* context, void* argument) {
  auto& judge = *static_cast<HandshakeJudge*>(argument);
  const std::vector<types::ReferenceName> names{judge.name};
  auto verdict = verify_pkix(*judge.trust, X509_STORE_CTX_get0_untrusted(context), names, judge.at);
  if (!verdict) judge.trouble = verdict.error().what;
  const bool valid = verdict && verdict->is_authenticated();
  if (verdict) judge.verdict = *std::move(verdict);
  X509_STORE_CTX_set_error(context, valid ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return valid ? 1 : 0;
}

}  // namespace

Result<std::shared_ptr<const TrustStore>> TrustStore::read(const std::string& file) {
  const ErrorQueueGuard guard;
  std::shared_ptr<X509_STORE> store(X509_STORE_new(), &X509_STORE_free);
  if (!store) return openssl_failed("X509_STORE_new");
  const BioPtr bio(BIO_new_file(file.c_str(), "r"));
  if (!bio) return fail(ErrorKind::not_found, "trust store " + file + " cannot be read; install ca-certificates, or name another in delivery.trust_store");
  std::size_t count = 0;
  while (const X509Ptr certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(store.get(), certificate.get()) != 1) return openssl_failed("X509_STORE_add_cert");
    ++count;
  }
  if (count == 0) return fail(ErrorKind::malformed, "trust store " + file + " holds no certificate in PEM form");
  return std::shared_ptr<const TrustStore>(new TrustStore(std::move(store)));
}

Result<PkixVerdict> verify_pkix(const TrustStore& trust, const ::stack_st_X509* chain, std::span<const types::ReferenceName> names, Instant at) {
  const ErrorQueueGuard guard;
  // OpenSSL reads "no name" and the empty name as "do not check names": neither may get there.
  if (names.empty()) return fail(ErrorKind::malformed, "no name was given that the certificate must carry");
  for (const types::ReferenceName& name : names) {
    if (name.name().is_root()) return fail(ErrorKind::malformed, "a reference name is the root, which is no host");
  }
  if (chain == nullptr || sk_X509_num(chain) == 0) return no_certificate();
  TRY(const X509StoreCtxPtr context, prepare(trust, chain, names, at));
  const int result = X509_verify_cert(context.get());
  const int code = X509_STORE_CTX_get_error(context.get());
  PkixVerdict verdict;
  if (result == 1 && code == X509_V_OK) {
    const char* name = X509_VERIFY_PARAM_get0_peername(X509_STORE_CTX_get0_param(context.get()));
    if (name == nullptr) return fail(ErrorKind::internal, "PKIX verification: OpenSSL reports success but no name was checked");
    verdict.matched_name = name;
    verdict.reason = "the certificate is valid for " + verdict.matched_name;
    return verdict;
  }
  if (code == X509_V_OK || code == X509_V_ERR_OUT_OF_MEM || code == X509_V_ERR_INVALID_CALL) return openssl_failed("X509_verify_cert");
  const FailureName failure = name_failure(code);
  verdict.failure = failure.failure;
  verdict.library_code = failure.library_code;
  verdict.reason = code == X509_V_ERR_HOSTNAME_MISMATCH ? "the certificate is not for " + names_text(names) + " but for " + names_in(sk_X509_value(chain, 0))
                                                        : failed_certificate_sentence(context.get());
  return verdict;
}

Result<PkixVerdict> verify_pkix(const TrustStore& trust, std::span<const Bytes> chain, std::span<const types::ReferenceName> names, Instant at) {
  const ErrorQueueGuard guard;
  const X509StackPtr stack(sk_X509_new_reserve(nullptr, static_cast<int>(chain.size())));
  if (!stack) return openssl_failed("sk_X509_new_reserve");
  for (std::size_t i = 0; i < chain.size(); ++i) {
    X509Ptr certificate = decode_certificate(chain[i]);
    if (!certificate) return fail(ErrorKind::malformed, "certificate " + std::to_string(i + 1) + " of " + std::to_string(chain.size()) + " does not parse");
    if (sk_X509_push(stack.get(), certificate.get()) <= 0) return openssl_failed("sk_X509_push");
    static_cast<void>(certificate.release());
  }
  return verify_pkix(trust, stack.get(), names, at);
}

void judge_handshakes(::ssl_ctx_st* context, HandshakeJudge& judge) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, judge_one, &judge);
}

}  // namespace danewerk::tls
