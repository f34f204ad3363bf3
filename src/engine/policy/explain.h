// explain(): what delivery would demand of each host, and why, as values and as text.
//
// An operator whose mail waits needs to see what the machine saw: which question got which answer, how DNSSEC stood,
// which TLSA record counts and why the others do not, and what follows. Told from a second implementation it would be a
// second opinion. So this reads the same facts by the same stages as plan(), and takes hops, reasons and codes from the
// plan itself; it decides nothing.
//
// `danewerk explain` prints to_text() or makes JSON of the fields; the console and `check` use the fields.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/dane/usability.h"
#include "types/delivery_plan.h"
#include "types/destination_facts.h"

namespace danewerk::policy {

/// One question and what came of it.
struct QuestionView {
  types::DnsQuestion question;
  std::string state;                       ///< "secure", "insecure", "bogus", "timeout", ..., or "not asked"
  std::vector<types::DomainName> aliases;  ///< followed, in order
  std::vector<std::string> records;        ///< "10 mx.example.com", "192.0.2.1", "3 1 1 ab..."; empty: none there
  std::string note;                        ///< "no such name", "no records", the error's words, extended errors
  std::optional<Ttl> ttl;
};

struct HostView {
  std::string host;
  std::uint16_t preference = 0;
  std::vector<QuestionView> questions;    ///< in the order RFC 7672 2.2.2 has them
  std::vector<dane::JudgedRecord> tlsa;   ///< every record of the set in force, usable or not, with its reason
  std::optional<types::Hop> hop;          ///< exactly one of `hop` and `out`
  std::optional<types::HostOut> out;
  std::string demand;                     ///< "TLS, and a certificate that matches ..."; "no connection"
  std::string because;
};

struct Explanation {
  types::NextHop next_hop;
  std::vector<QuestionView> questions;  ///< about the next hop itself
  std::string conclusion;               ///< what its MX answer means for how sure we can be
  std::vector<std::string> sts;         ///< MTA-STS: the policy in force, its source and age; empty where not looked up
  std::vector<HostView> hosts;          ///< in the order they would be tried, then those left out
  std::optional<types::Fault> stop;     ///< where there is nobody to deliver to
};

/// `plan` must have been made from these facts and rules.
Explanation explain(const types::DestinationFacts& facts, const types::DeliveryPlan& plan, const types::Rules& rules);

/// For a terminal: indented lines, each with a line feed.
std::string to_text(const Explanation& explanation);

/// The demands and reasons as sentences without a final stop.
std::string demand_sentence(const types::Hop& hop);
std::string reason_sentence(const types::Hop& hop);

}  // namespace danewerk::policy
