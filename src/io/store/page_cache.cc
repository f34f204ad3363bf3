#include "io/store/page_cache.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>

namespace danewerk::io {
namespace {

sqlite3_pcache_methods2 its_own{};
std::atomic<std::uint64_t> asked{0};
std::atomic<std::uint64_t> walked{0};

constexpr unsigned lock_octet = 0x40000000;  // SQLite's PENDING_BYTE

/// One of SQLite's caches, and the highest page number that may be in it.
struct Kept {
  sqlite3_pcache* cache;
  unsigned passing;  // pages only pass through this number
  unsigned highest = 0;
};

Kept& kept(sqlite3_pcache* cache) { return *reinterpret_cast<Kept*>(cache); }

sqlite3_pcache* create(int page_size, int extra, int purgeable) {
  auto made = std::unique_ptr<Kept>(new (std::nothrow) Kept{nullptr, lock_octet / static_cast<unsigned>(page_size) + 1});
  if (!made) return nullptr;
  made->cache = its_own.xCreate(page_size, extra, purgeable);
  return made->cache == nullptr ? nullptr : reinterpret_cast<sqlite3_pcache*>(made.release());
}

void destroy(sqlite3_pcache* cache) {
  its_own.xDestroy(kept(cache).cache);
  delete &kept(cache);
}

void set_size(sqlite3_pcache* cache, int pages) { its_own.xCachesize(kept(cache).cache, pages); }
int page_count(sqlite3_pcache* cache) { return its_own.xPagecount(kept(cache).cache); }
void shrink(sqlite3_pcache* cache) { its_own.xShrink(kept(cache).cache); }
void unpin(sqlite3_pcache* cache, sqlite3_pcache_page* page, int discard) { its_own.xUnpin(kept(cache).cache, page, discard); }

sqlite3_pcache_page* fetch(sqlite3_pcache* cache, unsigned number, int create_it) {
  sqlite3_pcache_page* page = its_own.xFetch(kept(cache).cache, number, create_it);
  if (page != nullptr) kept(cache).highest = std::max(kept(cache).highest, number);
  return page;
}

void rekey(sqlite3_pcache* cache, sqlite3_pcache_page* page, unsigned from, unsigned to) {
  its_own.xRekey(kept(cache).cache, page, from, to);
  if (to != kept(cache).passing) kept(cache).highest = std::max(kept(cache).highest, to);
}

/// Pages from `first` on are to go. First is never 0.
void truncate(sqlite3_pcache* cache, unsigned first) {
  asked.fetch_add(1, std::memory_order_relaxed);
  if (kept(cache).highest < first) return;
  walked.fetch_add(1, std::memory_order_relaxed);
  its_own.xTruncate(kept(cache).cache, first);
  kept(cache).highest = first - 1;
}

/// Where SQLite is at work already for somebody else in this process, or knows no such thing, its own stays.
bool configure() {
  if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &its_own) != SQLITE_OK) return false;
  sqlite3_pcache_methods2 ours = its_own;
  ours.xCreate = create;
  ours.xCachesize = set_size;
  ours.xPagecount = page_count;
  ours.xFetch = fetch;
  ours.xUnpin = unpin;
  ours.xRekey = rekey;
  ours.xTruncate = truncate;
  ours.xDestroy = destroy;
  ours.xShrink = shrink;
  return sqlite3_config(SQLITE_CONFIG_PCACHE2, &ours) == SQLITE_OK;
}

}  // namespace

void use_page_cache() { [[maybe_unused]] static const bool done = configure(); }

PageCacheWalks page_cache_walks() noexcept { return {asked.load(std::memory_order_relaxed), walked.load(std::memory_order_relaxed)}; }

}  // namespace danewerk::io
