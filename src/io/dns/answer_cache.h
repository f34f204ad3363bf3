// AnswerCache: what has been looked up and may still be believed.
//
// The resolver beside us has a cache; this one saves the trip to it (and its locks) for the few thousand names that mail
// asks for all day. Bounded by entries (the least recently used go first) and by TTL, which the resolver has already cut
// to what the signatures allow (RFC 4035 5.3.3; RES-12). Absence is kept like an answer, by its negative TTL (RFC 2308).
// Failures are kept for at most a second, and by default not at all (RES-17).
//
// One cache may serve the resolvers of all reactors: it is guarded by a lock, held only to look up or to link.
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "types/dns_answer.h"

namespace danewerk::io::dns {

struct QuestionHash {
  std::size_t operator()(const types::DnsQuestion& question) const noexcept {
    constexpr std::size_t spread = 0x9e3779b97f4a7c15ULL;
    return std::hash<types::DomainName>{}(question.name) ^ (static_cast<std::size_t>(question.type) * spread);
  }
};

class AnswerCache {
 public:
  explicit AnswerCache(std::size_t max_entries) : max_entries_(max_entries) {}

  /// An answer whose time has not run out at `now`.
  std::optional<types::Lookup> find(const types::DnsQuestion& question, Instant now);
  /// Keeps an answer until its TTL ends (nothing if that is zero), a failure for `failure_ttl` (at most 1 s).
  void keep(const types::DnsQuestion& question, const types::Lookup& lookup, Instant now, Duration failure_ttl);
  /// Drops everything asked at `name` or below it, or that went through an alias there.
  void forget(const types::DomainName& name);
  void clear();
  std::size_t size() const;
  /// How often clear() and forget() were called.
  std::uint64_t era() const noexcept { return era_.load(std::memory_order_acquire); }

 private:
  struct Entry {
    types::DnsQuestion question;
    types::Lookup lookup;
    Instant until;
  };
  using Entries = std::list<Entry>;
  void drop(Entries::iterator entry);

  mutable std::mutex guard_;
  std::size_t max_entries_;
  std::atomic<std::uint64_t> era_{0};
  Entries entries_;  // the most recently used first
  std::unordered_map<types::DnsQuestion, Entries::iterator, QuestionHash> index_;
};

}  // namespace danewerk::io::dns
