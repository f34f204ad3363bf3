// Kept: a short list that is read at every message and changed by people a few times a day.
//
// Readers take the snapshot, without I/O; a change is committed first and shown after, in commit order, by the writer's thread.
// For lists of hundreds: a change copies the list (DomainStore is for millions).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "io/store/store.h"

namespace danewerk::io {

/// Thread safe.
template <class T>
class Kept {
 public:
  using List = std::vector<T>;
  explicit Kept(Store& store) : store_(store), shared_(std::make_shared<Shared>()) {}

  std::shared_ptr<const List> snapshot() const {
    const std::lock_guard guard(shared_->mutex);
    return shared_->current;
  }
  /// Before any task uses the store.
  void begin_with(List list) { shared_->current = std::make_shared<const List>(std::move(list)); }
  /// `work` in a transaction; after its commit `show` changes the next snapshot.
  Task<Result<void>> change(Writer::Work work, std::function<void(List&)> show) {
    Writer::Answer settled = [shared = shared_, show = std::move(show)](const Result<void>& result) {
      if (!result) return;
      const std::lock_guard guard(shared->mutex);
      auto next = std::make_shared<List>(*shared->current);
      show(*next);
      shared->current = std::move(next);
    };
    co_return co_await store_.writer().write(std::move(work), std::move(settled));
  }

 private:
  struct Shared {
    mutable std::mutex mutex;
    std::shared_ptr<const List> current = std::make_shared<const List>();
  };
  Store& store_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace danewerk::io
