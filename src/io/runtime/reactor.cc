#include "io/runtime/reactor.h"

#include <pthread.h>
#include <sched.h>

#include <csignal>

namespace danewerk::io {
namespace {

/// OpenSSL writes with write(2): a peer that has gone would end the process by SIGPIPE instead of with EPIPE.
boost::asio::io_context& without_broken_pipe_signals(boost::asio::io_context& context) {
  std::signal(SIGPIPE, SIG_IGN);
  return context;
}

}  // namespace

Reactor::Reactor(std::string name) : context_(1), guard_(without_broken_pipe_signals(context_).get_executor()), name_(std::move(name)) {}

Reactor::~Reactor() { stop(); }

void Reactor::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    context_.run();
  });
}

void Reactor::run() { context_.run(); }

void Reactor::stop() {
  context_.stop();
  if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

void Reactor::post(std::function<void()> work) { boost::asio::post(context_, std::move(work)); }

ReactorPool::ReactorPool(std::size_t count) {
  if (count == 0) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    count = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? static_cast<std::size_t>(CPU_COUNT(&allowed)) : 1;
  }
  for (std::size_t i = 0; i < count; ++i) reactors_.push_back(std::make_unique<Reactor>("reactor-" + std::to_string(i)));
}

void ReactorPool::start() {
  for (auto& reactor : reactors_) reactor->start();
}

void ReactorPool::stop() {
  for (auto& reactor : reactors_) reactor->stop();
}

void run_to_end(Task<> task) {
  boost::asio::io_context context(1);
  std::exception_ptr failure;
  auto on_end = [&failure](std::exception_ptr exception) { failure = exception; };
  boost::asio::co_spawn(without_broken_pipe_signals(context), std::move(task), on_end);
  context.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace danewerk::io
