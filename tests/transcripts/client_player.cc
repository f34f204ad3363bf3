// Plays S: lines against ClientSession. Actions:
//   mail <path> [parameters]   rcpt <path> [parameters]     the envelope, written as the commands would be
//   begin [size]   body <octets>   end   reset   quit   tls   peer_closed   wait <seconds>
// The session's options: tls none|opportunistic|required (default), lmtp, helo no, bdat, window <n>, lines <n>.
#include "engine/smtp/client_session.h"
#include "transcript.h"

namespace danewerk::transcripts {
namespace {

using namespace engine::smtp;

Result<types::DomainName> no_conversion(std::string_view domain) { return no_u_labels(domain); }

class ClientPlay {
 public:
  ClientPlay(ClientOptions options, std::size_t piece) : session_(std::move(options), now_), piece_(piece) {}

  void send(std::string_view octets, std::size_t piece) {
    while (!octets.empty()) {
      session_.received(octets.substr(0, piece), now_);
      octets.remove_prefix(std::min(piece, octets.size()));
      pump();
    }
  }
  void send(std::string_view octets) { send(octets, piece_); }

  void act(const std::string& action) {
    const std::size_t space = std::min(action.find(' '), action.size());
    const std::string verb = action.substr(0, space);
    const std::string rest = space < action.size() ? unescape(action.substr(space + 1)) : "";
    if (verb == "mail") {
      envelope_ = {std::get<Mail>(parsed("MAIL FROM:" + rest)).sender, {}};
    } else if (verb == "rcpt") {
      envelope_.recipients.push_back(std::get<Rcpt>(parsed("RCPT TO:" + rest)).recipient);
    } else if (verb == "begin") {
      auto begun = session_.begin_message(envelope_, ByteCount{std::stoull("0" + rest)}, now_);
      if (!begun) log.event("unsendable " + begun.error().code.to_string() + " " + begun.error().why);
    } else if (verb == "body" || verb == "end") {
      auto done = verb == "end" ? session_.end_body(now_) : session_.body(rest, now_);
      if (!done) log.event(std::string(to_string(done.error().kind)) + " " + done.error().what);
    } else if (verb == "reset") {
      session_.reset(now_);
    } else if (verb == "quit") {
      session_.quit(now_);
    } else if (verb == "tls") {
      session_.tls_established(now_);
    } else if (verb == "peer_closed") {
      session_.peer_closed();
    } else {
      CHECK(verb == "wait");
      now_ += std::chrono::seconds(std::stoi(rest));
      session_.tick(now_);
    }
    pump();
  }

  void pump() {
    while (auto event = session_.next()) std::visit([this](auto& e) { on(e); }, *event);
    log.output('C', session_.take_output());
  }

  Log log;

 private:
  static Command parsed(const std::string& line) {
    const Dialect dialect{ByteCount{0}, TlsState::encrypted, types::Smtputf8::yes, no_conversion};
    auto command = parse_command(line, dialect);
    if (!command) std::fprintf(stderr, "%s: %s\n", line.c_str(), command.error().to_string().c_str());
    return *std::move(command);
  }
  void on(NeedTls&) { log.event("need_tls"); }
  void on(Ready& e) { log.event("ready tls=" + std::string(to_string(e.tls)) + " " + e.peer.to_string()); }
  void on(RecipientResult& e) {
    log.event("recipient " + std::to_string(e.index) + " " + to_string(e.phase) + " " + escape(e.reply.to_string()));
  }
  void on(NeedBody&) { log.event("need_body"); }
  void on(MessageResult& e) { log.event("message " + std::string(to_string(e.phase)) + " " + escape(e.reply.to_string())); }
  void on(Failed& e) {
    const auto* reply = std::get_if<types::Reply>(&e.why);
    log.event("failed " + std::string(to_string(e.phase)) + " " +
              (reply ? escape(reply->to_string()) : std::string(to_string(std::get<Breakdown>(e.why)))));
  }
  void on(Finished&) { log.event("finished"); }

  Instant now_{std::chrono::hours(1)};
  ClientSession session_;
  std::size_t piece_;
  types::Envelope envelope_;
};

void set_option(ClientOptions& options, const std::string& text) {
  if (text == "tls none") options.tls = TlsDemand::none;
  else if (text == "tls opportunistic") options.tls = TlsDemand::opportunistic;
  else if (text == "lmtp") options.protocol = Protocol::lmtp;
  else if (text == "helo no") options.helo = HeloFallback::no;
  else if (text == "bdat") options.bdat = UseBdat::when_offered;
  else if (text.starts_with("window ")) options.window = std::stoul(text.substr(7));
  else if (text.starts_with("lines ")) options.replies.lines = std::stoul(text.substr(6));
  else CHECK(text == "a known client option");
}

}  // namespace

std::string play_client(const std::vector<Line>& lines, std::size_t piece) {
  ClientOptions options;
  options.hello_name = "out.example";
  std::size_t at = 0;
  for (; at < lines.size() && lines[at].who == '='; ++at) set_option(options, lines[at].text);
  ClientPlay play(options, piece);
  play.pump();
  while (at < lines.size()) {
    const Line& line = lines[at];
    if (line.who == 'S' && line.how != '!') {  // neighbours travel together
      std::string group;
      for (; at < lines.size() && lines[at].who == 'S' && lines[at].how != '!'; ++at) {
        play.log.echo(lines[at]);
        group += wire(lines[at]);
      }
      play.send(group);
      continue;
    }
    if (line.who == 'S' || line.who == '!') play.log.echo(line);
    if (line.who == 'S') play.send(wire(line), 65536);
    if (line.who == '!') play.act(line.text);
    ++at;
  }
  return play.log.text();
}

}  // namespace danewerk::transcripts
