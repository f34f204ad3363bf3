// HttpServer: answers small GET requests, in clear or over TLS: ACME's HTTP-01 challenges, MTA-STS policies.
//
// Anybody may connect, so everything is bounded: connections in all and of one address, the size of a request's head, how long a peer may take over it,
// how many requests a connection may carry. There are no bodies: a request that announces one is refused and its connection closed,
// so that nothing can be hidden behind it. The reader is Boost.Beast's; what is answered is the handler's to decide.
//
// RFC 9112 (HTTP/1.1; 6.3 for bodies), RFC 8555 8.3.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "io/net/listener.h"
#include "io/runtime/task_group.h"
#include "io/tls/context.h"

namespace danewerk::io {

struct HttpCall {
  enum class Method : std::uint8_t { get, head };
  Method method = Method::get;
  std::string host;    ///< of the Host field, lower case, without port
  std::string target;  ///< as sent: "/.well-known/acme-challenge/x"; at most the head's limit
  std::string server_name;  ///< asked for in the handshake, lower case; empty in clear
  types::Endpoint peer;
};

struct HttpReply {
  unsigned status = 404;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpServer {
 public:
  using Handler = std::function<Task<HttpReply>(HttpCall)>;
  struct Limits {
    std::size_t connections = 200;
    std::size_t of_one_peer = 20;  ///< of those, from one address
    ByteCount head{8 * 1024};
    Duration head_time = std::chrono::seconds(10);  ///< for a handshake, for each request, and for each answer
    std::uint32_t requests = 20;                    ///< of one connection
  };

  /// `tls`: the context for new connections, asked for each; an empty function: in clear. All on `executor`; what `handler` and `tls`
  /// refer to outlives ended().
  HttpServer(Executor executor, Handler handler, std::function<std::shared_ptr<const ServerContext>()> tls, Limits limits);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// On the executor's thread or before it runs. Error: as Listener::open; nothing listens then.
  Result<void> listen(const std::vector<types::Endpoint>& at);
  const std::vector<types::Endpoint>& endpoints() const noexcept { return endpoints_; }
  /// Stop and join it before destroying this.
  TaskGroup& group() noexcept { return group_; }

 private:
  Task<> accept_all(std::shared_ptr<Listener> listener);
  bool take_place(const types::IpAddress& address);
  void leave(const types::IpAddress& address);
  Task<> serve(Socket socket, types::Endpoint peer);

  TaskGroup group_;
  Handler handler_;
  std::function<std::shared_ptr<const ServerContext>()> tls_;
  Limits limits_;
  std::size_t open_ = 0;
  std::map<types::IpAddress, std::size_t> open_of_;
  std::vector<types::Endpoint> endpoints_;
};

}  // namespace danewerk::io
