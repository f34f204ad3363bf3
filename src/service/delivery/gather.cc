#include "service/delivery/gather.h"

#include "engine/policy/questions.h"
#include "io/runtime/together.h"
#include "io/tls/certificate.h"

namespace danewerk::service {

io::Task<types::DestinationFacts> gather(io::dns::Resolver& resolver, const io::Clock& clock, types::NextHop next_hop,
                                         const types::Rules& rules, types::DaneMode mode) {
  types::DestinationFacts facts;
  facts.next_hop = std::move(next_hop);
  facts.gathered = clock.now();
  while (true) {
    const std::vector<types::DnsQuestion> questions = policy::missing_questions(facts, rules, mode);
    if (questions.empty()) break;
    std::vector<io::Task<types::Lookup>> asking;
    for (const types::DnsQuestion& question : questions) asking.push_back(resolver.ask(question));
    std::vector<types::Lookup> answers = co_await io::together(std::move(asking));
    for (std::size_t i = 0; i < questions.size(); ++i) facts.lookups.emplace(questions[i], std::move(answers[i]));
    facts.gathered = clock.now();
  }
  for (const types::TlsaRecord& record : policy::missing_associations(facts, rules, mode)) {
    facts.associations[record] = tls::inspect_association(record);
  }
  co_return facts;
}

}  // namespace danewerk::service
