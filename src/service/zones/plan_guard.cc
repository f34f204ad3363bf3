#include "service/zones/plan_guard.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "io/tls/digest.h"

namespace danewerk::service {
namespace {

using types::Holding;
using types::MxPlan;

constexpr std::size_t most_examples = 3;
constexpr const char* advice = ". See docs/operate/holding.md";

Holding most_common(const MxPlan& plan) {
  std::array<std::size_t, 3> counts{};
  for (std::uint16_t i = 0; i < plan.shards.count; ++i) ++counts[static_cast<std::size_t>(plan.holding_of(i))];
  return static_cast<Holding>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

std::vector<std::string> exceptions(const MxPlan& plan, Holding rule) {
  std::vector<std::string> out;
  for (std::uint16_t i = 0; i < plan.shards.count; ++i) {
    if (plan.holding_of(i) != rule) out.push_back(types::shard_name(i) + "=" + types::to_string(plan.holding_of(i)));
  }
  return out;
}

/// "3 wildcard s1=explicit"
std::string text_of(const MxPlan& plan) {
  const Holding rule = most_common(plan);
  std::string out = std::to_string(plan.shards.count) + " " + types::to_string(rule);
  for (const std::string& one : exceptions(plan, rule)) out += " " + one;
  return out;
}

/// As an operator writes them.
std::string settings_of(const MxPlan& plan) {
  const Holding rule = most_common(plan);
  std::string list;
  for (const std::string& one : exceptions(plan, rule)) list += (list.empty() ? "\"" : ", \"") + one + "\"";
  return "zone.shards = " + std::to_string(plan.shards.count) + ", zone.holding = \"" + types::to_string(rule) + "\", zone.holding_by_shard = [" + list + "]";
}

std::optional<std::uint16_t> number_in(std::string_view text) {
  std::uint16_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

Result<void> read_word(MxPlan& plan, std::size_t place, std::string_view word) {
  const std::size_t sign = word.find('=');
  const auto number = number_in(place == 0 ? word : word.substr(std::min<std::size_t>(1, word.size()), sign - 1));
  if (place == 0 && number && *number > 0) {
    plan.shards.count = *number;
    return {};
  }
  const bool is_rule = place == 1 && sign == std::string_view::npos;
  const bool is_exception = place > 1 && sign != std::string_view::npos && number && *number >= 1 && *number <= plan.shards.count;
  if (!is_rule && !is_exception) return fail(ErrorKind::corrupt, "the word '" + std::string(word) + "' in the plan of MX hosts in the store");
  TRY(const Holding holding, types::parse_holding(is_rule ? word : word.substr(sign + 1)));
  if (is_rule) plan.holdings.assign(plan.shards.count, holding);
  if (is_exception) plan.holdings[*number - 1U] = holding;
  return {};
}

Result<MxPlan> read_plan(const types::DomainName& zone, std::string_view text) {
  MxPlan out{zone, {}, {}};
  for (std::size_t place = 0; !text.empty(); ++place) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    TRY_VOID(read_word(out, place, word));
  }
  if (out.holdings.empty()) return fail(ErrorKind::corrupt, "the plan of MX hosts in the store has no holding");
  return out;
}

struct Place {
  std::string host;
  Holding holding = Holding::wildcard;
  std::string to_string() const { return host + " (" + types::to_string(holding) + ")"; }
  friend bool operator==(const Place&, const Place&) = default;
};

Place place_of(const types::DomainName& domain, const MxPlan& plan) {
  const io::Sha256 digest = io::sha256(as_bytes(domain.text()));
  const auto host = types::mx_host(domain, digest, plan);
  return {host ? host->to_string() : "no host", plan.holding_of(types::shard_index(digest, plan.shards))};
}

/// What would become of accepted domains; empty where none would notice.
std::string what_would_move(const io::Domains& domains, const MxPlan& before, const MxPlan& wanted) {
  std::size_t count = 0;
  std::string examples;
  const auto note = [&](const types::AcceptedDomain& one) {
    const Place was = place_of(one.domain, before), is = place_of(one.domain, wanted);
    if (was != is && ++count <= most_examples) {
      examples += (count > 1 ? "; " : "") + one.domain.to_string() + ": " + was.to_string() + " would become " + is.to_string();
    }
    return false;
  };
  for (std::size_t i = 0; i < io::Domains::part_count; ++i) static_cast<void>(domains.part(i, note));
  if (count == 0) return {};
  return "MX hosts of " + std::to_string(count) + " accepted domains, which stand in their MX records, would be gone (" + examples +
         (count > most_examples ? "; ..." : "") + ")";
}

/// A shard's zone that the zone above points to, and that would be none any more.
std::string what_is_cut_off(const std::vector<io::ZoneFact>& facts, const MxPlan& before, const MxPlan& wanted) {
  for (std::uint16_t i = 0; i < before.shards.count; ++i) {
    if (before.holding_of(i) != Holding::explicit_hosts || (i < wanted.shards.count && wanted.holding_of(i) == Holding::explicit_hosts)) continue;
    const std::string zone = before.zone.prefixed(types::shard_name(i)).to_string();
    const std::string name = "delegation " + zone + " NS";
    const bool delegated = std::any_of(facts.begin(), facts.end(), [&name](const io::ZoneFact& fact) { return fact.name == name; });
    if (delegated) return zone + " is a zone of its own, to which " + before.zone.to_string() + " points: a shard that was explicit stays so";
  }
  return {};
}

}  // namespace

io::Task<Result<void>> keep_plan(io::KeyStore& facts, std::shared_ptr<const io::Domains> domains, MxPlan plan, Instant now) {
  const std::string zone = plan.zone.to_string();
  CO_TRY(const auto known, co_await facts.zone_facts(zone));
  const auto kept = std::find_if(known.begin(), known.end(), [](const io::ZoneFact& fact) { return fact.name == "plan"; });
  if (kept != known.end() && kept->value == text_of(plan)) co_return Result<void>{};
  if (kept != known.end()) {
    CO_TRY(const MxPlan before, read_plan(plan.zone, kept->value));
    std::string why = what_would_move(*domains, before, plan);
    if (why.empty()) why = what_is_cut_off(known, before, plan);
    if (!why.empty()) {
      co_return fail(ErrorKind::conflict, "zone.shards, zone.holding or zone.holding_by_shard was changed: " + why + ". Set it back to " + settings_of(before) +
                                              advice);
    }
  }
  io::ZoneFact fact{"plan", text_of(plan), now};
  co_return co_await facts.put_zone_fact(zone, std::move(fact));
}

}  // namespace danewerk::service
