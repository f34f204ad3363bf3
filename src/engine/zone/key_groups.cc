#include "engine/zone/key_groups.h"

#include <algorithm>
#include <charconv>

namespace danewerk::zone {
namespace {

constexpr std::size_t longest_name = 32;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// "s3" -> 2.
std::optional<std::uint16_t> shard_number(std::string_view text) {
  std::uint16_t number = 0;
  if (text.size() < 2 || lower(text.front()) != 's' || text[1] == '0') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return static_cast<std::uint16_t>(number - 1);
}

bool is_name(std::string_view text) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= longest_name && text.front() >= 'a' && text.front() <= 'z' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), allowed);
}

/// "s3" or "s5-s9". False where it is neither.
bool add_shards(std::string_view text, std::vector<std::uint16_t>& into) {
  const std::size_t dash = text.find('-');
  const auto first = shard_number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : shard_number(text.substr(dash + 1));
  if (!first || !last || *last < *first) return false;
  for (std::uint32_t i = *first; i <= *last; ++i) into.push_back(static_cast<std::uint16_t>(i));
  return true;
}

std::string listed(const std::vector<std::uint16_t>& shards) {
  std::string out;
  for (const std::uint16_t shard : shards) out += (out.empty() ? "" : ",") + types::shard_name(shard);
  return out;
}

std::string noted_group(const NotedGroups& noted, std::uint16_t shard) {
  const auto found = noted.by_shard.find(shard);
  return found == noted.by_shard.end() ? std::string() : found->second;
}

Failure<Error> refused(const std::vector<std::uint16_t>& shards, const std::string& from, const std::string& to, const std::string& why) {
  return fail(ErrorKind::conflict, "zone.key_groups: " + listed(shards) + " would go from the keys of the group " + shown_group(from) +
                                       " to those of " + shown_group(to) + ", but " + why + ": senders' caches hold the old records and would refuse the"
                                       " other keys. Put it back as it was; shards can only leave a group together, for a group that is new");
}

}  // namespace

std::string shown_group(const std::string& name) { return name.empty() ? std::string(default_group) : name; }

Result<KeyGroup> parse_key_group(std::string_view text) {
  const auto bad = [&text](const char* how) { return fail(ErrorKind::malformed, "'" + std::string(text) + "': " + how); };
  const std::size_t equals = text.find('=');
  KeyGroup out{std::string(text.substr(0, equals)), {}};
  if (equals == std::string_view::npos) return bad("write it like \"pilot=s1\" or \"bank=s3,s5-s9\"");
  if (!is_name(out.name)) return bad("a group's name has up to 32 small letters, digits and hyphens, and begins with a letter");
  if (out.name == default_group) return bad("\"default\" is the group of all shards that no other group names");
  std::string_view rest = text.substr(equals + 1);
  while (true) {
    const std::size_t comma = rest.find(',');
    if (!add_shards(rest.substr(0, comma), out.shards)) return bad("write its shards like \"s3,s5-s9\"");
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  std::sort(out.shards.begin(), out.shards.end());
  return out;
}

std::vector<std::string> faults_of(const std::vector<KeyGroup>& named, std::uint16_t shards) {
  std::vector<std::string> out;
  if (named.size() > most_key_groups) out.push_back("at most 16 groups, not " + std::to_string(named.size()));
  std::map<std::uint16_t, std::string> taken;
  std::set<std::string> names;
  for (const KeyGroup& group : named) {
    if (!names.insert(group.name).second) out.push_back("the group '" + group.name + "' is there twice");
    for (const std::uint16_t shard : group.shards) {
      if (shard >= shards) {
        out.push_back("group '" + group.name + "': there is no shard " + types::shard_name(shard) + " among " + std::to_string(shards));
        continue;
      }
      const auto [place, fresh] = taken.emplace(shard, group.name);
      if (!fresh) out.push_back("shard " + types::shard_name(shard) + " is in '" + place->second + "' and in '" + group.name + "'");
    }
  }
  if (taken.size() >= shards && !named.empty()) {
    out.push_back("leave a shard to the default group: its keys serve whoever asks for no name of ours");
  }
  return out;
}

std::vector<KeyGroup> all_groups(std::vector<KeyGroup> named, std::uint16_t shards) {
  std::vector<KeyGroup> out{{}};
  std::set<std::uint16_t> taken;
  for (const KeyGroup& group : named) taken.insert(group.shards.begin(), group.shards.end());
  for (std::uint16_t i = 0; i < shards; ++i) {
    if (!taken.contains(i)) out.front().shards.push_back(i);
  }
  std::move(named.begin(), named.end(), std::back_inserter(out));
  return out;
}

std::vector<std::uint8_t> group_by_shard(const std::vector<KeyGroup>& groups, std::uint16_t shards) {
  std::vector<std::uint8_t> out(shards, 0);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const std::uint16_t shard : groups[i].shards) out[shard] = static_cast<std::uint8_t>(i);
  }
  return out;
}

std::optional<std::uint16_t> shard_of_host(const types::DomainName& apex, std::uint16_t shards, std::string_view host) noexcept {
  const std::string_view zone = apex.text();
  if (host.size() < zone.size() + 3) return std::nullopt;  // at least "s1."
  const std::size_t dot = host.size() - zone.size() - 1;
  if (host[dot] != '.' || !same(host.substr(dot + 1), zone)) return std::nullopt;
  const std::string_view above = host.substr(0, dot);
  const auto shard = shard_number(above.substr(above.rfind('.') + 1));  // the whole where there is no dot
  return shard && *shard < shards ? shard : std::nullopt;
}

types::DomainName probe_host(const MxZone& zone, std::uint16_t shard) {
  const bool one_host = zone.plan().holding_of(shard) == types::Holding::shared;
  return zone.apex.prefixed((one_host ? "mx." : "danewerk-probe.") + types::shard_name(shard));
}

Result<std::vector<GroupChange>> plan_groups(const NotedGroups& noted, const std::vector<KeyGroup>& groups) {
  std::set<std::string> standing;
  for (const KeyGroup& group : groups) standing.insert(group.name);
  std::map<std::string, std::set<std::string>> heirs;  // of groups that are no more
  std::vector<GroupChange> out;
  for (const KeyGroup& group : groups) {
    std::map<std::string, std::vector<std::uint16_t>> leaving;
    bool keeps_one = false;
    for (const std::uint16_t shard : group.shards) {
      const std::string before = noted_group(noted, shard);
      if (before == group.name) keeps_one = true;
      else leaving[before].push_back(shard);
    }
    for (const auto& [from, shards] : leaving) {
      GroupChange change{GroupChange::Keys::none, from, group.name, shards};
      if (noted.with_keys.contains(from)) {
        if (noted.with_keys.contains(group.name)) return refused(shards, from, group.name, "that group has keys already");
        if (keeps_one || leaving.size() > 1) return refused(shards, from, group.name, "not all of that group's shards come from one group");
        change.keys = standing.contains(from) ? GroupChange::Keys::copied : GroupChange::Keys::renamed;
        if (!standing.contains(from) && heirs[from].insert(group.name).second && heirs[from].size() > 1) {
          return refused(shards, from, group.name, "the group " + shown_group(from) + " is no more and its shards go to more than one");
        }
      }
      out.push_back(std::move(change));
    }
  }
  return out;
}

}  // namespace danewerk::zone
