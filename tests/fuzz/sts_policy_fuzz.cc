// MTA-STS texts as hostile policy hosts and hostile DNS write them. The first octet says where the TXT record ends.
// Held: a policy that is taken demands something (an mx, unless its mode is none), lives no longer than a year, and its
// patterns print and parse as themselves; an id that is taken is 1 to 32 letters and digits.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "engine/mtasts/cache.h"

using namespace danewerk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(ByteView(data, size));
  if (input.empty()) return 0;
  const std::size_t cut = 1 + std::min<std::size_t>(static_cast<std::uint8_t>(input[0]), input.size() - 1);
  types::DnsAnswer answer;
  answer.existence = types::Existence::records;
  answer.records.emplace_back(types::TxtRecord{{std::string(input.substr(1, cut - 1))}});
  const types::Lookup lookup = types::Secured<types::DnsAnswer>{std::move(answer), types::DnssecStatus::insecure, Ttl{60}, Instant{}, {}};
  const auto record = mtasts::read_record(lookup);
  CHECK(!record.id || (!record.id->empty() && record.id->size() <= 32));
  CHECK(record.id.has_value() != !record.note.empty());

  const auto policy = mtasts::parse_policy(input.substr(cut));
  if (!policy) return 0;
  CHECK(policy->mode == types::StsPolicyMode::none || !policy->mx.empty());
  CHECK(policy->max_age >= std::chrono::seconds(0) && policy->max_age <= mtasts::longest_max_age);
  for (const types::StsMxPattern& pattern : policy->mx) {
    const std::string text = pattern.to_string();
    CHECK(*types::StsMxPattern::parse(text) == pattern);
    if (!text.starts_with('*')) CHECK(pattern.matches(*types::DomainName::parse(text)));
  }
  const auto memory = mtasts::after_success(std::nullopt, *policy, record.id.value_or("1"), Instant{});
  CHECK(mtasts::is_in_force(memory, Instant{}));
  return 0;
}
