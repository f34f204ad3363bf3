// Alarm: a sleep that can be cut short by somebody of the same reactor.
//
// Whoever rests until an instant and may be wanted sooner would otherwise have to wake now and then to look, which delays the
// one who wants something and costs a wake each time for nothing. A ring while nobody sleeps is kept for the next sleep.
#pragma once

#include "io/runtime/clock.h"
#include "io/runtime/together.h"

namespace danewerk::io {

class Alarm {
 public:
  /// Until `until` or ring(), whichever is sooner; at once if it has rung since the last sleep.
  Task<> sleep_until(Clock& clock, Instant until);
  void ring();

 private:
  class Sleeping;

  detail::Children* sleeping_ = nullptr;
  bool rung_ = false;
};

}  // namespace danewerk::io
