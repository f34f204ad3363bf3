// Result: either a value or the reason there is none.
//
// Danewerk throws nothing. A function that can fail says so in its type, and the compiler refuses to let the caller
// ignore it. The names are those of std::expected (C++23), so that the day we may use it this header becomes an alias.
//
// An Error is for what kept us from finding out ("the resolver is down", "the file is not readable"). An outcome of the
// domain ("the TLSA record did not match") is never an Error: it is an ordinary value.
//
//   Result<Port> parse_port(std::string_view text);
//   TRY(Port port, parse_port(text));            // returns the failure to our caller
//   CO_TRY(auto answer, co_await resolver.ask(q)); // the same in a coroutine
//
// TRY and CO_TRY expand to several statements: use them only inside braces.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace danewerk {

/// The closed list of reasons an operation could not be carried out. Callers branch on these, people read Error::what.
enum class ErrorKind {
  malformed,    ///< input that does not follow its grammar
  not_found,    ///< the thing named does not exist
  timeout,      ///< a deadline passed
  refused,      ///< the other side said no
  unavailable,  ///< a part we need (resolver, store, peer) is not there just now
  conflict,     ///< somebody else changed it first, or it already exists
  denied,       ///< permission
  limit,        ///< a stated bound was reached
  corrupt,      ///< stored data contradicts itself
  cancelled,    ///< the work was told to stop
  internal,     ///< a library failed where it should not have
};

/// Short lower-case word for logs and JSON, e.g. "not_found".
const char* to_string(ErrorKind kind) noexcept;

/// What went wrong, in words that name what, where and, where known, what to do.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string what;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class E>
struct Failure {
  E error;
};

template <class E>
Failure(E) -> Failure<E>;

/// The way to return an Error: `return fail(ErrorKind::malformed, "port: not a number");`
inline Failure<Error> fail(ErrorKind kind, std::string what) { return {Error{kind, std::move(what)}}; }

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = E;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit, as std::expected

  template <class G>
    requires std::constructible_from<E, G>
  Result(Failure<G> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT: implicit

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(value()); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const T& value() const& {
    CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T& value() & {
    CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T value_or(T other) const& { return has_value() ? value() : std::move(other); }

  const E& error() const& {
    CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  E&& error() && {
    CHECK(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

  friend bool operator==(const Result&, const Result&) = default;

 private:
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  using value_type = void;
  using error_type = E;

  Result() = default;

  template <class G>
    requires std::constructible_from<E, G>
  Result(Failure<G> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT: implicit

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  void operator*() const { CHECK(has_value()); }

  const E& error() const& {
    CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  E&& error() && {
    CHECK(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<std::monostate, E> state_;
};

}  // namespace danewerk

#define DW_CONCAT_(a, b) a##b
#define DW_CONCAT(a, b) DW_CONCAT_(a, b)
#define DW_TRY_(leave, result, declaration, expression)                          \
  auto result = (expression);                                                    \
  if (!result) leave ::danewerk::Failure{std::move(result).error()};             \
  declaration = *std::move(result)
#define DW_CHECKED_(leave, result, expression) \
  if (auto result = (expression); !result) leave ::danewerk::Failure{std::move(result).error()}

/// `TRY(auto x, f());` declares x from the value, or returns f's failure. `TRY_VOID(f());` for Result<void>.
#define TRY(declaration, expression) DW_TRY_(return, DW_CONCAT(try_, __LINE__), declaration, expression)
#define CO_TRY(declaration, expression) DW_TRY_(co_return, DW_CONCAT(try_, __LINE__), declaration, expression)
#define TRY_VOID(expression) DW_CHECKED_(return, DW_CONCAT(try_, __LINE__), expression)
#define CO_TRY_VOID(expression) DW_CHECKED_(co_return, DW_CONCAT(try_, __LINE__), expression)
