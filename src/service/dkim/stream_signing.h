// StreamSigning: one message on its way in, hashed as it passes, signed at its end.
//
// What it keeps is the header and a hash; the body is never held. Which key signs follows from the author: the domain of the only
// mailbox in From, exactly, for a tenant's mail (DMARC asks for nothing else); for a notice of our own also a parent domain of it,
// because hosts are named below the domain that has the key. A message without a single author of ours is not signed, and says so.
//
// RFC 6376 5 (signer actions), 3.7; RFC 8463 3 (both algorithms side by side).
#pragma once

#include <memory>
#include <vector>

#include "engine/dkim/signature.h"
#include "engine/dkim/signer.h"
#include "io/tls/signing_key.h"

namespace danewerk::service {

struct UsableKey {
  types::DkimKey key;
  std::shared_ptr<const io::SigningKey> half;
};

enum class SignFor : std::uint8_t {
  author,  ///< d= is the author's domain
  host,    ///< or a parent of it
};

class StreamSigning final : public dkim::Signing {
 public:
  /// At most one key for each domain and algorithm.
  StreamSigning(std::vector<UsableKey> keys, SignFor sign_for) : keys_(std::move(keys)), sign_for_(sign_for) {}

  void feed(std::string_view octets) override;
  dkim::Signed finish(std::string_view prepended, Instant now) override;

 private:
  Result<types::DomainName> author(const std::vector<dkim::HeaderField>& fields) const;

  std::vector<UsableKey> keys_;
  SignFor sign_for_;
  dkim::HeaderReader header_;
  dkim::BodyForm body_{dkim::Canonical::relaxed};
  io::Sha256Stream hash_;
  std::string canonical_;  // reused for each piece
};

}  // namespace danewerk::service
