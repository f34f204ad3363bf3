#include "engine/dnssec/answer.h"

namespace danewerk::engine::dnssec {
namespace {

constexpr std::size_t most_aliases = 16;  // RES-09

}  // namespace

/// True where there is such a set and it is proven; where it is there and is not, `out.why` says why.
bool Answerer::positive(const Name& at, RecordType type, Answer& out, std::vector<Authentic>& rests_on) {
  const auto place = chain_.find(at, type);
  if (!place) return false;
  auto authentic = chain_.authenticate(*place);
  if (!authentic) {
    out.why = std::move(authentic).error().what;
    return false;
  }
  std::string step = chain_.set(*place).to_string() + " is signed by " + authentic->zone.to_string();
  if (authentic->expanded) {
    const auto closer = denial_.of_closer(at, authentic->labels, authentic->zone);
    if (!closer) {
      out.why = chain_.set(*place).to_string() + " is made from a wildcard, and nothing shows that no closer name exists";
      return false;
    }
    step += ", made from the wildcard *." + at.ancestor(authentic->labels).to_string() + ": " + closer->how;
    rests_on.insert(rests_on.end(), closer->rests_on.begin(), closer->rests_on.end());
  }
  rests_on.push_back(*authentic);
  out.steps.push_back(std::move(step));
  out.records = chain_.set(*place).rdatas;
  return true;
}

/// RFC 6672 2.2: an ancestor that is a DNAME makes an alias of every name below it.
bool Answerer::dname(const Name& at, Answer& out, std::vector<Authentic>& rests_on) {
  for (std::size_t labels = at.label_count(); labels-- > 0;) {
    const Name above = at.ancestor(labels);
    if (!chain_.find(above, RecordType::dname)) continue;
    if (!positive(above, RecordType::dname, out, rests_on)) return false;
    const auto target = out.records.size() == 1 ? read_target(out.records[0]) : Result<Name>(fail(ErrorKind::malformed, "DNAME"));
    std::optional<Name> name = target ? std::optional(*target) : std::nullopt;
    for (std::size_t i = at.label_count() - labels; name && i-- > 0;) name = name->child(at.labels()[i]);
    if (!name) {
      out.why = above.to_string() + " DNAME leads nowhere";
      return false;
    }
    out.aliases.push_back(*name);
    return true;
  }
  return false;
}

/// RFC 4035 5.2: from the root down, a delegation that is proven to have no DS, or none we could check.
bool Answerer::insecure(const Name& at, Answer& out, std::vector<Authentic>& rests_on) {
  for (std::size_t labels = 1; labels <= at.label_count(); ++labels) {
    const Name cut = at.ancestor(labels);
    if (const auto place = chain_.find(cut, RecordType::ds)) {
      const auto ds = chain_.authenticate(*place);
      if (!ds || !chain_.nothing_known(chain_.set(*place))) continue;
      out.why = cut.to_string() + " is signed with algorithms that cannot be checked: it counts as unsigned";
      rests_on.push_back(*ds);
      return true;
    }
    const auto none = denial_.of(cut, RecordType::ds);
    if (!none || !(none->delegation || none->what == Denied::What::opt_out)) continue;
    out.why = cut.to_string() + " is unsigned: its parent proves that it has no DS (" + none->how + ")";
    rests_on.insert(rests_on.end(), none->rests_on.begin(), none->rests_on.end());
    return true;
  }
  return false;
}

Answer Answerer::finish(Answer out, const std::vector<Authentic>& rests_on) {
  if (out.kind == Answer::Kind::unproven) return out;
  for (const Authentic& one : rests_on) chain_.rest_on(one);
  return out;
}

Answer Answerer::answer(const Name& name, RecordType type) {
  Answer out;
  std::vector<Authentic> rests_on;
  out.name = name;
  while (out.aliases.size() <= most_aliases) {
    if (positive(out.name, type, out, rests_on)) {
      out.kind = Answer::Kind::records;
      return finish(std::move(out), rests_on);
    }
    if (positive(out.name, RecordType::cname, out, rests_on)) {
      const auto target = out.records.size() == 1 ? read_target(out.records[0]) : Result<Name>(fail(ErrorKind::malformed, "CNAME"));
      if (!target) {
        out.why = out.name.to_string() + " CNAME leads nowhere";
        break;
      }
      out.aliases.push_back(*target);
      out.name = *target;
      continue;
    }
    if (dname(out.name, out, rests_on)) {
      out.name = out.aliases.back();
      continue;
    }
    out.records.clear();
    if (const auto none = denial_.of(out.name, type); none && none->what != Denied::What::opt_out) {
      out.kind = none->what == Denied::What::no_data ? Answer::Kind::no_data : Answer::Kind::no_name;
      out.steps.push_back(out.name.to_string() + " has no " + types::to_string(type) + ": " + none->how);
      rests_on.insert(rests_on.end(), none->rests_on.begin(), none->rests_on.end());
    } else if (insecure(out.name, out, rests_on)) {
      out.kind = Answer::Kind::insecure;
    } else if (out.why.empty()) {
      out.why = "the records neither hold nor deny " + out.name.to_string() + " " + types::to_string(type);
    }
    return finish(std::move(out), rests_on);
  }
  if (out.why.empty()) out.why = name.to_string() + ": more than " + std::to_string(most_aliases) + " aliases";
  out.records.clear();
  return out;
}

const char* to_string(Answer::Kind kind) noexcept {
  switch (kind) {
    case Answer::Kind::records: return "records";
    case Answer::Kind::no_data: return "no_data";
    case Answer::Kind::no_name: return "no_name";
    case Answer::Kind::insecure: return "insecure";
    case Answer::Kind::unproven: return "unproven";
  }
  return "unknown";
}

}  // namespace danewerk::engine::dnssec
