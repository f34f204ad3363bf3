// For tests only: a store on a temporary directory with two tenants, an Edge on loopback with its own reactors, and a client
// that speaks over real sockets and real TLS.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "io/net/dialer.h"
#include "io/runtime/entropy.h"
#include "io/store/domain_store.h"
#include "io/store/posix_disk.h"
#include "io/tls/connection.h"
#include "io/tls/self_issue.h"
#include "service/edge/edge.h"

namespace danewerk::service {

/// contoso.example (tenant contoso, accepted first) and fabrikam.example (tenant fabrikam).
class TestHouse {
 public:
  explicit TestHouse(io::StoreSettings settings = {}, std::shared_ptr<io::StoreDisk> disk = nullptr) {
    if (!disk) {
      directory_ = std::filesystem::temp_directory_path() / ("edge-test-" + std::to_string(io::KernelEntropy().number()));
      std::filesystem::create_directories(directory_);
      disk = std::make_shared<io::PosixDisk>(directory_.string());
    }
    store = *io::Store::open(std::move(disk), settings);
    domains = *io::DomainStore::open(*store);
    queue.emplace(*store);
    io::run_to_end(furnish(*domains));
  }
  ~TestHouse() {
    queue.reset();
    domains.reset();
    store.reset();
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  std::unique_ptr<io::Store> store;
  std::unique_ptr<io::DomainStore> domains;
  std::optional<io::QueueStore> queue;
  HostNames names{*types::DomainName::parse("mx1.example.net"), {{*types::IpAddress::parse("127.0.0.9"), *types::DomainName::parse("mx9.example.net")}}};
  House house{[this] { return domains->snapshot(); }, names, std::nullopt};

 private:
  static io::Task<> furnish(io::DomainStore& into) {
    for (const char* name : {"contoso", "fabrikam"}) {
      const types::AdminAct act{"test", "furnish", *parse_rfc3339(name[0] == 'c' ? "2026-01-01T00:00:00Z" : "2026-01-02T00:00:00Z")};
      const auto tenant = *types::TenantId::parse(name);
      // Named objects: g++ 12 destroys a braced temporary of an aggregate in a co_await expression twice.
      types::Tenant added_tenant{tenant, name, act.at, act.who};
      auto added = co_await into.add_tenant(std::move(added_tenant), act);
      EXPECT_TRUE(added.has_value());
      std::vector<types::AcceptedDomain> one{{*types::DomainName::parse(std::string(name) + ".example"), tenant,
                                              *types::Route::parse("lmtp:127.0.0.1:24"), act.at, act.who}};
      added = co_await into.add(std::move(one), act);
      EXPECT_TRUE(added.has_value());
    }
  }

  std::filesystem::path directory_;
};

/// An Edge that runs from construction to destruction.
class TestEdge {
 public:
  enum class Tls { offered, none };

  TestEdge(TestHouse& house, const Admission& admission, Tls tls, EdgeRules rules = {}, Door::Limits doors = {})
      : door(doors), reactors_(2) {
    rules.listen = {*types::Endpoint::parse("127.0.0.1:0")};
    rules.names = house.names;
    EdgeParts parts{reactors_, *house.store, *house.queue, admission, door, clock, log, nullptr, [this] { ++accepted; }};
    if (tls == Tls::offered) parts.certificate = [this] { return certificate; };
    parts.by_name = [this](std::string_view name) { return by_name ? by_name(name) : std::nullopt; };
    certificate = test_certificate();
    edge.emplace(std::move(parts), std::move(rules));
    reactors_.start();
    const auto started = edge->start();
    EXPECT_TRUE(started.has_value());
  }
  ~TestEdge() {
    io::run_to_end(edge->stop());
    reactors_.stop();
  }

  static std::shared_ptr<const io::ServerContext> certificate_for(const char* name) {
    const std::string key = *io::generate_key(io::KeyAlgorithm::ecdsa_p256);
    const Instant from = *parse_rfc3339("2026-01-01T00:00:00Z");
    const std::string certificate = *io::self_issue(key, {*types::DomainName::parse(name)}, from, from + std::chrono::hours(9999));
    return *io::ServerContext::make({{key, certificate}}, name);
  }
  static std::shared_ptr<const io::ServerContext> test_certificate() {
    static const auto context = certificate_for("mx1.example.net");
    return context;
  }

  types::Endpoint at() const { return edge->endpoints().front(); }
  bool logged(std::string_view part) const {
    for (const auto& record : log.records()) {
      if (record.find(part) != std::string::npos) return true;
    }
    return false;
  }

  io::SystemClock clock;
  io::MemoryLog log;
  Door door;
  std::shared_ptr<const io::ServerContext> certificate;
  io::ContextByName by_name;  ///< set before the first connection
  std::atomic<int> accepted = 0;
  std::optional<Edge> edge;

 private:
  io::ReactorPool reactors_;
};

/// One SMTP client connection. What fails is said in what the calls return.
class TestClient {
 public:
  static io::Task<TestClient> connect(types::Endpoint to, const char* from = "127.0.0.1") {
    auto dialed = co_await io::dial(to, types::IpAddress::parse(from).value(), std::chrono::seconds(10));
    EXPECT_TRUE(dialed.has_value());
    co_return TestClient(io::Connection(std::move(dialed->socket)));
  }

  /// The next whole reply, without its last CRLF; "closed" if the connection ended.
  io::Task<std::string> reply() {
    while (true) {
      if (const std::size_t end = whole_reply(); end != 0) {
        std::string out = got_.substr(0, end - 2);
        got_.erase(0, end);
        co_return out;
      }
      std::array<char, 4096> buffer{};
      connection_.expires_after(std::chrono::seconds(30));
      auto n = co_await connection_.read_some(buffer);
      if (!n) co_return n.error().kind == ErrorKind::timeout ? "timeout" : "closed";
      if (*n == 0) co_return "closed";
      got_.append(buffer.data(), *n);
    }
  }
  io::Task<bool> send(std::string octets) {
    connection_.expires_after(std::chrono::seconds(30));
    auto sent = co_await connection_.write_all(octets);
    co_return sent.has_value();
  }
  /// Sends a line and returns its reply.
  io::Task<std::string> say(std::string line) {
    static_cast<void>(co_await send(std::move(line) + "\r\n"));
    co_return co_await reply();
  }
  /// STARTTLS and EHLO; "" if all went well.
  io::Task<std::string> encrypt(std::string server_name = "whatever.example") {
    std::string answer = co_await say("STARTTLS");
    if (!answer.starts_with("220")) co_return answer;
    auto info = co_await connection_.start_tls(*io::ClientContext::make(), std::move(server_name), nullptr);
    if (!info) co_return info.error().what;
    answer = co_await say("EHLO client.example");
    co_return answer.starts_with("250") ? "" : answer;
  }
  io::Connection& connection() { return connection_; }

 private:
  explicit TestClient(io::Connection connection) : connection_(std::move(connection)) { connection_.expires_after(std::chrono::seconds(30)); }
  std::size_t whole_reply() const {
    for (std::size_t at = 0; got_.size() >= at + 4;) {
      const std::size_t end = got_.find("\r\n", at);
      if (end == std::string::npos) return 0;
      if (got_[at + 3] != '-') return end + 2;
      at = end + 2;
    }
    return 0;
  }

  io::Connection connection_;
  std::string got_;
};

/// The whole text of the only queued message of that tenant: prepended lines and body.
inline io::Task<std::string> only_message(TestHouse& house, const char* tenant = "contoso") {
  types::QueueFilter filter;
  filter.tenant = *types::TenantId::parse(tenant);
  auto entries = co_await house.queue->list(filter);
  EXPECT_TRUE(entries.has_value());
  EXPECT_EQ(entries->size(), 1U);
  std::string out;
  if (entries->size() != 1) co_return out;
  auto body = co_await house.queue->open_body(entries->front().id);
  while (true) {
    auto chunk = co_await body->next();
    if (!chunk || chunk->empty()) break;
    out += *chunk;
  }
  co_return out;
}

}  // namespace danewerk::service
