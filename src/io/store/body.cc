#include "io/store/body.h"

#include <algorithm>
#include <utility>

namespace danewerk::io {

BodyWriter::BodyWriter(Store& store, types::QueueId id) : state_(std::make_unique<State>(store, id)) {}

BodyWriter::~BodyWriter() = default;

BodyWriter::State::~State() {
  hold_little();
  if (!file) return;
  // Nobody waits for this: if it fails, or the process dies first, the next start sweeps the file.
  auto remove = [disk = &store->disk(), gone = std::move(file), name = id](std::size_t) mutable {
    gone.reset();
    static_cast<void>(disk->remove(name));
  };
  store->files().post(std::move(remove));
}

bool BodyWriter::State::may_hold(std::size_t octets) {
  const auto small = static_cast<std::size_t>(store->settings().small_body);
  if (octets > small) return false;
  if (octets > body_chunk && !holds_much) holds_much = store->bodies_held().take(small);
  return octets <= body_chunk || holds_much;
}

void BodyWriter::State::hold_little() noexcept {
  if (!std::exchange(holds_much, false)) return;
  held = {};
  store->bodies_held().give_back(static_cast<std::uint64_t>(store->settings().small_body));
}

Task<Result<void>> BodyWriter::append(std::string_view octets) {
  State& state = *state_;
  if (state.failed) co_return Failure{*state.failed};
  state.size += octets.size();
  if (!state.file && state.may_hold(state.held.size() + octets.size())) {
    state.held.append(octets);
    co_return Result<void>{};
  }
  while (!octets.empty()) {
    if (state.held.size() >= body_chunk) CO_TRY_VOID(co_await flush());
    const std::size_t part = std::min(octets.size(), body_chunk - state.held.size());
    state.held.append(octets.substr(0, part));
    octets.remove_prefix(part);
  }
  // Even if all of it fits into the buffer: from here on it is a spooled body.
  if (!state.file) CO_TRY_VOID(co_await flush());
  co_return Result<void>{};
}

Task<Result<void>> BodyWriter::flush() {
  using Outcome = Result<std::shared_ptr<SpoolFile>>;
  // The job owns what it uses: a cancelled session may unwind, and destroy us, as soon as it is answered.
  auto octets = std::make_shared<std::string>(std::move(state_->held));
  auto disk = &state_->store->disk();
  std::function<Outcome(std::size_t)> work = [disk, octets, file = state_->file, id = state_->id](std::size_t) -> Outcome {
    std::shared_ptr<SpoolFile> into = file;
    if (!into) {
      TRY(into, disk->create(id));
    }
    if (auto done = into->append(*octets); !done) {
      if (!file) static_cast<void>(disk->remove(id));
      return Failure{std::move(done).error()};
    }
    return into;
  };
  Outcome outcome = co_await state_->store->files().run<Outcome>(std::move(work));
  octets->clear();
  state_->held = std::move(*octets);
  state_->hold_little();
  if (!outcome) {
    state_->failed = outcome.error();
    co_return Failure{std::move(outcome).error()};
  }
  state_->file = *std::move(outcome);
  co_return Result<void>{};
}

Task<Result<StoredBody>> BodyWriter::seal() {
  if (state_->failed) co_return Failure{*state_->failed};
  if (!state_->file) co_return StoredBody{std::move(state_->held), false, state_->size};
  if (!state_->held.empty()) CO_TRY_VOID(co_await flush());
  std::function<Result<void>(std::size_t)> work = [file = state_->file](std::size_t) { return file->sync(); };
  Result<void> synced = co_await state_->store->files().run<Result<void>>(std::move(work));
  if (!synced) {
    state_->failed = synced.error();
    // After a failed fsync the file's content is anybody's guess, and so is the disk (unless it is merely full).
    if (synced.error().kind != ErrorKind::limit) state_->store->writer().break_down(synced.error());
    co_return Failure{std::move(synced).error()};
  }
  co_return StoredBody{{}, true, state_->size};
}

Task<Result<std::string_view>> BodyReader::next() {
  if (offset_ < head_.size()) {
    const auto chunk = std::string_view(head_).substr(static_cast<std::size_t>(offset_), body_chunk);
    offset_ += chunk.size();
    co_return chunk;
  }
  const std::uint64_t offset = offset_ - head_.size();
  if (offset >= size_) co_return std::string_view{};
  if (file_) {
    CO_TRY(const auto chunk, co_await next_of_file(offset));
    offset_ += chunk.size();
    co_return chunk;
  }
  const auto chunk = std::string_view(octets_).substr(static_cast<std::size_t>(offset), body_chunk);
  offset_ += chunk.size();
  co_return chunk;
}

Task<Result<std::string_view>> BodyReader::next_of_file(std::uint64_t offset) {
  using Outcome = Result<std::string>;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(body_chunk, size_ - offset));
  std::function<Outcome(std::size_t)> work = [file = file_, offset, wanted](std::size_t) -> Outcome {
    std::string buffer(wanted, '\0');
    TRY(const std::size_t got, file->read_at(offset, buffer));
    if (got != wanted) {
      return fail(ErrorKind::corrupt, "a spool file ends at octet " + std::to_string(offset + got) + ", too early");
    }
    return buffer;
  };
  Outcome outcome = co_await store_->files().run<Outcome>(std::move(work));
  if (!outcome) co_return Failure{std::move(outcome).error()};
  octets_ = *std::move(outcome);
  co_return std::string_view(octets_);
}

}  // namespace danewerk::io
