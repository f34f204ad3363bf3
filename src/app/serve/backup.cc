#include "app/serve/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "io/process/child.h"
#include "io/process/run_program.h"
#include "io/runtime/clock.h"
#include "io/store/backup.h"
#include "io/store/posix_disk.h"

namespace danewerk::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* label = "danewerk backup 1";

Failure<Error> trouble(const std::string& what, const std::error_code& error) { return fail(ErrorKind::unavailable, what + ": " + error.message()); }

/// Files and directories below `from`, those that vanish meanwhile left out.
Result<void> copy_tree(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::create_directories(to, error);
  if (error) return trouble("cannot make " + to, error);
  for (auto it = fs::recursive_directory_iterator(from, error); !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const fs::path target = to / fs::relative(it->path(), from);
    std::error_code one;
    if (it->is_directory(one)) {
      fs::create_directories(target, one);
    } else if (it->is_regular_file(one)) {
      fs::copy_file(it->path(), target, fs::copy_options::overwrite_existing, one);
    }
    if (one && one != std::errc::no_such_file_or_directory) return trouble("cannot copy " + it->path().string(), one);
  }
  if (error) return trouble("cannot read " + from, error);
  return {};
}

Result<void> make_empty_directory(const std::string& path) {
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_empty(path, error)) return fail(ErrorKind::conflict, path + " is not empty; give a backup a directory of its own");
  fs::create_directories(path, error);
  if (error) return trouble("cannot make " + path, error);
  fs::permissions(path, fs::perms::owner_all, error);
  if (error) return trouble("cannot make " + path + " private", error);
  return {};
}

bool has_zone_child(const Settings& settings) { return !settings.zone.name.is_root() && settings.zone.mode == ChildOrExternal::child; }

std::string knot_directory(const Settings& settings) { return settings.server.state_directory + "/dns"; }

/// Knot copies keys, journal and timers of all its zones itself (explicit shards are zones of their own), into a directory of its own;
/// from there they are ours to move.
Result<void> backup_zone(const Settings& settings, const std::string& into) {
  const std::string knotc = fs::path(settings.zone.binary).parent_path().string() + "/knotc";
  const std::string staging = knot_directory(settings) + "/backup";
  std::error_code error;
  fs::remove_all(staging, error);
  io::ChildSpec spec;
  spec.name = "knotc";
  spec.argv = {knotc, "-c", knot_directory(settings) + "/knot.conf", "-b", "zone-backup", "+backupdir", staging, "+journal", "+timers", "+kaspdb"};
  spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  if (geteuid() == 0) {  // its control socket is the name server's own
    TRY(spec.run_as, io::RunAs::find(settings.server.dns_user));
  }
  TRY(const io::ProgramEnd end, io::run_program(std::move(spec), std::chrono::minutes(5), ByteCount{65536}, -1));
  if (end.how != io::ProgramEnd::How::exited || end.code != 0) return fail(ErrorKind::unavailable, "the name server could not copy its zone: " + end.output);
  TRY_VOID(copy_tree(staging, into));
  fs::remove_all(staging, error);
  // That a zone's first file lies there says that its journal began (io/process/authoritative_child.h).
  for (const auto& entry : fs::directory_iterator(knot_directory(settings), error)) {
    if (entry.path().extension() != ".zone") continue;
    fs::copy_file(entry.path(), fs::path(into) / entry.path().filename(), fs::copy_options::overwrite_existing, error);
    if (error) return trouble("cannot copy " + entry.path().string(), error);
  }
  if (error) return trouble("cannot read " + knot_directory(settings), error);
  return {};
}

Result<void> write_label(const Settings& settings, const std::string& directory, Instant now) {
  std::ofstream file(directory + "/backup.txt");
  file << label << "\ntaken " << to_rfc3339(now) << "\nhost " << settings.edge.hostname.to_string() << "\nzone " << settings.zone.name.to_string() << "\n";
  file.close();
  if (!file) return fail(ErrorKind::unavailable, "cannot write " + directory + "/backup.txt");
  return {};
}

/// The lines "word value" of backup.txt.
Result<std::string> label_value(const std::string& directory, const std::string& word) {
  std::ifstream file(directory + "/backup.txt");
  std::string line;
  if (!std::getline(file, line)) return fail(ErrorKind::not_found, directory + " holds no backup.txt: it is no backup, or not a whole one");
  if (line != label) return fail(ErrorKind::corrupt, directory + "/backup.txt: '" + line + "' is not a form this program knows");
  while (std::getline(file, line)) {
    if (line.starts_with(word + " ")) return line.substr(word.size() + 1);
  }
  return std::string();
}

Result<void> give_to(const std::string& path, const std::string& user) {
  if (geteuid() != 0) return {};
  TRY(const io::RunAs owner, io::RunAs::find(user));
  std::error_code error;
  std::vector<fs::path> all{path};
  for (auto it = fs::recursive_directory_iterator(path, error); !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    all.push_back(it->path());
  }
  for (const fs::path& one : all) {
    if (::lchown(one.c_str(), owner.uid, owner.gid) == 0) continue;
    return fail(ErrorKind::denied, "cannot give " + one.string() + " to " + user + ": " + std::strerror(errno));
  }
  return {};
}

/// What stands there goes to "<name>.before-restore-<instant>".
Result<void> move_aside(const std::string& path, const std::string& stamp) {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  fs::rename(path, path + ".before-restore-" + stamp, error);
  if (error) return trouble("cannot move " + path + " aside", error);
  return {};
}

Result<void> refuse_newer(const std::string& mail, const std::string& backup, bool over_newer) {
  std::error_code error;
  if (over_newer || !fs::exists(mail + "/store.sqlite", error) || fs::file_size(mail + "/store.sqlite", error) == 0) return {};
  TRY(const Instant there, io::newest_fact(mail + "/store.sqlite"));
  TRY(const Instant kept, io::newest_fact(backup + "/mail/store.sqlite"));
  if (there <= kept) return {};
  return fail(ErrorKind::conflict, mail + " is newer than the backup: something happened there at " + to_rfc3339(there) +
                                       ", in the backup last at " + to_rfc3339(kept) +
                                       ". Mail accepted since would be lost and keys made since forgotten; if that is meant, add --over-newer");
}

/// What shall take the place of `path`, made whole beside it before anything is moved.
Result<std::string> stage(const std::string& from, const std::string& path, const std::string& user) {
  const std::string staged = path + ".restoring";
  std::error_code error;
  fs::remove_all(staged, error);
  if (error) return trouble("cannot remove " + staged, error);
  TRY_VOID(copy_tree(from, staged));
  fs::permissions(staged, fs::perms::owner_all, error);
  if (error) return trouble("cannot make " + staged + " private", error);
  TRY_VOID(give_to(staged, user));
  return staged;
}

Result<void> put_in_place(const std::string& staged, const std::string& path, const std::string& stamp) {
  TRY_VOID(move_aside(path, stamp));
  std::error_code error;
  fs::rename(staged, path, error);
  if (error) return trouble("cannot move " + staged + " to " + path, error);
  return {};
}

/// No key of before serves in a zone that cannot be asked what came after.
Result<std::uint32_t> let_go_of_keys(const Settings& settings, const std::string& staged_mail, Instant now) {
  const auto longest = std::chrono::duration_cast<std::chrono::seconds>(std::max(settings.zone.tlsa_ttl, settings.zone.negative_ttl));
  return io::withdraw_keys(staged_mail + "/store.sqlite", settings.zone.name.to_string(), Ttl{static_cast<std::uint32_t>(longest.count())}, now);
}

Result<void> restore_update_key(const Settings& settings, const std::string& directory, const std::string& stamp) {
  const std::string path = settings.server.state_directory + "/update.key";
  std::error_code error;
  if (!fs::exists(directory + "/update.key", error)) return {};
  TRY_VOID(move_aside(path, stamp));
  fs::copy_file(directory + "/update.key", path, error);
  if (error) return trouble("cannot restore " + path, error);
  return give_to(path, settings.server.user);
}

}  // namespace

Result<Json> run_backup(const Settings& settings, const std::string& directory) {
  const std::string& state = settings.server.state_directory;
  TRY_VOID(make_empty_directory(directory));
  TRY_VOID(make_empty_directory(directory + "/mail"));
  // A body's file is there before its row, and goes after it: so files before and after the database hold every body its rows name,
  // but for messages that came and went in between, which the rows then miss for a reason.
  TRY_VOID(copy_tree(state + "/mail/spool", directory + "/mail/spool"));
  TRY_VOID(io::copy_database(state + "/mail/store.sqlite", directory + "/mail/store.sqlite"));
  TRY_VOID(copy_tree(state + "/mail/spool", directory + "/mail/spool"));
  std::error_code error;
  if (fs::exists(state + "/update.key", error)) {
    fs::copy_file(state + "/update.key", directory + "/update.key", error);
    if (error) return trouble("cannot copy " + state + "/update.key", error);
  }
  if (has_zone_child(settings)) TRY_VOID(backup_zone(settings, directory + "/dns"));
  const Instant now = io::SystemClock().now();
  TRY_VOID(write_label(settings, directory, now));
  ::sync();  // the copies are many small files; one wait for all
  return object({{"backup", directory}, {"taken", to_rfc3339(now)}, {"zone", has_zone_child(settings)}});
}

Result<Json> run_restore(const Settings& settings, const std::string& directory, const RestoreWishes& wishes) {
  const std::string& state = settings.server.state_directory;
  TRY(const std::string taken, label_value(directory, "taken"));
  TRY(const std::string zone, label_value(directory, "zone"));
  if (zone != settings.zone.name.to_string()) {
    return fail(ErrorKind::conflict, "the backup is of zone " + zone + ", the settings name " + settings.zone.name.to_string());
  }
  std::error_code error;
  fs::create_directories(state, error);
  if (error) return trouble("cannot make " + state, error);
  std::unique_ptr<io::DiskLock> lock;  // held while we look and move: nobody starts meanwhile
  if (fs::exists(state + "/mail", error)) {
    TRY(lock, io::PosixDisk(state + "/mail").prepare());
    TRY_VOID(refuse_newer(state + "/mail", directory, wishes.over_newer));
  }
  const Instant now = io::SystemClock().now();
  const std::string stamp = to_rfc3339(now);
  TRY(const std::string mail, stage(directory + "/mail", state + "/mail", settings.server.user));
  const bool child = has_zone_child(settings);
  std::string dns;
  std::uint32_t let_go = 0;
  if (child) {
    TRY(dns, stage(directory + "/dns", knot_directory(settings), settings.server.dns_user));
  }
  if (child && !wishes.nothing_rolled_since) {
    TRY(let_go, let_go_of_keys(settings, mail, now));
    TRY_VOID(give_to(mail, settings.server.user));
  }
  TRY_VOID(put_in_place(mail, state + "/mail", stamp));  // before the zone: stopped in between, no key of before may serve
  if (child) TRY_VOID(put_in_place(dns, knot_directory(settings), stamp));
  TRY_VOID(restore_update_key(settings, directory, stamp));
  ::sync();
  return object({{"restored", directory}, {"taken", taken}, {"keys_withdrawn", let_go}});
}

}  // namespace danewerk::app
