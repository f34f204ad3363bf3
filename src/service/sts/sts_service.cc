#include "service/sts/sts_service.h"

#include <algorithm>

#include "io/runtime/together.h"
#include "service/sts/sts_events.h"

namespace danewerk::service {
namespace {

using types::DomainName;
using types::StsFact;
using types::StsMemory;

constexpr Duration look_again_after = std::chrono::minutes(1);  // what other processes learned is seen after this
constexpr std::size_t most_recent = 100'000;
constexpr Duration between_passes = std::chrono::minutes(10);
constexpr std::size_t page_size = 500;
constexpr std::size_t refreshed_at_once = 8;
constexpr std::chrono::hours keep_unused{30 * 24};

/// Where nothing is in force, doubt on our side is said; where something is, it counts whatever we could not find out.
StsFact concluded(const DomainName& domain, const std::optional<StsMemory>& memory, std::optional<std::string> unknown,
                  const mtasts::RecordReading& record, Instant now) {
  StsFact fact = mtasts::fact_of(domain, memory, record, now);
  if (!fact.in_force) fact.unknown = std::move(unknown);
  return fact;
}

struct Read {
  mtasts::RecordReading record;
  std::optional<std::string> unknown;
};

io::Task<Read> read_record(io::dns::Resolver& resolver, const DomainName& domain) {
  Read out;
  const auto name = mtasts::record_name(domain);
  if (!name) {
    out.record.note = "no record";
    co_return out;
  }
  const types::Lookup lookup = co_await resolver.ask(*name, types::RecordType::txt);
  out.record = mtasts::read_record(lookup);
  if (!lookup && lookup.error().is_our_fault()) out.unknown = "our own resolver cannot answer for " + name->to_string() + " TXT";
  co_return out;
}

}  // namespace

/// Answers everybody who waits for a fetch, however it ends.
class StsService::Answer {
 public:
  Answer(StsService& service, DomainName domain, std::optional<StsMemory> memory)
      : known{std::move(memory), "the fetch of the policy was broken off"}, service_(service), domain_(std::move(domain)) {}
  ~Answer() { service_.answer(domain_, known); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  Known known;

 private:
  StsService& service_;
  DomainName domain_;
};

StsService::StsService(StsParts parts) : parts_(std::move(parts)), group_(parts_.home, "sts") {}

io::Task<StsFact> StsService::look(io::dns::Resolver& resolver, DomainName domain) {
  Read read = co_await read_record(resolver, domain);
  Known known = co_await recall(domain);
  if (!known.unknown && mtasts::wants_fetch(known.memory, read.record, parts_.clock.now())) {
    known = co_await fetched(domain, *read.record.id, known.memory, Why::mail);
  }
  note_use(domain, known.memory);
  if (!known.unknown) known.unknown = std::move(read.unknown);
  co_return concluded(domain, known.memory, std::move(known.unknown), read.record, parts_.clock.now());
}

io::Task<StsFact> StsService::recheck(io::dns::Resolver& resolver, DomainName domain) {
  Read read = co_await read_record(resolver, domain);
  Known known = co_await recall(domain);
  const bool something = read.record.id || (known.memory && known.memory->policy);
  if (!known.unknown && something && mtasts::may_recheck(known.memory, parts_.clock.now())) {
    std::string id = read.record.id ? *read.record.id : known.memory->id;
    known = co_await fetched(domain, std::move(id), known.memory, Why::mail);
  }
  if (!known.unknown) known.unknown = std::move(read.unknown);
  co_return concluded(domain, known.memory, std::move(known.unknown), read.record, parts_.clock.now());
}

io::Task<StsService::Known> StsService::recall(DomainName domain) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = recent_.find(domain);
    if (found != recent_.end() && parts_.clock.now() < found->second.read + look_again_after) co_return Known{found->second.memory, {}};
  }
  auto stored = co_await parts_.store.find(domain);
  if (!stored) {
    parts_.log.event(sts_not_kept, {{"domain", domain.to_string()}, {"what", stored.error().what}});
    co_return Known{std::nullopt, stored.error().what};
  }
  remember(domain, *stored);
  co_return Known{*std::move(stored), std::nullopt};
}

void StsService::remember(const DomainName& domain, const std::optional<StsMemory>& memory) {
  const std::lock_guard lock(mutex_);
  if (recent_.size() >= most_recent) recent_.clear();
  recent_.insert_or_assign(domain, Recent{memory, parts_.clock.now()});
}

io::Task<StsService::Known> StsService::fetched(DomainName domain, std::string id, std::optional<StsMemory> memory, Why why) {
  auto join = [&](io::Completion<Known> done) {
    {
      const std::lock_guard lock(mutex_);
      auto& waiting = under_way_[domain];
      waiting.push_back(std::move(done));
      if (waiting.size() > 1) return;
    }
    boost::asio::post(parts_.home, [this, domain, id, memory, why] {
      if (!group_.spawn("fetch", fetch(domain, id, memory, why))) answer(domain, {memory, "the program stops"});
    });
  };
  co_return co_await io::completed_by<Known>(join);
}

void StsService::answer(const DomainName& domain, const Known& known) {
  std::vector<io::Completion<Known>> waiting;
  {
    const std::lock_guard lock(mutex_);
    auto node = under_way_.extract(domain);
    if (!node.empty()) waiting = std::move(node.mapped());
  }
  for (const auto& one : waiting) one(known);
}

io::Task<> StsService::fetch(DomainName domain, std::string id, std::optional<StsMemory> memory, Why why) {
  Answer answered(*this, domain, memory);
  Fetched result = co_await fetch_policy(parts_.resolver, parts_.https, parts_.trust, parts_.clock, domain);
  if (const auto* trouble = std::get_if<OurTrouble>(&result)) {
    answered.known.unknown = trouble->what;
    co_return;
  }
  StsMemory after;
  if (auto* policy = std::get_if<types::StsPolicy>(&result)) {
    after = mtasts::after_success(memory, std::move(*policy), std::move(id), parts_.clock.now());
  } else {
    after = mtasts::after_failure(memory, std::get<types::StsFault>(std::move(result)), std::move(id));
  }
  tell(domain, memory.value_or(StsMemory{}), after, why);
  Known kept = co_await keep(domain, std::move(after));
  answered.known = std::move(kept);
}

/// What was learned counts even where it cannot be stored: it is then forgotten at the next start, and said.
io::Task<StsService::Known> StsService::keep(DomainName domain, StsMemory memory) {
  remember(domain, memory);
  auto stored = co_await parts_.store.put(domain, memory);
  if (!stored) parts_.log.event(sts_not_kept, {{"domain", domain.to_string()}, {"what", stored.error().what}});
  co_return Known{std::move(memory), std::nullopt};
}

void StsService::tell(const DomainName& domain, const StsMemory& before, const StsMemory& after, Why why) {
  if (after.failures == 0) {
    if (before.policy == after.policy && before.id == after.id) return;
    parts_.log.event(sts_fetched, {{"domain", domain.to_string()}, {"mode", types::to_string(after.policy->mode)}, {"id", after.id},
                                   {"until", to_rfc3339(mtasts::expires(after))}});
    return;
  }
  types::LogFields fields{{"domain", domain.to_string()}, {"failure", types::to_string(after.fault->failure)}, {"what", after.fault->what}};
  const bool holds = mtasts::is_in_force(after, parts_.clock.now()) && after.policy->mode != types::StsPolicyMode::none;
  if (holds) {
    fields.push_back({"mode", types::to_string(after.policy->mode)});
    fields.push_back({"until", to_rfc3339(mtasts::expires(after))});
    fields.push_back({"failures", std::to_string(after.failures)});
    fields.push_back({"asked_for", why == Why::refresh ? "refresh" : "mail"});
  }
  parts_.log.event(holds ? sts_refresh_failed : sts_fetch_failed, std::move(fields));
}

void StsService::note_use(const DomainName& domain, const std::optional<StsMemory>& memory) {
  const Instant now = parts_.clock.now();
  if (!memory || now < memory->used + mtasts::used_to_the) return;
  StsMemory used = *memory;
  used.used = now;
  remember(domain, used);
  boost::asio::post(parts_.home, [this, domain, now] { group_.spawn("mark used", mark_used(domain, now)); });
}

io::Task<> StsService::mark_used(DomainName domain, Instant at) {
  auto marked = co_await parts_.store.mark_used(domain, at);
  if (!marked) parts_.log.event(sts_not_kept, {{"domain", domain.to_string()}, {"what", marked.error().what}});
}

io::Task<bool> StsService::refresh(DomainName domain, StsMemory memory) {
  const Read read = co_await read_record(parts_.resolver, domain);
  std::string id = read.record.id ? *read.record.id : memory.id;
  const Known known = co_await fetched(std::move(domain), std::move(id), std::move(memory), Why::refresh);
  co_return known.memory && known.memory->failures == 0;
}

io::Task<std::size_t> StsService::refresh_due() {
  std::size_t count = 0;
  DomainName after;
  while (true) {
    auto page = co_await parts_.store.page(after, page_size);
    if (!page) {
      parts_.log.event(sts_not_kept, {{"what", page.error().what}});
      co_return count;
    }
    std::vector<io::Task<bool>> batch;
    for (const auto& [domain, memory] : *page) {
      const auto due = mtasts::refresh_at(memory, parts_.clock.now());
      if (due && *due <= parts_.clock.now()) batch.push_back(refresh(domain, memory));
      if (batch.size() < refreshed_at_once && domain != page->back().first) continue;
      const std::vector<bool> done = co_await io::together(std::move(batch));
      batch.clear();
      count += static_cast<std::size_t>(std::count(done.begin(), done.end(), true));
    }
    if (page->size() < page_size) co_return count;
    after = page->back().first;
  }
}

io::Task<> StsService::keep_fresh() {
  while (true) {
    co_await parts_.clock.sleep_for(between_passes);
    co_await refresh_due();
    const Instant now = parts_.clock.now();
    auto pruned = co_await parts_.store.prune(now - keep_unused, now);
    if (!pruned) parts_.log.event(sts_not_kept, {{"what", pruned.error().what}});
  }
}

}  // namespace danewerk::service
