// Task: a coroutine of ours, and the one heavy header that coroutines need.
//
// All waiting in Danewerk is written as coroutines on Boost.Asio. Everything asio that the rest of io/ and service/ may
// see is named here, once: Task<T>, the Executor it runs on, and `quiet`, the completion token that hands error codes
// back as values instead of throwing.
//
// How a Task ends early: a TaskGroup that stops cancels its tasks; a cancelled task's current wait ends, and its next
// co_await unwinds it (the only exception Danewerk lets fly, and TaskGroup catches it). So cleanup belongs in
// destructors, and nothing durable may depend on code behind a co_await being reached.
//
// Traps of g++ 12.2 (docs/decisions/0001): no capturing lambda in the expression that holds co_await; no co_await inside
// a statement expression; use CO_TRY.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"

namespace danewerk::io {

/// One reactor's queue; cheap to copy.
using Executor = boost::asio::io_context::executor_type;

template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

/// `auto [error] = co_await timer.async_wait(quiet);`
inline constexpr auto quiet = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// The executor the calling coroutine runs on.
Task<Executor> this_executor();

}  // namespace danewerk::io
