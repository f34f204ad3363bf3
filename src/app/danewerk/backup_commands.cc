#include "app/danewerk/backup_commands.h"

#include "app/serve/backup.h"

namespace danewerk::app {
namespace {

std::string render_backup(const Json& answer) {
  return "backup of " + answer.value("taken", "") + " in " + answer.value("backup", "") + "; it holds private keys and mail: keep it as you keep those\n";
}

std::string render_restore(const Json& answer) {
  std::string out = "restored the state of " + answer.value("taken", "") + "; what was there lies beside it (*.before-restore-*)\n";
  if (answer.value("keys_withdrawn", 0) == 0) return out;
  return out + "Its TLS keys never serve again, in case they were rolled or stolen since; new ones wait twice the TTL of their records, then port 25 opens.\n";
}

}  // namespace

void add_backup_commands(CLI::App& app, const Offline& offline) {
  static std::string directory;
  static RestoreWishes wishes;
  auto* backup = app.add_subcommand("backup", "copy mail, domains, keys and zone to a directory, beside the running program");
  backup->add_option("directory", directory, "where to; it must not exist, or be empty")->required();
  offline.add_json(backup);
  backup->callback([&offline] {
    const auto settings = offline.settings();
    offline.print(settings ? run_backup(*settings, directory) : Result<Json>(Failure<Error>{settings.error()}), render_backup);
  });
  auto* restore = app.add_subcommand("restore", "put a backup in place of the state; the program must be stopped");
  restore->add_option("directory", directory, "the backup")->required();
  restore->add_flag("--over-newer", wishes.over_newer, "even where the state is newer: mail accepted since the backup is then lost");
  restore->add_flag("--nothing-rolled-since", wishes.nothing_rolled_since, "no TLS key was rolled since the backup: let its keys serve at once");
  offline.add_json(restore);
  restore->callback([&offline] {
    const auto settings = offline.settings();
    offline.print(settings ? run_restore(*settings, directory, wishes) : Result<Json>(Failure<Error>{settings.error()}), render_restore);
  });
}

}  // namespace danewerk::app
