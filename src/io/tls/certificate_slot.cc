#include "io/tls/certificate_slot.h"

namespace danewerk::io {

std::shared_ptr<const ServerContext> CertificateSlot::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

std::string CertificateSlot::key() const {
  const std::lock_guard lock(mutex_);
  return key_;
}

void CertificateSlot::set(std::shared_ptr<const ServerContext> context, std::string key) {
  CHECK(context != nullptr);
  std::vector<std::pair<Executor, std::shared_ptr<Event>>> waiting;
  {
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
    key_ = std::move(key);
    waiting.swap(waiting_);
  }
  // An Event belongs to one reactor: it is set there.
  for (auto& [executor, event] : waiting) {
    auto wake = [mine = event] { mine->set(); };
    boost::asio::post(executor, std::move(wake));
  }
}

Task<std::shared_ptr<const ServerContext>> CertificateSlot::first() {
  const Executor executor = co_await this_executor();
  for (;;) {
    std::shared_ptr<Event> event;
    {
      const std::lock_guard lock(mutex_);
      if (context_) co_return context_;
      event = std::make_shared<Event>(executor);
      waiting_.emplace_back(executor, event);
    }
    co_await event->wait();
  }
}

}  // namespace danewerk::io
