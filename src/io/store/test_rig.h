// What the store's tests and simulations share: a store without threads, moved by hand, and messages made from a seed.
//
// One loop runs the coroutines; whenever none can go on, the writer commits one group. So a run is the same at every
// repetition, groups included, and a power cut at operation n always hits the same moment.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/runtime/entropy.h"
#include "io/store/queue_store.h"
#include "io/store/simulated_disk.h"
#include "types/accepted_domain.h"

namespace danewerk::io::test {

inline const Instant start_of_time = Instant{std::chrono::milliseconds{1'795'000'000'000}};  // November 2026

inline const types::AdminAct anna{"anna", "ticket 7", start_of_time};

inline StoreSettings turned_settings() {
  StoreSettings settings;
  settings.threading = Writer::Threading::turned_by_caller;
  settings.reader_threads = 1;
  settings.room_floor = ByteCount{0};
  return settings;
}

/// Moves loop and writer until neither has anything to do.
inline void settle(boost::asio::io_context& loop, Store& store) {
  while (true) {
    loop.restart();
    if (loop.poll() == 0 && !store.turn()) return;
  }
}

template <class T>
Task<> keep_result(Task<T> task, std::optional<T>& into) {
  into.emplace(co_await std::move(task));
}

/// Runs one task to its end on a turned store.
template <class T>
T finish(Store& store, Task<T> task) {
  boost::asio::io_context loop(1);
  std::optional<T> result;
  boost::asio::co_spawn(loop, keep_result(std::move(task), result), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  settle(loop, store);
  CHECK(result.has_value());
  return *std::move(result);
}

inline types::Mailbox mailbox(const std::string& text) {
  auto parsed = types::Mailbox::parse(text, types::Smtputf8::yes);
  CHECK(parsed.has_value());
  return *parsed;
}

inline types::TenantId tenant(const std::string& text) { return *types::TenantId::parse(text); }

inline types::AcceptedDomain domain(const std::string& name, const std::string& owner) {
  return {*types::DomainName::parse(name), tenant(owner), *types::Route::parse("lmtp:127.0.0.1:24"), {}, ""};
}

/// A message from `sender` to `count` recipients, two at each hop.
inline types::NewMessage message_to(std::size_t count, Instant at = start_of_time) {
  types::NewMessage message{tenant("contoso"), types::Origin::submission, {}, {}, at, at, "Received: by test\r\n"};
  message.envelope.sender.path = mailbox("sender@contoso.example");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string domain = "hop" + std::to_string(i / 2) + ".example";
    message.envelope.recipients.push_back({mailbox("r" + std::to_string(i) + "@" + domain), {}, std::nullopt});
    message.hops.push_back({domain});
  }
  return message;
}

/// Text of `size` octets, different for every seed.
inline std::string octets_of(std::uint64_t seed, std::size_t size) {
  SeededEntropy entropy(seed);
  std::string out(size, '\0');
  entropy.fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return out;
}

/// Writes `body` in pieces and accepts it.
inline Task<Result<types::QueueId>> accept_message(QueueStore& queue, types::NewMessage message, std::string body,
                                                   std::size_t piece = 5000) {
  BodyWriter writer = queue.begin(message.received_at);
  for (std::size_t at = 0; at < body.size(); at += piece) {
    CO_TRY_VOID(co_await writer.append(std::string_view(body).substr(at, piece)));
  }
  co_return co_await queue.accept(std::move(message), std::move(writer));
}

/// Prepended lines and body, as delivery would send them.
inline Task<Result<std::string>> whole_body(QueueStore& queue, types::QueueId id) {
  CO_TRY(BodyReader reader, co_await queue.open_body(id));
  std::string out;
  while (true) {
    CO_TRY(const std::string_view chunk, co_await reader.next());
    if (chunk.empty()) break;
    out += chunk;
  }
  if (ByteCount{out.size()} != reader.size()) co_return fail(ErrorKind::corrupt, "the reader's size is not what it read");
  co_return out;
}

}  // namespace danewerk::io::test
