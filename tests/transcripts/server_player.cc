// Plays C: lines against ServerSession. Every request is accepted unless "! answer <event> <code> <x.y.z> <text>" or
// "! hang_up <event> ..." was written before. Other actions: tls, peer_closed, shut_down, wait <seconds>.
#include <map>

#include "engine/smtp/server_session.h"
#include "transcript.h"

namespace danewerk::transcripts {
namespace {

using namespace engine::smtp;

std::string path_text(const std::string& path) { return path == "<>" ? path : "<" + path + ">"; }

std::string describe(const types::Sender& s) {
  std::string out = "sender " + path_text(types::to_string(s.path));
  if (s.declared_size) out += " size=" + std::to_string(static_cast<std::uint64_t>(*s.declared_size));
  if (s.body == types::BodyKind::eight_bit_mime) out += " 8bitmime";
  if (s.utf8 == types::Smtputf8::yes) out += " smtputf8";
  if (s.dsn_return != types::DsnReturn::unspecified) out += s.dsn_return == types::DsnReturn::full ? " ret=full" : " ret=hdrs";
  if (s.envelope_id) out += " envid=" + *s.envelope_id;
  if (s.require_tls == types::RequireTls::yes) out += " requiretls";
  return escape(out);
}

std::string describe(const types::Recipient& r) {
  std::string out = "recipient " + path_text(types::to_string(r.path));
  if (r.notify.specified) {
    out += std::string(" notify=") + (r.notify.never ? "never " : "") + (r.notify.success ? "success " : "") +
           (r.notify.failure ? "failure " : "") + (r.notify.delay ? "delay " : "");
    out.pop_back();
  }
  if (r.original) out += " orcpt=" + r.original->address_type + ";" + r.original->address;
  return escape(out);
}

Result<types::DomainName> pretend_to_ascii(std::string_view domain) {
  if (domain == "b\xc3\xbc" "cher.example") return types::DomainName::parse("xn--bcher-kva.example");
  return no_u_labels(domain);
}

types::Reply parse_reply(const std::string& text) {
  types::Reply reply;
  reply.code = std::stoi(text.substr(0, 3));
  const std::size_t space = text.find(' ', 4);
  reply.enhanced = *types::EnhancedCode::parse(text.substr(4, space - 4));
  reply.lines.push_back(unescape(text.substr(space + 1)));
  return reply;
}

class ServerPlay {
 public:
  ServerPlay(ServerOptions options, std::size_t piece) : session_(std::move(options), now_), piece_(piece) {}

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
    const std::string rest = space < action.size() ? action.substr(space + 1) : "";
    if (verb == "answer" || verb == "hang_up") {
      const std::size_t end = rest.find(' ');
      const types::Reply reply = parse_reply(rest.substr(end + 1));
      answers_[rest.substr(0, end)] = verb == "answer" ? Decision::say(reply) : Decision::hang_up(reply);
      return;
    }
    if (verb == "tls") {
      session_.tls_established(now_);
    } else if (verb == "peer_closed") {
      session_.peer_closed();
    } else if (verb == "shut_down") {
      session_.shut_down();
    } else {
      CHECK(verb == "wait");
      now_ += std::chrono::seconds(std::stoi(rest));
      session_.tick(now_);
    }
    pump();
  }

  void pump() {
    while (auto request = session_.next()) {
      if (auto* chunk = std::get_if<BodyChunk>(&*request)) {
        body_ += chunk->octets;
        continue;
      }
      log.output('S', session_.take_output());
      std::visit([this](auto& r) { on(r); }, *request);
    }
    log.output('S', session_.take_output());
  }

  Log log;

 private:
  void answer(const std::string& event) {
    const auto known = answers_.find(event);
    const Decision decision = known == answers_.end() ? Decision::accept() : known->second;
    if (known != answers_.end()) answers_.erase(known);
    session_.reply(decision, now_);
  }
  void on(Connected&) { answer("connected"); }
  void on(StartTlsGiven&) { log.event("starttls"), answer("starttls"); }
  void on(SenderGiven& r) { log.event(describe(r.sender)), answer("sender"); }
  void on(RecipientGiven& r) { log.event(describe(r.recipient)), answer("recipient"); }
  void on(BodyStart&) { body_.clear(), log.event("body_start"), answer("body_start"); }
  void on(BodyChunk&) {}
  void on(BodyEnd& r) {
    CHECK(static_cast<std::uint64_t>(r.size) == body_.size());
    log.event("body " + escape(body_)), answer("body");
  }
  void on(BodyAbandoned& r) { log.event(std::string("abandoned ") + to_string(r.reason)); }
  void on(Closed& r) { log.event(std::string("closed ") + to_string(r.reason)); }

  Instant now_{std::chrono::hours(1)};
  ServerSession session_;
  std::size_t piece_;
  std::string body_;
  std::map<std::string, Decision> answers_;
};

void set_option(ServerOptions& options, const std::string& text) {
  const std::size_t space = text.find(' ');
  const std::string name = text.substr(0, space);
  const std::uint64_t value = std::stoull("0" + text.substr(space + 1));
  if (name == "starttls") options.starttls = StartTlsOffer::no;
  else if (name == "message") options.limits.message = ByteCount{value};
  else if (name == "discard") options.limits.discard = ByteCount{value};
  else if (name == "recipients") options.limits.recipients = static_cast<std::uint32_t>(value);
  else if (name == "errors") options.limits.errors = static_cast<std::uint32_t>(value);
  else if (name == "refused_recipients") options.limits.refused_recipients = static_cast<std::uint32_t>(value);
  else if (name == "idle_commands") options.limits.idle_commands = static_cast<std::uint32_t>(value);
  else CHECK(name == "a known server option");
}

}  // namespace

std::string play_server(const std::vector<Line>& lines, std::size_t piece) {
  ServerOptions options;
  options.host = "mx.example";
  options.to_ascii = pretend_to_ascii;
  std::size_t at = 0;
  std::optional<Line> connected;
  for (; at < lines.size() && (lines[at].who == '=' || lines[at].text.find(" connected ") != std::string::npos); ++at) {
    if (lines[at].who == '=') set_option(options, lines[at].text);
    else connected = lines[at];
  }
  ServerPlay play(options, piece);
  if (connected) play.log.echo(*connected), play.act(connected->text);
  play.pump();
  while (at < lines.size()) {
    const Line& line = lines[at];
    if (line.who == 'C' && line.how != '!') {  // neighbours travel together
      std::string group;
      for (; at < lines.size() && lines[at].who == 'C' && lines[at].how != '!'; ++at) {
        play.log.echo(lines[at]);
        group += wire(lines[at]);
      }
      play.send(group);
      continue;
    }
    if (line.who == 'C' || line.who == '!') play.log.echo(line);
    if (line.who == 'C') play.send(wire(line), 65536);
    if (line.who == '!') play.act(line.text);
    ++at;
  }
  return play.log.text();
}

}  // namespace danewerk::transcripts
