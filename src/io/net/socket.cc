#include "io/net/socket.h"

#include <fcntl.h>

#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>

namespace danewerk::io {

struct Socket::State : std::enable_shared_from_this<Socket::State> {
  State(Executor executor, int fd) : descriptor(executor, fd), watchdog(executor) {}

  boost::asio::posix::basic_stream_descriptor<Executor> descriptor;
  Timer watchdog;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::chrono::steady_clock::time_point rings_at = std::chrono::steady_clock::time_point::max();
  bool expired = false;

  /// Makes sure the watchdog rings no later than the deadline; an earlier ring is harmless and re-arms.
  void arm() {
    if (rings_at <= deadline) return;
    rings_at = deadline;
    watchdog.expires_at(deadline);
    watchdog.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      auto state = weak.lock();
      if (error || !state) return;
      state->rings_at = std::chrono::steady_clock::time_point::max();
      if (std::chrono::steady_clock::now() < state->deadline) return state->arm();
      state->expired = true;
      boost::system::error_code ignored;
      state->descriptor.cancel(ignored);
    });
  }
};

Error socket_error(const std::string& doing, int error_number) {
  return {ErrorKind::unavailable, doing + ": " + std::strerror(error_number)};
}

Socket::Socket(Executor executor, int descriptor) {
  const int flags = fcntl(descriptor, F_GETFL);
  CHECK(flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0);
  state_ = std::make_shared<State>(executor, descriptor);
}

Socket::Socket(Socket&&) noexcept = default;

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    state_ = std::move(other.state_);
  }
  return *this;
}

Socket::~Socket() { close(); }

int Socket::descriptor() const noexcept { return state_->descriptor.native_handle(); }

Executor Socket::executor() const noexcept { return state_->descriptor.get_executor(); }

bool Socket::is_open() const noexcept { return state_ && state_->descriptor.is_open(); }

void Socket::close() noexcept {
  if (!state_) return;
  state_->watchdog.cancel();
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
}

void Socket::expires_after(Duration limit) {
  state_->deadline = std::chrono::steady_clock::now() + limit;
  state_->expired = false;
}

void Socket::cancel() {
  boost::system::error_code ignored;
  if (is_open()) state_->descriptor.cancel(ignored);
}

Task<Result<void>> Socket::wait(std::shared_ptr<State> state, bool for_write) {
  using Descriptor = boost::asio::posix::descriptor_base;
  if (!state->expired && std::chrono::steady_clock::now() >= state->deadline) state->expired = true;
  if (state->expired) co_return fail(ErrorKind::timeout, "the peer took too long");
  state->arm();
  const auto direction = for_write ? Descriptor::wait_write : Descriptor::wait_read;
  auto [error] = co_await state->descriptor.async_wait(direction, quiet);
  if (state->expired) co_return fail(ErrorKind::timeout, "the peer took too long");
  if (error == boost::asio::error::operation_aborted || error == boost::asio::error::bad_descriptor) {
    co_return fail(ErrorKind::cancelled, "the connection was closed on our side");
  }
  if (error) co_return fail(ErrorKind::unavailable, error.message());
  co_return Result<void>{};
}

Task<Result<void>> Socket::readable() { return wait(state_, false); }
Task<Result<void>> Socket::writable() { return wait(state_, true); }

}  // namespace danewerk::io
