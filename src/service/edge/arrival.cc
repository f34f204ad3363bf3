#include "service/edge/arrival.h"

#include <nlohmann/json.hpp>

namespace danewerk::service {

std::string arrival_of(const types::Endpoint& peer, const types::Endpoint& local, std::string_view helo, const std::optional<TlsTrace>& tls) {
  nlohmann::ordered_json json{{"peer", peer.to_string()}, {"helo", helo}, {"local", local.to_string()}};
  if (tls) json["tls"] = {{"version", tls->version}, {"cipher", tls->cipher}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace danewerk::service
