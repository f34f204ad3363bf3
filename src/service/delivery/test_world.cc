#include "service/delivery/test_world.h"

#include <filesystem>

#include "io/store/posix_disk.h"

namespace danewerk::service::test {

World::World() {
  std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-delivery-XXXXXX").string();
  directory_ = mkdtemp(pattern.data());
  store = *io::Store::open(std::make_shared<io::PosixDisk>(directory_), {});
  queue.emplace(*store);
  ClientManners manners;
  manners.hello_name = "out.danewerk.test";
  manners.filter = io::AddressFilter({*types::Network::parse("127.0.0.0/8"), *types::Network::parse("::1/128")});
  notices.emplace(*queue, clock, *types::DomainName::parse("out.danewerk.test"), [](const types::MailDomain& domain) { return mx_key(domain); });
  parts.emplace(DeliveryParts{*queue, resolver, clock, entropy, log, *notices, *io::ClientContext::make(), manners, {},
                              retry::Schedule::standard(), [this](const types::DomainName& name) { return route_of(name); }});
  knows("zone test secure\n");
}

World::~World() {
  parts.reset();
  notices.reset();
  queue.reset();
  store.reset();
  std::filesystem::remove_all(directory_);
}

void World::knows(const std::string& lines) {
  const auto added = resolver.add(lines);
  EXPECT_TRUE(added.has_value()) << added.error().what;
}

bool World::asked(const std::string& question) const {
  for (const auto& one : resolver.asked()) {
    if (one.to_string() == question) return true;
  }
  return false;
}

bool World::logged(std::string_view part) const {
  for (const auto& record : log.records()) {
    if (record.find(part) != std::string::npos) return true;
  }
  return false;
}

std::optional<types::Route> World::route_of(const types::DomainName& name) const {
  const auto found = routes.find(name.to_string());
  return found == routes.end() ? std::nullopt : std::optional(found->second);
}

types::Mailbox mailbox(const std::string& text) { return *types::Mailbox::parse(text, types::Smtputf8::yes); }

types::NewMessage message_to(const std::string& hop, const std::vector<std::string>& recipients) {
  types::NewMessage message{*types::TenantId::parse("contoso"), types::Origin::submission, {}, {}, start, start, "Received: by test\r\n"};
  message.envelope.sender.path = mailbox("ann@contoso.test");
  for (const std::string& recipient : recipients) {
    message.envelope.recipients.push_back({mailbox(recipient), {}, std::nullopt});
    message.hops.push_back({hop});
  }
  return message;
}

io::Task<types::QueueId> accept(World& world, types::NewMessage message, const std::string& text) {
  io::BodyWriter body = world.queue->begin(world.clock.now());
  auto written = co_await body.append(text);
  EXPECT_TRUE(written.has_value());
  auto id = co_await world.queue->accept(std::move(message), std::move(body));
  EXPECT_TRUE(id.has_value());
  co_return *id;
}

io::Task<std::size_t> deliver_due(World& world) {
  auto claims = co_await world.queue->claim_due(world.clock.now(), 10);
  EXPECT_TRUE(claims.has_value());
  std::size_t count = 0;
  for (types::DueRecipients& due : *claims) {
    if (due.origin == types::Origin::notice) {
      world.queue->release(due.id, due.hop);
      continue;
    }
    ++count;
    co_await deliver(*world.parts, std::move(due));
  }
  co_return count;
}

io::Task<types::QueueDetail> look(World& world, types::QueueId id) {
  auto detail = co_await world.queue->show(id);
  EXPECT_TRUE(detail.has_value());
  co_return *std::move(detail);
}

io::Task<types::QueueDetail> one_round(World& world, types::NewMessage message) {
  const types::QueueId id = co_await accept(world, std::move(message));
  EXPECT_EQ(co_await deliver_due(world), 1U);
  co_return co_await look(world, id);
}

Told evidence(const types::AttemptEvidence& attempt) { return Told(attempt.evidence); }
Told evidence(const types::QueuedRecipient& recipient) { return Told(recipient.evidence); }

io::Task<std::vector<std::string>> all_notices(World& world) {
  types::QueueFilter all;
  auto entries = co_await world.queue->list(all);
  EXPECT_TRUE(entries.has_value());
  std::vector<std::string> out;
  for (const types::QueueEntry& entry : *entries) {
    if (entry.origin != types::Origin::notice) continue;
    EXPECT_FALSE(entry.sender.path.has_value()) << "a notice has the null sender (RFC 5321 4.5.5)";
    std::string& text = out.emplace_back();
    auto body = co_await world.queue->open_body(entry.id);
    while (true) {
      auto chunk = co_await body->next();
      if (!chunk || chunk->empty()) break;
      text += *chunk;
    }
  }
  co_return out;
}

io::Task<std::string> only_notice(World& world) {
  const auto notices = co_await all_notices(world);
  EXPECT_LE(notices.size(), 1U);
  co_return notices.empty() ? "" : notices.front();
}

namespace {

io::Task<> play(World& world, Case& one, Seen& seen) {
  const TestIdentity identity = make_identity("mx.test");
  TestServer server(co_await io::this_executor(), "127.0.0.1:0", identity.context);
  server.trick = one.trick;
  server.decide = one.decide;
  server.start();
  world.knows("mx.test A secure 127.0.0.1\n");
  if (const std::size_t own = one.tlsa.find('%'); own != std::string::npos) one.tlsa.replace(own, 1, identity.record);
  if (!one.tlsa.empty()) world.knows("_" + server.port() + "._tcp.mx.test TLSA " + one.tlsa + "\n");
  types::NewMessage message = message_to("[mx.test]:" + server.port(), one.recipients);
  if (one.null_sender) message.envelope.sender.path.reset();
  if (one.shape) one.shape(message);
  seen.detail = co_await one_round(world, std::move(message));
  co_await server.stop();
  seen.taken = server.taken;
  seen.server_names = server.server_names;
  seen.clear = server.clear;
  seen.sessions = server.sessions;
  seen.notice = co_await only_notice(world);
}

}  // namespace

Seen run(World& world, Case one) {
  Seen seen;
  io::run_to_end(play(world, one, seen));
  return seen;
}

}  // namespace danewerk::service::test
