// BodyPace: the least rate at which a peer must send a body.
//
// A peer that sends one octet a minute stays within every "silent for too long" deadline and holds a connection, a place
// at the Door and a half-written message for as long as it likes (slow-loris). The rule: in every window of waiting that a body
// makes us wait (60 s), at least 16 KiB must come, which a 2400 bit/s modem manages. Only time spent waiting for the peer
// counts; when our own disk is slow, that is not the peer's fault. Below it the connection ends with 421 4.4.2.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/instant.h"

namespace danewerk::service {

class BodyPace {
 public:
  struct Rule {
    ByteCount floor{16 * 1024};
    Duration window = std::chrono::seconds(60);
  };
  explicit BodyPace(Rule rule) : rule_(rule) {}

  void begin() noexcept {
    octets_ = 0;
    waited_ = {};
  }
  /// How much longer we wait before we look at what came.
  Duration left() const noexcept { return rule_.window - waited_; }
  /// `waited` for `octets`, which may be none. False: the peer is too slow.
  bool keeps(std::uint64_t octets, Duration waited) noexcept {
    octets_ += octets;
    waited_ += waited;
    if (waited_ < rule_.window) return true;
    const bool enough = octets_ >= static_cast<std::uint64_t>(rule_.floor);
    begin();
    return enough;
  }

 private:
  Rule rule_;
  std::uint64_t octets_ = 0;
  Duration waited_{};
};

}  // namespace danewerk::service
