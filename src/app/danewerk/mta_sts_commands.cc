#include "app/danewerk/mta_sts_commands.h"

#include "app/danewerk/json_text.h"

namespace danewerk::app {
namespace {

struct PolicyOptions {
  std::string domain, mode, max_age, why;
  std::vector<std::string> mx;
  bool dry_run = false, no_mx = false;

  Json arguments() const {
    Json out = object({{"domain", domain}, {"mode", mode}, {"max_age", max_age}, {"why", why}, {"dry_run", dry_run}});
    if (!mx.empty() || no_mx) put(out, {"mx", mx});
    return out;
  }
};

std::string served_policy(const Json& answer) {
  if (!answer.contains("served")) return "nothing is served yet\n";
  const Json& served = answer["served"];
  std::string out = "mode " + text(served, "mode") + ", max_age " + std::to_string(served["max_age_seconds"].get<std::int64_t>()) + " s, for";
  for (const Json& host : served["mx"]) out += " " + host.get<std::string>();
  return out + "\n";
}

std::string render_policy(const Json& answer) {
  std::string out = answer.value("dry_run", false) ? "nothing is changed; this would be so:\n" : "";
  out += text(answer, "domain") + ": " + served_policy(answer);
  out += (answer.value("settled", false) ? "  " : "  next: ") + text(answer, "why") + "\n";
  for (const Json& finding : answer["findings"]) {
    out += "  " + text(finding, "severity") + ": " + text(finding, "evidence") + "\n    " + text(finding, "remedy") + "\n";
  }
  if (answer.contains("free_at")) out += "  every policy that was served has run out at " + text(answer, "free_at") + "\n";
  if (answer.contains("withdrawn")) return out + "  the owner keeps his records until `danewerk mta-sts list` does not show the domain any more\n";
  if (answer.value("settled", false)) return out;
  out += "in the owner's zone:\n";
  for (const Json& record : answer["records"]) out += "  " + record.get<std::string>() + "\n";
  return out;
}

std::string render_policies(const Json& answer) {
  std::string out = "policy host: " + text(answer, "host") + "\n";
  for (const Json& one : answer["policies"]) {
    out += text(one, "domain") + "  " + text(one, "asked") + "  " + text(one, "why") + "\n";
  }
  return out;
}

CLI::App* add_policy_command(CLI::App* group, PolicyOptions& options, const Asking& asking, const char* name, const char* help) {
  auto* command = group->add_subcommand(name, help);
  command->add_option("domain", options.domain, "the domain")->required();
  asking.add_json(command);
  return command;
}

void add_policy_change(CLI::App* command, PolicyOptions& options) {
  command->add_flag("--dry-run", options.dry_run, "say what would be served, change nothing");
  command->add_option("--why", options.why, "for the ledger");
}

void add_policy_terms(CLI::App* command, PolicyOptions& options) {
  command->add_option("--mx", options.mx, "a further host (or *.name) that mail may go to; replaces those given before");
  command->add_flag("--no-mx", options.no_mx, "no further hosts: only ours");
  command->add_option("--max-age", options.max_age, "how long senders keep it, like 7d (1d for testing, 7d for enforce)");
}

}  // namespace

void add_mta_sts_commands(CLI::App& app, const Asking& asking) {
  static PolicyOptions options;
  auto* group = app.add_subcommand("mta-sts", "MTA-STS policies that we host for domains of ours");
  group->require_subcommand(1);
  auto* enable = add_policy_command(group, options, asking, "enable", "host a policy (mode testing unless --mode says otherwise); prints the records to set");
  enable->add_option("--mode", options.mode, "testing, enforce or none");
  add_policy_terms(enable, options);
  add_policy_change(enable, options);
  enable->callback([&asking] { asking.ask("mta-sts.enable", options.arguments(), render_policy); });
  auto* status = add_policy_command(group, options, asking, "status", "look as a sender would: what is served, announced, waited for");
  status->callback([&asking] { asking.ask("mta-sts.status", options.arguments(), render_policy); });
  auto* change = add_policy_command(group, options, asking, "set-mode", "testing, enforce or none; also other hosts, or another max_age");
  change->add_option("mode", options.mode, "testing, enforce or none")->required();
  add_policy_terms(change, options);
  add_policy_change(change, options);
  change->callback([&asking] { asking.ask("mta-sts.set-mode", options.arguments(), render_policy); });
  auto* disable = add_policy_command(group, options, asking, "disable",
                                     "take the policy away in the safe order: mode none first, gone when no sender holds it");
  add_policy_change(disable, options);
  disable->callback([&asking] { asking.ask("mta-sts.disable", options.arguments(), render_policy); });
  auto* list = group->add_subcommand("list", "every policy we host");
  asking.add_json(list);
  list->callback([&asking] { asking.ask("mta-sts.list", Json::object(), render_policies); });
}

}  // namespace danewerk::app
