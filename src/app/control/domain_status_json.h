// Where a domain stands, as JSON: what `domain status` answers, and what every step answers after itself.
#pragma once

#include "app/control/protocol.h"
#include "service/domains/domain_keeper.h"

namespace danewerk::app {

Json finding_json(const types::Finding& finding);
Json life_json(const service::Looked& looked, const lifecycle::Expectation& expected);

}  // namespace danewerk::app
