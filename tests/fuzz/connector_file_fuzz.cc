// A file of connectors, TOML or JSON, as anybody may have written it. Held: a refusal names what is wrong; a rule that is understood
// is written as a file that reads back as the same rule, in either form, so that export and import never change what is demanded.
#include <cstddef>
#include <cstdint>
#include <string>

#include "app/control/connector_file.h"
#include "base/bytes.h"
#include "base/check.h"

using namespace danewerk;

namespace {

const Instant now{std::chrono::hours(24 * 365 * 50)};

void check_same(const Result<std::vector<connector::Draft>>& again, const types::Connector& rule) {
  CHECK(again && again->size() == 1);
  const auto read = connector::read_draft(again->front(), "fuzz", now);
  CHECK(read && *read == rule);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto drafts = app::read_connector_file(std::string(as_text(ByteView(data, size))));
  if (!drafts) {
    CHECK(!drafts.error().what.empty());
    return 0;
  }
  for (connector::Draft draft : *drafts) {
    if (!app::to_a_labels(draft)) continue;
    const auto rule = connector::read_draft(draft, "fuzz", now);
    if (!rule) {
      CHECK(!rule.error().what.empty());
      continue;
    }
    const connector::Draft exported = connector::draft_of(*rule);
    check_same(app::read_connector_file(app::write_connector_file({exported})), *rule);
    check_same(app::read_connector_file(app::Json{{"connectors", {app::draft_json(exported)}}}.dump()), *rule);
  }
  return 0;
}
