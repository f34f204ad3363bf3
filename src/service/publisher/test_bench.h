// For tests only: a publisher over a real store and a simulated zone, in virtual time, and the promise that is checked all the while.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/store/posix_disk.h"
#include "service/publisher/publisher.h"
#include "service/publisher/simulated_zone.h"

namespace danewerk::service {

inline const Instant start = *parse_rfc3339("2026-11-23T12:00:00Z");

inline PublisherSettings settings() {
  PublisherSettings out;
  out.zone.apex = *types::DomainName::parse("mx.hoster.example");
  out.zone.shards = {2};
  out.zone.mx_addresses = {*types::IpAddress::parse("192.0.2.1"), *types::IpAddress::parse("2001:db8::1")};
  out.zone.tlsa_ttl = Ttl{600};
  out.negative_ttl = Ttl{60};
  out.servers = {{"ns1", {}}, {"ns2", {}}};
  out.timing.key_lifetime = std::chrono::hours(10 * 24);
  out.timing.certificate_lead = std::chrono::hours(2 * 24);
  out.certificate_life = std::chrono::hours(7 * 24);
  out.look_interval = std::chrono::minutes(5);
  return out;
}

/// A directory for one store, removed at the end.
class Directory {
 public:
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-publisher-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A store, a zone and at times a publisher; time moves from one wake to the next.
class Bench {
 public:
  explicit Bench(io::Executor executor) : executor_(executor) {
    store_ = *io::Store::open(std::make_shared<io::PosixDisk>(directory_.path()), {});
    keys_ = std::make_unique<io::KeyStore>(*store_);
  }

  void begin() {
    slot = std::make_unique<io::CertificateSlot>();
    publisher = *Publisher::create(wanted, PublisherParts{*keys_, zone, *slot, clock, log, source, probe});
    group_ = std::make_unique<io::TaskGroup>(executor_, "publisher");
    group_->spawn("publisher", publisher->run());
  }
  io::Task<> end() {
    group_->stop();
    co_await group_->join();
    publisher.reset();
    group_.reset();
  }

  /// Until the publisher sleeps again with nothing to do.
  io::Task<> settle() {
    boost::asio::use_awaitable_t<io::Executor> token;
    while (!clock.next_wake() || *clock.next_wake() <= clock.now()) co_await boost::asio::post(executor_, token);
    check();
  }
  io::Task<> advance_to(Instant until) {
    co_await settle();
    while (*clock.next_wake() < until) {
      clock.advance_to(*clock.next_wake());
      co_await settle();
    }
    clock.advance_to(until);
    co_await settle();
  }
  io::Task<> advance(Duration by) { co_await advance_to(clock.now() + by); }

  /// The promise: what is served stands at every server that answers rightly, in every shard.
  void check() {
    if (!slot || slot->current() == nullptr) return;
    const auto serving = publisher->status();
    int found = 0;
    for (const auto& key : serving.keys) {
      if (slot->key().find(key.id) == std::string::npos) continue;
      ++found;
      check(key.record);
    }
    ASSERT_GT(found, 0);
  }
  void check(const std::string& served_record) {
    const Bytes record = types::TlsaRecord::parse(served_record)->to_rdata();
    for (std::size_t i = 0; i < zone.server_count(); ++i) {
      for (const std::uint16_t shard : zone::shards_of(wanted.zone)) {
        const types::DomainName name = wanted.zone.apex.prefixed("_25._tcp.a." + types::shard_name(shard));
        const auto set = zone.answer(i, {name, types::RecordType::tlsa});
        EXPECT_NE(std::find(set.rdatas.begin(), set.rdatas.end(), record), set.rdatas.end()) << name.to_string() << " at server " << i;
      }
    }
  }
  io::KeyStore& keys() { return *keys_; }
  /// The TLSA set of a shard at the primary.
  std::vector<Bytes> tlsa(const char* shard) const {
    return zone.answer(0, {wanted.zone.apex.prefixed(std::string("_25._tcp.a.") + shard), types::RecordType::tlsa}).rdatas;
  }
  std::string served() const { return slot && slot->current() ? slot->key() : ""; }
  int told(std::string_view what) const {
    const auto records = log.records();
    return static_cast<int>(std::count_if(records.begin(), records.end(), [what](const std::string& r) { return r.find(what) != std::string::npos; }));
  }

  PublisherSettings wanted = settings();
  CertificateSource* source = nullptr;
  ProbeEdges probe;
  io::ManualClock clock{start};
  SimulatedZone zone{clock, {{std::chrono::seconds(0), rollover::Sight::verified}, {std::chrono::seconds(100), rollover::Sight::verified}}};
  io::MemoryLog log;
  std::unique_ptr<io::CertificateSlot> slot;
  std::unique_ptr<Publisher> publisher;

 private:
  io::Executor executor_;
  Directory directory_;
  std::unique_ptr<io::Store> store_;
  std::unique_ptr<io::KeyStore> keys_;
  std::unique_ptr<io::TaskGroup> group_;
};

}  // namespace danewerk::service
