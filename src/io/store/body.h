// BodyWriter and BodyReader: message bodies on their way into the store and out, a chunk at a time.
//
// A 50 MB message must not cost 50 MB: what is small stays in memory and goes into its row; what is larger streams into a
// spool file as it comes, through one buffer of 64 KiB. Many who come at once share one allowance of memory: whoever finds it
// used up is spooled as well. The writer has its queue id from the start, because the Received
// line names it. A writer that is destroyed without accept() leaves nothing behind; if the process dies first, the next
// start sweeps the file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/store/store.h"

namespace danewerk::io {

/// The most octets a reader hands out at once, and a writer keeps back.
constexpr std::size_t body_chunk = 64 * 1024;

/// Where a body ended up, for its row.
struct StoredBody {
  std::string octets;  ///< empty if spooled
  bool spooled = false;
  std::uint64_t size = 0;
};

class BodyWriter {
 public:
  BodyWriter(Store& store, types::QueueId id);
  BodyWriter(BodyWriter&&) noexcept = default;
  BodyWriter& operator=(BodyWriter&&) noexcept = default;
  ~BodyWriter();

  types::QueueId id() const noexcept { return state_->id; }
  ByteCount size() const noexcept { return ByteCount{state_->size}; }

  /// Exactly these octets, next. `octets` must live until it returns. Errors: limit (disk full), unavailable; once it
  /// failed the writer stays failed.
  Task<Result<void>> append(std::string_view octets);

 private:
  friend class QueueStore;
  struct State {
    Store* store;
    types::QueueId id;
    std::string held;  // the whole body while small; otherwise what is not in the file yet
    std::uint64_t size = 0;
    std::shared_ptr<SpoolFile> file;
    std::optional<Error> failed;
    bool holds_much = false;  // more than body_chunk, by the store's allowance
    State(Store& owner, types::QueueId name) : store(&owner), id(name) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();  // removes the file if it is still ours
    /// That a body of so many octets so far may stay in memory.
    bool may_hold(std::size_t octets);
    void hold_little() noexcept;
  };
  Task<Result<void>> flush();
  /// Makes it durable as far as the file goes and gives up ownership of it.
  Task<Result<StoredBody>> seal();

  std::unique_ptr<State> state_;
};

/// First the prepended header lines, then the body. One coroutine at a time.
class BodyReader {
 public:
  BodyReader(Store& store, std::string prepended, std::string octets, std::shared_ptr<SpoolFile> file, std::uint64_t size)
      : store_(&store), head_(std::move(prepended)), octets_(std::move(octets)), file_(std::move(file)), size_(size) {}

  /// Prepended lines and body together.
  ByteCount size() const noexcept { return ByteCount{head_.size() + size_}; }
  /// At most 64 KiB, valid until the next call; empty at the end. Errors: corrupt if the file ends too early, unavailable.
  Task<Result<std::string_view>> next();
  /// From the start again, for another attempt.
  void rewind() noexcept { offset_ = 0; }

 private:
  Task<Result<std::string_view>> next_of_file(std::uint64_t offset);

  Store* store_;
  std::string head_;
  std::string octets_;  // a small body, or the buffer for the file's chunks
  std::shared_ptr<SpoolFile> file_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
};

}  // namespace danewerk::io
