#include "service/publisher/zone_records.h"

#include "io/dns/update_failure.h"
#include "service/publisher/read_back.h"

namespace danewerk::service {
namespace {

types::ZoneChange replacing(const types::DomainName& zone, const types::RrSet& set) {
  types::ZoneChange change;
  change.zone = zone;
  change.deletes.emplace_back(types::DeleteRrSet{set.name, set.type});
  if (!set.rdatas.empty()) change.adds.push_back(set);
  return change;
}

}  // namespace

io::Task<Result<void>> ZoneRecords::put(types::RrSet set) {
  if (!set.name.is_within(zone_)) co_return fail(ErrorKind::denied, set.name.to_string() + " is not in our zone " + zone_.to_string());
  const types::DnsQuestion question{set.name, set.type};
  SetFault fault = [set](const types::RrSet& shown) { return std::string(shown.same_records(set) ? "" : "shows another set"); };
  const std::string already = co_await fault_at_servers(access_, servers_, question, fault);
  if (already.empty()) co_return Result<void>{};
  types::ZoneChange change = replacing(zone_, set);
  const auto applied = co_await access_.apply(std::move(change));
  if (!applied) co_return failure_of(applied.error());
  std::string what = set.to_string();
  co_return co_await seen_everywhere(access_, servers_, question, std::move(fault), clock_, patience_, std::move(what));
}

}  // namespace danewerk::service
