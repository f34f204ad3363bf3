#include "service/delivery/memo.h"

#include <array>
#include <nlohmann/json.hpp>

namespace danewerk::service {
namespace {

constexpr std::array kinds{types::FaultKind::ordinary, types::FaultKind::policy, types::FaultKind::ours};

}  // namespace

std::string write_memo(const retry::History& history) {
  nlohmann::json tries = nlohmann::json::array();
  for (const retry::Try& one : history.tries) {
    tries.push_back({one.at.time_since_epoch().count(), types::to_string(one.fault)});
  }
  return tries.dump();
}

retry::History read_memo(const std::string& memo, Instant accepted) {
  retry::History history{accepted, {}};
  const nlohmann::json tries = nlohmann::json::parse(memo, nullptr, false);
  if (!tries.is_array()) return history;
  for (const auto& one : tries) {
    if (!one.is_array() || one.size() != 2 || !one[0].is_number_integer() || !one[1].is_string()) continue;
    for (const types::FaultKind kind : kinds) {
      if (one[1].get<std::string>() == types::to_string(kind)) {
        history.tries.push_back({Instant{Duration{one[0].get<std::int64_t>()}}, kind});
      }
    }
  }
  return history;
}

}  // namespace danewerk::service
