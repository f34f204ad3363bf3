#include "io/tls/certificate_file.h"

#include <openssl/asn1.h>

#include <algorithm>
#include <optional>

#include "io/tls/certificate_openssl.h"

namespace danewerk::tls {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view tail_mark = "-----";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

/// "CERTIFICATE" from "-----BEGIN CERTIFICATE-----".
std::optional<std::string_view> label_of(std::string_view line, std::string_view mark) {
  if (!line.starts_with(mark) || !line.ends_with(tail_mark)) return std::nullopt;
  if (line.size() < mark.size() + tail_mark.size()) return std::nullopt;
  return line.substr(mark.size(), line.size() - mark.size() - tail_mark.size());
}

std::string block_name(const PemBlock& block) {
  return "PEM block '" + block.label.substr(0, 60) + "' that begins at line " + std::to_string(block.line);
}

/// RFC 1421 4.6: "Proc-Type: 4,ENCRYPTED" and "DEK-Info: ..." lines before the data.
bool is_header(std::string_view line) { return line.find(':') != std::string_view::npos; }

Result<void> close_block(PemBlock& block, const std::string& base64) {
  auto data = parse_base64(base64);
  if (!data) return fail(ErrorKind::malformed, block_name(block) + ": " + data.error().what);
  if (data->empty()) return fail(ErrorKind::malformed, block_name(block) + " is empty");
  block.data = *std::move(data);
  return {};
}

bool is_certificate(const PemBlock& block) {
  return block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE" || block.label == "TRUSTED CERTIFICATE";
}

bool looks_like_pem(std::string_view content) { return content.find(begin_mark) != std::string_view::npos; }

/// The first certificate in `der`, which is moved behind it. A TRUSTED CERTIFICATE block holds OpenSSL's own additions
/// behind the certificate, which the server would not send.
Result<X509Ptr> take_certificate(ByteView& der) {
  const unsigned char* at = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate) return fail(ErrorKind::malformed, "not an X.509 certificate: " + newest_openssl_error());
  der = der.subspan(static_cast<std::size_t>(at - der.data()));
  return certificate;
}

Result<void> append(STACK_OF(X509) * chain, X509Ptr certificate) {
  if (sk_X509_push(chain, certificate.get()) <= 0) return fail(ErrorKind::internal, "out of memory");
  static_cast<void>(certificate.release());
  return {};
}

Result<void> read_der_certificates(ByteView rest, STACK_OF(X509) * out) {
  const std::size_t total = rest.size();
  while (!rest.empty()) {
    const std::size_t offset = total - rest.size();
    auto certificate = take_certificate(rest);
    if (!certificate) {
      return fail(ErrorKind::malformed, "certificate " + std::to_string(sk_X509_num(out) + 1) + " (DER, at octet " +
                                            std::to_string(offset) + "): " + certificate.error().what);
    }
    TRY_VOID(append(out, *std::move(certificate)));
  }
  return {};
}

Result<void> read_pem_certificates(std::string_view content, STACK_OF(X509) * out) {
  TRY(const std::vector<PemBlock> blocks, read_pem(content));
  for (const PemBlock& block : blocks) {
    if (!is_certificate(block)) continue;
    ByteView rest = block.data;
    auto certificate = take_certificate(rest);
    const bool excess = certificate.has_value() && !rest.empty() && block.label != "TRUSTED CERTIFICATE";
    if (!certificate || excess) {
      return fail(ErrorKind::malformed,
                  "certificate " + std::to_string(sk_X509_num(out) + 1) + ", " + block_name(block) + ": " +
                      (excess ? std::to_string(rest.size()) + " octets follow the certificate" : certificate.error().what));
    }
    TRY_VOID(append(out, *std::move(certificate)));
  }
  return {};
}

/// PKCS#8 EncryptedPrivateKeyInfo, told apart because it deserves its own advice.
bool is_encrypted_pkcs8(ByteView der) {
  const unsigned char* at = der.data();
  X509_SIG* encrypted = d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size()));
  X509_SIG_free(encrypted);
  return encrypted != nullptr && at == der.data() + der.size();
}

/// Null where `der` is neither a public nor an unencrypted private key.
EvpPkeyPtr decode_any_key(ByteView der) {
  if (EvpPkeyPtr key = decode_public_key(der)) return key;
  const unsigned char* at = der.data();
  return EvpPkeyPtr(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
}

Result<Bytes> public_key_of(ByteView der, const std::string& where) {
  if (const EvpPkeyPtr key = decode_any_key(der)) {
    Bytes spki = encode<EVP_PKEY>(i2d_PUBKEY, key.get());
    if (!spki.empty()) return spki;
    return fail(ErrorKind::malformed, where + ": the key has no public part");
  }
  const std::string why = newest_openssl_error();
  if (is_encrypted_pkcs8(der)) {
    return fail(ErrorKind::denied, where + " is encrypted; give the certificate or the public key (openssl pkey -pubout)");
  }
  return fail(ErrorKind::malformed, where + " does not read as a key: " + why);
}

}  // namespace

Result<std::vector<PemBlock>> read_pem(std::string_view text) {
  std::vector<PemBlock> blocks;
  std::optional<PemBlock> open;
  std::string base64;
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto begins = label_of(line, begin_mark);
    if (!open) {
      // Passed over, it would silently be missing, and the next certificate would count as the server's own.
      if (!begins && line.find(begin_mark) != std::string_view::npos) {
        return fail(ErrorKind::malformed, "line " + std::to_string(line_number) + ": a PEM block begins in the middle of a line; it needs a line of its own");
      }
      if (begins) open = PemBlock{std::string(*begins), {}, line_number, *begins == "ENCRYPTED PRIVATE KEY"};
      base64.clear();
      continue;
    }
    if (begins) return fail(ErrorKind::malformed, block_name(*open) + " has no END line");
    if (const auto ends = label_of(line, end_mark)) {
      if (ends->find(begin_mark) != std::string_view::npos) {
        return fail(ErrorKind::malformed, "line " + std::to_string(line_number) + ": the next PEM block begins on the line that ends " + block_name(*open) +
                                              "; between the two a line break is missing");
      }
      if (*ends != open->label) return fail(ErrorKind::malformed, block_name(*open) + " ends as another kind of block");
      TRY_VOID(close_block(*open, base64));
      blocks.push_back(*std::move(open));
      open.reset();
    } else if (is_header(line)) {
      if (line.find("ENCRYPTED") != std::string_view::npos) open->encrypted = true;
    } else {
      base64.append(line).push_back('\n');
    }
  }
  if (open) return fail(ErrorKind::malformed, block_name(*open) + " has no END line");
  return blocks;
}

Result<ParsedChain> read_certificate_file(std::string_view content) {
  const ErrorQueueGuard guard;
  if (content.find_first_not_of(" \t\r\n") == std::string_view::npos) return fail(ErrorKind::malformed, "the file is empty");
  ParsedChain chain(sk_X509_new_null(), free_certificates);
  if (!chain) return fail(ErrorKind::internal, "out of memory");
  TRY_VOID(looks_like_pem(content) ? read_pem_certificates(content, chain.get())
                                   : read_der_certificates(as_bytes(content), chain.get()));
  if (sk_X509_num(chain.get()) == 0) return fail(ErrorKind::malformed, "the file holds no certificate");
  return chain;
}

Result<Bytes> read_public_key_file(std::string_view content) {
  const ErrorQueueGuard guard;
  if (!looks_like_pem(content)) return public_key_of(as_bytes(content), "the file");
  TRY(const std::vector<PemBlock> blocks, read_pem(content));
  for (const PemBlock& block : blocks) {
    if (!block.label.ends_with("PRIVATE KEY") && !block.label.ends_with("PUBLIC KEY")) continue;
    if (block.encrypted) {
      return fail(ErrorKind::denied, block_name(block) +
                                         " is encrypted; give the certificate or the public key (openssl pkey -pubout)");
    }
    return public_key_of(block.data, block_name(block));
  }
  return fail(ErrorKind::malformed, "the file holds no key");
}

}  // namespace danewerk::tls
