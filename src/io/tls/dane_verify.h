// DANE verification: does this chain satisfy these TLSA records, for these names, at this time? One function answers.
//
// Delivery completes the handshake without judging, takes the chain as the server sent it, and asks here; so does
// `danewerk tlsa verify` for a file, and so does delivery again when a session was resumed (a resumed session keeps the
// verdict of the old one in OpenSSL, TLS-04). What the CLI says offline is therefore what delivery does, by construction.
//
// The judging itself is OpenSSL's own DANE code (the code Postfix relies on), set up so that its known traps are shut:
//   * PKIX usages 0 and 1 are dropped before they reach it; with nothing left there is no verification at all but the
//     all-unusable verdict: OpenSSL would fall back to ordinary PKIX, and its "OK" would mean something else;
//   * no trust store is ever consulted: the only anchors are the records (CRT-03);
//   * DANE-EE checks neither names nor dates nor key usage (CRT-01, RFC 7672 3.1.1);
//   * names are given as names: SSL_add1_host would take "192.0.2.1" for an address and demand it in the certificate;
//   * the time is the argument, never the clock.
//
// The order of faults is fixed: no certificate; a certificate that does not parse; leaf key below the floor; no record
// matches; extensions and purpose (serverAuth); key or signature strength up the chain; name; signatures and dates from
// the top down; name constraints. The first one found is the verdict.
//
// Two things OpenSSL does that may surprise: the dates of a trust anchor that is an intermediate (not self-issued) are not
// looked at, and a self-signed leaf is accepted under a "2 1 0" record of its own key, since that key did sign it
// (RFC 7671 5.2.3). Among several certificates that could have issued one, the first valid in the order sent is taken.
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "types/domain_name.h"
#include "types/tlsa_record.h"
#include "types/verdict.h"

struct stack_st_X509;  // OpenSSL's STACK_OF(X509)

namespace danewerk::tls {

/// What the server must satisfy. `usable` is engine/dane's selection; records that are not for SMTP are ignored again
/// here. `names` may repeat the base domain, which is always a reference name. Views live as long as the caller's objects.
struct DaneDemand {
  const types::TlsaSet& usable;
  const types::TlsaBaseDomain& base;
  std::span<const types::ReferenceName> names;
  Instant at;
};

/// `chain` is DER, leaf first, as sent on the wire. An empty chain is a Verdict (not matched).
/// Errors: malformed where a certificate does not parse ("certificate 2 of 3: ...") or a name is the root; internal where
/// OpenSSL itself failed, which is never to be read as "unusable" or "not matched".
/// RFC 7671 5, RFC 7672 3.2; CRT-01 to CRT-09.
Result<types::Verdict> verify_chain(std::span<const Bytes> chain, const DaneDemand& demand);

/// The same for the chain OpenSSL holds after a handshake (SSL_get_peer_cert_chain), leaf first; null is the empty chain.
Result<types::Verdict> verify_chain(const ::stack_st_X509* chain, const DaneDemand& demand);

}  // namespace danewerk::tls
