#include "io/runtime/stopping.h"

namespace danewerk::io {
namespace {

Task<> stop_and_join(TaskGroup& group, Cancel cancel, std::shared_ptr<std::promise<void>> ended) {
  if (cancel == Cancel::yes) group.stop();
  co_await group.join();
  ended->set_value();
}

}  // namespace

std::future<void> ending_of(TaskGroup& group, Cancel cancel) {
  auto ended = std::make_shared<std::promise<void>>();
  auto future = ended->get_future();
  boost::asio::co_spawn(group.executor(), stop_and_join(group, cancel, std::move(ended)), [](std::exception_ptr) {});
  return future;
}

}  // namespace danewerk::io
