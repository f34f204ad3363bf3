#include "io/tls/certificate.h"

#include <openssl/sha.h>

#include <array>
#include <ctime>
#include <string_view>

#include "base/check.h"
#include "io/tls/certificate_openssl.h"

namespace danewerk::tls {
namespace {

using types::AssociationData;
using types::TlsaMatching;
using types::TlsaSelector;

constexpr int floor_bits = 80;

/// Octets that are no printable ASCII become \xNN: no two different names may look alike, and no log may be written to.
std::string printable(ByteView octets) {
  std::string out;
  for (std::uint8_t octet : octets) {
    if (octet >= 0x20 && octet < 0x7f && octet != '\\') {
      out.push_back(static_cast<char>(octet));
    } else {
      out += "\\x" + to_hex({&octet, 1});
    }
  }
  return out;
}

ByteView octets_of(const ASN1_STRING* string) {
  return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

/// RFC 2253, UTF-8 kept, control characters escaped.
std::string name_text(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  constexpr unsigned long flags = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (!out || X509_NAME_print_ex(out.get(), name, 0, flags) < 0) return "(unreadable name)";
  char* data = nullptr;
  const long length = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

std::string last_common_name(const X509_NAME* name) {
  int at = -1;
  for (int next = -1; (next = X509_NAME_get_index_by_NID(name, NID_commonName, next)) >= 0;) at = next;
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  const std::unique_ptr<unsigned char, FreeBy<free_octets>> owner(utf8);
  return length < 0 ? std::string{} : printable({utf8, static_cast<std::size_t>(length)});
}

std::vector<std::string> dns_names_of(const X509* certificate) {
  std::vector<std::string> out;
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    std::string text = printable(octets_of(name->d.dNSName));
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    out.push_back(std::move(text));
  }
  return out;
}

Instant instant_of(const ASN1_TIME* time) {
  std::tm civil{};
  if (ASN1_TIME_to_tm(time, &civil) != 1) return Instant{};
  return Instant{std::chrono::seconds{timegm(&civil)}};
}

std::string key_algorithm_of(const X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return "unknown";
  const int bits = EVP_PKEY_get_bits(key);
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA: return "RSA " + std::to_string(bits);
    case EVP_PKEY_RSA_PSS: return "RSA-PSS " + std::to_string(bits);
    case EVP_PKEY_ED25519: return "ED25519";
    case EVP_PKEY_ED448: return "ED448";
    case EVP_PKEY_EC: {
      std::array<char, 64> group{};
      std::size_t length = 0;
      if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1) return "EC " + std::to_string(bits);
      const char* nist = EC_curve_nid2nist(OBJ_sn2nid(group.data()));
      return std::string("EC ") + (nist != nullptr ? nist : group.data());
    }
    default: break;
  }
  const char* name = OBJ_nid2sn(EVP_PKEY_get_base_id(key));
  return std::string(name != nullptr ? name : "unknown") + " " + std::to_string(bits);
}

bool is_strong_enough(const EVP_PKEY* key) { return key != nullptr && EVP_PKEY_get_security_bits(key) >= floor_bits; }

Bytes associate(ByteView selected, TlsaMatching matching) {
  if (matching == TlsaMatching::full) return {selected.begin(), selected.end()};
  CHECK(matching == TlsaMatching::sha2_256 || matching == TlsaMatching::sha2_512);
  const bool is_sha256 = matching == TlsaMatching::sha2_256;
  Bytes digest(is_sha256 ? SHA256_DIGEST_LENGTH : SHA512_DIGEST_LENGTH);
  unsigned int length = 0;
  CHECK(EVP_Digest(selected.data(), selected.size(), digest.data(), &length, is_sha256 ? EVP_sha256() : EVP_sha512(),
                   nullptr) == 1);
  CHECK(length == digest.size());
  return digest;
}

}  // namespace

types::CertificateInfo describe_certificate(X509* certificate) {
  types::CertificateInfo info;
  info.der = encode<X509>(i2d_X509, certificate);
  info.spki = encode<X509_PUBKEY>(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(certificate));
  info.subject = name_text(X509_get_subject_name(certificate));
  info.issuer = name_text(X509_get_issuer_name(certificate));
  info.common_name = last_common_name(X509_get_subject_name(certificate));
  info.dns_names = dns_names_of(certificate);
  info.not_before = instant_of(X509_get0_notBefore(certificate));
  info.not_after = instant_of(X509_get0_notAfter(certificate));
  info.key_algorithm = key_algorithm_of(certificate);
  info.spki_sha256 = to_hex(associate(info.spki, TlsaMatching::sha2_256));
  info.sha256 = to_hex(associate(info.der, TlsaMatching::sha2_256));
  // X509_check_ca: 1 basicConstraints CA, 3 self-signed version 1; 4 and 5 are guesses from other extensions.
  const int ca = X509_check_ca(certificate);
  info.role = ca == 1 || ca == 3 ? types::CertificateRole::authority : types::CertificateRole::end_entity;
  return info;
}

std::string newest_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) return "no reason given";
  const char* library = ERR_lib_error_string(code);
  const char* reason = ERR_reason_error_string(code);
  return std::string(library != nullptr ? library : "OpenSSL") + ": " + (reason != nullptr ? reason : "unnamed error");
}

X509Ptr decode_certificate(ByteView der) {
  const unsigned char* at = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (certificate && at != der.data() + der.size()) return nullptr;
  return certificate;
}

EvpPkeyPtr decode_public_key(ByteView der) {
  const unsigned char* at = der.data();
  EvpPkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (key && at != der.data() + der.size()) return nullptr;
  return key;
}

Result<types::CertificateInfo> read_certificate(ByteView der) {
  const ErrorQueueGuard guard;
  const unsigned char* at = der.data();
  const X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate) {
    return fail(ErrorKind::malformed, "not an X.509 certificate in DER (" + std::to_string(der.size()) + " octets): " +
                                          newest_openssl_error());
  }
  if (at != der.data() + der.size()) {
    return fail(ErrorKind::malformed, std::to_string(der.data() + der.size() - at) + " octets follow the certificate");
  }
  return describe_certificate(certificate.get());
}

Result<types::CertificateChain> read_chain(std::span<const Bytes> ders) {
  if (ders.empty()) return fail(ErrorKind::malformed, "the chain holds no certificate");
  types::CertificateChain chain;
  for (std::size_t i = 0; i < ders.size(); ++i) {
    auto info = read_certificate(ders[i]);
    if (!info) {
      return fail(ErrorKind::malformed, "certificate " + std::to_string(i + 1) + " of " + std::to_string(ders.size()) +
                                            ": " + info.error().what);
    }
    chain.push_back(*std::move(info));
  }
  return chain;
}

types::CertificateChain describe_chain(const ::stack_st_X509* chain) {
  const ErrorQueueGuard guard;
  types::CertificateChain out;
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    out.push_back(describe_certificate(sk_X509_value(chain, i)));
  }
  return out;
}

std::vector<types::CertificateDigests> digest_chain(const ::stack_st_X509* chain) {
  const ErrorQueueGuard guard;
  std::vector<types::CertificateDigests> out;
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    const X509* certificate = sk_X509_value(chain, i);
    const Bytes der = encode<X509>(i2d_X509, certificate);
    const Bytes spki = encode<X509_PUBKEY>(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(certificate));
    out.push_back({to_hex(associate(der, TlsaMatching::sha2_256)), to_hex(associate(spki, TlsaMatching::sha2_256))});
  }
  return out;
}

// TL-12; RFC 6698 4.1, RFC 7672 3.1
AssociationData inspect_association(const types::TlsaRecord& record) {
  if (record.truncated || record.matching != TlsaMatching::full) return AssociationData::digest;
  const ErrorQueueGuard guard;
  if (record.selector == TlsaSelector::cert) {
    const X509Ptr certificate = decode_certificate(record.data);
    if (!certificate) return AssociationData::unparsable;
    return is_strong_enough(X509_get0_pubkey(certificate.get())) ? AssociationData::certificate
                                                                 : AssociationData::too_weak;
  }
  if (record.selector != TlsaSelector::spki) return AssociationData::unparsable;
  const EvpPkeyPtr key = decode_public_key(record.data);
  if (!key) return AssociationData::unparsable;
  return is_strong_enough(key.get()) ? AssociationData::public_key : AssociationData::too_weak;
}

types::TlsaRecord record_for(const types::CertificateInfo& certificate, types::TlsaUsage usage, TlsaSelector selector,
                             TlsaMatching matching) {
  CHECK(selector == TlsaSelector::cert || selector == TlsaSelector::spki);
  const Bytes& selected = selector == TlsaSelector::cert ? certificate.der : certificate.spki;
  return {usage, selector, matching, associate(selected, matching)};
}

types::TlsaRecord record_for_key(ByteView spki, types::TlsaUsage usage, TlsaMatching matching) {
  return {usage, TlsaSelector::spki, matching, associate(spki, matching)};
}

}  // namespace danewerk::tls
