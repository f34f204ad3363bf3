// CertificateSlot: which certificate new connections get, changed while the edge runs.
//
// The publisher decides when a key may be served; the edge serves. They share this one place and know nothing else of each
// other. A connection takes the context it finds when its handshake begins and keeps it. Until the publisher has verified
// that the world can see the key's record there is none: the edge waits for the first, and does not serve unverified.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/runtime/event.h"
#include "io/tls/context.h"

namespace danewerk::io {

/// Thread safe: set by the publisher's reactor, read by all.
class CertificateSlot {
 public:
  /// Nothing until the first set().
  std::shared_ptr<const ServerContext> current() const;
  /// `key` names the key for logs.
  void set(std::shared_ptr<const ServerContext> context, std::string key);
  std::string key() const;
  /// Returns once there is a context; unwinds if the task is cancelled.
  Task<std::shared_ptr<const ServerContext>> first();

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ServerContext> context_;
  std::string key_;
  std::vector<std::pair<Executor, std::shared_ptr<Event>>> waiting_;
};

}  // namespace danewerk::io
