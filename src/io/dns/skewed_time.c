/* For tests: loaded before a name server's libraries, sets its clock two hours ahead, so that TSIG says BADTIME. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>

time_t time(time_t *out)
{
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  now.tv_sec += 7200;
  if (out != 0) *out = now.tv_sec;
  return now.tv_sec;
}
