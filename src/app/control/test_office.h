// For tests only: the operations on a real store, called as the control server calls them but without a socket.
#pragma once

#include <sys/socket.h>

#include "app/control/connector_operations.h"
#include "app/control/operations.h"
#include "engine/connector/decide.h"
#include "service/delivery/test_world.h"

namespace danewerk::app::test {

class Office {
 public:
  Office() {
    domains = *io::DomainStore::open(*world.store);
    connectors = *io::ConnectorStore::open(*world.store);
    world.parts->terms_for = [this](const auto& tenant, const types::MailDomain& domain, Instant now) {
      const auto rules = connectors->snapshot();
      const auto own = tenant ? rules->of(*tenant) : std::span<const types::StoredConnector>{};
      return connector::terms_of(connector::decide(rules->adrift(), own, rules->for_all(), domain, now));
    };
    std::vector<service::DeliverOne> nobody{[](types::DueRecipients) -> io::Task<> { co_return; }};
    scheduler.emplace(*world.queue, world.clock, world.log, home, lanes, std::move(nobody), service::SchedulerLimits{});
    parts.emplace(OperatedParts{*world.queue, *world.store, *domains, *world.parts, *scheduler, "mx1.danewerk.test", {}, {}});
    add_queue_operations(operations, *parts);
    add_trace_operation(operations, *parts);
    add_domain_operations(operations, *parts);
    add_import_operation(operations, *parts);
    add_send_operation(operations, *parts);
    add_status_operation(operations, *parts);
    add_explain_operation(operations, *parts);
    add_connector_operations(operations, *parts, *connectors);
    add_connector_simulation(operations, *parts);
    add_tenant_operations(operations, *parts);
    add_anchor_operations(operations, *parts);
  }

  /// Performs it for the local user "root"; `body` is all there is behind the request.
  Result<Json> perform(const std::string& operation, Json arguments, const std::string& body = "") {
    Result<Json> out = Json();
    io::run_to_end(perform_task({operation, std::move(arguments), body.size()}, body, out));
    return out;
  }
  /// The error's words; "" where it succeeded.
  std::string fault(const std::string& operation, Json arguments, const std::string& body = "") {
    const auto out = perform(operation, std::move(arguments), body);
    return out ? "" : out.error().what;
  }
  Result<Json> add_domain(const char* domain, const char* tenant = "contoso", const char* route = "lmtp:127.0.0.1:24") {
    return perform("domain.add", {{"domain", domain}, {"tenant", tenant}, {"route", route}, {"why", "a new customer"}});
  }
  /// What looks have shown.
  void note(io::DomainStore::FactsChange change) { io::run_to_end(note_one(std::move(change))); }
  std::vector<io::LedgerRow> ledger(const std::string& subject) {
    std::vector<io::LedgerRow> out;
    io::run_to_end(read_ledger(subject, out));
    return out;
  }
  /// Prepended lines and body, as delivery would send them.
  std::string text_of(const std::string& id) {
    std::string out;
    io::run_to_end(read_text(*types::QueueId::parse(id), out));
    return out;
  }
  types::QueueDetail detail(const std::string& id) {
    std::optional<types::QueueDetail> out;
    io::run_to_end(read_detail(*types::QueueId::parse(id), out));
    return *out;
  }

  service::test::World world;
  std::unique_ptr<io::DomainStore> domains;
  std::unique_ptr<io::ConnectorStore> connectors;
  io::Reactor home{"home"};
  io::ReactorPool lanes{1};
  std::optional<service::Scheduler> scheduler;
  std::optional<OperatedParts> parts;
  Operations operations;

 private:
  io::Task<> perform_task(Request request, std::string octets, Result<Json>& out) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    io::Connection connection(io::Socket(co_await io::this_executor(), ends[0]));
    const io::Connection other(io::Socket(co_await io::this_executor(), ends[1]));
    const auto size = octets.size();
    RequestBody body(connection, std::move(octets), size);
    Call call{request, body, "root"};
    out = co_await operations.at(request.operation)(call);
  }
  io::Task<> note_one(io::DomainStore::FactsChange change) {
    std::vector<io::DomainStore::FactsChange> changes(1, std::move(change));
    const auto noted = co_await domains->note(std::move(changes));
    EXPECT_TRUE(noted.has_value());
  }
  io::Task<> read_ledger(std::string subject, std::vector<io::LedgerRow>& out) {
    auto rows = co_await world.queue->ledger(std::move(subject));
    EXPECT_TRUE(rows.has_value());
    out = *std::move(rows);
  }
  io::Task<> read_text(types::QueueId id, std::string& out) {
    auto body = co_await world.queue->open_body(id);
    EXPECT_TRUE(body.has_value());
    while (true) {
      auto chunk = co_await body->next();
      if (!chunk || chunk->empty()) break;
      out += *chunk;
    }
  }
  io::Task<> read_detail(types::QueueId id, std::optional<types::QueueDetail>& out) { out = co_await service::test::look(world, id); }
};

}  // namespace danewerk::app::test
