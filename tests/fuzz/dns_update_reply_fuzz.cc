// Replies to a signed update, from hands that do not know the key.
// Held: without the key there is no success, whatever the reply says; the error has a name and words.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "io/dns/update_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace danewerk;
  static const io::dns::TsigKey key{*types::DomainName::parse("writer"), io::dns::TsigAlgorithm::hmac_sha256, Bytes(32, 'k')};
  static const io::dns::SignedUpdate update{Bytes(20, 0), Bytes(32, 0x5a), 0x4711};
  const auto outcome = io::dns::read_update_reply(ByteView(data, size), update, key);
  CHECK(!outcome.has_value());
  CHECK(!outcome.error().what.empty());
  return 0;
}
