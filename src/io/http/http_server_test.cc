// What strangers may send to port 80, and what comes of it.
#include "io/http/http_server.h"

#include <gtest/gtest.h>

#include "io/net/dialer.h"
#include "io/runtime/reactor.h"
#include "io/tls/connection.h"

namespace danewerk::io {
namespace {

using namespace std::chrono_literals;

Task<HttpReply> echo(HttpCall call) {
  HttpReply reply;
  reply.status = call.target == "/there" ? 200 : 404;
  reply.body = call.host + " " + call.target;
  co_return reply;
}

/// Sends `text` in pieces of `piece` octets and brings back all that is answered until the server closes.
Task<> talk(std::string text, std::size_t piece, std::string& heard, HttpServer::Limits limits) {
  const Executor executor = co_await this_executor();
  HttpServer server(executor, echo, nullptr, limits);
  const std::vector<types::Endpoint> at{*types::Endpoint::parse("127.0.0.1:0")};
  EXPECT_TRUE(server.listen(at).has_value());
  auto dialed = co_await dial(server.endpoints().front(), std::nullopt, 20s);
  if (dialed) {
    Connection connection(std::move(dialed->socket));
    connection.expires_after(30s);
    for (std::size_t i = 0; i < text.size(); i += piece) {
      const auto sent = co_await connection.write_all(std::string_view(text).substr(i, piece));
      if (!sent) break;
    }
    std::vector<char> buffer(4096);
    while (true) {
      const auto n = co_await connection.read_some(buffer);
      if (!n || *n == 0) break;
      heard.append(buffer.data(), *n);
    }
  }
  server.group().stop();
  co_await server.group().join();
}

std::string answer(const std::string& text, std::size_t piece = 65536, HttpServer::Limits limits = {}) {
  std::string heard;
  run_to_end(talk(text, piece, heard, limits));
  return heard;
}

TEST(HttpServer, answers_whatever_the_fragments) {
  const std::string request = "GET /there HTTP/1.1\r\nHost: A.Example:80\r\nConnection: close\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{65536}}) {
    const std::string heard = answer(request, piece);
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << heard;
    EXPECT_TRUE(heard.ends_with("\r\n\r\na.example /there")) << heard;
  }
}

TEST(HttpServer, takes_several_requests_of_one_connection) {
  const std::string heard = answer("GET /there HTTP/1.1\r\nHost: a\r\n\r\nHEAD /gone HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n");
  EXPECT_NE(heard.find("a /there"), std::string::npos) << heard;
  EXPECT_NE(heard.find("404 Not Found"), std::string::npos) << heard;
  EXPECT_EQ(heard.find("b /gone"), std::string::npos) << "HEAD has no body: " << heard;
  HttpServer::Limits one;
  one.requests = 1;
  EXPECT_EQ(answer("GET /there HTTP/1.1\r\nHost: a\r\n\r\nGET /there HTTP/1.1\r\nHost: a\r\n\r\n", 65536, one).find("200", 12), std::string::npos);
}

TEST(HttpServer, refuses_what_it_does_not_serve) {
  EXPECT_TRUE(answer("POST /there HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(answer("GET /there HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\nGET /smuggled HTTP/1.1").starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(answer("GET /there HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(answer("EHLO mail.example\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(answer("GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 431 "));
}

/// One address holds a connection and says nothing; how many octets its second one hears.
Task<> crowd(std::size_t of_one_peer, std::string& heard) {
  const Executor executor = co_await this_executor();
  HttpServer::Limits limits;
  limits.of_one_peer = of_one_peer;
  HttpServer server(executor, echo, nullptr, limits);
  const std::vector<types::Endpoint> at{*types::Endpoint::parse("127.0.0.1:0")};
  EXPECT_TRUE(server.listen(at).has_value());
  auto first = co_await dial(server.endpoints().front(), std::nullopt, 20s);
  auto second = co_await dial(server.endpoints().front(), std::nullopt, 20s);
  Connection connection(std::move(second->socket));
  connection.expires_after(30s);
  const std::string request = "GET /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const auto sent = co_await connection.write_all(request);
  std::vector<char> buffer(4096);
  if (sent) {
    const auto n = co_await connection.read_some(buffer);
    if (n) heard.append(buffer.data(), *n);
  }
  server.group().stop();
  co_await server.group().join();
}

TEST(HttpServer, one_address_has_so_many_places) {
  std::string heard;
  run_to_end(crowd(2, heard));
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200")) << heard;
  heard.clear();
  run_to_end(crowd(1, heard));
  EXPECT_EQ(heard, "");
}

TEST(HttpServer, waits_for_nobody_for_ever) {
  HttpServer::Limits hasty;
  hasty.head_time = 100ms;
  EXPECT_EQ(answer("GET /there HTTP/1.1\r\nHos", 65536, hasty), "");
}

}  // namespace
}  // namespace danewerk::io
