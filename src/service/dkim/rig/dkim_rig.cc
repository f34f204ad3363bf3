// dkim_rig email|tlsrpt RECORDS < MESSAGE: RECORDS is a written world (scripted_resolver.h). Prints one line a signature.
#include <array>
#include <fstream>
#include <iostream>
#include <sstream>

#include "io/dns/scripted_resolver.h"
#include "io/runtime/reactor.h"
#include "service/dkim/verifier.h"

namespace danewerk::service {
namespace {

io::Task<> judge(io::dns::ScriptedResolver& resolver, dkim::Service service, Instant now) {
  Verifier verifier;
  std::array<char, 1000> buffer{};
  while (std::cin.read(buffer.data(), buffer.size()) || std::cin.gcount() > 0) {
    verifier.feed({buffer.data(), static_cast<std::size_t>(std::cin.gcount())});
  }
  for (const JudgedSignature& one : co_await verifier.finish(resolver, service, now)) {
    const char* verdict = one.verdict == DkimVerdict::passed ? "passed" : one.verdict == DkimVerdict::failed ? "failed" : "undecided";
    std::cout << verdict << " " << one.domain << " " << one.selector << " " << one.reason << "\n";
  }
}

}  // namespace
}  // namespace danewerk::service

int main(int argc, char** argv) {
  using namespace danewerk;
  if (argc != 3) return 2;
  io::SystemClock clock;
  io::dns::ScriptedResolver resolver(clock);
  std::stringstream records;
  records << std::ifstream(argv[2]).rdbuf();
  if (auto added = resolver.add(records.str()); !added) {
    std::cerr << added.error().what << "\n";
    return 2;
  }
  const auto service = std::string_view(argv[1]) == "tlsrpt" ? dkim::Service::tlsrpt : dkim::Service::email;
  io::run_to_end(service::judge(resolver, service, clock.now()));
}
