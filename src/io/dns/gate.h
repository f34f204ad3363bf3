// Gate: at most so many at once; the rest wait in order.
//
// A burst of a hundred thousand deliveries must not become a hundred thousand sockets. One reactor only. A waiter that
// is cancelled leaves the line; a pass returns with the object that holds it.
#pragma once

#include <list>
#include <utility>

#include "io/runtime/event.h"

namespace danewerk::io::dns {

class Gate {
 public:
  Gate(Executor executor, std::size_t most) : executor_(executor), free_(most) {}

  class Pass {
   public:
    explicit Pass(Gate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    Gate* gate_;
  };

  Task<Pass> enter() {
    if (free_ > 0) {
      --free_;
      co_return Pass(this);
    }
    Place place(*this);
    co_await place.waiter->event.wait();
    place.taken = true;
    co_return Pass(this);
  }
  std::size_t waiting() const noexcept { return line_.size(); }

 private:
  struct Waiter {
    explicit Waiter(Executor executor) : event(executor) {}
    Event event;
    bool granted = false;
  };
  /// A place in the line; given up, or the pass it was granted handed on, if the waiter unwinds.
  struct Place {
    explicit Place(Gate& owner) : gate(owner), waiter(owner.line_.emplace(owner.line_.end(), owner.executor_)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      const bool granted = waiter->granted;
      gate.line_.erase(waiter);
      if (granted && !taken) gate.leave();
    }
    Gate& gate;
    std::list<Waiter>::iterator waiter;
    bool taken = false;
  };

  void leave() {
    for (Waiter& waiter : line_) {
      if (waiter.granted) continue;
      waiter.granted = true;
      waiter.event.set();
      return;
    }
    ++free_;
  }

  Executor executor_;
  std::size_t free_;
  std::list<Waiter> line_;
};

}  // namespace danewerk::io::dns
