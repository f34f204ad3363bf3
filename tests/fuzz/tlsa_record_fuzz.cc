// TLSA records as hostile DNS and hostile people write them: RDATA and text, then the whole way to a selection.
// Held: RDATA survives a round trip, what prints parses again, and no record that selection calls used is a PKIX one.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "engine/dane/usability.h"
#include "io/tls/certificate.h"

namespace {

using danewerk::types::TlsaRecord;

std::vector<TlsaRecord> split(danewerk::ByteView input) {
  std::vector<TlsaRecord> records;
  while (!input.empty() && records.size() < 100) {
    const std::size_t length = std::min<std::size_t>(input[0], input.size() - 1);
    records.push_back(TlsaRecord::from_rdata(input.subspan(1, length)));
    input = input.subspan(1 + length);
  }
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const danewerk::ByteView input(data, size);
  const TlsaRecord whole = TlsaRecord::from_rdata(input);
  CHECK(whole.to_rdata() == danewerk::Bytes(input.begin(), input.end()));
  if (!whole.truncated) CHECK(*TlsaRecord::parse(whole.to_string()) == whole);
  if (const auto parsed = TlsaRecord::parse(danewerk::as_text(input))) CHECK(*TlsaRecord::parse(parsed->to_string()) == *parsed);

  std::vector<danewerk::dane::RecordFact> facts{{whole, danewerk::tls::inspect_association(whole)}};
  for (TlsaRecord& record : split(input)) {
    const auto association = danewerk::tls::inspect_association(record);
    facts.push_back({std::move(record), association});
  }
  const auto selection = danewerk::dane::select_records(facts);
  CHECK(selection.records.size() == facts.size());
  const auto usable = selection.usable();
  for (const TlsaRecord& record : usable) {
    CHECK(!record.truncated && !record.data.empty());
    CHECK(record.usage == danewerk::types::TlsaUsage::dane_ta || record.usage == danewerk::types::TlsaUsage::dane_ee);
  }
  if (usable.empty()) CHECK(!danewerk::dane::all_unusable(selection).is_authenticated());
  return 0;
}
