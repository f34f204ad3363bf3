#include "app/danewerk/zone_commands.h"

#include "app/danewerk/json_text.h"

namespace danewerk::app {
namespace {

std::string findings_text(const Json& answer) {
  std::string out;
  for (const Json& finding : answer["findings"]) {
    out += text(finding, "severity") + ": " + text(finding, "subject") + ": " + text(finding, "evidence") + "\n    " + text(finding, "remedy") + "\n";
  }
  return out.empty() ? "nothing is wrong\n" : out;
}

std::string parent_text(const Json& parent) {
  std::string out = "  the parent holds:";
  for (const Json& ds : parent["ds"]) out += " DS " + ds.get<std::string>();
  if (parent["ds"].empty()) out += parent.contains("fault") ? " (" + text(parent, "fault") + ")" : " no DS";
  out += "; delegates to:";
  for (const Json& name : parent["name_servers"]) out += " " + name.get<std::string>();
  return out + (parent["name_servers"].empty() ? " (could not be seen)\n" : "\n");
}

std::string render_zone(const Json& answer) {
  std::string out = "zone " + text(answer, "zone") + ", validating resolver: " + text(answer, "validation") + "\n";
  for (const Json& server : answer["servers"]) {
    out += "  " + text(server, "server") + "  serial " + (server.contains("serial") ? text(server, "serial") : "unknown");
    if (server.contains("signed_until")) out += "  signed until " + text(server, "signed_until");
    if (server.contains("fault")) out += "  " + text(server, "fault");
    out += "\n";
    if (!server.contains("lacks")) continue;
    for (const Json& record : server["lacks"]) out += "    lacks TLSA " + record.get<std::string>() + "\n";
  }
  for (const Json& ds : answer["ds"]) out += "  the parent must hold: " + ds.get<std::string>() + "\n";
  out += parent_text(answer["parent"]) + findings_text(answer);
  if (answer.contains("fault")) out += "fault: " + text(answer, "fault") + "\n";
  return out + "next: " + text(answer["next"], "what") + ", " + text(answer["next"], "why") + " (" + text(answer["next"], "when") + ")\n";
}

std::string signalling_text(const Json& signals) {
  std::string out;
  for (const Json& one : signals) {
    for (const Json& record : one["records"]) out += "  " + text(one, "seen") + ": " + record.get<std::string>() + "\n";
  }
  if (out.empty()) return out;
  return "a parent that takes a first DS by itself (RFC 9615) looks for these, in the signed zones of your name servers:\n" + out;
}

std::string render_ds(const Json& answer) {
  std::string out;
  for (const Json& ds : answer["ds"]) out += ds.get<std::string>() + "\n";
  out += parent_text(answer["parent"]) + findings_text(answer);
  return answer.contains("signalling") ? out + signalling_text(answer["signalling"]) : out;
}

std::string render_plan(const Json& answer) {
  std::string out;
  for (const Json& line : answer["changes"]) out += line.get<std::string>() + "\n";
  for (const Json& conflict : answer["conflicts"]) out += "conflict: " + text(conflict, "what") + "\n";
  if (out.empty()) return "the zone holds what it should\n";
  return out + (answer.value("applied", false) ? "applied\n" : "");
}

}  // namespace

std::string render_zone_in_brief(const Json& zone) {
  std::string out = "zone " + text(zone, "zone") + ", validating resolver: " + text(zone, "validation");
  if (zone.contains("validation_detail")) out += " (" + text(zone, "validation_detail") + ")";
  out += "\n";
  for (const char* wrong : {"fault", "held_up", "in_the_way", "certificate_source_fault"}) {
    if (zone.contains(wrong)) out += "  " + std::string(wrong) + ": " + text(zone, wrong) + "\n";
  }
  for (const Json& server : zone["servers"]) {
    out += "  server " + text(server, "server") + ": " + text(server, "sight");
    if (!text(server, "detail").empty()) out += ", " + text(server, "detail");
    out += "\n";
  }
  for (const Json& edge : zone.value("edges", Json::array())) {
    if (edge.contains("fault")) out += "  edge " + text(edge, "address") + ": " + text(edge, "fault") + "\n";
  }
  for (const Json& ds : zone["ds"]) out += "  the parent must hold: " + ds.get<std::string>() + "\n";
  for (const Json& key : zone["keys"]) out += "  key " + text(key, "id") + ": " + text(key, "role") + ", TLSA " + text(key, "record") + "\n";
  out += "  next: " + text(zone["next"], "what") + ", " + text(zone["next"], "why") + " (" + text(zone["next"], "when") + ")\n";
  return out + "  more: `danewerk zone status`, `danewerk key list`, `danewerk status --json`\n";
}

void add_zone_commands(CLI::App& app, const Asking& asking) {
  static std::string name, type, why;
  static bool dry = false;
  auto* zone = app.add_subcommand("zone", "our MX zone: its servers, its signatures, its parent, what is to be changed in it");
  zone->require_subcommand(1);
  const auto plain = [&](const char* word, const char* what, const char* operation, std::string (*render)(const Json&)) {
    auto* command = zone->add_subcommand(word, what);
    asking.add_json(command);
    command->callback([&asking, operation, render] { asking.ask(operation, Json::object(), render); });
    return command;
  };
  plain("status", "each server: serial, life of the signatures, what it lacks; the parent; what is wrong", "zone.status", render_zone);
  plain("ds", "the DS to hand to the parent, and what the parent has", "zone.ds", render_ds);
  plain("diff", "what would be changed at the primary, and what stands in the way", "zone.diff", render_plan);
  auto* apply = zone->add_subcommand("apply", "wait until the primary holds what it should, or say why it does not");
  apply->add_flag("--dry-run", dry, "only print the difference");
  asking.add_json(apply);
  apply->callback([&asking] { asking.ask(dry ? "zone.diff" : "zone.apply", Json::object(), render_plan); });
  auto* adopt = zone->add_subcommand("adopt", "take over the records that stand at a name of ours: they count as written by us and may be changed");
  adopt->add_option("name", name, "the name, like *.s1.mx.example.net")->required();
  adopt->add_option("type", type, "A, AAAA or TLSA")->required();
  adopt->add_option("--why", why, "for the ledger");
  asking.add_json(adopt);
  adopt->callback([&asking] { asking.ask("zone.adopt", object({{"name", name}, {"type", type}, {"why", why}}), render_plan); });
}

}  // namespace danewerk::app
