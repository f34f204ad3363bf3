// Claims: which (message, next hop) pairs are in delivery right now. In memory only.
//
// A claim must not survive a crash (everything waiting is due again then) and costs no disk write. The hard part is the
// race with results: a scan for due mail reads a snapshot of the database; if a delivery is recorded, committed and its
// claim released while that scan runs, the scan still sees the recipient waiting, and would send the mail twice. So a
// claim released during a scan stays held until that scan is over. One scan at a time. Thread safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "types/queue_id.h"

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
    /// False if somebody holds it, or its hop has `most_per_hop` claims already (0: no bound).
    bool take(const Key& key, std::size_t most_per_hop);

   private:
    Claims& claims_;
    std::unique_lock<std::mutex> alone_;
  };

  bool is_held(const Key& key) const;
  void release(const Key& key);
  std::size_t size() const;

 private:
  void forget(const Key& key);

  std::mutex one_scan_;
  mutable std::mutex mutex_;
  bool scanning_ = false;
  std::set<Key> held_;
  std::vector<Key> released_during_scan_;
  std::map<std::string, std::size_t> per_hop_;
};

}  // namespace danewerk::io
