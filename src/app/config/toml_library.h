// toml++, for the few files that read TOML.
//
// Its parser takes for granted that a key begins as keys do, and reports a fault where one does not: but before it gets there it
// asserts the first, which ends a debug build at a file that says "[", a new line and "one]", and with clang lets a release build do
// anything at all. So its assertions mean nothing here; what it then reports is right.
#pragma once

#define TOML_EXCEPTIONS 0
#define TOML_ASSERT(expr) static_cast<void>(0)
#ifdef NDEBUG
#undef NDEBUG
#define DANEWERK_NDEBUG
#endif
#include <toml++/toml.h>
#ifdef DANEWERK_NDEBUG
#undef DANEWERK_NDEBUG
#define NDEBUG
#endif
