#include "service/edge/door.h"

#include "engine/smtp/reply_text.h"

namespace danewerk::service {
namespace {

/// An IPv4 address, or the network half of an IPv6 one. 2000::/3 and the rest of IPv6 in use never collide with the 32-bit
/// numbers of IPv4, whose upper half is 0 (::/64 holds only loopback and translated addresses).
std::uint64_t peer_key(const types::IpAddress& address) noexcept {
  std::uint64_t key = 0;
  for (const std::uint8_t octet : address.bytes().first(address.bytes().size() == 4 ? 4 : 8)) key = key << 8 | octet;
  return key;
}

}  // namespace

Result<Door::Pass, types::Reply> Door::enter(const types::IpAddress& peer) {
  const std::uint64_t key = peer_key(peer);
  const std::lock_guard guard(mutex_);
  if (inside_ >= limits_.in_all) {
    return Failure{engine::smtp::make_reply(421, {4, 3, 2}, "too many connections, please come back later")};
  }
  const auto [place, is_new] = by_peer_.try_emplace(key, 0);
  if (place->second >= limits_.per_peer) {
    if (is_new) by_peer_.erase(place);
    return Failure{engine::smtp::make_reply(421, {4, 7, 0}, "too many connections from your address")};
  }
  ++place->second;
  ++inside_;
  return Pass(this, key);
}

std::uint32_t Door::inside() const {
  const std::lock_guard guard(mutex_);
  return inside_;
}

void Door::leave(std::uint64_t peer) noexcept {
  const std::lock_guard guard(mutex_);
  --inside_;
  const auto place = by_peer_.find(peer);
  CHECK(place != by_peer_.end());
  if (--place->second == 0) by_peer_.erase(place);
}

}  // namespace danewerk::service
