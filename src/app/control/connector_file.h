// Connector files: the operator's rules as a TOML or JSON file, read with their lines, and written back.
//
//   [[connector]]                         {"connectors": [
//   id = "bank"                             {"id": "bank",
//   tenant = "contoso"                       "tenant": "contoso",
//   pattern = "bank.example"                 "pattern": "bank.example",
//   dane = "mandatory"                       "dane": "mandatory",
//   reason = "contract 17"                   "reason": "contract 17"}]}
//
// A file of a thousand rules with one wrong word must say which line it is. Reading here only finds fields, values and
// lines; what they mean is engine/connector's. docs/formats/connectors.md describes the file.
#pragma once

#include <string>
#include <vector>

#include "app/control/protocol.h"
#include "engine/connector/draft.h"

namespace danewerk::app {

/// JSON where the first character that is no space is '{', TOML otherwise. Error: malformed, beginning with the line.
Result<std::vector<connector::Draft>> read_connector_file(const std::string& text);
/// TOML that read_connector_file() reads as the same drafts.
std::string write_connector_file(const std::vector<connector::Draft>& drafts);

/// {"id": ..., "pattern": ...}: one draft as JSON; lists for `verify_names` and `source`.
Json draft_json(const connector::Draft& draft);
/// The fields of a JSON object; texts and lists of texts. Error: malformed, naming the member.
Result<connector::Draft> draft_from(const Json& object);

/// U-labels as people write them become A-labels in `pattern`, `verify_names` and `route`. Error: malformed, as read_draft's.
Result<void> to_a_labels(connector::Draft& draft);

}  // namespace danewerk::app
