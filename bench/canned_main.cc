// bench/canned: the least that an SMTP server with STARTTLS can cost.
//
// A yardstick, not a server: it knows the dialogue of bench/load by heart, looks only at the last octets of what arrives
// to see that a turn is complete, and answers from constants. It parses nothing, checks nothing, stores nothing. What a
// real server costs above this figure is what its SMTP engine, queue and disk cost; what this costs is kernel and TLS.
#include <cstdio>

#include "figures.h"
#include "server_loop.h"

namespace danewerk::bench {
namespace {

constexpr std::string_view usage = R"(canned: answers the dialogue of bench/load by rote

  --listen ADDRESS[/COUNT]:PORT   repeatable
  --starttls                      offer STARTTLS (TLS 1.3, ECDSA P-256 made at start unless --cert and --key)
  --cert FILE --key FILE          PEM chain and key

Prints `ready` when it listens and one JSON object at SIGTERM.
)";

struct Tally {
  std::uint64_t messages = 0;
};

class CannedConversation : public Conversation {
 public:
  CannedConversation(bool offer_tls, Tally& tally) : offer_tls_(offer_tls), tally_(tally) {}

  void greet(std::string& answer) override { answer += "220 canned.bench.test ESMTP\r\n"; }
  void tls_established() override { encrypted_ = true; }

  Then received(std::string_view bytes, std::string& answer) override {
    remember_tail(bytes);
    if (in_body_) {
      if (tail_ != "\r\n.\r\n") return Then::carry_on;
      in_body_ = false;
      ++tally_.messages;
      answer += "250 2.0.0 taken\r\n";
      return turn_over();
    }
    if (verb_ == '\0') verb_ = bytes.front();
    if (!ends_turn()) return Then::carry_on;
    return command(answer);
  }

 private:
  void remember_tail(std::string_view bytes) {
    tail_.append(bytes.substr(bytes.size() > 5 ? bytes.size() - 5 : 0));
    if (tail_.size() > 5) tail_.erase(0, tail_.size() - 5);
  }
  bool ends_turn() const { return tail_.size() >= 2 && tail_.compare(tail_.size() - 2, 2, "\r\n") == 0; }
  bool asks_for_body() const { return tail_ == "ATA\r\n"; }
  Then turn_over() {
    verb_ = '\0';
    return Then::carry_on;
  }

  Then command(std::string& answer) {
    if (verb_ == 'Q') {
      answer += "221 2.0.0 bye\r\n";
      return Then::close;
    }
    if (verb_ == 'S') {
      answer += "220 2.0.0 go\r\n";
      turn_over();
      return offer_tls_ ? Then::start_tls : Then::close;
    }
    if (verb_ == 'E') {
      answer += "250-canned.bench.test\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n";
      if (offer_tls_ && !encrypted_) answer += "250-STARTTLS\r\n";
      answer += "250 8BITMIME\r\n";
    } else if (asks_for_body()) {
      in_body_ = true;
      answer += verb_ == 'M' ? "250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n" : "354 go\r\n";
    } else {
      answer += "250 2.0.0 ok\r\n";
    }
    return turn_over();
  }

  bool offer_tls_;
  Tally& tally_;
  bool encrypted_ = false;
  bool in_body_ = false;
  char verb_ = '\0';
  std::string tail_;
};

int run(int argc, char** argv) {
  Options options(argc, argv, usage);
  std::vector<Place> places;
  for (const std::string& text : options.all("listen")) places.push_back(parse_place(text));
  if (places.empty()) give_up("--listen ADDRESS:PORT is needed at least once");
  const bool offer_tls = options.flag("starttls");
  const std::string certificate = options.text("cert", "");
  const std::string key = options.text("key", "");
  options.finish();

  Context tls = offer_tls ? server_context(certificate, key) : nullptr;
  Tally tally;
  ServerLoop* running = nullptr;
  const auto print = [&] {
    const ServerCounts& seen = running->counts();
    Record out;
    out.put("messages", tally.messages).put("connections", seen.connections).put("handshakes", seen.handshakes);
    out.put("resumed", seen.resumed).put("cpu_seconds", process_cpu().total());
    std::printf("%s\n", out.json().c_str());
    std::fflush(stdout);
  };
  ServerLoop loop(places, tls.get(), [&] { return std::make_unique<CannedConversation>(offer_tls, tally); }, print);
  running = &loop;
  std::printf("ready\n");
  std::fflush(stdout);
  loop.run();
  print();
  return 0;
}

}  // namespace
}  // namespace danewerk::bench

int main(int argc, char** argv) { return danewerk::bench::run(argc, argv); }
