// Answer: what signed records say about one question, followed through aliases and wildcards to its end.
//
// The records are the only witness: nobody says beforehand which zone a name lies in, or whether it is signed. Where they do not
// settle the question the answer is `unproven`, with the reason; that is never read as "there is none".
//
// RFC 4035 5; RFC 6672 (DNAME); RFC 4592; RFC 5155.
#pragma once

#include <string>
#include <vector>

#include "engine/dnssec/denial.h"

namespace danewerk::engine::dnssec {

struct Answer {
  enum class Kind : std::uint8_t {
    records,
    no_data,
    no_name,
    insecure,  ///< the zone that would answer is provably unsigned: nothing it says can be proven
    unproven,
  } kind = Kind::unproven;
  Name name;                       ///< where the aliases led; the name asked where there are none
  std::vector<Name> aliases;       ///< targets followed, in order
  std::vector<Bytes> records;      ///< of the type asked, at `name`
  std::vector<std::string> steps;  ///< what was proven on the way, one sentence each
  std::string why;                 ///< of unproven and insecure
};

class Answerer {
 public:
  explicit Answerer(Chain& chain) : chain_(chain), denial_(chain) {}
  /// Marks in the chain what the answer rests on, unless it is unproven.
  Answer answer(const Name& name, RecordType type);

 private:
  bool positive(const Name& at, RecordType type, Answer& out, std::vector<Authentic>& rests_on);
  bool dname(const Name& at, Answer& out, std::vector<Authentic>& rests_on);
  bool insecure(const Name& at, Answer& out, std::vector<Authentic>& rests_on);
  Answer finish(Answer out, const std::vector<Authentic>& rests_on);

  Chain& chain_;
  Denial denial_;
};

const char* to_string(Answer::Kind kind) noexcept;

}  // namespace danewerk::engine::dnssec
