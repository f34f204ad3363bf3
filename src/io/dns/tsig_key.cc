#include "io/dns/tsig_key.h"

namespace danewerk::io::dns {

const char* to_string(TsigAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case TsigAlgorithm::hmac_sha256: return "hmac-sha256";
    case TsigAlgorithm::hmac_sha384: return "hmac-sha384";
    case TsigAlgorithm::hmac_sha512: return "hmac-sha512";
  }
  return "hmac-sha256";
}

std::size_t digest_size(TsigAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case TsigAlgorithm::hmac_sha256: return 32;
    case TsigAlgorithm::hmac_sha384: return 48;
    case TsigAlgorithm::hmac_sha512: return 64;
  }
  return 32;
}

Result<TsigKey> TsigKey::parse(std::string_view text) {
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos) return fail(ErrorKind::malformed, "TSIG key: want algorithm:name:base64-secret");
  TsigKey key;
  const std::string_view word = text.substr(0, first);
  bool known = false;
  for (const auto algorithm : {TsigAlgorithm::hmac_sha256, TsigAlgorithm::hmac_sha384, TsigAlgorithm::hmac_sha512}) {
    if (word == to_string(algorithm)) {
      key.algorithm = algorithm;
      known = true;
    }
  }
  if (!known) {
    return fail(ErrorKind::malformed, "TSIG key: algorithm '" + std::string(word) + "': want hmac-sha256, hmac-sha384 or hmac-sha512");
  }
  TRY(key.name, types::DomainName::parse(text.substr(first + 1, second - first - 1)));
  auto secret = parse_base64(text.substr(second + 1));
  if (!secret) return fail(ErrorKind::malformed, "TSIG key " + key.name.to_string() + ": the secret is not base64");
  key.secret = *std::move(secret);
  if (key.secret.size() < digest_size(key.algorithm)) {
    return fail(ErrorKind::malformed, "TSIG key " + key.name.to_string() + ": a secret of " + std::to_string(key.secret.size()) +
                                          " octets is too short for " + to_string(key.algorithm) + " (at least " +
                                          std::to_string(digest_size(key.algorithm)) + ")");
  }
  return key;
}

}  // namespace danewerk::io::dns
