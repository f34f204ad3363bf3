// Finding: something a person should know, with how bad it is, what it rests on and what to do about it.
//
// Findings are values: the same one is printed by a command, shown in a list and counted by a watch. A finding never
// decides anything; what decides refuses or faults instead.
#pragma once

#include <cstdint>
#include <string>

namespace danewerk::types {

enum class Severity : std::uint8_t { notice, warning, error };

/// Whose it is to put right.
enum class Party : std::uint8_t {
  unsaid,
  us,           ///< who runs this system
  owner,        ///< whoever keeps the domain's DNS
  dns_host,     ///< the name servers or the parent of the domain's zone, which the owner has to talk to
};

struct Finding {
  Severity severity = Severity::notice;
  std::string code;      ///< a stable word for programs: "connector.expired"
  std::string subject;   ///< what it is about, by the name people use for it
  std::string evidence;  ///< one sentence: what is the case, and where that is seen
  std::string remedy;    ///< one sentence: what to do
  Party whose = Party::unsaid;
  std::string record{};  ///< the record to paste, in zone-file form; empty where there is none
  friend bool operator==(const Finding&, const Finding&) = default;
};

inline const char* to_string(Severity severity) noexcept {
  switch (severity) {
    case Severity::notice: return "notice";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
  }
  return "error";
}

inline const char* to_string(Party party) noexcept {
  switch (party) {
    case Party::unsaid: return "";
    case Party::us: return "us";
    case Party::owner: return "owner";
    case Party::dns_host: return "dns-host";
  }
  return "";
}

}  // namespace danewerk::types
