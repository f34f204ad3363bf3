// For a terminal: what a hoster's commands answer (tenants, signing keys, negative trust anchors).
#pragma once

#include <string>

#include "app/control/protocol.h"

namespace danewerk::app {

std::string render_tenants(const Json& answer);
std::string render_tenant(const Json& tenant);
std::string render_dkim_keys(const Json& answer);
/// One key with the record to publish.
std::string render_dkim_key(const Json& key);
std::string render_anchors(const Json& answer);
std::string render_anchor(const Json& anchor);
/// The lines of `status` that belong to these; empty where there is nothing to say.
std::string render_hoster_status(const Json& status);

}  // namespace danewerk::app
