#include "app/control/server.h"

#include <pwd.h>

#include <utility>

#include "app/control/control_events.h"

namespace danewerk::app {
namespace {

constexpr Duration patience = std::chrono::minutes(5);

std::string user_name(uid_t uid) {
  const passwd* entry = getpwuid(uid);
  return entry ? entry->pw_name : "uid " + std::to_string(uid);
}

/// Reads up to the first LF; what came behind it stays in `buffer`.
io::Task<Result<std::string>> read_line(io::Connection& connection, std::string& buffer) {
  std::size_t end = 0;
  while ((end = buffer.find('\n')) == std::string::npos) {
    if (buffer.size() > longest_request) co_return fail(ErrorKind::limit, "the request is too long");
    const std::size_t had = buffer.size();
    buffer.resize(had + 65536);
    const std::span<char> fresh(buffer.data() + had, 65536);
    auto got = co_await connection.read_some(fresh);
    buffer.resize(had + (got ? *got : 0));
    if (!got) co_return Failure{std::move(got).error()};
    if (*got == 0) co_return fail(ErrorKind::unavailable, "the connection ended within a request");
  }
  std::string line = buffer.substr(0, end);
  buffer.erase(0, end + 1);
  co_return line;
}

}  // namespace

io::Task<Result<std::string_view>> RequestBody::next() {
  if (left_ == 0) co_return std::string_view{};
  if (begun_.empty()) {
    begun_.resize(65536);
    auto got = co_await connection_.read_some(begun_);
    if (!got) co_return Failure{std::move(got).error()};
    if (*got == 0) co_return fail(ErrorKind::unavailable, "the message ended before its announced size");
    begun_.resize(*got);
  }
  given_ = std::exchange(begun_, {});
  if (given_.size() > left_) given_.resize(left_);
  left_ -= given_.size();
  co_return std::string_view(given_);
}

ControlServer::ControlServer(io::Executor executor, const Operations& operations, io::Log& log)
    : group_(executor, "control"), operations_(operations), log_(log) {}

Result<void> ControlServer::open(const std::string& path) {
  TRY(auto listener, io::LocalListener::open(group_.executor(), path));
  listener_.emplace(std::move(listener));
  group_.spawn("accept", accept_all());
  return {};
}

io::Task<> ControlServer::accept_all() {
  const Duration after_failed_accept = std::chrono::milliseconds(100);
  io::SystemClock clock;
  while (!group_.stopping()) {
    auto peer = co_await listener_->accept();
    if (!peer) {
      // Too many open files, say: it passes, and the operator needs us most while it lasts.
      if (group_.stopping()) co_return;
      log_.event(control_events::accept_failed, {{"what", peer.error().what}});
      co_await clock.sleep_for(after_failed_accept);
      continue;
    }
    group_.spawn("request", serve(io::Connection(std::move(peer->socket)), peer->uid));
  }
}

io::Task<> ControlServer::serve(io::Connection connection, uid_t uid) {
  connection.expires_after(patience);
  std::string buffer;
  auto line = co_await read_line(connection, buffer);
  if (!line && line.error().kind != ErrorKind::limit) co_return;  // nobody is left to answer
  Result<Json> answer = Json();
  auto request = line ? parse_request(*line) : Result<Request>(Failure{std::move(line).error()});
  if (request) {
    RequestBody body(connection, std::move(buffer), request->body);
    Call call{*request, body, user_name(uid)};
    answer = co_await perform(call);
  } else {
    answer = Failure{std::move(request).error()};
  }
  connection.expires_after(patience);  // the operation may have taken longer than a peer may be silent
  auto written = co_await connection.write_all(to_line(answer));
  static_cast<void>(written);  // whoever asked has gone: nothing to do
  connection.shutdown();
}

io::Task<Result<Json>> ControlServer::perform(Call& call) {
  const auto operation = operations_.find(call.request.operation);
  if (operation == operations_.end()) {
    co_return fail(ErrorKind::not_found, "the running program knows no operation '" + call.request.operation + "'; is it older than this one?");
  }
  co_return co_await operation->second(call);
}

}  // namespace danewerk::app
