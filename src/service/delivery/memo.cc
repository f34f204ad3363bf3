#include "service/delivery/memo.h"

#include <array>
#include <nlohmann/json.hpp>

namespace danewerk::service {
namespace {

constexpr std::array kinds{types::FaultKind::ordinary, types::FaultKind::policy, types::FaultKind::ours};
constexpr const char* delay_told = "delay_told";

}  // namespace

std::string write_memo(const Memo& memo) {
  nlohmann::json out = nlohmann::json::array();
  for (const retry::Try& one : memo.history.tries) {
    out.push_back({one.at.time_since_epoch().count(), types::to_string(one.fault)});
  }
  if (memo.delay_told) out.push_back({delay_told, memo.delay_told->time_since_epoch().count()});
  return out.dump();
}

Memo read_memo(const std::string& text, Instant accepted) {
  Memo memo{{accepted, {}}, std::nullopt};
  const nlohmann::json entries = nlohmann::json::parse(text, nullptr, false);
  if (!entries.is_array()) return memo;
  for (const auto& one : entries) {
    if (!one.is_array() || one.size() != 2) continue;
    if (one[0] == delay_told && one[1].is_number_integer()) memo.delay_told = Instant{Duration{one[1].get<std::int64_t>()}};
    if (!one[0].is_number_integer() || !one[1].is_string()) continue;
    for (const types::FaultKind kind : kinds) {
      if (one[1].get<std::string>() == types::to_string(kind)) {
        memo.history.tries.push_back({Instant{Duration{one[0].get<std::int64_t>()}}, kind});
      }
    }
  }
  return memo;
}

}  // namespace danewerk::service
