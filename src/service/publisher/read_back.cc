#include "service/publisher/read_back.h"

namespace danewerk::service {
namespace {

constexpr Duration between_readings = std::chrono::milliseconds(500);

}  // namespace

io::Task<std::string> fault_at_servers(ZoneAccess& access, std::vector<AuthoritativeServer> servers, types::DnsQuestion question, SetFault fault) {
  for (const AuthoritativeServer& server : servers) {
    const auto keys = co_await access.zone_keys(server);
    if (!keys) co_return server.name + ": " + keys.error().what;
    const ServerReading reading = co_await access.read(server, question, *keys);
    if (reading.sight != rollover::Sight::verified) co_return server.name + ": " + rollover::to_string(reading.sight) + ", " + reading.detail;
    const std::string found = fault(reading.set);
    if (!found.empty()) co_return server.name + " " + found;
  }
  co_return std::string{};
}

io::Task<Result<void>> seen_everywhere(ZoneAccess& access, std::vector<AuthoritativeServer> servers, types::DnsQuestion question, SetFault fault,
                                       io::Clock& clock, Duration patience, std::string what) {
  const Instant until = clock.now() + patience;
  while (true) {
    const std::string found = co_await fault_at_servers(access, servers, question, fault);
    if (found.empty()) co_return Result<void>{};
    if (clock.now() >= until) co_return fail(ErrorKind::unavailable, what + " is not on every server: " + found);
    co_await clock.sleep_for(between_readings);
  }
}

}  // namespace danewerk::service
