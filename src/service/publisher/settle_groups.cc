#include "service/publisher/settle_groups.h"

#include <charconv>

namespace danewerk::service {
namespace {

using zone::GroupChange;

constexpr std::string_view fact_prefix = "key-group/";

zone::NotedGroups noted_in(const std::vector<types::KeyFacts>& keys, const std::vector<io::ZoneFact>& facts) {
  zone::NotedGroups out;
  for (const types::KeyFacts& key : keys) out.with_keys.insert(key.group);
  for (const io::ZoneFact& fact : facts) {
    if (!fact.name.starts_with(fact_prefix)) continue;
    const std::string_view shard = std::string_view(fact.name).substr(fact_prefix.size() + 1);  // behind the "s"
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(shard.data(), shard.data() + shard.size(), number);
    if (error == std::errc{} && end == shard.data() + shard.size() && number > 0) out.by_shard[static_cast<std::uint16_t>(number - 1)] = fact.value;
  }
  return out;
}

io::KeyHandover handover_of(const GroupChange& change, Instant now) {
  io::KeyHandover out;
  out.from = change.from;
  out.to = change.to;
  if (change.keys == GroupChange::Keys::copied) out.how = io::KeyHandover::How::copied;
  if (change.keys == GroupChange::Keys::renamed) out.how = io::KeyHandover::How::renamed;
  for (const std::uint16_t shard : change.shards) out.facts.push_back({std::string(fact_prefix) + types::shard_name(shard), change.to, now});
  out.why = "it is shared with the group " + zone::shown_group(change.from) + ", which it was copied from";
  return out;
}

std::string told(const GroupChange& change, std::uint32_t keys) {
  std::string shards;
  for (const std::uint16_t shard : change.shards) shards += (shards.empty() ? "" : ", ") + types::shard_name(shard);
  const std::string from = zone::shown_group(change.from);
  const std::string to = "the group " + zone::shown_group(change.to);
  switch (change.keys) {
    case GroupChange::Keys::copied:
      return shards + " left " + from + " for " + to + ": it begins with copies of " + std::to_string(keys) + " keys and replaces them by its own";
    case GroupChange::Keys::renamed: return to + " was called " + from + " before; its keys stay";
    case GroupChange::Keys::none: break;
  }
  return shards + " will have keys of " + to;
}

}  // namespace

io::Task<Result<std::vector<std::string>>> settle_groups(io::KeyStore& store, types::DomainName zone, std::vector<zone::KeyGroup> groups, Instant now) {
  const std::string zone_name = zone.to_string();
  CO_TRY(const auto keys, co_await store.keys());
  CO_TRY(const auto facts, co_await store.zone_facts(zone_name));
  CO_TRY(const auto changes, zone::plan_groups(noted_in(keys, facts), groups));
  std::vector<std::string> out;
  const types::AdminAct act{"danewerk", "zone.key_groups was changed", now};
  for (const GroupChange& change : changes) {
    io::KeyHandover handover = handover_of(change, now);
    CO_TRY(const std::uint32_t count, co_await store.hand_keys(zone_name, std::move(handover), act));
    out.push_back(told(change, count));
  }
  co_return out;
}

}  // namespace danewerk::service
