#include "app/danewerk/connector_commands.h"

#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "app/danewerk/exit_codes.h"
#include "app/danewerk/render.h"

namespace danewerk::app {
namespace {

/// What is given on the command line; one for all subcommands, of which only one runs.
struct Given {
  std::string id, tenant, before, why, file;
  std::vector<std::pair<const char*, std::string>> fields;  // one value each, in the order of the options
  std::vector<std::string> verify_names, source;
  bool first = false, dry_run = false, no_verify_names = false, no_source = false;
  std::int64_t days = 7;

  Json rule() const {
    Json json = Json::object();
    for (const auto& [name, value] : fields) json[name] = value;
    if (!verify_names.empty() || no_verify_names) put(json, {"verify_names", verify_names});
    if (!source.empty() || no_source) put(json, {"source", source});
    return json;
  }
};

struct FieldOption {
  const char* name;
  const char* option;
  const char* meaning;
};

constexpr FieldOption demands[] = {
    {"dane", "--dane", "opportunistic, mandatory, none or audit"},
    {"mta_sts", "--mta-sts", "opportunistic, mandatory, none or audit"},
    {"tls", "--tls", "opportunistic, require or verify"},
};
constexpr FieldOption others[] = {
    {"route", "--route", "mx, or a smart host: relay.example.com, [host.example.com]:587, [192.0.2.1]"},
    {"pool", "--pool", "the source pool of the configuration to send from; not with --source"},
    {"reason", "--reason", "why the rule exists; one line"},
    {"expires", "--expires", "from when on it decides nothing: 2026-12-31, 2026-12-31T18:00:00Z, or never"},
};

using Shared = std::shared_ptr<Given>;

void add_field(CLI::App* command, const Shared& given, const FieldOption& one) {
  const auto take = [given, name = one.name](const std::string& value) { given->fields.emplace_back(name, value); };
  command->add_option_function<std::string>(one.option, take, one.meaning);
}

void add_demands(CLI::App* command, const Shared& given) {
  for (const FieldOption& one : demands) add_field(command, given, one);
  command->add_option("--verify-name", given->verify_names, "with --tls verify: a name to accept instead of the host's own; repeat it for more")
      ->allow_extra_args(false);
}

void add_rule(CLI::App* command, const Shared& given) {
  add_demands(command, given);
  for (const FieldOption& one : others) add_field(command, given, one);
  command->add_option("--source", given->source, "our own address to send from; one of each family at most")->allow_extra_args(false);
}

void add_change(CLI::App* command, const Shared& given) {
  command->add_option("--why", given->why, "for the ledger");
  command->add_flag("--dry-run", given->dry_run, "say what would change, and change nothing");
}

void add_position(CLI::App* command, const Shared& given) {
  auto* first = command->add_flag("--first", given->first, "ahead of its owner's other rules");
  command->add_option("--before", given->before, "ahead of this rule")->excludes(first);
}

void add_pattern(CLI::App* command, const Shared& given) {
  const auto take = [given](const std::string& value) { given->fields.emplace_back("pattern", value); };
  command->add_option_function<std::string>("--pattern", take, "recipient domains: example.com, *.example.com or *")->required();
}

/// What all of a subcommand's callbacks need.
struct Wiring {
  CLI::App* parent;
  bool& json;
  int& exit_code;
  AskRunning ask;
  Shared given;

  CLI::App* add(const char* name, const char* meaning) const {
    CLI::App* command = parent->add_subcommand(name, meaning);
    command->add_flag("--json", json, "print JSON for programs");
    return command;
  }
  void change(const std::string& operation, Json arguments, std::istream* body = nullptr, std::uint64_t size = 0) const {
    put(arguments, {"why", given->why});
    put(arguments, {"dry_run", given->dry_run});
    exit_code = ask(operation, std::move(arguments), render_connector_change, body, size);
  }
};

void add_views(const Wiring& to) {
  auto* list = to.add("list", "the rules in the order in which they are asked, and what is wrong with them");
  list->add_option("--tenant", to.given->tenant, "only this tenant's; * for those for all");
  list->callback([to] { to.exit_code = to.ask("connector.list", object({{"tenant", to.given->tenant}}), render_connectors, nullptr, 0); });
  auto* show = to.add("show", "one rule, and who changed it");
  show->add_option("id", to.given->id, "its name")->required();
  show->callback([to] { to.exit_code = to.ask("connector.show", object({{"id", to.given->id}}), render_connector, nullptr, 0); });
  auto* out = to.add("export", "the rules as a file that `import` reads");
  out->add_option("--tenant", to.given->tenant, "only this tenant's; * for those for all");
  out->callback([to] { to.exit_code = to.ask("connector.export", object({{"tenant", to.given->tenant}}), nullptr, nullptr, 0); });
  auto* simulate = to.add("simulate", "how much of the mail of the last days a stricter rule would have held back, and to whom");
  add_pattern(simulate, to.given);
  add_demands(simulate, to.given);
  simulate->add_option("--tenant", to.given->tenant, "only this tenant's mail");
  simulate->add_option("--days", to.given->days, "so many days back")->capture_default_str();
  simulate->callback([to] {
    Json rule = to.given->rule();
    if (!to.given->tenant.empty()) put(rule, {"tenant", to.given->tenant});
    to.exit_code = to.ask("connector.simulate", object({{"rule", std::move(rule)}, {"days", to.given->days}}), render_simulation, nullptr, 0);
  });
}

void add_changes(const Wiring& to) {
  auto* add = to.add("add", "make a rule");
  add->add_option("id", to.given->id, "a name for it")->required();
  add->add_option("--tenant", to.given->tenant, "whose mail it is for; without it, everybody's");
  add_pattern(add, to.given);
  add_rule(add, to.given);
  add_position(add, to.given);
  add_change(add, to.given);
  add->callback([to] {
    Json rule = object({{"id", to.given->id}});
    if (!to.given->tenant.empty()) put(rule, {"tenant", to.given->tenant});
    rule.update(to.given->rule());
    to.change("connector.add", object({{"rule", std::move(rule)}, {"first", to.given->first}, {"before", to.given->before}}));
  });
  auto* set = to.add("set", "change some fields of a rule");
  set->add_option("id", to.given->id, "its name")->required();
  add_field(set, to.given, {"pattern", "--pattern", "recipient domains: example.com, *.example.com or *"});
  add_rule(set, to.given);
  set->add_flag("--no-verify-names", to.given->no_verify_names, "the host's own name again")->excludes("--verify-name");
  set->add_flag("--no-source", to.given->no_source, "the configured addresses again")->excludes("--source");
  add_change(set, to.given);
  set->callback([to] { to.change("connector.set", object({{"id", to.given->id}, {"rule", to.given->rule()}})); });
  auto* move = to.add("move", "put a rule elsewhere among its owner's; without an option, at the end");
  move->add_option("id", to.given->id, "its name")->required();
  add_position(move, to.given);
  add_change(move, to.given);
  move->callback([to] { to.change("connector.move", object({{"id", to.given->id}, {"first", to.given->first}, {"before", to.given->before}})); });
  auto* remove = to.add("remove", "end a rule");
  remove->add_option("id", to.given->id, "its name")->required();
  add_change(remove, to.given);
  remove->callback([to] { to.change("connector.remove", object({{"id", to.given->id}})); });
}

void import_file(const Wiring& to) {
  std::ostringstream text;
  if (to.given->file == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream file(to.given->file, std::ios::binary);
    text << file.rdbuf();
    if (!file) {
      std::cerr << "danewerk: cannot read " << to.given->file << "\n";
      to.exit_code = bad_usage;
      return;
    }
  }
  std::istringstream body(text.str());
  to.change("connector.import", object({{"tenant", to.given->tenant}}), &body, body.str().size());
}

}  // namespace

void add_connector_commands(CLI::App& app, bool& json, int& exit_code, AskRunning ask) {
  auto* connector = app.add_subcommand("connector", "rules for destinations: what is demanded there, and which way mail goes");
  connector->require_subcommand(1);
  const Wiring wiring{connector, json, exit_code, std::move(ask), std::make_shared<Given>()};
  add_views(wiring);
  add_changes(wiring);
  auto* import = wiring.add("import", "replace all rules, or a tenant's, by those of a TOML or JSON file; all or nothing");
  import->add_option("file", wiring.given->file, "the file; - is standard input")->required();
  import->add_option("--tenant", wiring.given->tenant, "only this tenant's rules; * for those for all");
  add_change(import, wiring.given);
  import->callback([wiring] { import_file(wiring); });
}

}  // namespace danewerk::app
