#include "io/dns/zone_updater.h"

#include "io/dns/exchange.h"
#include "io/dns/update_message.h"
#include "io/runtime/together.h"

namespace danewerk::io::dns {

Task<Result<void, UpdateError>> DnsZoneUpdater::apply(types::ZoneChange change) {
  const auto id = static_cast<std::uint16_t>(entropy_.number());
  CO_TRY(const SignedUpdate update, build_update(id, change, settings_.key));
  auto reply = co_await within(settings_.deadline, exchange_tcp(settings_.server, update.wire));
  if (!reply) {
    const auto kind = reply.error().kind == ErrorKind::timeout ? UpdateErrorKind::timeout : UpdateErrorKind::unreachable;
    const std::string where = "update of zone " + change.zone.to_string() + " at " + settings_.server.to_string() + ": ";
    co_return Failure{UpdateError{kind, where + reply.error().what}};
  }
  auto outcome = read_update_reply(*reply, update, settings_.key);
  if (!outcome) {
    UpdateError error = std::move(outcome).error();
    error.what = "update of zone " + change.zone.to_string() + " at " + settings_.server.to_string() + ": " + error.what;
    co_return Failure{std::move(error)};
  }
  co_return Result<void, UpdateError>{};
}

}  // namespace danewerk::io::dns
