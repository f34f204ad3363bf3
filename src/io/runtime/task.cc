#include "io/runtime/task.h"

namespace danewerk::io {

Task<Executor> this_executor() { co_return co_await boost::asio::this_coro::executor; }

}  // namespace danewerk::io
