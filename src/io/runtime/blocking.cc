#include "io/runtime/blocking.h"

namespace danewerk::io {

void run_on(Executor executor, Task<> task) {
  std::promise<void> ended;
  boost::asio::co_spawn(executor, std::move(task), [&ended](std::exception_ptr exception) {
    if (exception) {
      ended.set_exception(exception);
    } else {
      ended.set_value();
    }
  });
  ended.get_future().get();
}

}  // namespace danewerk::io
