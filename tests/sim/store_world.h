// StoreWorld: a mail server's life on a disk that fails, and the ledger of what it promised.
//
// One world is one seed. Clients hand messages in, deliverers claim and record, an administrator drops and retries, all
// at once; at an operation chosen by the seed the power goes (or an fsync fails, or the disk is full and later the power
// goes). The disk keeps a random part of what was not synced. The store is opened again and compared with the ledger:
//
//   * every message whose accept() returned success is there: envelope, octets, every recipient;
//   * every recipient whose end record() returned as durable has that end, and is never claimed again;
//   * what was under way is there whole or not at all;
//   * no row lacks its body, no spool file lacks its row, and SQLite finds its file sound.
//
// Then the same world goes on, several lives long. Nothing here knows how the store works inside.
// SMTP-02, RFC 5321 6.1.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "io/store/test_rig.h"

namespace danewerk::sim {

class StoreWorld {
 public:
  explicit StoreWorld(std::uint64_t seed);
  /// Empty if all promises were kept; otherwise what was broken.
  std::string live(int lives);

  std::uint64_t promised() const noexcept { return total_promised_; }
  std::uint64_t ended() const noexcept { return total_ended_; }
  std::uint64_t power_cuts() const noexcept { return power_cuts_; }
  std::uint64_t refused() const noexcept { return total_refused_; }

 private:
  struct Known {
    types::NewMessage message;
    std::string octets;  // prepended and body
    bool promised = false;
    std::map<std::uint32_t, types::RecipientState> ended;      // recorded durably
    std::map<std::uint32_t, types::RecipientState> uncertain;  // record() failed, or never answered
  };

  io::SimulatedDisk::Faults choose_faults();
  void one_life(io::Store& store);
  io::Task<> client(io::QueueStore& queue, int messages);
  io::Task<> deliverer(io::QueueStore& queue, int rounds);
  io::Task<> deliver(io::QueueStore& queue, types::DueRecipients due);
  io::Task<> administrator(io::QueueStore& queue);
  void verify(io::Store& store);
  void verify_message(io::Store& store, io::QueueStore& queue, types::QueueId id, Known& known);
  void verify_recipient(types::QueueId id, Known& known, const types::QueuedRecipient& recipient);
  types::NewMessage make_message();
  void complain(const std::string& what);
  std::uint64_t roll(std::uint64_t sides) { return entropy_.number() % sides; }

  io::SeededEntropy entropy_;
  std::shared_ptr<io::SimulatedDisk> disk_;
  std::map<types::QueueId, Known> known_;
  Instant now_ = io::test::start_of_time;
  std::string broken_;
  std::uint64_t total_promised_ = 0;
  std::uint64_t total_ended_ = 0;
  std::uint64_t total_refused_ = 0;
  std::uint64_t power_cuts_ = 0;
};

}  // namespace danewerk::sim
