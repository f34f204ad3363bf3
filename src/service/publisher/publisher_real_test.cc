// The publisher against real servers: our own Knot and Unbound children as configured by io/process, a secondary Knot that
// transfers the zone, and a signed parent that gets the DS only when the test hands it over. High ports of 127.0.0.1.
#include <gtest/gtest.h>

#include "io/dns/server_query.h"
#include "io/dns/signature.h"
#include "io/dns/stub_resolver.h"
#include "io/dns/test_daemon.h"
#include "io/process/authoritative_child.h"
#include "io/process/resolver_child.h"
#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/runtime/together.h"
#include "io/store/posix_disk.h"
#include "service/publisher/publisher.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;
using io::dns::ScratchDir;
using io::dns::TestDaemon;

types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

types::Endpoint local(int port) { return {*types::IpAddress::parse("127.0.0.1"), types::Port{static_cast<std::uint16_t>(port)}}; }

/// Whether another user may run what lies there.
bool open_to_all(std::filesystem::path path) {
  for (; path.has_relative_path(); path = path.parent_path()) {
    if ((std::filesystem::status(path).permissions() & std::filesystem::perms::others_exec) == std::filesystem::perms::none) return false;
  }
  return true;
}

std::optional<io::RunAs> other_user(const std::string& program) {
  if (geteuid() != 0 || !open_to_all(program)) return std::nullopt;  // without root, children run as we do
  return *io::RunAs::find("nobody");
}

/// A child of ours, as the supervisor would start it, that ends with the test.
class Child {
 public:
  Child(io::ChildSpec spec, const std::string& peers) {
    spec.environment.push_back("LD_LIBRARY_PATH=" + peers + "/usr/lib/x86_64-linux-gnu:" + peers + "/usr/lib/aarch64-linux-gnu");
    const auto started = io::start_child(spec);
    EXPECT_TRUE(started.has_value()) << started.error().what;
    pid_ = started.value_or(0);
  }
  ~Child() { stop(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void stop() {
    if (pid_ > 0) kill(pid_, SIGTERM);
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
};

constexpr const char* tsig_text = "hmac-sha256:publisher:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// hoster.test, signed; whoever holds the TSIG key may add the DS of mx.hoster.test.
struct Parent {
  explicit Parent(const std::string& peers) : port(io::dns::free_port()) {
    dir.write("hoster.zone", "$ORIGIN hoster.test.\n@ 1 SOA ns hostmaster 1 3600 600 86400 1\n@ 1 NS ns\nns 1 A 127.0.0.1\n"
                             "mx 1 NS ns1.mx\nns1.mx 1 A 127.0.0.1\n");
    dir.write("knot.conf", "server:\n  rundir: " + dir.path() + "\n  listen: 127.0.0.1@" + std::to_string(port) +
                               "\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\nlog:\n- target: stdout\n  any: info\n"
                               "database:\n  storage: " + dir.path() + "\n  journal-db-max-size: 32M\n  kasp-db-max-size: 16M\n  timer-db-max-size: 16M\n"
                               "key:\n- id: publisher\n  algorithm: hmac-sha256\n  secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"
                               "acl:\n- id: a\n  key: publisher\n  action: update\n"
                               "policy:\n- id: p\n  single-type-signing: on\n  algorithm: ecdsap256sha256\n  dnskey-ttl: 1\n  zone-max-ttl: 1\n"
                               "zone:\n- domain: hoster.test\n  storage: " + dir.path() + "\n  file: hoster.zone\n  zonefile-sync: -1\n"
                               "  zonefile-load: whole\n  acl: a\n  dnssec-signing: on\n  dnssec-policy: p\n");
    daemon.emplace(peers, std::vector<std::string>{peers + "/usr/sbin/knotd", "-c", dir.path("knot.conf")});
    ready = daemon->said("server started") && daemon->said("loaded, serial");
  }
  ScratchDir dir;
  int port;
  std::optional<TestDaemon> daemon;
  bool ready = false;
};

/// A secondary that takes the zone from our primary when told by NOTIFY, or at its own next try.
struct Secondary {
  Secondary(const std::string& peers, int own_port, int primary_port) : port(own_port) {
    dir.write("knot.conf", "server:\n  rundir: " + dir.path() + "\n  listen: 127.0.0.1@" + std::to_string(port) +
                               "\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\nlog:\n- target: stdout\n  any: info\n"
                               "database:\n  storage: " + dir.path() + "\n  journal-db-max-size: 32M\n  kasp-db-max-size: 16M\n  timer-db-max-size: 16M\n"
                               "remote:\n- id: primary\n  address: 127.0.0.1@" + std::to_string(primary_port) + "\n"
                               "acl:\n- id: notify\n  address: 127.0.0.1\n  action: notify\n"
                               "zone:\n- domain: mx.hoster.test\n  master: primary\n  acl: notify\n  refresh-max-interval: 2\n  retry-max-interval: 2\n");
    daemon.emplace(peers, std::vector<std::string>{peers + "/usr/sbin/knotd", "-c", dir.path("knot.conf")});
    ready = daemon->said("server started");
  }
  ScratchDir dir;
  int port;
  std::optional<TestDaemon> daemon;
  bool ready = false;
};

io::AuthoritativeChildSettings authoritative(const std::string& peers, const ScratchDir& dir, int port, int secondary_port) {
  io::AuthoritativeChildSettings out;
  out.program = peers + "/usr/sbin/knotd";
  out.directory = dir.path("authoritative");
  out.run_as = other_user(out.program);
  out.update_at = local(port);
  out.zone = name("mx.hoster.test");
  out.name_servers = {name("ns1.mx.hoster.test")};
  out.glue = {{name("ns1.mx.hoster.test"), {*types::IpAddress::parse("127.0.0.1")}}};
  out.update_key = {name("publisher"), "hmac-sha256", io::dns::TsigKey::parse(tsig_text)->secret};
  out.secondaries = {{local(secondary_port), std::nullopt}};
  out.ns_ttl = out.negative_ttl = out.dnskey_ttl = out.zone_max_ttl = Ttl{1};
  out.propagation = 1s;
  return out;
}

io::ResolverChildSettings resolver(const std::string& peers, const ScratchDir& dir, int port, int parent_port, int zone_port, const std::string& anchor) {
  io::ResolverChildSettings out;
  out.program = peers + "/usr/sbin/unbound";
  out.directory = dir.path("resolver");
  out.run_as = other_user(out.program);
  out.port = types::Port{static_cast<std::uint16_t>(port)};
  out.trust_anchor_files.clear();
  out.trust_anchors = {anchor};
  out.stub_zones = {{name("hoster.test"), {local(parent_port)}}, {name("mx.hoster.test"), {local(zone_port)}}};
  out.ask_for_special_zones = {name("test")};
  out.loopback_servers = io::LoopbackServers::asked;
  out.threads = 1;
  out.bogus_ttl = Ttl{1};
  out.max_negative_ttl = Ttl{1};
  out.server_ttl = Ttl{1};
  return out;
}

/// s1 is a group of its own, s2 the default group's.
PublisherSettings publisher_settings(int primary_port, int secondary_port, const std::string& group) {
  PublisherSettings out;
  out.zone.apex = name("mx.hoster.test");
  out.zone.shards = {2};
  out.zone.part = {static_cast<std::uint16_t>(group.empty() ? 1 : 0)};
  out.group = group;
  out.zone.mx_addresses = {*types::IpAddress::parse("127.0.0.25"), *types::IpAddress::parse("::1")};
  if (group.empty()) out.zone.hosts = {{name("ns1.mx.hoster.test"), {*types::IpAddress::parse("127.0.0.1")}}};
  out.zone.address_ttl = out.zone.tlsa_ttl = Ttl{1};
  out.negative_ttl = Ttl{1};
  out.servers = {{"ns1", local(primary_port)}, {"ns2", local(secondary_port)}};
  out.timing.look_again = 100ms;
  out.timing.propagation = 1s;
  out.look_interval = 500ms;
  return out;
}

io::Task<Result<std::string>> served(io::CertificateSlot& slot) {
  co_await slot.first();
  co_return slot.key();
}

/// Keeps what is said, and wakes whoever waits for it.
class HeardLog final : public io::Log {
 public:
  explicit HeardLog(io::Executor executor) : something_(executor) {}
  void event(const types::LogEvent& kind, types::LogFields fields) override {
    memory_.event(kind, std::move(fields));
    something_.set();
  }
  std::vector<std::string> records() const { return memory_.records(); }
  /// False if it has not been said within half a minute of silence.
  io::Task<bool> told(std::string what) {
    for (;;) {
      for (const std::string& record : records()) {
        if (record.find(what) != std::string::npos) co_return true;
      }
      something_.reset();
      if (!co_await something_.wait_for(30s)) co_return false;
    }
  }

 private:
  io::MemoryLog memory_;
  io::Event something_;
};

io::Task<Result<std::string>> anchor_of(const Parent& parent, io::Entropy& entropy) {
  const types::DnsQuestion question{name("hoster.test"), types::RecordType::dnskey};
  CO_TRY(const auto answer, co_await io::dns::ask_server(local(parent.port), question, entropy, 5s));
  CO_TRY(const Bytes ds, io::dns::ds_of(name("hoster.test"), answer.set.rdatas.at(0)));
  co_return "hoster.test. DS " + std::to_string(ds[0] << 8 | ds[1]) + " 13 2 " + to_hex(ByteView(ds).subspan(4));
}

/// RDATA of "mx.hoster.test. IN DS tag algorithm digest-type hex".
Bytes ds_rdata(const std::string& line) {
  std::istringstream words(line);
  std::string owner, in, ds, hex;
  unsigned tag = 0, algorithm = 0, type = 0;
  words >> owner >> in >> ds >> tag >> algorithm >> type >> hex;
  Bytes rdata = {static_cast<std::uint8_t>(tag >> 8), static_cast<std::uint8_t>(tag), static_cast<std::uint8_t>(algorithm), static_cast<std::uint8_t>(type)};
  const Bytes digest = *parse_hex(hex);
  rdata.insert(rdata.end(), digest.begin(), digest.end());
  return rdata;
}

/// Gives the parent the DS that the publisher printed.
io::Task<bool> hand_over(const Parent& parent, std::string line, io::Entropy& entropy) {
  io::dns::UpdateSettings to_parent;
  to_parent.server = local(parent.port);
  to_parent.key = *io::dns::TsigKey::parse(tsig_text);
  io::dns::DnsZoneUpdater updater(to_parent, entropy);
  types::ZoneChange change;
  change.zone = name("hoster.test");
  types::RrSet set{name("mx.hoster.test"), types::RecordType::ds, Ttl{1}, {}};
  set.rdatas.push_back(ds_rdata(line));
  change.adds.push_back(set);
  const auto applied = co_await updater.apply(change);
  co_return applied.has_value();
}

class RealWorld {
 public:
  RealWorld(const std::string& peers, io::Executor executor)
      : parent(peers), secondary(peers, io::dns::free_port(), primary_port), log(executor), peers_(peers), executor_(executor) {
    std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
    primary_settings = authoritative(peers, dir, primary_port, secondary.port);
    start_primary();
    store = *io::Store::open(std::make_shared<io::PosixDisk>(dir.path("store")), {});
    keys.emplace(*store);
  }

  void start_primary() {
    const auto spec = io::authoritative_child(primary_settings);
    ASSERT_TRUE(spec.has_value()) << spec.error().what;
    primary.emplace(*spec, peers_);
  }
  io::Task<> start_resolver() {
    const auto anchor = co_await anchor_of(parent, entropy);
    EXPECT_TRUE(anchor.has_value());
    const auto settings = resolver(peers_, dir, io::dns::free_port(), parent.port, primary_port, *anchor);
    const auto spec = io::resolver_child(settings);
    EXPECT_TRUE(spec.has_value()) << spec.error().what;
    unbound.emplace(*spec, peers_);
    io::dns::StubSettings stub;
    stub.server = io::resolver_endpoint(settings);
    stub.deadline = 3s;
    stub.retransmit = 200ms;
    stub.canary.secure = {name("hoster.test"), types::RecordType::soa};
    stub.canary.retry = 200ms;
    resolver_stub = *io::dns::StubResolver::create(stub, executor_, clock, entropy, std::make_shared<io::dns::AnswerCache>(100));
    co_await resolver_stub->start();
    access.emplace(DnsZoneAccess::Settings{name("mx.hoster.test"), 2s}, updater, *resolver_stub, entropy, clock);
    pilot_access.emplace(DnsZoneAccess::Settings{name("mx.hoster.test"), 2s}, updater, *resolver_stub, entropy, clock);
  }
  void start_publisher() {
    slot.emplace();
    pilot_slot.emplace();
    publisher = *Publisher::create(publisher_settings(primary_port, secondary.port, ""), PublisherParts{*keys, *access, *slot, clock, log});
    pilot = *Publisher::create(publisher_settings(primary_port, secondary.port, "pilot"), PublisherParts{*keys, *pilot_access, *pilot_slot, clock, log});
    group.emplace(executor_, "publisher");
    group->spawn("publisher", publisher->run());
    group->spawn("publisher of pilot", pilot->run());
  }
  io::Task<> stop_publisher() {
    group->stop();
    co_await group->join();
    group.reset();
  }

  int primary_port = io::dns::free_port();
  Parent parent;
  Secondary secondary;
  ScratchDir dir;
  io::SystemClock clock;
  io::KernelEntropy entropy;
  HeardLog log;
  io::AuthoritativeChildSettings primary_settings;
  std::optional<Child> primary;
  std::optional<Child> unbound;
  io::dns::DnsZoneUpdater updater{{local(primary_port), *io::dns::TsigKey::parse(tsig_text)}, entropy};
  std::unique_ptr<io::dns::StubResolver> resolver_stub;
  std::optional<DnsZoneAccess> access, pilot_access;
  std::unique_ptr<io::Store> store;
  std::optional<io::KeyStore> keys;
  std::optional<io::CertificateSlot> slot, pilot_slot;
  std::unique_ptr<Publisher> publisher, pilot;
  std::optional<io::TaskGroup> group;

 private:
  std::string peers_;
  io::Executor executor_;
};

/// The TLSA set of a shard at the primary.
io::Task<types::RrSet> tlsa_of(RealWorld& world, const char* shard) {
  const types::DnsQuestion question{name("mx.hoster.test").prefixed(std::string("_25._tcp.contoso-com.") + shard), types::RecordType::tlsa};
  const auto answer = co_await io::dns::ask_server(local(world.primary_port), question, world.entropy, 2s);
  EXPECT_TRUE(answer.has_value());
  co_return answer ? answer->set.sorted() : types::RrSet{};
}

io::Task<> whole_life(std::string peers) {
  RealWorld world(peers, co_await io::this_executor());
  EXPECT_TRUE(world.parent.ready && world.secondary.ready) << world.parent.daemon->log() << world.secondary.daemon->log();
  co_await world.start_resolver();
  world.start_publisher();
  EXPECT_TRUE(co_await world.log.told("publisher.record_seen")) << describe(world.publisher->status());
  EXPECT_TRUE(co_await world.log.told("DS at the parent")) << describe(world.publisher->status());
  EXPECT_EQ(world.slot->current(), nullptr) << "nothing is served before the parent holds the DS";
  EXPECT_TRUE(co_await hand_over(world.parent, world.publisher->status().ds_records.at(0), world.entropy));
  const auto first = co_await io::within(60s, served(*world.slot));
  EXPECT_TRUE(first.has_value()) << describe(world.publisher->status());
  const PublisherStatus status = world.publisher->status();
  EXPECT_EQ(status.observation.validation, rollover::Validation::secure);
  EXPECT_EQ(status.observation.validated.size(), 2U) << "current and next";
  const auto pilot_first = co_await io::within(60s, served(*world.pilot_slot));
  EXPECT_TRUE(pilot_first && first && *pilot_first != *first) << describe(world.pilot->status());
  const types::RrSet of_pilot = co_await tlsa_of(world, "s1");
  const types::RrSet of_others = co_await tlsa_of(world, "s2");
  EXPECT_EQ(of_pilot.rdatas.size(), 2U);
  EXPECT_FALSE(of_pilot.same_records(of_others)) << "each group has its own";
  // PUB-11: an empty non-terminal below a customer's host is no NXDOMAIN, at any server.
  std::vector<int> ports;
  ports.push_back(world.primary_port);
  ports.push_back(world.secondary.port);
  const types::DnsQuestion between{name("_tcp.contoso-com.s1.mx.hoster.test"), types::RecordType::txt};
  for (const int port : ports) {
    const auto middle = co_await io::dns::ask_server(local(port), between, world.entropy, 2s);
    EXPECT_TRUE(middle && middle->existence == types::Existence::no_data);
  }
  // A restart of everything of ours: the zone comes back from Knot's journal, the key from the store, nothing is changed.
  co_await world.stop_publisher();
  world.primary->stop();
  world.start_primary();
  const auto changes = std::count_if(status.keys.begin(), status.keys.end(), [](const auto& key) { return key.published_at.has_value(); });
  EXPECT_EQ(changes, 2);
  const std::size_t said = world.log.records().size();
  world.start_publisher();
  const auto again = co_await io::within(60s, served(*world.slot));
  EXPECT_TRUE(again && first && *again == *first) << describe(world.publisher->status());
  const auto pilot_again = co_await io::within(60s, served(*world.pilot_slot));
  EXPECT_TRUE(pilot_again && pilot_first && *pilot_again == *pilot_first) << describe(world.pilot->status());
  const auto records = world.log.records();
  for (std::size_t i = said; i < records.size(); ++i) EXPECT_EQ(records[i].find("publisher.zone_changed"), std::string::npos) << records[i];
  // A theft: the next key takes over, the stolen one's record leaves the zone, everywhere and for the resolver.
  const types::AdminAct act{"root", "test", world.clock.now()};
  EXPECT_TRUE((co_await world.publisher->declare_compromised(*first, act)).has_value());
  EXPECT_TRUE(co_await world.log.told("publisher.key_erased")) << describe(world.publisher->status());
  EXPECT_NE(world.slot->key(), *first);
  EXPECT_EQ(world.pilot_slot->key(), *pilot_first) << "a theft is its own group's";
  EXPECT_EQ((co_await tlsa_of(world, "s1")).rdatas, of_pilot.rdatas);
  co_await world.stop_publisher();
  co_await world.resolver_stub->stop();
}

TEST(PublisherReal, from_nothing_to_serving_over_a_restart_and_a_theft) {  // DDNS-02, DDNS-03, PUB-03, PUB-10, PUB-11
  const auto peers = io::dns::dns_peers();
  if (!peers) GTEST_SKIP() << "no knotd and unbound: run lab/fetch-peers";
  io::run_to_end(whole_life(*peers));
}

}  // namespace
}  // namespace danewerk::service
