#include "io/runtime/together.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/system/system_error.hpp>

namespace danewerk::io::detail {

Children::Children(Executor executor) : executor_(executor), wake_(executor) {}

Children::~Children() = default;

void Children::start(Task<> task) {
  ++running_;
  auto& signal = *signals_.emplace_back(std::make_unique<boost::asio::cancellation_signal>());
  auto on_end = [this](std::exception_ptr) {
    if (--running_ == 0) wake_.cancel();
  };
  boost::asio::co_spawn(executor_, std::move(task), boost::asio::bind_cancellation_slot(signal.slot(), std::move(on_end)));
}

void Children::cancel() {
  for (auto& signal : signals_) signal->emit(boost::asio::cancellation_type::terminal);
}

Task<bool> Children::finish(std::optional<Duration> limit) {
  if (running_ == 0) co_return true;
  // Our own cancellation must not unwind us while children still run: hear of it, cancel them, and wait.
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  wake_.expires_at(limit ? std::chrono::steady_clock::now() + *limit : std::chrono::steady_clock::time_point::max());
  auto [error] = co_await wake_.async_wait(quiet);
  static_cast<void>(error);
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  const bool parent_cancelled = state.cancelled() != boost::asio::cancellation_type::none;
  const bool by_themselves = running_ == 0;
  if (!by_themselves) {
    cancel();
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    wake_.expires_at(std::chrono::steady_clock::time_point::max());
    while (running_ != 0) {
      auto [again] = co_await wake_.async_wait(quiet);
      static_cast<void>(again);
    }
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_terminal_cancellation());
  }
  co_await boost::asio::this_coro::throw_if_cancelled(true);
  if (parent_cancelled) unwind();
  co_return by_themselves;
}

void unwind() { throw boost::system::system_error(boost::asio::error::operation_aborted); }

}  // namespace danewerk::io::detail
