#include "service/domains/look.h"

#include "io/runtime/together.h"

namespace danewerk::service {
namespace {

io::Task<bool> ask_all(io::dns::Resolver& resolver, std::vector<types::DnsQuestion> questions, types::DomainSight& into) {
  std::vector<io::Task<types::Lookup>> asking;
  for (const types::DnsQuestion& question : questions) asking.push_back(resolver.ask(question));
  std::vector<types::Lookup> answers = co_await io::together(std::move(asking));
  for (std::size_t i = 0; i < questions.size(); ++i) into.lookups.insert_or_assign(questions[i], std::move(answers[i]));
  co_return true;
}

io::Task<bool> ask_policy(const LookForPolicy& policy, types::DomainName domain, types::DomainSight& into) {
  into.sts = co_await policy(std::move(domain));
  co_return true;
}

}  // namespace

io::Task<types::DomainSight> look(io::dns::Resolver& resolver, LookForPolicy policy, const io::Clock& clock, lifecycle::Expectation expected) {
  types::DomainSight sight{expected.domain, {}, {}, {}};
  std::vector<io::Task<bool>> both;
  both.push_back(ask_all(resolver, lifecycle::first_questions(expected), sight));
  if (policy) both.push_back(ask_policy(policy, expected.domain, sight));
  co_await io::together(std::move(both));
  co_await ask_all(resolver, lifecycle::further_questions(expected, sight), sight);
  sight.at = clock.now();
  co_return sight;
}

}  // namespace danewerk::service
