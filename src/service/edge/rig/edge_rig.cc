// edge_rig DIRECTORY ADDRESS:PORT: the edge with a real store and nothing behind it, to measure what taking a message costs.
//
// Accepts mail for d0.bench.test to d99.bench.test until its standard input ends, then prints how much it took and at what
// cost of CPU. What it took stays queued in DIRECTORY: give it a fresh one for each run.
#include <sys/resource.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "io/store/domain_store.h"
#include "io/store/posix_disk.h"
#include "io/tls/self_issue.h"
#include "service/edge/edge.h"

namespace danewerk::service {
namespace {

io::Task<> furnish(io::DomainStore& into, Instant now) {
  types::AdminAct act{"rig", "measuring", now};
  types::Tenant tenant{*types::TenantId::parse("bench"), "bench", now, "rig"};
  auto added = co_await into.add_tenant(tenant, act);
  CHECK(added.has_value());
  std::vector<types::AcceptedDomain> domains;
  for (int i = 0; i < 100; ++i) {
    domains.push_back({*types::DomainName::parse("d" + std::to_string(i) + ".bench.test"), tenant.id, *types::Route::parse("lmtp:127.0.0.1:24"), now, "rig"});
  }
  added = co_await into.add(domains, act);
  CHECK(added.has_value());
}

std::shared_ptr<const io::ServerContext> certificate(Instant now) {
  const std::string key = *io::generate_key(io::KeyAlgorithm::ecdsa_p256);
  return *io::ServerContext::make({{key, *io::self_issue(key, {*types::DomainName::parse("mx.bench.test")}, now, now + std::chrono::hours(99))}});
}

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

int measure(const std::string& directory, const char* at) {
  io::SystemClock clock;
  auto store = *io::Store::open(std::make_shared<io::PosixDisk>(directory), {});
  auto domains = *io::DomainStore::open(*store);
  io::run_to_end(furnish(*domains, clock.now()));
  io::QueueStore queue(*store);
  io::DescriptorLog log(clock, open((directory + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), io::LogFormat::logfmt, types::LogLevel::info);
  HostNames names{*types::DomainName::parse("mx.bench.test"), {}};
  const House house{[&] { return domains->snapshot(); }, names, std::nullopt};
  const InboundAdmission admission{house};
  Door door({.in_all = 20000, .per_peer = 20000});
  io::ReactorPool reactors(0);
  std::atomic<std::uint64_t> accepted = 0;
  const auto context = certificate(clock.now());
  EdgeParts parts{reactors, *store, queue, admission, door, clock, log, [&] { return context; }, [&] { ++accepted; }};
  EdgeRules rules;
  rules.listen = {*types::Endpoint::parse(at)};
  rules.names = names;
  Edge edge(std::move(parts), std::move(rules));
  reactors.start();
  CHECK(edge.start().has_value());
  std::puts("ready");
  std::fflush(stdout);
  for (char ignored = 0; ::read(0, &ignored, 1) > 0;) continue;
  io::run_to_end(edge.stop());
  reactors.stop();
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const double user = seconds(used.ru_utime);
  const double system = seconds(used.ru_stime);
  const auto count = std::max<std::uint64_t>(1, accepted);
  std::printf("accepted %llu, CPU user %.2f s, system %.2f s, %.0f us a message, commits %llu, peak %ld KiB\n",
              static_cast<unsigned long long>(count), user, system, (user + system) * 1e6 / static_cast<double>(count),
              static_cast<unsigned long long>(store->writer().commits()), used.ru_maxrss);
  return 0;
}

}  // namespace
}  // namespace danewerk::service

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: edge_rig DIRECTORY ADDRESS:PORT\n"), 2;
  return danewerk::service::measure(argv[1], argv[2]);
}
