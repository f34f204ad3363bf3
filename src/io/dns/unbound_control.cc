#include "io/dns/unbound_control.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "io/dns/exchange.h"
#include "io/runtime/together.h"

namespace danewerk::io::dns {
namespace {

namespace asio = boost::asio;
using LocalSocket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;
constexpr std::size_t longest_answer = 1U << 20;

}  // namespace

Task<Result<std::string>> UnboundControl::converse(std::string command) const {
  LocalSocket socket(co_await asio::this_coro::executor);
  constexpr std::size_t longest_path = 107;  // sockaddr_un
  if (path_.size() > longest_path) co_return fail(ErrorKind::malformed, "control socket " + path_ + ": the path is too long");
  const asio::local::stream_protocol::endpoint endpoint(path_);
  auto [refused] = co_await socket.async_connect(endpoint, quiet);
  if (refused) co_await unwind_if_cancelled();
  if (refused) co_return fail(ErrorKind::unavailable, "control socket " + path_ + ": " + refused.message());
  const std::string line = "UBCT1 " + command + "\n";  // the version of the protocol, then what unbound-control is given
  auto [unsent, written] = co_await asio::async_write(socket, asio::buffer(line), quiet);
  if (unsent) co_await unwind_if_cancelled();
  if (unsent) co_return fail(ErrorKind::unavailable, "control socket " + path_ + ": " + unsent.message());
  std::string answer;
  auto [end, size] = co_await asio::async_read(socket, asio::dynamic_buffer(answer, longest_answer), quiet);
  if (end != asio::error::eof) co_await unwind_if_cancelled();
  static_cast<void>(written + size);
  if (end != asio::error::eof) co_return fail(ErrorKind::unavailable, "control socket " + path_ + ": the answer has no end: " + end.message());
  co_return std::move(answer);
}

Task<Result<std::string>> UnboundControl::run(std::string command) const {
  CO_TRY(std::string answer, co_await list(command));
  if (answer.empty()) co_return fail(ErrorKind::refused, "Unbound does not do '" + command + "': no answer");
  co_return std::move(answer);
}

Task<Result<std::string>> UnboundControl::list(std::string command) const {
  CO_TRY(std::string answer, co_await within(deadline_, converse(command)));
  if (answer.starts_with("error")) co_return fail(ErrorKind::refused, "Unbound does not do '" + command + "': " + answer);
  co_return std::move(answer);
}

Task<Result<void>> UnboundControl::flush_zone(types::DomainName zone) const {
  CO_TRY(const std::string answer, co_await run("flush_zone " + zone.to_string()));
  if (!answer.starts_with("ok")) co_return fail(ErrorKind::refused, "Unbound on flush_zone: " + answer);
  co_return Result<void>{};
}

Task<types::Lookup> ask_uncached(StubResolver& resolver, const UnboundControl& control, types::DomainName zone,
                                 types::DnsQuestion question) {
  auto flushed = co_await control.flush_zone(zone);
  if (!flushed) {
    co_return Failure{types::LookupError{types::LookupErrorKind::unreachable, question.to_string() + ": " + flushed.error().what, {}, {}}};
  }
  resolver.forget(zone);
  co_return co_await resolver.ask_past_cache(question);
}

}  // namespace danewerk::io::dns
