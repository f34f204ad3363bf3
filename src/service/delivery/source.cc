#include "service/delivery/source.h"

#include <algorithm>

#include "types/seed.h"

namespace danewerk::service {
namespace {

/// The same on every machine and in every release (FNV-1a, then spread).
std::uint64_t weight(std::string_view tenant, const types::IpAddress& address) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&hash](std::uint8_t octet) { hash = (hash ^ octet) * 0x100000001b3ULL; };
  for (const char letter : tenant) add(static_cast<std::uint8_t>(letter));
  add(0);
  for (const std::uint8_t octet : address.bytes()) add(octet);
  return types::Chance(types::Seed{hash}).below(~std::uint64_t{0});
}

}  // namespace

const SourcePool* pool_by_name(const std::vector<SourcePool>& pools, std::string_view name) {
  const auto found = std::find_if(pools.begin(), pools.end(), [name](const SourcePool& pool) { return pool.name == name; });
  return found == pools.end() ? nullptr : &*found;
}

std::optional<SourceAddress> address_for(const SourcePool& pool, std::string_view tenant, types::IpAddress::Family family) {
  const SourceAddress* best = nullptr;
  for (const SourceAddress& one : pool.addresses) {
    if (one.address.family() != family) continue;
    if (best == nullptr || weight(tenant, one.address) > weight(tenant, best->address)) best = &one;
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

}  // namespace danewerk::service
