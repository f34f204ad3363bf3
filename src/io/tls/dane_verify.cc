#include "io/tls/dane_verify.h"

#include <algorithm>

#include "io/tls/certificate.h"
#include "io/tls/certificate_openssl.h"
#include "io/tls/dane_verify_failure.h"

namespace danewerk::tls {
namespace {

using types::TlsaRecord;
using types::TlsaSet;
using types::TlsaUsage;
using types::Verdict;

Failure<Error> openssl_failed(const char* what) {
  return fail(ErrorKind::internal, std::string("DANE verification: ") + what + ": " + newest_openssl_error());
}

/// One for the process, never changed after it is made: it only lends its DANE digests and an empty trust store, so that chains are
/// built from what was sent and the records alone (CRT-02).
SSL_CTX* shared_context() {
  static const SslCtxPtr context = [] {
    SslCtxPtr made(SSL_CTX_new(TLS_client_method()));
    if (made && SSL_CTX_dane_enable(made.get()) != 1) made.reset();
    return made;
  }();
  return context.get();
}

// RFC 7672 3.1.3: PKIX usages must not reach OpenSSL, which would take them and consult a trust store.
TlsaSet for_smtp(const TlsaSet& records) {
  TlsaSet out;
  for (const TlsaRecord& record : records) {
    const bool is_dane = record.usage == TlsaUsage::dane_ta || record.usage == TlsaUsage::dane_ee;
    if (is_dane && !record.truncated) out.push_back(record);
  }
  return out;
}

/// Base domain and further names as reference identifiers. RFC 7672 3.2.2, 3.2.3; CRT-05, CRT-06
Result<void> set_names(SSL* ssl, const DaneDemand& demand) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_dane_enable(ssl, demand.base.to_string().c_str()) != 1) return openssl_failed("SSL_dane_enable");
  SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);  // RFC 7672 3.1.1, CRT-01
  for (const types::ReferenceName& name : demand.names) {
    if (X509_VERIFY_PARAM_add1_host(param, name.to_string().c_str(), 0) != 1) return openssl_failed("add1_host");
  }
  return {};
}

/// The records OpenSSL accepted. 0 from SSL_dane_tlsa_add is its word for unusable; below 0 it failed.
Result<TlsaSet> add_records(SSL* ssl, const TlsaSet& records) {
  TlsaSet added;
  for (const TlsaRecord& record : records) {
    const int result = SSL_dane_tlsa_add(ssl, static_cast<std::uint8_t>(record.usage),
                                         static_cast<std::uint8_t>(record.selector),
                                         static_cast<std::uint8_t>(record.matching), record.data.data(), record.data.size());
    if (result < 0) return openssl_failed("SSL_dane_tlsa_add");
    if (result > 0) added.push_back(record);
  }
  return added;
}

/// What ssl_verify_cert_chain does after a handshake, with our own time and strength floor.
Result<X509StoreCtxPtr> prepare(SSL* ssl, const STACK_OF(X509) * chain, Instant at) {
  X509StoreCtxPtr context(X509_STORE_CTX_new());
  X509_STORE* no_anchors = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  // The stack is only read; OpenSSL's signature has no const.
  auto* untrusted = const_cast<STACK_OF(X509)*>(chain);
  if (!context || X509_STORE_CTX_init(context.get(), no_anchors, sk_X509_value(chain, 0), untrusted) != 1) {
    return openssl_failed("X509_STORE_CTX_init");
  }
  X509_STORE_CTX_set0_dane(context.get(), SSL_get0_dane(ssl));
  if (X509_STORE_CTX_set_default(context.get(), "ssl_server") != 1) return openssl_failed("purpose");
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  if (X509_VERIFY_PARAM_set1(param, SSL_get0_param(ssl)) != 1) return openssl_failed("parameters");
  X509_VERIFY_PARAM_set_auth_level(param, authentication_security_level);
  X509_VERIFY_PARAM_set_time(param, std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  return context;
}

std::string match_sentence(const Verdict& verdict, bool by_bare_key) {
  const std::string depth = std::to_string(static_cast<unsigned>(*verdict.depth));
  std::string out = verdict.record->describe();
  out += by_bare_key ? " is the key that signed the certificate at depth " + depth : " matches at depth " + depth;
  if (verdict.matched_name) out += ", and the certificate is for " + *verdict.matched_name;
  return out;
}

/// Reads back what matched. Success without a DANE match would be PKIX, which nobody asked for: an error.
Result<Verdict> matched_verdict(SSL* ssl, X509_STORE_CTX* context, const TlsaSet& added) {
  SSL_set_verify_result(ssl, X509_V_OK);
  X509* certificate = nullptr;
  EVP_PKEY* bare_key = nullptr;
  const int depth = SSL_get0_dane_authority(ssl, &certificate, &bare_key);
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matching = 0;
  const unsigned char* data = nullptr;
  std::size_t length = 0;
  if (depth < 0 || SSL_get0_dane_tlsa(ssl, &usage, &selector, &matching, &data, &length) < 0) {
    return fail(ErrorKind::internal, "DANE verification: OpenSSL reports success but no TLSA record that matched");
  }
  const TlsaRecord record{types::TlsaUsage{usage}, types::TlsaSelector{selector}, types::TlsaMatching{matching},
                          Bytes(data, data + length)};
  if (std::find(added.begin(), added.end(), record) == added.end()) {
    return fail(ErrorKind::internal, "DANE verification: OpenSSL names a record that was not given");
  }
  Verdict verdict;
  verdict.kind = types::VerdictKind::matched;
  verdict.record = record;
  verdict.depth = types::ChainDepth{static_cast<std::uint16_t>(depth)};
  if (record.usage == TlsaUsage::dane_ta) {
    const char* name = X509_VERIFY_PARAM_get0_peername(X509_STORE_CTX_get0_param(context));
    if (name == nullptr) return fail(ErrorKind::internal, "DANE verification: no name was checked under DANE-TA(2)");
    verdict.matched_name = name;
  }
  verdict.reason = match_sentence(verdict, bare_key != nullptr);
  return verdict;
}

/// OpenSSL reads an empty name as "do not check names": the root, which is one, must not get there.
Result<void> check_names(const DaneDemand& demand) {
  if (demand.base.name().is_root()) return fail(ErrorKind::malformed, "the TLSA base domain is the root, which is no host");
  for (const types::ReferenceName& name : demand.names) {
    if (name.name().is_root()) return fail(ErrorKind::malformed, "a reference name is the root, which is no host");
  }
  return {};
}

}  // namespace

Result<Verdict> verify_chain(const ::stack_st_X509* chain, const DaneDemand& demand) {
  const ErrorQueueGuard guard;
  TRY_VOID(check_names(demand));
  const TlsaSet records = for_smtp(demand.usable);
  if (records.empty()) return nothing_usable_verdict();
  if (chain == nullptr || sk_X509_num(chain) == 0) return no_certificate_verdict();
  if (shared_context() == nullptr) return openssl_failed("no SSL_CTX");
  const SslPtr ssl(SSL_new(shared_context()));
  if (!ssl) return openssl_failed("SSL_new");
  TRY_VOID(set_names(ssl.get(), demand));
  TRY(const TlsaSet added, add_records(ssl.get(), records));
  if (added.empty()) return nothing_usable_verdict();
  TRY(const X509StoreCtxPtr context, prepare(ssl.get(), chain, demand.at));
  const int result = X509_verify_cert(context.get());
  const int code = X509_STORE_CTX_get_error(context.get());
  if (result == 1 && code == X509_V_OK) return matched_verdict(ssl.get(), context.get(), added);
  if (code == X509_V_OK || code == X509_V_ERR_OUT_OF_MEM || code == X509_V_ERR_INVALID_CALL) {
    return openssl_failed("X509_verify_cert");
  }
  return failed_verdict(context.get(), chain, added);
}

Result<Verdict> verify_chain(std::span<const Bytes> chain, const DaneDemand& demand) {
  const ErrorQueueGuard guard;
  const X509StackPtr stack(sk_X509_new_reserve(nullptr, static_cast<int>(chain.size())));
  if (!stack) return openssl_failed("sk_X509_new_reserve");
  for (std::size_t i = 0; i < chain.size(); ++i) {
    X509Ptr certificate = decode_certificate(chain[i]);
    if (!certificate) {
      const auto why = read_certificate(chain[i]);
      return fail(ErrorKind::malformed, "certificate " + std::to_string(i + 1) + " of " + std::to_string(chain.size()) +
                                            ": " + (why ? "does not parse" : why.error().what));
    }
    if (sk_X509_push(stack.get(), certificate.get()) <= 0) return openssl_failed("sk_X509_push");
    static_cast<void>(certificate.release());
  }
  return verify_chain(stack.get(), demand);
}

}  // namespace danewerk::tls
