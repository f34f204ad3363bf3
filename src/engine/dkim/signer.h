// Signer and Signing: how mail that streams into the store gets its signature, for those who stream it.
//
// The signature stands on top of a message, but covers its last octet. So whoever takes a message in (the edge, `send`, the
// writer of notices) feeds its octets to a Signing while they pass, and at the end puts what it returns in front. Keys and
// crypto are behind the seam (service/dkim). A message that cannot be signed goes out all the same, and says why.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "types/tenant.h"

namespace danewerk::dkim {

/// `fields` goes on top of the message; empty where nothing was signed. `what` is for the log: "example.com/s1" or the reason.
struct Signed {
  std::string fields;
  std::string what;
};

/// One message. Used by one coroutine.
class Signing {
 public:
  virtual ~Signing() = default;
  virtual void feed(std::string_view octets) = 0;
  /// `prepended`: header lines of ours that will stand above the octets fed (Date, Message-ID may be among them).
  virtual Signed finish(std::string_view prepended, Instant now) = 0;
};

/// Thread safe.
class Signer {
 public:
  virtual ~Signer() = default;
  /// Nothing where no key of that tenant may sign; no tenant: a notice of our own.
  virtual std::unique_ptr<Signing> begin(const std::optional<types::TenantId>& tenant) = 0;
};

}  // namespace danewerk::dkim
