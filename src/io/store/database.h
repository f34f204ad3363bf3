// Database and Rows: SQLite's C interface, as the store's threads use it.
//
// One Database is one connection and belongs to one thread. Statements are prepared once per text and kept. Values are
// bound and read by type, so that an Instant is always milliseconds since 1970 and a missing optional is always NULL.
//
// Not every failure is alike: a constraint is the caller's news, a full disk passes, but after a failed write or fsync
// nobody knows what is on the platter (SQLite's own documentation, and fsync(2): a later fsync may report success for
// pages that never arrived). `trouble()` remembers the worst seen, and Writer acts on it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace danewerk::io {

enum class Trouble : std::uint8_t {
  none,
  disk_full,  ///< nothing was written; works again once there is room
  broken,     ///< I/O error or corruption: what is on disk is unknown until the store is opened afresh
};

/// A running statement: step with next(), read columns from 0. Reset when destroyed.
class Rows {
 public:
  /// True while there is a row.
  Result<bool> next();
  std::int64_t number(int column) const;
  std::string text(int column) const;  ///< also for blobs; empty for NULL
  bool is_null(int column) const;
  Instant instant(int column) const { return Instant{Duration{number(column)}}; }
  std::optional<Instant> maybe_instant(int column) const {
    return is_null(column) ? std::nullopt : std::optional(instant(column));
  }

  Rows(Rows&& other) noexcept;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  Rows& operator=(Rows&&) = delete;
  ~Rows();

 private:
  friend class Database;
  Rows(class Database& database, sqlite3_stmt* statement, bool cached)
      : database_(&database), statement_(statement), cached_(cached) {}
  Database* database_;
  sqlite3_stmt* statement_;
  bool cached_;
};

/// Octets to be stored as a BLOB; the view must outlive the call.
struct Blob {
  std::string_view octets;
};

class Database {
 public:
  enum class Mode : std::uint8_t { writer, reader };
  /// `vfs` empty takes SQLite's default. Sets WAL, synchronous=FULL, foreign keys off, no checkpoint of its own.
  /// Error: unavailable, naming the file.
  static Result<Database> open(const std::string& path, const std::string& vfs, Mode mode);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) = delete;
  ~Database();

  /// Runs several statements without values: schema changes, BEGIN, COMMIT.
  Result<void> script(const char* sql);
  /// Runs one statement that returns no rows. `sql` must be a literal (its text is the cache key).
  template <class... Values>
  Result<void> run(std::string_view sql, const Values&... values) {
    TRY(Rows rows, prepare(sql));
    int index = 0;
    (bind(rows.statement_, ++index, values, Lifetime::call), ...);
    return finish(rows);
  }
  /// Starts a query; values are copied, so the Rows may outlive them.
  template <class... Values>
  Result<Rows> query(std::string_view sql, const Values&... values) {
    TRY(Rows rows, prepare(sql));
    int index = 0;
    (bind(rows.statement_, ++index, values, Lifetime::copy), ...);
    return rows;
  }
  /// Rows changed by the last run().
  std::int64_t changes() const;
  bool in_transaction() const;

  /// Moves the write-ahead log into the database file, as far as readers allow. Error as for any write.
  Result<void> checkpoint();
  /// Pages in the write-ahead log after the last commit.
  int log_pages() const noexcept { return state_->log_pages; }

  Trouble trouble() const noexcept { return state_->trouble; }
  void forget_full() noexcept;
  /// Closing will leave the write-ahead log as it is, for the next open to recover from.
  void keep_log_on_close() noexcept;

 private:
  friend class Rows;
  enum class Lifetime : std::uint8_t { call, copy };
  struct State {
    sqlite3* handle = nullptr;
    std::string path;
    std::unordered_map<std::string_view, sqlite3_stmt*> statements;
    Trouble trouble = Trouble::none;
    int log_pages = 0;
  };
  explicit Database(std::unique_ptr<State> state) : state_(std::move(state)) {}

  Result<Rows> prepare(std::string_view sql);
  Result<void> finish(Rows& rows);
  Failure<Error> failure(int code, std::string_view during);
  static void bind(sqlite3_stmt* statement, int index, std::int64_t value, Lifetime);
  static void bind(sqlite3_stmt* statement, int index, std::string_view value, Lifetime lifetime);
  static void bind(sqlite3_stmt* statement, int index, Blob value, Lifetime lifetime);
  static void bind(sqlite3_stmt* statement, int index, Instant value, Lifetime lifetime) {
    bind(statement, index, value.time_since_epoch().count(), lifetime);
  }
  template <class T>
    requires std::is_enum_v<T>
  static void bind(sqlite3_stmt* statement, int index, T value, Lifetime lifetime) {
    bind(statement, index, static_cast<std::int64_t>(value), lifetime);
  }
  template <class T>
    requires std::is_integral_v<T>
  static void bind(sqlite3_stmt* statement, int index, T value, Lifetime lifetime) {
    bind(statement, index, static_cast<std::int64_t>(value), lifetime);
  }
  template <class T>
  static void bind(sqlite3_stmt* statement, int index, const std::optional<T>& value, Lifetime lifetime) {
    if (value) bind(statement, index, *value, lifetime);
    // else: bindings are cleared to NULL when a statement is taken from the cache
  }

  std::unique_ptr<State> state_;
};

}  // namespace danewerk::io
