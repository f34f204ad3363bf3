// Certificate and key files: what operators keep on disk, PEM with whatever else is in the file, or DER.
//
// Real PEM files hold comments, "Bag Attributes", CRLF line ends, a private key before the chain, DH parameters behind it.
// All of that is skipped; only blocks of the kind asked for are read, and a damaged one is an error that names the block
// and its line, never a block fewer: a chain that silently lost a certificate would be judged as another chain.
//
// RFC 7468 (PEM as it is written), RFC 1421 headers are understood only to say "this key is encrypted".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

struct stack_st_X509;  // OpenSSL's STACK_OF(X509)

namespace danewerk::tls {

struct PemBlock {
  std::string label;     ///< "CERTIFICATE", "PRIVATE KEY"
  Bytes data;            ///< decoded
  std::size_t line = 0;  ///< of the BEGIN line, from 1
  bool encrypted = false;

  friend bool operator==(const PemBlock&, const PemBlock&) = default;
};

/// All blocks in order; text outside of blocks is skipped. Error: malformed (a block without end, an END that does not
/// fit, text that is not base64), naming block and line.
Result<std::vector<PemBlock>> read_pem(std::string_view text);

/// Certificates as OpenSSL holds them, shared; never null, and never changed after it is made.
using ParsedChain = std::shared_ptr<::stack_st_X509>;

/// The certificates of a file, parsed, in file order: PEM blocks CERTIFICATE, X509 CERTIFICATE and TRUSTED CERTIFICATE, or, where
/// the file is no PEM, one DER certificate after another. Error: malformed, naming position and line; a
/// file without any certificate is malformed too.
Result<ParsedChain> read_certificate_file(std::string_view content);

/// The DER SubjectPublicKeyInfo of the first private (PKCS#8, PKCS#1, SEC 1) or public key in a file, PEM or DER. Error:
/// malformed; denied for an encrypted private key.
Result<Bytes> read_public_key_file(std::string_view content);

}  // namespace danewerk::tls
