#include "world.h"

#include "engine/policy/questions.h"

namespace danewerk::scenarios {
using namespace types;

namespace {

/// An AAAA question the world does not mention: as A, without records.
std::optional<Lookup> answer(const DestinationFacts& world, const DnsQuestion& question) {
  if (const Lookup* lookup = world.find(question)) return *lookup;
  if (question.type != RecordType::aaaa) return std::nullopt;
  const Lookup* a = world.find({question.name, RecordType::a});
  if (a == nullptr) return std::nullopt;
  if (!*a) return *a;
  Secured<DnsAnswer> none = **a;
  none.value.question = question;
  none.value.records.clear();
  if (none.value.existence == Existence::records) none.value.existence = Existence::no_data;
  return Lookup(std::move(none));
}

}  // namespace

Gathered gather(const DestinationFacts& world, const Rules& rules, DaneMode mode) {
  constexpr std::size_t enough = 8;  // MX, addresses, CNAME, two TLSA: five rounds at most
  Gathered out;
  out.facts.next_hop = world.next_hop;
  out.facts.sts = world.sts;
  out.facts.gathered = world.gathered;
  for (;;) {
    const std::vector<DnsQuestion> round = policy::missing_questions(out.facts, rules, mode);
    if (round.empty()) break;
    out.rounds.push_back(round);
    for (const DnsQuestion& question : round) {
      auto lookup = answer(world, question);
      if (!lookup) out.unanswerable = question;
      if (lookup) out.facts.lookups.insert_or_assign(question, *std::move(lookup));
    }
    out.endless = out.rounds.size() > enough;
    if (out.unanswerable || out.endless) return out;
  }
  for (const TlsaRecord& record : policy::missing_associations(out.facts, rules, mode)) {
    const auto known = world.associations.find(record);
    if (known != world.associations.end()) out.facts.associations.insert(*known);
  }
  return out;
}

std::string to_string(const std::vector<DnsQuestion>& round) {
  std::string out;
  for (const DnsQuestion& question : round) out += (out.empty() ? "" : " | ") + question.to_string();
  return out;
}

}  // namespace danewerk::scenarios
