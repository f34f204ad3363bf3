// Scenario: one written world of DNS answers, what a message demands, and what must come of it.
//
// A scenario file holds several, each opened by a line "=== title". The directives, one a line, are
//
//   rule: MX-05, RFC 7672 2.1.2        which rule the scenario holds (for people and for the conformance table)
//   next-hop: example.com              as NextHop::parse reads it
//   dane: mandatory                    DaneMode; mta-sts: audit; tls: require; tls: verify NAME NAME; requiretls: yes;
//                                      seed: 7; order: v4_first
//   sts: enforce PATTERN PATTERN cache the MTA-STS policy in force (id 1, three hours old, for a day), live unless "cache";
//                                      "sts: fault WHAT": the last look failed; "sts: unknown WHY": our store is at fault
//   own: mx.example.com 192.0.2.9      names and addresses of this system
//   limit: hosts 2                     hosts, addresses, aliases or tlsa: the bounds in Rules
//   dns: NAME TYPE STATUS [via NAME NAME] DATA
//   asked: QUESTION | QUESTION         one line a round, in the order asked; "asked:" alone: nothing is asked
//   plan: LINE                         the plan's text, line by line; "..." at the end of a line matches anything
//   explain: TEXT                      must occur in the text of explain()
//
// STATUS is secure, insecure, bogus-status, indeterminate-status (an answer that came with that status), or a lookup
// error: bogus, servfail, refused, timeout, malformed, too_large, alias_loop, unfit, unreachable; an error may be
// followed by "ede CODE TEXT". DATA is nodata, nxdomain, or records separated by " ; ": an address; "10 mx.example" for
// MX; a name for CNAME; TLSA as "3 1 1 HEX", where HEX may be "good" (a digest of the right length), "short", "empty",
// and a Full(0) record may end in "[certificate]", "[public_key]", "[unparsable]", "[too_weak]"; "truncated".
// An AAAA question that the world does not mention is answered like A, with nodata. Any other question that the world
// does not mention fails the test: nothing may be asked that RFC 7672 does not ask.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "types/destination_facts.h"
#include "types/rules.h"
#include "types/seed.h"

namespace danewerk::scenarios {

struct Scenario {
  std::string file;
  std::string title;
  std::string rule;
  types::DestinationFacts world;  ///< its lookups are what the world answers, not what has been asked
  types::MessageDemands demands;
  types::Rules rules;
  types::Seed seed{};
  std::vector<std::string> asked;
  std::vector<std::string> plan;
  std::vector<std::string> explained;
};

/// All scenarios of one file. Error: malformed, naming the line.
Result<std::vector<Scenario>> parse_scenarios(std::string_view text, const std::string& file);

/// When every answer of every world came in.
Instant world_time();

}  // namespace danewerk::scenarios
