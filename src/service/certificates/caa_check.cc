#include "service/certificates/caa_check.h"

namespace danewerk::service {

io::Task<Result<std::optional<types::Finding>>> check_caa(io::dns::Resolver& resolver, types::DomainName certified, caa::Authority authority) {
  const std::vector<types::DomainName> names = caa::climb(certified);
  for (const types::DomainName& at : names) {
    const types::Lookup found = co_await resolver.ask(at, types::RecordType::caa);
    if (!found) {
      co_return fail(ErrorKind::unavailable, "whether CAA lets the CA issue for " + certified.to_string() + " could not be found out: " + at.to_string() +
                                                 " CAA: " + to_string(found.error().kind) + ", " + found.error().what);
    }
    std::vector<caa::Record> records;
    for (const types::RawRecord& raw : found->value.all<types::RawRecord>()) {
      auto record = caa::parse(raw.rdata);
      // Unreadable is at least as forbidding as an unknown critical property.
      records.push_back(record ? *std::move(record) : caa::Record{true, "unreadable", record.error().what});
    }
    if (!records.empty()) co_return caa::forbidden(certified, found->value.canonical_name(), records, authority);
  }
  co_return std::optional<types::Finding>{};
}

}  // namespace danewerk::service
