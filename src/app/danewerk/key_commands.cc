#include "app/danewerk/key_commands.h"

#include <array>
#include <utility>

namespace danewerk::app {
namespace {

std::string when_of(const Json& key) {
  static constexpr std::array<std::pair<const char*, const char*>, 4> instants{
      {{"serving_since", "since "}, {"ready", "safe from "}, {"published", "published "}, {"created", "made "}}};
  for (const auto& [member, words] : instants) {
    if (key.contains(member)) return words + key.value(member, "");
  }
  return "";
}

/// " (group pilot)" of a group of shards with keys of its own.
std::string group_of(const Json& one) {
  const std::string group = one.value("group", "default");
  return group == "default" ? "" : "  (group " + group + ")";
}

std::string key_line(const Json& key) {
  std::string out = key.value("id", "") + "  " + key.value("algorithm", "") + "  " + key.value("phase", "") + "  " + when_of(key) + group_of(key) + "\n";
  if (key.contains("certificate")) out += "  certificate: " + key.value("certificate", "") + "\n";
  if (key.contains("certificate_source_says")) out += "  its source says: " + key.value("certificate_source_says", "") + "\n";
  return out;
}

std::string agenda_lines(const Json& agenda) {
  std::string out;
  for (const Json& step : agenda) {
    const std::string what = step.value("what", "");
    if (agenda.size() > 1 && what == "wait" && step.value("why", "") == "nothing is due") continue;
    out += "  " + step.value("when", "") + "  " + (what == "wait" ? "" : what + ": ") + step.value("why", "") +
           (step.value("in_the_way", false) ? "  (in the way)" : "") + group_of(step) + "\n";
  }
  return out;
}

std::string render_keys(const Json& answer) {
  std::string out;
  for (const Json& group : answer["groups"]) {
    if (answer["groups"].size() < 2 && group_of(group).empty()) continue;
    out += "group " + group.value("group", "") + ":";
    for (const Json& shard : group["shards"]) out += " " + shard.get<std::string>();
    out += "\n";
  }
  for (const Json& key : answer["keys"]) out += key_line(key);
  if (answer.contains("certificate_source_fault")) out += "certificate source: " + answer.value("certificate_source_fault", "") + "\n";
  return out + "next:\n" + agenda_lines(answer["agenda"]);
}

std::string sentences_of(const Json& answer) {
  std::string out;
  for (const Json& sentence : answer["if_compromised"]) out += "  " + sentence.get<std::string>() + "\n";
  return out;
}

std::string render_key(const Json& answer) {
  std::string out = key_line(answer["key"]) + "  record: " + answer["key"].value("record", "") + "\n";
  for (const char* fact : {"created", "published", "seen_everywhere", "ready", "serving_since", "retired", "certificate_expires"}) {
    if (answer["key"].contains(fact)) out += "  " + std::string(fact) + ": " + answer["key"].value(fact, "") + "\n";
  }
  if (!answer["agenda"].empty()) out += "next:\n" + agenda_lines(answer["agenda"]);
  return out + "if it were declared compromised:\n" + sentences_of(answer);
}

std::string render_roll(const Json& answer) {
  if (answer.value("dry_run", false)) return "nothing is changed; this would follow:\n" + agenda_lines(answer["agenda"]);
  std::string out;
  for (const Json& key : answer["replaced"]) out += "key " + key.get<std::string>() + " will be replaced by the next\n";
  return out + "next:\n" + agenda_lines(answer["agenda"]);
}

std::string render_compromised(const Json& answer) {
  const std::string key = answer.value("key", "");
  std::string copies;  // a new group begins with copies of another's keys
  for (const Json& copy : answer.value("copies", Json::array())) {
    copies += ", with its copy " + copy.value("key", "") + " of the group " + copy.value("group", "") + ",";
  }
  if (answer.value("declared", false)) {
    return "key " + key + copies + " is declared compromised.\n" + sentences_of(answer) + "`danewerk key list` shows how far it is.\n";
  }
  return "nothing is changed yet. If key " + key + copies + " is declared compromised:\n" + sentences_of(answer) + "To go on, say --yes.\n";
}

}  // namespace

void add_key_commands(CLI::App& app, const Asking& asking) {
  static std::string key, why, algorithm, group;
  static bool dry = false, yes = false;
  auto* keys = app.add_subcommand("key", "the edge's keys: what each waits for, another in its place, a stolen one");
  keys->require_subcommand(1);
  auto* list = keys->add_subcommand("list", "all keys with their phase, and what comes next");
  list->add_option("--group", group, "of this group of shards only (zone.key_groups); \"default\": of all shards that no group names");
  asking.add_json(list);
  list->callback([&asking] { asking.ask("key.list", object({{"group", group}}), render_keys); });
  auto* show = keys->add_subcommand("show", "one key: its instants, what it waits for and until when");
  show->add_option("key", key, "its id, as list shows it")->required();
  asking.add_json(show);
  show->callback([&asking] { asking.ask("key.show", object({{"key", key}}), render_key); });
  auto* roll = keys->add_subcommand("roll", "let the next key serve now, through all gates");
  roll->add_option("--algorithm", algorithm, "ecdsa or rsa only; without it all, one after another");
  roll->add_option("--group", group, "of this group of shards only (zone.key_groups); without it of all groups");
  roll->add_option("--why", why, "for the ledger");
  roll->add_flag("--dry-run", dry, "only say what would follow");
  asking.add_json(roll);
  roll->callback([&asking] { asking.ask("key.roll", object({{"algorithm", algorithm}, {"group", group}, {"why", why}, {"dry_run", dry}}), render_roll); });
  auto* compromised = keys->add_subcommand("compromised", "a key is in others' hands: say what that costs, and with --yes replace it");
  compromised->add_option("key", key, "its id, as list shows it")->required();
  compromised->add_option("--why", why, "for the ledger, and for whoever asks")->required();
  compromised->add_flag("--yes", yes, "go on");
  asking.add_json(compromised);
  compromised->callback([&asking] { asking.ask("key.compromised", object({{"key", key}, {"why", why}, {"yes", yes}}), render_compromised); });
}

}  // namespace danewerk::app
