#include "engine/rollover/observation.h"

#include <algorithm>

namespace danewerk::rollover {

bool holds(const types::TlsaSet& set, const types::TlsaRecord& record) {
  return std::find(set.begin(), set.end(), record) != set.end();
}

bool seen_everywhere(const types::TlsaRecord& record, const ZoneObservation& observation) {
  return !observation.servers.empty() &&
         std::all_of(observation.servers.begin(), observation.servers.end(), [&record](const ServerSight& server) {
           return server.sight == Sight::verified && holds(server.records, record);
         });
}

bool seen_somewhere(const types::TlsaRecord& record, const ZoneObservation& observation) {
  return std::any_of(observation.servers.begin(), observation.servers.end(), [&record](const ServerSight& server) {
    return server.sight == Sight::verified && holds(server.records, record);
  });
}

std::string who_lacks(const types::TlsaRecord& record, const ZoneObservation& observation) {
  std::string out;
  for (const ServerSight& server : observation.servers) {
    if (server.sight == Sight::verified && holds(server.records, record)) continue;
    out += (out.empty() ? "" : ", ") + server.server + " (";
    out += server.sight == Sight::verified ? "without it" : std::string(to_string(server.sight)) + ": " + server.detail;
    out += ")";
  }
  return out.empty() ? "no server" : out;
}

const char* to_string(Sight sight) noexcept {
  switch (sight) {
    case Sight::verified: return "verified";
    case Sight::unverified: return "unverified";
    case Sight::unreachable: return "unreachable";
  }
  return "unreachable";
}

const char* to_string(Validation validation) noexcept {
  switch (validation) {
    case Validation::not_asked: return "not_asked";
    case Validation::secure: return "secure";
    case Validation::insecure: return "insecure";
    case Validation::failed: return "failed";
  }
  return "failed";
}

}  // namespace danewerk::rollover
