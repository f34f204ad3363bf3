#include <signal.h>

#include "app/serve/serve.h"
#include "app/serve/worker.h"

namespace danewerk::app {

Result<int> run_worker(const Settings& settings) {
  // Blocked before any thread starts, so that every thread inherits it and only sigwait() sees them.
  sigset_t signals;
  sigemptyset(&signals);
  for (int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Worker worker(settings);
  TRY_VOID(worker.start());
  int received = 0;
  do {
    sigwait(&signals, &received);
  } while (received == SIGHUP);  // nothing to reread: what changes at run time is in the store
  worker.stop();
  return 0;
}

}  // namespace danewerk::app
