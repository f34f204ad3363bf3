#include "app/danewerk/render.h"

#include "app/danewerk/json_text.h"

namespace danewerk::app {
namespace {

std::string rule_line(const Json& rule) {
  const auto padded = [](std::string value, std::size_t width) {
    if (value.size() < width) value.append(width - value.size(), ' ');
    return value + "  ";
  };
  std::string out = padded(text(rule, "owner"), 12) + padded(text(rule, "place"), 3) + padded(text(rule, "id"), 20) + padded(text(rule, "pattern"), 26);
  if (rule.contains("unreadable")) return out + "UNREADABLE: " + text(rule, "unreadable") + "\n";
  out += text(rule, "terms") + "; " + text(rule, "reason") + " (" + text(rule, "author") + ")";
  if (rule.contains("expires")) out += (rule.contains("expired") ? ", EXPIRED " : ", until ") + text(rule, "expires");
  return out + "\n";
}

std::string finding_lines(const Json& answer) {
  std::string out;
  if (!answer.contains("findings")) return out;
  for (const Json& one : answer["findings"]) out += text(one, "severity") + ": " + text(one, "evidence") + "; " + text(one, "remedy") + "\n";
  return out;
}

std::string count_text(const Json& domain, const char* passage) {
  return text(domain[passage], "deliveries") + " deliveries to " + text(domain[passage], "recipients") + " recipients";
}

}  // namespace

std::string render_connectors(const Json& answer) {
  std::string out;
  for (const Json& rule : answer["connectors"]) out += rule_line(rule);
  if (out.empty()) out = "no connectors: every destination is treated as the standards have it\n";
  return out + finding_lines(answer);
}

std::string render_connector(const Json& answer) {
  std::string out = rule_line(answer["connector"]);
  for (const Json& row : answer["ledger"]) {
    out += "  " + text(row, "at") + " " + text(row, "who") + " " + text(row, "action") + (text(row, "why").empty() ? "" : ": " + text(row, "why")) + "\n";
  }
  return out;
}

std::string render_connector_change(const Json& answer) {
  std::string out = answer.value("dry_run", false) ? "nothing is changed yet; this would be:\n" : "";
  for (const Json& rule : answer["changed"]) out += rule_line(rule);
  for (const Json& id : answer["removed"]) out += "removed: " + id.get<std::string>() + "\n";
  if (answer["changed"].empty() && answer["removed"].empty()) out += "nothing changes\n";
  return out + finding_lines(answer);
}

std::string render_simulation(const Json& answer) {
  const Json& total = answer["total"];
  std::string out = "mail for " + text(answer, "pattern") + (answer.contains("tenant") ? " of tenant " + text(answer, "tenant") : "") + " since " +
                    text(answer, "since") + ", had it been under: " + text(answer, "terms") + "\n";
  out += "  delivered all the same   " + count_text(total, "passes") + "\n";
  out += "  held back                " + count_text(total, "held") + "\n";
  out += "  not told by the record   " + count_text(total, "not_told") + "\n";
  for (const Json& domain : answer["to"]) {
    out += "  " + text(domain, "domain") + ": held back " + count_text(domain, "held");
    if (domain["not_told"]["deliveries"] != 0) out += ", not told " + count_text(domain, "not_told");
    out += "; because of";
    for (const auto& [why, recipients] : domain["why"].items()) out += " " + why;
    out += "\n";
  }
  return out;
}

}  // namespace danewerk::app
