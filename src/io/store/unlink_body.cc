#include "io/store/unlink_body.h"

namespace danewerk::io {

void unlink_body(Store& store, types::QueueId id) {
  auto remove = [disk = &store.disk(), id](std::size_t) { static_cast<void>(disk->remove(id)); };
  store.files().post(std::move(remove));
}

}  // namespace danewerk::io
