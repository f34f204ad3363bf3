#include "io/tls/certificate_slot.h"

#include <gtest/gtest.h>

#include <thread>

#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/tls/digest.h"
#include "io/tls/self_issue.h"

namespace danewerk::io {
namespace {

std::shared_ptr<const ServerContext> context() {
  const std::string key = *generate_key(KeyAlgorithm::ecdsa_p256);
  const Instant now = *parse_rfc3339("2026-11-23T12:00:00Z");
  const std::string certificate = *self_issue(key, {*types::DomainName::parse("*.s1.mx.example")}, now, now + std::chrono::hours(1));
  return *ServerContext::make({{key, certificate}});
}

Task<> await_first(CertificateSlot& slot, int& got) {
  const auto first = co_await slot.first();
  EXPECT_EQ(first, slot.current());
  ++got;
}

Task<> scenario(int& got) {
  CertificateSlot slot;
  EXPECT_EQ(slot.current(), nullptr);
  TaskGroup group(co_await this_executor(), "edge");
  TaskGroup stopped(co_await this_executor(), "stopped");
  for (int i = 0; i < 3; ++i) group.spawn("waiter", await_first(slot, got));
  stopped.spawn("waiter", await_first(slot, got));
  stopped.stop();
  co_await stopped.join();
  std::thread publisher([&slot] { slot.set(context(), "a"); });
  co_await group.join();
  publisher.join();
  EXPECT_EQ(slot.key(), "a");
  const auto before = slot.current();
  slot.set(context(), "b");
  EXPECT_NE(before, slot.current());
  co_await await_first(slot, got);
}

TEST(CertificateSlot, the_edge_waits_for_the_first_and_sees_every_change) {
  int got = 0;
  run_to_end(scenario(got));
  EXPECT_EQ(got, 4);
}

TEST(Digest, sha256_is_the_real_one) {  // FIPS 180-4, the example "abc"
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace danewerk::io
