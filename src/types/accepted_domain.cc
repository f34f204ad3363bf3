#include "types/accepted_domain.h"

namespace danewerk::types {

Result<Route> Route::parse(std::string_view text) {
  Route route;
  std::string_view rest = text;
  if (rest.starts_with("lmtp:")) {
    route.protocol = RouteProtocol::lmtp;
  } else if (rest.starts_with("smtp:")) {
    route.protocol = RouteProtocol::smtp;
  } else {
    return fail(ErrorKind::malformed, "route '" + std::string(text.substr(0, 200)) + "': begin with lmtp: or smtp:");
  }
  rest.remove_prefix(5);
  while (true) {
    const std::size_t comma = rest.find(',');
    TRY(Endpoint endpoint, Endpoint::parse(rest.substr(0, comma)));
    route.endpoints.push_back(endpoint);
    if (comma == std::string_view::npos) return route;
    rest.remove_prefix(comma + 1);
  }
}

std::string Route::to_string() const {
  std::string out = protocol == RouteProtocol::lmtp ? "lmtp:" : "smtp:";
  for (std::size_t i = 0; i < endpoints.size(); ++i) out += (i == 0 ? "" : ",") + endpoints[i].to_string();
  return out;
}

}  // namespace danewerk::types
