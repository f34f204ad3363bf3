// BodiesAhead: small bodies that were read together with the claim of their message, until its delivery asks for them.
//
// To fetch a body of a few KiB from a reading thread costs more for the two changes of thread than for the reading; the claim is
// on such a thread anyway. Bounded: what no delivery asks for (its destination rests, the message is put off) gives way to what
// comes after it, and is then read again as if it had never been here. A body never changes, so none is ever out of date.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "types/queue_id.h"

namespace danewerk::io {

/// Thread safe.
class BodiesAhead {
 public:
  struct Body {
    std::string prepended;
    std::string octets;
    std::size_t size() const noexcept { return prepended.size() + octets.size(); }
  };
  /// Larger ones are not worth it.
  static constexpr std::size_t largest = 16 * 1024;

  static constexpr std::size_t most_entries = 4096;

  explicit BodiesAhead(std::size_t most_octets = 4 << 20) : most_octets_(most_octets) {}

  void put(types::QueueId id, Body body);
  /// It is the caller's from then on.
  std::optional<Body> take(types::QueueId id);
  /// A message that is dropped while its delivery still looks for the way must not go out by what is kept here.
  void forget(types::QueueId id) { static_cast<void>(take(id)); }
  std::size_t octets() const;

 private:
  std::size_t most_octets_;
  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, Body> bodies_;
  std::deque<std::int64_t> order_;  // the oldest first; also of those that were taken
  std::size_t octets_ = 0;
};

}  // namespace danewerk::io
