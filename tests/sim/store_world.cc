#include "store_world.h"

#include <exception>

namespace danewerk::sim {

using io::Task;
using types::RecipientState;

namespace {

constexpr std::size_t small_body = 2048;  // so that many bodies are spooled

io::StoreSettings settings_of_world() {
  io::StoreSettings settings = io::test::turned_settings();
  settings.small_body = ByteCount{small_body};
  settings.writer.group = 8;
  settings.writer.checkpoint_pages = 60;  // checkpoints must be hit by power cuts too
  return settings;
}

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

StoreWorld::StoreWorld(std::uint64_t seed) : entropy_(seed) {
  disk_ = io::SimulatedDisk::make(entropy_.number(), choose_faults());
}

void StoreWorld::complain(const std::string& what) {
  if (broken_.empty()) broken_ = what;
}

io::SimulatedDisk::Faults StoreWorld::choose_faults() {
  io::SimulatedDisk::Faults faults;
  faults.power_cut_at = roll(roll(4) == 0 ? 60 : 1200);  // a quarter of them while the store opens
  if (roll(5) == 0) faults.fail_sync = roll(40);
  if (roll(6) == 0) faults.capacity = 100'000 + roll(300'000);
  return faults;
}

std::string StoreWorld::live(int lives) {
  for (int life = 0; life < lives && broken_.empty(); ++life) {
    // A life may end while the store is being opened: then nothing may have been lost either, which the next one shows.
    if (auto store = io::Store::open(disk_, settings_of_world())) {
      one_life(**store);
    }
    disk_ = disk_->after_power_cut(choose_faults());
    ++power_cuts_;
    now_ += std::chrono::hours{1};
  }
  if (!broken_.empty()) return broken_;
  disk_->set_faults({});
  auto last = io::Store::open(disk_, settings_of_world());
  if (!last) return "the store does not open after the power cut: " + last.error().what;
  verify(**last);
  return broken_;
}

void StoreWorld::one_life(io::Store& store) {
  verify(store);
  if (!broken_.empty()) return;
  io::QueueStore queue(store);
  boost::asio::io_context loop(1);
  for (int i = 0; i < 4; ++i) boost::asio::co_spawn(loop, client(queue, 6), rethrow);
  for (int i = 0; i < 2; ++i) boost::asio::co_spawn(loop, deliverer(queue, 6), rethrow);
  boost::asio::co_spawn(loop, administrator(queue), rethrow);
  io::test::settle(loop, store);
}

types::NewMessage StoreWorld::make_message() {
  types::NewMessage message = io::test::message_to(1 + roll(5), now_);
  types::Sender& sender = message.envelope.sender;
  if (roll(4) == 0) sender.path = std::nullopt;
  if (roll(2) == 0) sender.declared_size = ByteCount{roll(100000)};
  if (roll(3) == 0) sender.require_tls = types::RequireTls::yes;
  if (roll(3) == 0) sender.envelope_id = "id with space + = \x01" + std::to_string(roll(1000));
  sender.dsn_return = static_cast<types::DsnReturn>(roll(3));
  for (auto& recipient : message.envelope.recipients) {
    if (roll(8) == 0) recipient.path = types::Postmaster{};
    if (roll(3) == 0) recipient.notify = {true, false, roll(2) == 0, true, false};
    if (roll(3) == 0) recipient.original = types::OriginalRecipient{"rfc822", "first+one@example"};
  }
  return message;
}

Task<> StoreWorld::client(io::QueueStore& queue, int messages) {
  for (int i = 0; i < messages; ++i) {
    types::NewMessage message = make_message();
    const std::size_t size = roll(4) == 0 ? small_body + roll(150'000) : roll(small_body + 1);
    const std::string body = io::test::octets_of(entropy_.number(), size);
    io::BodyWriter writer = queue.begin(now_);
    const types::QueueId id = writer.id();
    bool abandoned = roll(10) == 0;
    for (std::size_t at = 0; at < body.size() && !abandoned; at += 9000) {
      auto written = co_await writer.append(std::string_view(body).substr(at, 9000));
      abandoned = !written.has_value();
    }
    if (abandoned) continue;
    // Known before the answer: if the power goes in between, it must be there whole or not at all. A number given to a
    // message that never reached the disk may be given again.
    known_.insert_or_assign(id, Known{message, message.prepended + body, false, {}, {}});
    auto accepted = co_await queue.accept(message, std::move(writer));
    if (!accepted) {
      ++total_refused_;
      continue;
    }
    known_.at(id).promised = true;
    ++total_promised_;
  }
}

Task<> StoreWorld::deliverer(io::QueueStore& queue, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    auto due = co_await queue.claim_due(now_, 1 + roll(4));
    if (!due) co_return;
    for (types::DueRecipients& group : *due) co_await deliver(queue, std::move(group));
  }
}

Task<> StoreWorld::deliver(io::QueueStore& queue, types::DueRecipients due) {
  auto octets = co_await io::test::whole_body(queue, due.id);
  Known& known = known_.at(due.id);
  if (octets && *octets != known.octets) complain(due.id.to_string() + " was claimed with other octets than were accepted");
  if (!octets && octets.error().kind == ErrorKind::corrupt) complain(due.id.to_string() + ": " + octets.error().what);
  // g++ 12 refuses an initializer list of aggregates in a coroutine ("array used as initializer"): push_back instead.
  io::Recording recording{due.id, due.hop, now_, {}, {}, {}};
  recording.attempts.push_back({now_, due.hop, "mx", {2, 0, 0}, "attempt", "{}"});
  for (const types::DueRecipient& recipient : due.recipients) {
    if (known.ended.contains(recipient.position)) {
      complain(due.id.to_string() + " recipient " + std::to_string(recipient.position) + " was claimed after its durable end");
    }
    const auto state = static_cast<RecipientState>(roll(3));
    recording.results.push_back({recipient.position, state, now_ + std::chrono::minutes{roll(90)}, {4, 7, 0}, "why", "{}", "m"});
    if (state != RecipientState::waiting) known.uncertain[recipient.position] = state;
  }
  const auto results = recording.results;
  auto recorded = co_await queue.record(std::move(recording));
  if (!recorded) co_return;
  for (const types::RecipientResult& result : results) {
    if (result.state == RecipientState::waiting) continue;
    if (!recorded->was_queued) continue;  // dropped meanwhile: the administrator's end holds
    known.uncertain.erase(result.position);
    const bool first = known.ended.emplace(result.position, result.state).second;
    total_ended_ += first ? 1 : 0;
  }
}

Task<> StoreWorld::administrator(io::QueueStore& queue) {
  auto entries = co_await queue.list({});
  if (!entries || entries->empty()) co_return;
  const types::QueueId id = (*entries)[roll(entries->size())].id;
  Known& known = known_.at(id);
  for (std::uint32_t i = 0; i < known.message.envelope.recipients.size(); ++i) {
    if (!known.ended.contains(i)) known.uncertain[i] = RecipientState::dropped;
  }
  const types::AdminAct act{"admin", "simulation", now_};
  const std::vector<types::QueueId> ids(1, id);
  auto dropped = co_await queue.drop(ids, act);
  auto retried = co_await queue.retry(types::QueueFilter{}, act);
  static_cast<void>(dropped);
  static_cast<void>(retried);
}

void StoreWorld::verify(io::Store& store) {
  if (!store.swept().bodies_missing.empty()) {
    complain("no body for " + store.swept().bodies_missing.front().to_string());
  }
  io::QueueStore queue(store);
  for (auto known = known_.begin(); known != known_.end() && broken_.empty();) {
    auto shown = io::test::finish(store, queue.show(known->first));
    if (!shown && disk_->power_is_off()) return;  // this life ends here; the next one looks again
    if (!shown && shown.error().kind == ErrorKind::not_found) {
      if (known->second.promised) complain(known->first.to_string() + " was promised and is lost");
      known = known_.erase(known);
      continue;
    }
    if (!shown) return complain(known->first.to_string() + ": " + shown.error().what);
    verify_message(store, queue, known->first, known->second);
    ++known;
  }
  auto files = disk_->list();
  if (!files) return;
  for (const types::QueueId id : *files) {
    if (!known_.contains(id)) complain("an orphan survived the sweep: " + id.to_string());
  }
  auto check = store.reading_at_start().query("PRAGMA integrity_check");
  if (!check) return;
  auto row = check->next();
  if (row && *row && check->text(0) != "ok") complain("SQLite: " + check->text(0));
}

void StoreWorld::verify_message(io::Store& store, io::QueueStore& queue, types::QueueId id, Known& known) {
  auto shown = io::test::finish(store, queue.show(id));
  if (!shown) return;
  known.promised = true;  // it is there: from now on it must stay
  const types::Envelope& envelope = known.message.envelope;
  if (shown->entry.sender != envelope.sender) complain(id.to_string() + ": the sender's parameters changed");
  if (shown->recipients.size() != envelope.recipients.size()) return complain(id.to_string() + ": recipients are missing");
  for (const types::QueuedRecipient& recipient : shown->recipients) verify_recipient(id, known, recipient);
  known.uncertain.clear();
  if (shown->entry.waiting == 0) return;
  auto octets = io::test::finish(store, io::test::whole_body(queue, id));
  if (!octets && disk_->power_is_off()) return;
  if (!octets) return complain(id.to_string() + " cannot be read: " + octets.error().what);
  if (*octets != known.octets) complain(id.to_string() + " has other octets than were accepted");
}

void StoreWorld::verify_recipient(types::QueueId id, Known& known, const types::QueuedRecipient& recipient) {
  const std::string name = id.to_string() + " recipient " + std::to_string(recipient.position);
  const std::uint32_t position = recipient.position;
  if (recipient.recipient != known.message.envelope.recipients[position]) complain(name + ": changed");
  if (recipient.hop != known.message.hops[position]) complain(name + ": has another hop");
  const auto ended = known.ended.find(position);
  if (ended != known.ended.end() && ended->second != recipient.state && recipient.state == RecipientState::waiting) {
    complain(name + ": its durable end was forgotten");
  }
  if (recipient.state != RecipientState::waiting && ended == known.ended.end()) {
    if (!known.uncertain.contains(position)) complain(name + ": ended, and nobody ended it");
    known.ended[position] = recipient.state;
  }
}

}  // namespace danewerk::sim
