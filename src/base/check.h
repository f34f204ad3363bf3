// CHECK: an assertion that stays on in production.
//
// A broken invariant must stop the process with the place and the expression, because carrying on would mean deciding
// about somebody's mail on false premises. Nothing that a peer sends may ever reach a CHECK: what enters is parsed into
// a Result first. A failed CHECK is therefore always our own fault, never an input error.
#pragma once

namespace danewerk {

/// Prints "file:line: CHECK failed: expression" on standard error and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* expression) noexcept;

}  // namespace danewerk

#define CHECK(expression) \
  do {                    \
    if (!(expression)) [[unlikely]] ::danewerk::check_failed(__FILE__, __LINE__, #expression); \
  } while (false)
