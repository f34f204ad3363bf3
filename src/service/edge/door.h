// Door: how many may be inside at once, in all and from one peer.
//
// Each connection costs memory and a descriptor, and anybody may open one. Without a bound one peer fills the table and
// nobody else's mail comes in. A peer is one IPv4 address or one IPv6 /64, because whoever has one address of a /64 has all.
//
// A Pass is the right to be inside; it counts until it is destroyed. The Door outlives its passes. Thread safe: one Door
// serves every reactor and every role.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "types/ip_address.h"
#include "types/reply.h"

namespace danewerk::service {

class Door {
 public:
  struct Limits {
    std::uint32_t in_all = 20000;
    std::uint32_t per_peer = 200;
  };
  class Pass {
   public:
    Pass(Pass&& other) noexcept : door_(std::exchange(other.door_, nullptr)), peer_(other.peer_) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (door_) door_->leave(peer_);
    }

   private:
    friend class Door;
    Pass(Door* door, std::uint64_t peer) : door_(door), peer_(peer) {}
    Door* door_;
    std::uint64_t peer_;
  };

  explicit Door(Limits limits) : limits_(limits) {}
  /// Error: the reply for the peer: 421 4.3.2 where we are full, 421 4.7.0 where this peer has too many.
  Result<Pass, types::Reply> enter(const types::IpAddress& peer);
  std::uint32_t inside() const;

 private:
  void leave(std::uint64_t peer) noexcept;

  Limits limits_;
  mutable std::mutex mutex_;
  std::uint32_t inside_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> by_peer_;
};

}  // namespace danewerk::service
