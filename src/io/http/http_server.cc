#include "io/http/http_server.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <array>

#include "io/tls/connection.h"

namespace danewerk::io {
namespace {

namespace http = boost::beast::http;
using RequestParser = http::request_parser<http::empty_body>;

constexpr Duration pause_after_failed_accept = std::chrono::milliseconds(100);

const char* reason_of(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    default: return "Answer";
  }
}

enum class Then { next_request, close };

std::string wire_of(const HttpReply& reply, HttpCall::Method method, Then then) {
  std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " " + reason_of(reply.status) + "\r\nContent-Type: " + reply.type +
                    "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\nX-Content-Type-Options: nosniff\r\nConnection: " +
                    (then == Then::close ? "close" : "keep-alive") + "\r\n\r\n";
  return method == HttpCall::Method::head ? out : out + reply.body;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string host_of(std::string_view field) { return lower_case(field.substr(0, field.starts_with('[') ? field.find(']') : field.find(':'))); }

/// What the request is refused with; 0 where it is not.
unsigned fault_of(const RequestParser& parser) {
  const auto& request = parser.get();
  if (request.method() != http::verb::get && request.method() != http::verb::head) return 405;
  if (parser.content_length().value_or(0) > 0 || parser.chunked()) return 413;
  if (request.version() >= 11 && request.count(http::field::host) != 1) return 400;  // RFC 9112 3.2
  return 0;
}

/// One connection's octets, cut into requests.
class Reader {
 public:
  explicit Reader(std::size_t most) : most_(most) {}
  /// True with a whole head in `parser`; a status to refuse with; nothing where the peer has gone.
  Task<Result<unsigned>> next(Connection& connection, RequestParser& parser) {
    parser.header_limit(static_cast<std::uint32_t>(most_));
    std::array<char, 2048> buffer;
    while (true) {
      boost::system::error_code error;
      const std::size_t used = parser.put(boost::asio::buffer(pending_), error);
      pending_.erase(0, used);
      if (parser.is_header_done()) co_return fault_of(parser);
      if (error == http::error::header_limit) co_return 431U;
      if (error && error != http::error::need_more) co_return 400U;
      if (pending_.size() > most_) co_return 431U;
      CO_TRY(const std::size_t n, co_await connection.read_some(buffer));
      if (n == 0) co_return fail(ErrorKind::unavailable, "the peer has gone");
      pending_.append(buffer.data(), n);
    }
  }

 private:
  std::size_t most_;
  std::string pending_;
};

}  // namespace

HttpServer::HttpServer(Executor executor, Handler handler, std::function<std::shared_ptr<const ServerContext>()> tls, Limits limits)
    : group_(executor, "http"), handler_(std::move(handler)), tls_(std::move(tls)), limits_(limits) {}

Result<void> HttpServer::listen(const std::vector<types::Endpoint>& at) {
  std::vector<std::shared_ptr<Listener>> open;
  for (const types::Endpoint& one : at) {
    TRY(Listener listener, Listener::open(group_.executor(), one));
    open.push_back(std::make_shared<Listener>(std::move(listener)));
  }
  for (auto& listener : open) {
    endpoints_.push_back(listener->local());
    group_.spawn("accept", accept_all(std::move(listener)));
  }
  return {};
}

Task<> HttpServer::accept_all(std::shared_ptr<Listener> listener) {
  while (!group_.stopping()) {
    auto accepted = co_await listener->accept();
    if (!accepted) {
      Timer pause(group_.executor());
      pause.expires_after(pause_after_failed_accept);
      auto [error] = co_await pause.async_wait(quiet);
      static_cast<void>(error);
    } else if (take_place(accepted->peer.address)) {  // else it is closed at once
      const bool begun = group_.spawn("connection", serve(std::move(accepted->socket), accepted->peer));
      if (!begun) leave(accepted->peer.address);
    }
  }
}

bool HttpServer::take_place(const types::IpAddress& address) {
  if (open_ >= limits_.connections) return false;
  std::size_t& of_peer = open_of_[address];
  if (of_peer >= limits_.of_one_peer) return false;
  ++of_peer;
  ++open_;
  return true;
}

void HttpServer::leave(const types::IpAddress& address) {
  --open_;
  const auto of_peer = open_of_.find(address);
  if (--of_peer->second == 0) open_of_.erase(of_peer);
}

Task<> HttpServer::serve(Socket socket, types::Endpoint peer) {
  struct Counted {
    HttpServer& server;
    types::IpAddress address;
    ~Counted() { server.leave(address); }
  } counted{*this, peer.address};
  Connection connection(std::move(socket));
  connection.expires_after(limits_.head_time);
  std::string server_name;
  if (tls_) {
    auto context = tls_();
    if (!context) co_return;
    const auto shaken = co_await connection.accept_tls(std::move(context));
    if (!shaken) co_return;
    server_name = lower_case(shaken->server_name);
  }
  Reader reader(static_cast<std::size_t>(limits_.head));
  for (std::uint32_t i = 1; i <= limits_.requests; ++i) {
    connection.expires_after(limits_.head_time);
    RequestParser parser;
    const auto fault = co_await reader.next(connection, parser);
    if (!fault) co_return;
    HttpCall call;
    call.peer = peer;
    call.server_name = server_name;
    HttpReply reply;
    reply.status = *fault;
    Then then = *fault != 0 || i == limits_.requests || !parser.keep_alive() ? Then::close : Then::next_request;
    if (*fault == 0) {
      const auto& request = parser.get();
      call.method = request.method() == http::verb::head ? HttpCall::Method::head : HttpCall::Method::get;
      call.host = host_of(std::string_view(request[http::field::host].data(), request[http::field::host].size()));
      call.target = std::string(request.target());
      reply = co_await handler_(call);
    }
    const std::string wire = wire_of(reply, call.method, then);
    const auto written = co_await connection.write_all(wire);
    if (!written || then == Then::close) break;
  }
  connection.shutdown();
}

}  // namespace danewerk::io
