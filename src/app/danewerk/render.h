// Answers of the running program as text for people.
#pragma once

#include <string>

#include "app/control/protocol.h"

namespace danewerk::app {

std::string render_queue(const Json& answer);
std::string render_message(const Json& answer);
/// What a change of the queue came to, or would.
std::string render_queue_change(const Json& answer);
std::string render_destinations(const Json& answer);
std::string render_domains(const Json& answer);
std::string render_status(const Json& answer);
std::string render_connectors(const Json& answer);
std::string render_connector(const Json& answer);
/// What connector.add, set, move, remove and import answer.
std::string render_connector_change(const Json& answer);
std::string render_simulation(const Json& answer);

}  // namespace danewerk::app
