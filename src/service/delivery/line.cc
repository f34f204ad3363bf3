#include "service/delivery/line.h"

#include <array>

namespace danewerk::service {

LineTerms terms_of(const types::Hop& hop, const types::IpAddress& address, types::Opening opening, types::RouteProtocol protocol) {
  LineTerms terms;
  terms.peer = {address, hop.port};
  terms.protocol = protocol;
  terms.opening = opening;
  terms.level = hop.level;
  terms.demand = hop;
  // How the host was found and why it has its level is no demand on the connection.
  const types::Hop none;
  terms.demand.host = none.host;
  terms.demand.preference = none.preference;
  terms.demand.origin = none.origin;
  terms.demand.mx = none.mx;
  terms.demand.addresses.clear();
  terms.demand.level = none.level;
  terms.demand.reason = none.reason;
  terms.demand.raised = none.raised;
  if (terms.demand.dane) {
    terms.names = std::move(terms.demand.dane->names);
    terms.demand.dane->names.clear();
    terms.demand.dane->published.clear();  // what counts of it is `usable`
  }
  return terms;
}

bool serves(const LineTerms& made, const LineTerms& wanted) {
  // `encrypted` asks for TLS, whoever answers, and `opportunistic` for nothing: what was held to more will do.
  const bool level = made.level == wanted.level || (wanted.level < made.level && wanted.level <= types::SecurityLevel::encrypted);
  return level && made.peer == wanted.peer && made.protocol == wanted.protocol && made.opening == wanted.opening &&
         made.source == wanted.source && made.hello_name == wanted.hello_name && made.demand == wanted.demand;
}

io::Task<> say_goodbye(std::unique_ptr<Line> line, Instant now, Duration patience) {
  std::array<char, 512> buffer;
  line->session.quit(now);
  const std::string out = line->session.take_output();
  line->connection.expires_after(patience);
  auto written = co_await line->connection.write_all(out);
  while (written) {
    while (auto event = line->session.next()) {
      const bool over = std::holds_alternative<engine::smtp::Finished>(*event) || std::holds_alternative<engine::smtp::Failed>(*event);
      if (over) written = fail(ErrorKind::cancelled, "the conversation is over");
    }
    if (!written) break;
    auto got = co_await line->connection.read_some(buffer);
    if (!got || *got == 0) break;
    line->session.received({buffer.data(), *got}, now);
  }
  line->connection.shutdown();
}

}  // namespace danewerk::service
