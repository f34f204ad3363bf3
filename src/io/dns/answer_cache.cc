#include "io/dns/answer_cache.h"

#include <algorithm>

namespace danewerk::io::dns {
namespace {

bool goes_through(const types::Lookup& lookup, const types::DomainName& name) {
  if (!lookup) return false;
  const auto& aliases = lookup->value.aliases;
  return std::any_of(aliases.begin(), aliases.end(), [&name](const auto& alias) { return alias.is_within(name); });
}

}  // namespace

std::optional<types::Lookup> AnswerCache::find(const types::DnsQuestion& question, Instant now) {
  const std::lock_guard lock(guard_);
  const auto found = index_.find(question);
  if (found == index_.end()) return std::nullopt;
  if (found->second->until <= now) {
    drop(found->second);
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->lookup;
}

void AnswerCache::keep(const types::DnsQuestion& question, const types::Lookup& lookup, Instant now, Duration failure_ttl) {
  constexpr Duration longest_failure = std::chrono::seconds(1);
  const Instant until = lookup ? lookup->asked + std::chrono::seconds(lookup->ttl.count()) : now + std::min(failure_ttl, longest_failure);
  const std::lock_guard lock(guard_);
  if (const auto old = index_.find(question); old != index_.end()) drop(old->second);
  if (until <= now || max_entries_ == 0) return;
  if (entries_.size() >= max_entries_) drop(std::prev(entries_.end()));
  entries_.push_front({question, lookup, until});
  index_.emplace(question, entries_.begin());
}

void AnswerCache::forget(const types::DomainName& name) {
  const std::lock_guard lock(guard_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (entry->question.name.is_within(name) || goes_through(entry->lookup, name)) drop(entry);
    entry = next;
  }
  era_.fetch_add(1, std::memory_order_release);
}

void AnswerCache::clear() {
  const std::lock_guard lock(guard_);
  index_.clear();
  entries_.clear();
  era_.fetch_add(1, std::memory_order_release);
}

std::size_t AnswerCache::size() const {
  const std::lock_guard lock(guard_);
  return entries_.size();
}

void AnswerCache::drop(Entries::iterator entry) {
  index_.erase(entry->question);
  entries_.erase(entry);
}

}  // namespace danewerk::io::dns
