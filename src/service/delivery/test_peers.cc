#include "service/delivery/test_peers.h"

#include <sys/socket.h>

#include <array>

#include "engine/smtp/reply_text.h"
#include "io/tls/certificate.h"
#include "io/tls/certificate_file.h"
#include "io/tls/self_issue.h"

namespace danewerk::service::test {
namespace {

void reset(io::Connection& connection) {
  const linger at_once{1, 0};
  setsockopt(connection.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

TestIdentity make_identity(const char* name) {
  const std::string key = *io::generate_key(io::KeyAlgorithm::ecdsa_p256);
  const Instant from = *parse_rfc3339("2026-01-01T00:00:00Z");
  const std::string chain = *io::self_issue(key, {*types::DomainName::parse(name)}, from, from + std::chrono::hours(24 * 400));
  const auto parsed = *tls::read_certificate_file(chain);
  const types::CertificateInfo leaf = tls::describe_chain(parsed.get()).at(0);
  const auto record = tls::record_for(leaf, types::TlsaUsage::dane_ee, types::TlsaSelector::spki, types::TlsaMatching::sha2_256);
  return {*io::ServerContext::make({{key, chain}}), record.to_string(), chain};
}

TestPeer::TestPeer(io::Executor executor, const std::string& at)
    : group_(executor, "peer"), listener_(*io::Listener::open(executor, *types::Endpoint::parse(at))) {}

void TestPeer::start() { group_.spawn("accept", accept_all()); }

io::Task<> TestPeer::stop() {
  group_.stop();
  co_await group_.join();
}

io::Task<> TestPeer::accept_all() {
  while (true) {
    auto accepted = co_await listener_.accept();
    if (!accepted) co_return;
    ++sessions;
    group_.spawn("session", serve(io::Connection(std::move(accepted->socket))));
  }
}

struct TestServer::Visit {
  io::Connection& connection;
  smtp::ServerSession session;
  Taken message;
  bool shake_hands = false;
  bool open = true;
};

smtp::Decision TestServer::answer(Visit& visit, const smtp::Request& request) {
  std::optional<types::Reply> said;
  if (decide) said = decide(request);
  if (said) return std::holds_alternative<smtp::Connected>(request) ? smtp::Decision::hang_up(*said) : smtp::Decision::say(*said);
  if (const auto* sender = std::get_if<smtp::SenderGiven>(&request)) visit.message = {{sender->sender, {}}, {}, visit.connection.is_encrypted()};
  if (const auto* recipient = std::get_if<smtp::RecipientGiven>(&request)) visit.message.envelope.recipients.push_back(recipient->recipient);
  if (std::holds_alternative<smtp::StartTlsGiven>(request)) {
    if (trick == Trick::refuse_starttls) return smtp::Decision::say(smtp::make_reply(454, {4, 7, 0}, "TLS is not available"));
    visit.shake_hands = true;
  }
  if (std::holds_alternative<smtp::BodyEnd>(request)) taken.push_back(visit.message);
  return smtp::Decision::accept();
}

void TestServer::act(Visit& visit, const smtp::Request& request, Instant now) {
  if (const auto* chunk = std::get_if<smtp::BodyChunk>(&request)) {
    visit.message.text += chunk->octets;
  } else if (std::holds_alternative<smtp::Closed>(request)) {
    visit.open = false;
  } else if (std::holds_alternative<smtp::BodyEnd>(request) && trick == Trick::vanish_at_the_end) {
    taken.push_back(visit.message);
    reset(visit.connection);
    visit.open = false;
  } else if (!std::holds_alternative<smtp::BodyAbandoned>(request)) {
    visit.session.reply(answer(visit, request), now);
  }
}

io::Task<bool> TestServer::encrypt(Visit& visit) {
  visit.shake_hands = false;
  if (trick == Trick::reset_after_220) reset(visit.connection);
  if (trick == Trick::garbage_handshake) {
    std::array<char, 1024> hello{};
    auto got = co_await visit.connection.read_some(hello);
    auto sent = co_await visit.connection.write_all("this is no ServerHello\r\n");
    static_cast<void>(got);
    static_cast<void>(sent);
  }
  if (trick != Trick::none && trick != Trick::vanish_at_the_end) co_return false;
  auto info = co_await visit.connection.accept_tls(certificate_);
  if (!info) co_return false;
  server_names.push_back(info->server_name);
  visit.session.tls_established(clock_.now());
  co_return true;
}

io::Task<> TestServer::serve(io::Connection connection) {
  smtp::ServerOptions options;
  options.host = "mx.test";
  options.starttls = certificate_ && trick != Trick::no_starttls ? smtp::StartTlsOffer::yes : smtp::StartTlsOffer::no;
  Visit visit{connection, smtp::ServerSession(std::move(options), clock_.now()), {}};
  connection.expires_after(std::chrono::seconds(30));
  std::array<char, 8192> buffer{};
  while (true) {
    while (auto request = visit.open ? visit.session.next() : std::nullopt) act(visit, *request, clock_.now());
    const std::string out = visit.session.take_output();
    if (!out.empty() && !(co_await connection.write_all(out)).has_value()) break;
    if (!visit.open) break;
    if (visit.shake_hands) {
      if (co_await encrypt(visit)) continue;
      break;
    }
    auto got = co_await connection.read_some(buffer);
    if (!got || *got == 0) break;
    const std::string_view octets(buffer.data(), *got);
    if (!connection.is_encrypted()) clear += octets;
    visit.session.received(octets, clock_.now());
  }
  connection.shutdown();
}

std::string ScriptServer::answer_to(const std::string& line) const {
  const std::string word = line.substr(0, line.find_first_of(" :"));
  const auto exact = script_.find(line);
  if (exact != script_.end()) return exact->second;
  const auto found = script_.find(word);
  if (found != script_.end()) return found->second;
  if (word == "DATA") return "354 go on\r\n";
  return word.empty() ? "220 mx.test\r\n" : word == "QUIT" ? "221 bye\r\n" : "250 mx.test\r\n";
}

io::Task<> ScriptServer::serve(io::Connection connection) {
  connection.expires_after(std::chrono::seconds(30));
  std::string out = answer_to("");
  std::string held;
  bool in_message = false;
  std::array<char, 8192> buffer{};
  while (true) {
    if (!(co_await connection.write_all(out)).has_value()) break;
    if (out.starts_with("221")) break;
    auto got = co_await connection.read_some(buffer);
    if (!got || *got == 0) break;
    clear.append(buffer.data(), *got);
    held.append(buffer.data(), *got);
    out.clear();
    for (std::size_t end = 0; (end = held.find("\r\n")) != std::string::npos; held.erase(0, end + 2)) {
      const std::string line = held.substr(0, end);
      if (in_message && line != ".") continue;
      out += answer_to(line);
      in_message = out.ends_with("354 go on\r\n");
    }
  }
  connection.shutdown();
}

}  // namespace danewerk::service::test
