// Certificates: DER in, types::CertificateInfo out, and the other way from a certificate to the TLSA record it needs.
//
// A certificate comes from hostile hands. Everything it says that people will read (names, subjects) is made printable
// here, so that an embedded NUL or escape sequence can neither hide a name from a comparison nor write in somebody's log.
// A chain that does not parse is refused with the position of the certificate at fault, because "bad certificate" in a
// file of five helps nobody.
//
// What is hashed for a record is what OpenSSL writes when it encodes the parsed certificate, since that is what the same
// library compares after a handshake: a record made by `tlsa generate` is the record that `tlsa verify` and delivery
// match. For a certificate in DER (and every other is out of standard) those are the octets that came in.
//
// The floor: keys of less than 80 bits of strength (RSA below 1024, EC below 160) authenticate nobody, by any record.
// Mail hosts with RSA-1024 keys exist, and refusing them would not send mail any safer (TLS-02); below that, forging is
// affordable. Certificate signatures below the anchor of DANE-TA obey the same floor, which excludes MD5 and SHA-1. A
// Full(0) record holding such a key is unusable (TL-12); a leaf with such a key is a validation-failure. It is OpenSSL's security
// level 1, here as in dane_verify.
//
// Parsing is dear: OpenSSL 3.0 takes about 0.3 ms for a certificate with an EC key, thirty times what the rest of a DANE
// judgement costs. A certificate is therefore parsed once (by the handshake, or by reading its file) and handed on as parsed.
//
// RFC 5280, RFC 6698 2.1, CRT-07.
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "types/attempt.h"
#include "types/certificate_info.h"
#include "types/tlsa_record.h"

struct stack_st_X509;  // OpenSSL's STACK_OF(X509)

namespace danewerk::tls {

/// OpenSSL security level: at least 80 bits, see above.
constexpr int authentication_security_level = 1;

/// One certificate, all octets used. Error: malformed, with OpenSSL's reason.
Result<types::CertificateInfo> read_certificate(ByteView der);

/// Leaf first. Error: malformed, "certificate 2 of 3: ...", counted from 1; an empty span is malformed.
Result<types::CertificateChain> read_chain(std::span<const Bytes> ders);

/// The same for certificates that OpenSSL holds parsed (a handshake's peer chain, ParsedChain); null is the empty chain.
types::CertificateChain describe_chain(const ::stack_st_X509* chain);
/// Of that, what the history of an attempt keeps, without the work of the rest.
std::vector<types::CertificateDigests> digest_chain(const ::stack_st_X509* chain);

/// What the data of a record holds; `digest` where its matching type is not Full(0). Too weak is a key below the floor,
/// or of an algorithm we do not know. The signature on the certificate in a record does not count: a trust anchor or a
/// DANE-EE certificate is believed because of the record, not because of who signed it. TL-12.
types::AssociationData inspect_association(const types::TlsaRecord& record);

/// The record that fits this certificate. `matching` must be Full, SHA2-256 or SHA2-512 and `selector` Cert or SPKI
/// (CHECKed). RFC 6698 2.1.
types::TlsaRecord record_for(const types::CertificateInfo& certificate, types::TlsaUsage usage,
                             types::TlsaSelector selector, types::TlsaMatching matching);

/// The SPKI record for a bare public key, given as DER SubjectPublicKeyInfo.
types::TlsaRecord record_for_key(ByteView spki, types::TlsaUsage usage, types::TlsaMatching matching);

}  // namespace danewerk::tls
