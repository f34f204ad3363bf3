#include "io/store/backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "io/store/database.h"

namespace danewerk::io {
namespace {

struct CloseConnection {
  void operator()(sqlite3* connection) const noexcept { sqlite3_close(connection); }
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;

Result<Connection> connect(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Connection connection(raw);
  if (code != SQLITE_OK) return fail(ErrorKind::unavailable, "cannot open " + path + ": " + (raw != nullptr ? sqlite3_errmsg(raw) : sqlite3_errstr(code)));
  sqlite3_busy_timeout(raw, 10'000);
  return connection;
}

Result<void> make_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail(errno == EEXIST ? ErrorKind::conflict : ErrorKind::unavailable, "cannot create " + path + ": " + std::strerror(errno));
  ::close(fd);
  return {};
}

Result<void> sync_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) return fail(ErrorKind::unavailable, "cannot sync " + path + ": " + std::strerror(error));
  return {};
}

}  // namespace

Result<void> copy_database(const std::string& from, const std::string& to) {
  TRY_VOID(make_private_file(to));
  {
    TRY(const Connection source, connect(from, SQLITE_OPEN_READONLY));
    TRY(const Connection target, connect(to, SQLITE_OPEN_READWRITE));
    sqlite3_backup* backup = sqlite3_backup_init(target.get(), "main", source.get(), "main");
    if (backup == nullptr) return fail(ErrorKind::unavailable, "cannot copy " + from + ": " + sqlite3_errmsg(target.get()));
    const int code = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    if (code != SQLITE_DONE) return fail(ErrorKind::unavailable, "cannot copy " + from + " to " + to + ": " + sqlite3_errstr(code));
  }
  return sync_file(to);
}

Result<Instant> newest_fact(const std::string& path) {
  TRY(Database database, Database::open(path, "", Database::Mode::reader));
  TRY(Rows rows, database.query("SELECT max(coalesce((SELECT max(at) FROM ledger), 0), coalesce((SELECT max(received_at) FROM message), 0),"
                                " coalesce((SELECT max(max(created_at, coalesce(published_at, 0), coalesce(serving_since, 0), coalesce(retired_at, 0)))"
                                " FROM key_pair), 0))"));
  TRY_VOID(rows.next());
  return rows.instant(0);
}

Result<std::uint32_t> withdraw_keys(const std::string& path, const std::string& zone, Ttl longest, Instant now) {
  TRY(Database database, Database::open(path, "", Database::Mode::writer));
  TRY_VOID(database.run("UPDATE key_pair SET withdrawn_at = ?1 WHERE withdrawn_at IS NULL", now));
  const auto keys = static_cast<std::uint32_t>(database.changes());
  TRY_VOID(database.run("INSERT INTO zone_fact(zone, name, value, at) VALUES(?1, 'earlier-ttl', ?2, ?3)"
                        " ON CONFLICT DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER)), at = excluded.at",
                        zone, std::to_string(longest.count()), now));
  return keys;
}

}  // namespace danewerk::io
