#include "io/store/database.h"

#include <sqlite3.h>

#include <type_traits>

#include "io/store/page_cache.h"

namespace danewerk::io {
namespace {

Trouble classify(int extended) {
  switch (extended & 0xff) {
    case SQLITE_FULL: return Trouble::disk_full;
    case SQLITE_IOERR: return extended == SQLITE_IOERR_SHMSIZE ? Trouble::disk_full : Trouble::broken;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: return Trouble::broken;
    default: return Trouble::none;
  }
}

ErrorKind kind_of(int extended) {
  switch (extended & 0xff) {
    case SQLITE_FULL: return ErrorKind::limit;
    case SQLITE_CONSTRAINT: return ErrorKind::conflict;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorKind::corrupt;
    case SQLITE_IOERR: return extended == SQLITE_IOERR_SHMSIZE ? ErrorKind::limit : ErrorKind::unavailable;
    default: return ErrorKind::unavailable;
  }
}

int remember_log_size(void* into, sqlite3*, const char*, int pages) {
  *static_cast<int*>(into) = pages;
  return SQLITE_OK;
}

// secure_delete=FAST: Debian builds SQLite with it fully on, which writes zeros over every deleted body once more.
constexpr const char* writer_settings =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;"
    "PRAGMA secure_delete=FAST; PRAGMA cache_size=-32768; PRAGMA foreign_keys=OFF;";
constexpr const char* reader_settings = "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192;";

}  // namespace

Rows::Rows(Rows&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)), cached_(other.cached_) {}

Rows::~Rows() {
  if (statement_ == nullptr) return;
  if (cached_) {
    sqlite3_reset(statement_);
  } else {
    sqlite3_finalize(statement_);
  }
}

Result<bool> Rows::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->failure(code, sqlite3_sql(statement_));
}

std::int64_t Rows::number(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Rows::text(int column) const {
  const void* octets = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return octets == nullptr ? std::string() : std::string(static_cast<const char*>(octets), size);
}

bool Rows::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Result<Database> Database::open(const std::string& path, const std::string& vfs, Mode mode) {
  use_page_cache();
  auto state = std::make_unique<State>();
  state->path = path;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &state->handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  Database database(std::move(state));
  if (code != SQLITE_OK) return database.failure(code, "opening it");
  sqlite3* handle = database.state_->handle;
  // Only a checkpoint or a closing connection ever makes another wait, and briefly.
  sqlite3_busy_timeout(handle, 10000);
  TRY_VOID(database.script(mode == Mode::writer ? writer_settings : reader_settings));
  if (mode == Mode::writer) sqlite3_wal_hook(handle, remember_log_size, &database.state_->log_pages);
  if (mode == Mode::reader) database.keep_log_on_close();  // the writer's business
  return database;
}

Database::Database(Database&&) noexcept = default;

Database::~Database() {
  if (!state_) return;
  for (auto& [sql, statement] : state_->statements) sqlite3_finalize(statement);
  sqlite3_close_v2(state_->handle);
}

Result<void> Database::script(const char* sql) {
  const int code = sqlite3_exec(state_->handle, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code, sql);
  return {};
}

Result<Rows> Database::prepare(std::string_view sql) {
  const auto known = state_->statements.find(sql);
  const bool busy = known != state_->statements.end() && sqlite3_stmt_busy(known->second) != 0;
  if (known != state_->statements.end() && !busy) {
    sqlite3_clear_bindings(known->second);
    return Rows(*this, known->second, true);
  }
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(state_->handle, sql.data(), static_cast<int>(sql.size()),
                                      busy ? 0 : SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(code, sql);
  if (!busy) state_->statements.emplace(sql, statement);
  return Rows(*this, statement, !busy);
}

Result<void> Database::finish(Rows& rows) {
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return {};
  }
}

Failure<Error> Database::failure(int code, std::string_view during) {
  const int extended = state_->handle != nullptr ? sqlite3_extended_errcode(state_->handle) : code;
  const Trouble now = classify(extended);
  if (now > state_->trouble) state_->trouble = now;
  std::string what = "store database " + state_->path + ": ";
  what += state_->handle != nullptr ? sqlite3_errmsg(state_->handle) : sqlite3_errstr(code);
  what += " (SQLite code " + std::to_string(extended) + ", in: " + std::string(during.substr(0, 60)) + ")";
  return fail(kind_of(extended), std::move(what));
}

std::int64_t Database::changes() const { return sqlite3_changes64(state_->handle); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(state_->handle) == 0; }

void Database::forget_full() noexcept {
  if (state_->trouble == Trouble::disk_full) state_->trouble = Trouble::none;
}

void Database::keep_log_on_close() noexcept {
  sqlite3_db_config(state_->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

Result<void> Database::checkpoint() {
  int left = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(state_->handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, &left, &moved);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) return {};  // a reader is in the way; the next one will do
  if (code != SQLITE_OK) return failure(code, "checkpoint");
  if (left == moved) state_->log_pages = 0;
  return {};
}

void Database::bind(sqlite3_stmt* statement, int index, std::int64_t value, Lifetime) {
  CHECK(sqlite3_bind_int64(statement, index, value) == SQLITE_OK);
}

void Database::bind(sqlite3_stmt* statement, int index, std::string_view value, Lifetime lifetime) {
  // A null pointer would bind NULL; an empty text is not NULL.
  const char* text = value.data() == nullptr ? "" : value.data();
  CHECK(sqlite3_bind_text64(statement, index, text, value.size(),
                            lifetime == Lifetime::copy ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
}

void Database::bind(sqlite3_stmt* statement, int index, Blob value, Lifetime lifetime) {
  const char* octets = value.octets.data() == nullptr ? "" : value.octets.data();
  CHECK(sqlite3_bind_blob64(statement, index, octets, value.octets.size(),
                            lifetime == Lifetime::copy ? SQLITE_TRANSIENT : SQLITE_STATIC) == SQLITE_OK);
}

}  // namespace danewerk::io
