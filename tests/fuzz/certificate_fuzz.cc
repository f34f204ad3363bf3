// Certificates, chains, PEM and key files from hostile hands, and the judgement of a chain made of them.
// Held: whatever parses describes itself, its own DANE-EE record either matches it or its key is too weak, a record of
// somebody else never matches, and the thread's OpenSSL error queue stays clean.
#include <openssl/err.h>

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "io/tls/certificate.h"
#include "io/tls/certificate_file.h"
#include "io/tls/dane_verify.h"

namespace {

using namespace danewerk;

void judge(const std::vector<Bytes>& chain) {
  const auto infos = tls::read_chain(chain);
  CHECK(infos.has_value());
  static const types::TlsaBaseDomain base(*types::DomainName::parse("mx.example.com"));
  const types::CertificateInfo& leaf = infos->front();
  const auto own = tls::record_for(leaf, types::TlsaUsage::dane_ee, types::TlsaSelector::spki, types::TlsaMatching::sha2_256);
  const auto ee = tls::verify_chain(chain, {types::TlsaSet{own}, base, {}, leaf.not_before});
  CHECK(ee.has_value());
  CHECK(ee->is_authenticated() || ee->library_code == "X509_V_ERR_EE_KEY_TOO_SMALL");
  types::TlsaSet others;
  for (const types::CertificateInfo& info : *infos) {
    others.push_back(tls::record_for(info, types::TlsaUsage::dane_ta, types::TlsaSelector::cert, types::TlsaMatching::full));
  }
  others.push_back({types::TlsaUsage::dane_ee, types::TlsaSelector::cert, types::TlsaMatching::sha2_512, Bytes(64, 0)});
  const auto ta = tls::verify_chain(chain, {others, base, {}, leaf.not_before});
  CHECK(!ta.has_value() || !ta->is_authenticated() || ta->matched_name.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto info = tls::read_certificate(input)) judge({Bytes(input.begin(), input.end())});
  if (const auto chain = tls::read_certificate_file(as_text(input))) {
    std::vector<Bytes> ders;
    for (types::CertificateInfo& info : tls::describe_chain(chain->get())) ders.push_back(std::move(info.der));
    if (ders.size() <= 16) judge(ders);
  }
  static_cast<void>(tls::read_public_key_file(as_text(input)));
  for (const auto selector : {types::TlsaSelector::cert, types::TlsaSelector::spki}) {
    static_cast<void>(tls::inspect_association(
        {types::TlsaUsage::dane_ta, selector, types::TlsaMatching::full, Bytes(input.begin(), input.end())}));
  }
  CHECK(ERR_peek_error() == 0);
  return 0;
}
