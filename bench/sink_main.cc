// bench/sink: takes mail from the server under test, counts it, keeps nothing.
#include <cstdio>

#include "sink_conversation.h"

namespace danewerk::bench {
namespace {

constexpr std::string_view usage = R"(sink: an SMTP server that accepts everything and counts it

  --listen ADDRESS[/COUNT]:PORT   repeatable; 127.3.0.1/100:25 is 100 consecutive addresses
  --starttls                      offer STARTTLS (TLS 1.3, ECDSA P-256 made at start unless --cert and --key)
  --require-tls                   530 to MAIL without TLS
  --cert FILE --key FILE          PEM chain and key
  --messages-per-connection N     421 to the MAIL after N messages (0: no limit)
  --chunking on|off               offer BDAT (on)
  --ids on|off                    count distinct X-Bench-Id values (on)

Prints `ready` when it listens and one JSON object at SIGTERM; SIGUSR1 prints it and goes on. Over SMTP, XSTAT answers
the same object and XRESET starts anew.
)";

void print(const SinkTotals& totals, const ServerLoop& loop, double cpu_at_start) {
  const ServerCounts& seen = loop.counts();
  Record out = totals.record();
  const CpuTime cpu = process_cpu();
  out.put("connections", seen.connections).put("handshakes", seen.handshakes).put("resumed", seen.resumed);
  out.put("failed_handshakes", seen.failed_handshakes).put("lost_connections", seen.lost);
  out.put("cpu_seconds", cpu.total() - cpu_at_start);
  std::printf("%s\n", out.json().c_str());
  std::fflush(stdout);
}

int run(int argc, char** argv) {
  Options options(argc, argv, usage);
  std::vector<Place> places;
  for (const std::string& text : options.all("listen")) places.push_back(parse_place(text));
  if (places.empty()) give_up("--listen ADDRESS:PORT is needed at least once");
  SinkRules rules;
  rules.offer_tls = options.flag("starttls");
  rules.require_tls = options.flag("require-tls");
  rules.chunking = options.on_off("chunking", true);
  rules.track_ids = options.on_off("ids", true);
  rules.messages_per_connection = static_cast<int>(options.number("messages-per-connection", 0, 0, 1'000'000));
  const std::string certificate = options.text("cert", "");
  const std::string key = options.text("key", "");
  options.finish();
  if (rules.require_tls && !rules.offer_tls) give_up("--require-tls needs --starttls");

  Context tls = rules.offer_tls ? server_context(certificate, key) : nullptr;
  SinkTotals totals;
  ServerLoop* running = nullptr;
  const double cpu_at_start = process_cpu().total();
  ServerLoop loop(
      places, tls.get(), [&] { return std::make_unique<SinkConversation>(rules, totals, wall_clock_seconds); },
      [&] { print(totals, *running, cpu_at_start); });
  running = &loop;
  std::printf("ready\n");
  std::fflush(stdout);
  loop.run();
  print(totals, loop, cpu_at_start);
  return 0;
}

}  // namespace
}  // namespace danewerk::bench

int main(int argc, char** argv) { return danewerk::bench::run(argc, argv); }
