// ControlServer: takes requests from the local socket and gives them to the operations.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "app/control/protocol.h"
#include "io/log/log.h"
#include "io/net/local_socket.h"
#include "io/runtime/task_group.h"
#include "io/tls/connection.h"

namespace danewerk::app {

/// The octets behind a request, as they come.
class RequestBody {
 public:
  RequestBody(io::Connection& connection, std::string begun, std::uint64_t size)
      : connection_(connection), begun_(std::move(begun)), left_(size) {}
  std::uint64_t left() const noexcept { return left_; }
  /// The next piece, valid until the next call; empty at the end. Error: unavailable if the sender went away.
  io::Task<Result<std::string_view>> next();

 private:
  io::Connection& connection_;
  std::string begun_;  // read with the request's line, or by the last next()
  std::string given_;
  std::uint64_t left_;
};

/// One call. `who` is the name of the local user who asks.
struct Call {
  const Request& request;
  RequestBody& body;
  std::string who;
};
using Operation = std::function<io::Task<Result<Json>>(Call&)>;
using Operations = std::map<std::string, Operation, std::less<>>;

class ControlServer {
 public:
  /// Runs on `executor`. `operations` outlive it.
  ControlServer(io::Executor executor, const Operations& operations, io::Log& log);
  /// On the executor's thread or before it runs. Error: as io::LocalListener.
  Result<void> open(const std::string& path);
  io::TaskGroup& group() noexcept { return group_; }

 private:
  io::Task<> accept_all();
  io::Task<> serve(io::Connection connection, uid_t uid);
  io::Task<Result<Json>> perform(Call& call);

  io::TaskGroup group_;
  const Operations& operations_;
  io::Log& log_;
  std::optional<io::LocalListener> listener_;
};

}  // namespace danewerk::app
