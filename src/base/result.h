// Result: either a value or the reason there is none.
//
// Danewerk throws nothing. A function that can fail says so in its type, and the compiler refuses to let the caller
// ignore it. The names are those of std::expected (C++23), so that the day we may use it this header becomes an alias.
// Until then it is a union of its own: as a std::variant each T brought a set of visitors to compile (decision 0091).
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
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

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

  Result(T value) : value_(std::move(value)), has_value_(true) {}  // NOLINT: implicit, as std::expected

  template <class G>
    requires std::constructible_from<E, G>
  Result(Failure<G> failure) : error_(std::move(failure.error)), has_value_(false) {}  // NOLINT: implicit

  Result(const Result& other)
    requires std::is_copy_constructible_v<T>
      : has_value_(other.has_value_) {
    if (has_value_) {
      std::construct_at(&value_, other.value_);
    } else {
      std::construct_at(&error_, other.error_);
    }
  }
  Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : has_value_(other.has_value_) {
    if (has_value_) {
      std::construct_at(&value_, std::move(other.value_));
    } else {
      std::construct_at(&error_, std::move(other.error_));
    }
  }
  Result& operator=(const Result& other)
    requires std::is_copy_constructible_v<T>
  {
    return *this = Result(other);
  }
  Result& operator=(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    if (this == &other) return *this;
    std::destroy_at(this);
    return *std::construct_at(this, std::move(other));
  }
  ~Result() {
    if (has_value_) {
      std::destroy_at(&value_);
    } else {
      std::destroy_at(&error_);
    }
  }

  bool has_value() const noexcept { return has_value_; }
  explicit operator bool() const noexcept { return has_value_; }

  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(value()); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const T& value() const& {
    CHECK(has_value_);
    return value_;
  }
  T& value() & {
    CHECK(has_value_);
    return value_;
  }
  T&& value() && {
    CHECK(has_value_);
    return std::move(value_);
  }
  T value_or(T other) const& { return has_value_ ? value_ : std::move(other); }

  const E& error() const& {
    CHECK(!has_value_);
    return error_;
  }
  E&& error() && {
    CHECK(!has_value_);
    return std::move(error_);
  }

  friend bool operator==(const Result& a, const Result& b) {
    if (a.has_value_ != b.has_value_) return false;
    return a.has_value_ ? a.value_ == b.value_ : a.error_ == b.error_;
  }

 private:
  union {
    T value_;
    E error_;
  };
  bool has_value_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  using value_type = void;
  using error_type = E;

  Result() = default;

  template <class G>
    requires std::constructible_from<E, G>
  Result(Failure<G> failure) : error_(std::move(failure.error)) {}  // NOLINT: implicit

  bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }
  void operator*() const { CHECK(has_value()); }

  const E& error() const& {
    CHECK(!has_value());
    return *error_;
  }
  E&& error() && {
    CHECK(!has_value());
    return *std::move(error_);
  }

 private:
  std::optional<E> error_;
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
