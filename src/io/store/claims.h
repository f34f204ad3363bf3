// Claims: which (message, next hop) pairs are in delivery right now. In memory only.
//
// A claim must not survive a crash (everything waiting is due again then) and costs no disk write. The hard part is the
// race with results: a scan for due mail reads a snapshot of the database; if a delivery is recorded, committed and its
// claim released while that scan runs, the scan still sees the recipient waiting, and would send the mail twice. So a
// claim released during a scan stays held until that scan is over. One scan at a time. Thread safe.
//
// Beside the claims it keeps what has become due since somebody last asked: the earliest instant by lane. The scheduler looks
// only into lanes named here, so that nobody has to search the queue for what is due. An instant may be too early, never too
// late: it is noted after the commit it follows from.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "types/queued_message.h"

namespace danewerk::io {

class Claims {
 public:
  using Key = std::pair<std::int64_t, std::string>;  // queue id, hop

  /// While one lives no other scan runs. Create it before the snapshot is taken.
  class Scan {
   public:
    explicit Scan(Claims& claims);
    ~Scan();
    Scan(const Scan&) = delete;
    Scan& operator=(const Scan&) = delete;
    /// False if somebody holds it.
    bool take(const Key& key, const types::TenantId& tenant) { return claims_.take(key, tenant); }
    bool is_held(const Key& key) const { return claims_.is_held(key); }

   private:
    Claims& claims_;
    std::unique_lock<std::mutex> alone_;
  };

  /// Without a scan: for who then reads the rows within a change of its own. False if somebody holds it.
  bool take(const Key& key, const types::TenantId& tenant);
  bool is_held(const Key& key) const;
  /// Ends the claim; what still waits of it is due at `next`, or later (nothing waits: absent).
  void release(const Key& key, std::optional<Instant> next = Instant{});
  std::size_t size() const;

  void note(const types::Lane& lane, Instant due);
  /// Everything noted since the last call, the earliest instant of each lane.
  std::map<types::Lane, Instant> take_notes();

 private:
  void forget(const Key& key);
  void note_locked(types::Lane lane, Instant due);

  std::mutex one_scan_;
  mutable std::mutex mutex_;
  bool scanning_ = false;
  std::map<Key, types::TenantId> held_;
  std::vector<Key> released_during_scan_;
  std::map<types::Lane, Instant> notes_;
};

}  // namespace danewerk::io
