// For tests: loaded before a name server's libraries, sets its clock two hours ahead, so that TSIG says BADTIME.
#include <time.h>

extern "C" time_t time(time_t* out) noexcept {
  constexpr time_t two_hours = 7200;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  now.tv_sec += two_hours;
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}
