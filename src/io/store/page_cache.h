// PageCache: SQLite's own page cache, spared a walk through all of it at nearly every commit.
//
// Where SQLite balances a b-tree it swaps the numbers of two pages by way of one that no page ever has: that of the page at
// octet 2^30 of the file, where its locks lie. Its cache remembers that number as the highest it has held. At the commit it
// then believes that there are pages beyond the end of the file to be dropped, and looks for them through the whole cache:
// thousands of pages that are in no processor's cache, for every few messages (a quarter of what the writer did, by a profile).
// Here the highest number is counted without that detour, and the walk is left out where it could find nothing. All else is
// SQLite's, untouched.
//
// SQLite's C interface: sqlite3_pcache_methods2, SQLITE_CONFIG_GETPCACHE2, SQLITE_CONFIG_PCACHE2; balance_nonroot() in its btree.c.
#pragma once

#include <cstdint>

namespace danewerk::io {

/// Before the first database of the process is opened; later calls do nothing. Thread safe.
void use_page_cache();

struct PageCacheWalks {
  std::uint64_t asked = 0;   ///< by SQLite: at each commit and each rollback, of each cache
  std::uint64_t walked = 0;  ///< where pages beyond the end could be
};
/// Since the process began.
PageCacheWalks page_cache_walks() noexcept;

}  // namespace danewerk::io
