// PKIX verification: is this chain issued by an authority we trust, valid now, and for one of these names?
//
// MTA-STS, a destination set to verify names, and REQUIRETLS without DANE demand it of mail hosts; the same rules hold for
// the MTA-STS policy host. As with DANE, the handshake is completed without judging and the chain as sent is judged here,
// so that a resumed session is judged anew and the time is an argument.
//
// What is stricter than OpenSSL's default, each because RFC 8461 4.2 and RFC 6125 6.4 say so:
//   * only SAN dNSName entries count: a certificate without them fails, whatever its CN says;
//   * a wildcard is the whole leftmost label;
//   * the certificate must be good for a TLS server.
// Revocation is not looked at (RFC 8461 10.1 leaves it open; the ways of asking leak whom we send to).
//
// STS-09, STS-03, RTL-03.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "types/domain_name.h"
#include "types/pkix_verdict.h"

struct stack_st_X509;   // OpenSSL's STACK_OF(X509)
struct x509_store_st;   // OpenSSL's X509_STORE
struct ssl_ctx_st;      // OpenSSL's SSL_CTX

namespace danewerk::tls {

/// The authorities we trust, read once; never changed after, safe to use from every thread.
class TrustStore {
 public:
  /// A file of PEM certificates. Errors: not_found where it cannot be read; malformed where it holds no certificate.
  static Result<std::shared_ptr<const TrustStore>> read(const std::string& file);
  x509_store_st* get() const noexcept { return store_.get(); }

 private:
  explicit TrustStore(std::shared_ptr<x509_store_st> store) : store_(std::move(store)) {}
  std::shared_ptr<x509_store_st> store_;
};

/// `names`: one of them must be in the certificate; none is the root, at least one is given (else malformed). `chain` as
/// OpenSSL holds it after a handshake, leaf first; null or empty is a verdict. Error: internal where OpenSSL itself failed,
/// which is never to be read as "not valid".
Result<types::PkixVerdict> verify_pkix(const TrustStore& trust, const ::stack_st_X509* chain, std::span<const types::ReferenceName> names,
                                       Instant at);
/// The same for DER, leaf first. Error also: malformed, naming the certificate.
Result<types::PkixVerdict> verify_pkix(const TrustStore& trust, std::span<const Bytes> chain, std::span<const types::ReferenceName> names,
                                       Instant at);

/// For a TLS client of another library (libcurl): what its handshake is judged by, and what came of it.
struct HandshakeJudge {
  std::shared_ptr<const TrustStore> trust;
  types::ReferenceName name;
  Instant at;
  std::optional<types::PkixVerdict> verdict;  ///< nothing where the handshake did not get as far
  std::string trouble;                        ///< where we could not judge: the handshake has failed
};
/// From now on handshakes of `context` succeed only where verify_pkix says so. `judge` must outlive them.
void judge_handshakes(::ssl_ctx_st* context, HandshakeJudge& judge);

}  // namespace danewerk::tls
