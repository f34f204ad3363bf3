// Groups of shards with keys of their own (zone.key_groups).
//
// With one set of keys for all shards, one theft, one failed rollover, one wrong step touches every domain at once. So shards can be
// put into named groups: each has its own keys, TLSA set, certificate and rollover; the shards that no group names are the default
// group's, whose name is empty. The edge picks by the host a client asks for (SNI): host, shard, group.
//
// The invariant: a shard never goes from the keys of one group to those of another, because caches hold the old records. Groups may
// change in two ways that never contradict a cache: a new group begins with copies of the keys its shards have had until now (and
// replaces them by its own, through all gates of a rollover), and a group may get another name. All else is refused, before anything
// is changed. docs/decisions/0086.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/zone/mx_zone.h"

namespace danewerk::zone {

struct KeyGroup {
  std::string name;                    ///< empty: the default group
  std::vector<std::uint16_t> shards;   ///< from 0, ascending
  friend bool operator==(const KeyGroup&, const KeyGroup&) = default;
};

constexpr std::size_t most_key_groups = 16;  ///< besides the default group: each is a rollover of its own
/// How people call the default group.
constexpr std::string_view default_group = "default";
std::string shown_group(const std::string& name);

/// "pilot=s1", "bank=s3,s5-s9". Error: malformed.
Result<KeyGroup> parse_key_group(std::string_view text);
/// What is wrong with these groups of a zone of `shards` shards, a sentence each: too many, a name or a shard twice, a shard there is
/// not, none left to the default group, whose keys serve whoever asks for no name.
std::vector<std::string> faults_of(const std::vector<KeyGroup>& named, std::uint16_t shards);
/// The default group, then those named. `named` must have no faults.
std::vector<KeyGroup> all_groups(std::vector<KeyGroup> named, std::uint16_t shards);
/// Index into all_groups(), by shard.
std::vector<std::uint8_t> group_by_shard(const std::vector<KeyGroup>& groups, std::uint16_t shards);

/// The shard that holds a host of the zone, from its name as a client sent it (upper case, too); nothing where it is none of ours.
std::optional<std::uint16_t> shard_of_host(const types::DomainName& apex, std::uint16_t shards, std::string_view host) noexcept;
/// A host of that shard that is no customer's: to ask an edge for.
types::DomainName probe_host(const MxZone& zone, std::uint16_t shard);

/// What the store knows: the group each shard has had its keys from (not named: the default group), and which groups have keys.
struct NotedGroups {
  std::map<std::uint16_t, std::string> by_shard;
  std::set<std::string> with_keys;
};

/// Keys of `from` become keys of `to` as well, or, where `from` is no more, of `to` instead; these shards are noted as `to`'s.
struct GroupChange {
  enum class Keys : std::uint8_t { copied, renamed, none } keys = Keys::none;
  std::string from;
  std::string to;
  std::vector<std::uint16_t> shards;
  friend bool operator==(const GroupChange&, const GroupChange&) = default;
};

/// From what was noted to `groups` (all_groups()). Error: conflict, naming the shard and what to do, where that would contradict caches.
Result<std::vector<GroupChange>> plan_groups(const NotedGroups& noted, const std::vector<KeyGroup>& groups);

}  // namespace danewerk::zone
