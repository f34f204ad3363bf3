// STS-03, STS-05, RFC 8461 3.3, 10.3: what a policy host may do to us, and what comes of it. A host is a TLS server on loopback
// that says one prepared text to whoever asks.
#include "io/http/https_client.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "io/net/listener.h"
#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/tls/connection.h"
#include "io/tls/self_issue.h"

namespace danewerk::io {
namespace {

using namespace std::chrono_literals;

const Instant in_2026 = *parse_rfc3339("2026-06-01T00:00:00Z");
const char* const plain = "HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello";

types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

struct Host {
  std::string certificate_name = "mta-sts.example.com";
  Instant issued = *parse_rfc3339("2026-01-01T00:00:00Z");
  std::string says = plain;
  bool trusted = true;
  bool silent = false;
  std::string asked = {};  ///< what it was sent
};

struct Asking {
  AddressFilter filter{{*types::Network::parse("127.0.0.0/8")}};
  Duration limit = 10s;
  HttpsClient::Limits limits = {};
  std::string post = {};
};

Task<> serve(Listener& listener, std::shared_ptr<const ServerContext> context, Host& host) {
  auto accepted = co_await listener.accept();
  if (!accepted) co_return;
  Connection connection(std::move(accepted->socket));
  connection.expires_after(10s);
  auto info = co_await connection.accept_tls(std::move(context));
  if (!info) co_return;
  host.asked = info->server_name + "\n";
  std::vector<char> buffer(8192);
  while (host.asked.find("\r\n\r\n") == std::string::npos) {
    auto n = co_await connection.read_some(buffer);
    if (!n || *n == 0) co_return;
    host.asked.append(buffer.data(), *n);
  }
  if (host.silent) {
    auto n = co_await connection.read_some(buffer);
    co_return;
  }
  auto written = co_await connection.write_all(host.says);
  connection.shutdown();
}

std::shared_ptr<const tls::TrustStore> trusting(const std::string& pem) {
  const std::string file = ::testing::TempDir() + "danewerk-https-trust-" + std::to_string(::getpid()) + ".pem";
  std::ofstream(file) << pem;
  auto store = tls::TrustStore::read(file);
  std::filesystem::remove(file);
  return store ? *store : nullptr;
}

Task<> ask(Host& host, const Asking& asking, HttpsResult& result) {
  const std::string key = *generate_key(KeyAlgorithm::ecdsa_p256);
  const std::string certificate = *self_issue(key, {name(host.certificate_name)}, host.issued, host.issued + 24h * 365);
  const std::string other = *self_issue(key, {name("somebody.else")}, host.issued, host.issued + 24h * 365);
  auto listener = Listener::open(co_await this_executor(), *types::Endpoint::parse("127.0.0.1:0"));
  TaskGroup group(co_await this_executor(), "host");
  std::vector<ServerIdentity> identity{{key, certificate}};
  group.spawn("serve", serve(*listener, *ServerContext::make(identity), host));
  auto client = HttpsClient::start(asking.filter, asking.limits);
  HttpsRequest request;
  request.host = name("mta-sts.example.com");
  request.path = "/.well-known/mta-sts.txt";
  request.addresses = {listener->local().address};
  request.port = listener->local().port;
  request.trust = trusting(host.trusted ? certificate : other);
  request.at = in_2026;
  request.limit = asking.limit;
  request.post = asking.post;
  result = co_await (*client)->get(std::move(request));
  group.stop();
  co_await group.join();
}

HttpsResult get(Host& host, const Asking& asking = {}) {
  HttpsResult result = Failure{HttpsFailure{}};
  run_to_end(ask(host, asking, result));
  return result;
}

/// The fault's word, or "status body".
std::string outcome(Host host, const Asking& asking = {}) {
  const HttpsResult result = get(host, asking);
  return result ? std::to_string(result->status) + " " + result->body : name_of(result.error().fault);
}

Host saying(std::string text) {
  Host host;
  host.says = std::move(text);
  return host;
}

TEST(HttpsClient, gets_a_text_and_asks_for_no_more_than_it) {
  Host host;
  const HttpsResult result = get(host);
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, "hello");
  EXPECT_EQ(result->content_type, "text/plain");
  EXPECT_TRUE(host.asked.starts_with("mta-sts.example.com\nGET /.well-known/mta-sts.txt HTTP/1.1\r\n")) << host.asked;  // SNI-01
  EXPECT_EQ(host.asked.find("Accept-Encoding"), std::string::npos) << host.asked;
}

TEST(HttpsClient, posts_where_it_is_told_to) {
  Host host;
  Asking asking;
  asking.post = R"({"news":[]})";
  const HttpsResult result = get(host, asking);
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_NE(host.asked.find("POST /.well-known/mta-sts.txt HTTP/1.1\r\n"), std::string::npos) << host.asked;
  EXPECT_NE(host.asked.find("\r\nContent-Type: application/json\r\n"), std::string::npos) << host.asked;
  EXPECT_NE(host.asked.find("\r\nContent-Length: 11\r\n"), std::string::npos) << host.asked;
}

TEST(HttpsClient, follows_nobody) {
  EXPECT_EQ(outcome(saying("HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n")), "302 ");
  EXPECT_EQ(outcome(saying("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")), "404 no");
}

TEST(HttpsClient, counts_what_comes_in) {
  const std::string large(64 * 1024, 'x');
  EXPECT_EQ(outcome(saying("HTTP/1.1 200 OK\r\n\r\n" + large)).size(), 4 + large.size());
  EXPECT_EQ(outcome(saying("HTTP/1.1 200 OK\r\n\r\n" + large + "x")), "too-large");
  EXPECT_EQ(outcome(saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: " + std::string(17'000, 'x') + "\r\n\r\nhello")), "too-large");
}

TEST(HttpsClient, takes_no_content_encoding) {
  EXPECT_EQ(outcome(saying("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08")), "encoded");
}

TEST(HttpsClient, judges_the_certificate_by_its_dns_names) {
  Host wrong_name;
  wrong_name.certificate_name = "www.example.com";
  EXPECT_EQ(outcome(wrong_name), "certificate");
  Host untrusted;
  untrusted.trusted = false;
  EXPECT_EQ(outcome(untrusted), "certificate");
  Host expired;
  expired.issued = *parse_rfc3339("2024-01-01T00:00:00Z");
  EXPECT_EQ(outcome(expired), "certificate");
  Host wildcard;
  wildcard.certificate_name = "*.example.com";
  EXPECT_EQ(outcome(wildcard), "200 hello");
}

TEST(HttpsClient, waits_no_longer_than_it_was_told) {
  Host silent;
  silent.silent = true;
  Asking asking;
  asking.limit = 300ms;
  EXPECT_EQ(outcome(silent, asking), "timeout");
}

TEST(HttpsClient, connects_to_public_addresses_only) {
  Host host;
  Asking asking;
  asking.filter = AddressFilter({});
  EXPECT_EQ(outcome(host, asking), "no-address");
  EXPECT_TRUE(host.asked.empty());
}

TEST(HttpsClient, a_broken_answer_is_no_answer) {
  EXPECT_EQ(outcome(saying("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")), "connection");
  EXPECT_EQ(outcome(saying("220 mx.example.com ESMTP\r\n")), "connection");
}

Task<> ask_in_vain(std::string& out) {
  auto client = HttpsClient::start(AddressFilter({}), {});
  (*client)->stop();
  HttpsRequest request;
  request.host = name("mta-sts.example.com");
  const HttpsResult result = co_await (*client)->get(std::move(request));
  out = result ? "a reply" : name_of(result.error().fault);
}

TEST(HttpsClient, stopped_it_answers_nobody) {
  std::string out;
  run_to_end(ask_in_vain(out));
  EXPECT_EQ(out, "ours");
}

}  // namespace
}  // namespace danewerk::io
