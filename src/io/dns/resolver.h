// Resolver: ask a DNS question, get an answer with its DNSSEC status. The seam between everything above io and DNS.
//
// Three implementations: StubResolver (the program), ScriptedResolver (tests and scenarios, a written world), and none
// other. A Resolver never answers "no records" when it could not find out (RES-02), and never says secure on the word of
// a machine it has no reason to believe (RES-05).
//
// An answer may come from a cache: then `asked` and `ttl` are those of the original answer. `remaining()` computes what
// is left.
//
// Ask by `ask(name, type)`, or with a question that has a name: g++ 12 destroys a braced `{name, type}` inside the
// expression that holds co_await twice.
#pragma once

#include <algorithm>
#include <utility>

#include "io/runtime/task.h"
#include "types/dns_answer.h"

namespace danewerk::io::dns {

class Resolver {
 public:
  virtual ~Resolver() = default;
  /// Ends within the implementation's own deadline, always.
  virtual Task<types::Lookup> ask(types::DnsQuestion question) = 0;
  Task<types::Lookup> ask(types::DomainName name, types::RecordType type) {
    return ask(types::DnsQuestion{std::move(name), type});
  }
  /// Another number than before once answers given earlier are no longer to be believed, whatever their TTL: what was
  /// concluded from them goes with them.
  virtual std::uint64_t era() const noexcept { return 0; }
};

/// How long this answer may still be believed at `now`; zero once it may not.
template <class T>
Duration remaining(const types::Secured<T>& answer, Instant now) {
  return std::max(Duration::zero(), answer.asked + std::chrono::seconds(answer.ttl.count()) - now);
}

}  // namespace danewerk::io::dns
