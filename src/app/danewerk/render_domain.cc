#include "app/danewerk/render_domain.h"

#include <algorithm>

#include "app/danewerk/json_text.h"

namespace danewerk::app {
namespace {

std::string filled_up(std::string word, std::size_t width) {
  word.resize(std::max(width, word.size() + 1), ' ');
  return word;
}

std::string render_finding(const Json& finding) {
  std::string out = "      " + text(finding, "severity") + " " + text(finding, "code");
  if (finding.contains("whose")) out += " (" + text(finding, "whose") + ")";
  out += "\n        seen:  " + text(finding, "subject") + ": " + text(finding, "evidence") + "\n";
  if (finding.contains("since")) out += "        since: " + text(finding, "since") + "\n";
  if (finding.contains("remedy")) out += "        do:    " + text(finding, "remedy") + "\n";
  if (finding.contains("record")) out += "        record: " + text(finding, "record") + "\n";
  return out;
}

std::string render_next(const Json& next) {
  std::string out = "next: " + text(next, "what") + "\n";
  if (next.contains("not_before")) out += "  not before " + text(next, "not_before") + "\n";
  if (next.contains("publish")) out += render_records("  publish:", next["publish"]);
  if (next.contains("remove")) out += render_records("  remove:", next["remove"]);
  if (next.contains("command")) out += "  " + text(next, "command") + "\n";
  return out;
}

/// What resolvers will be answered, and what in our zone brings it about where that is something else.
std::string render_dns_changes(const Json& answer, const std::string& indent) {
  std::string out;
  for (const Json& line : answer["diff"]) out += indent + line.get<std::string>() + "\n";
  if (!answer.contains("zone") || answer["zone"].empty()) return out;
  out += indent + "in our zone, where the wildcard answers for hosts without records of their own:\n";
  for (const Json& line : answer["zone"]) out += indent + "  " + line.get<std::string>() + "\n";
  return out;
}

}  // namespace

std::string render_records(const std::string& head, const Json& records) {
  std::string out = head + "\n";
  for (const Json& record : records) out += "    " + record.get<std::string>() + "\n";
  return out;
}

std::string render_domain_status(const Json& status) {
  if (status.value("dry_run", false)) return render_records("would look for:", status["publish"]);
  std::string out = text(status, "domain") + ": " + text(status, "standing") + "\n";
  out += "  DNSSEC " + text(status, "dnssec") + ", DANE " + text(status, "dane") + "\n";
  if (!text(status, "expected_mx").empty()) out += "  expected MX: " + text(status, "expected_mx") + "\n";
  for (const Json& line : status["actual_mx"]) out += "  actual MX:   " + line.get<std::string>() + "\n";
  for (const Json& check : status["checks"]) {
    out += "  " + filled_up(text(check, "check"), 12) + filled_up(text(check, "state"), 9) + text(check, "what") + "\n";
    for (const Json& finding : check["findings"]) out += render_finding(finding);
  }
  return out + render_next(status["next"]);
}

std::string render_domain_step(const Json& answer) {
  std::string out;
  const bool dry = answer.value("dry_run", false);
  if (answer.contains("changed") && !answer.value("changed", false)) out += "nothing changes: it is so already\n";
  if (answer["diff"].empty() && dry) out += "nothing changes in what resolvers are answered\n";
  out += render_dns_changes(answer, "");
  if (dry) return out + "dry run: nothing was changed\n";
  if (answer.contains("status")) out += render_domain_progress(answer["status"]);
  return out;
}

std::string render_domain_migration(const Json& answer) {
  std::string out;
  for (const Json& did : answer["did"]) {
    out += std::string(answer.value("dry_run", false) ? "would do: " : "done: ") + text(did, "step") + "\n";
    out += render_dns_changes(did, "  ");
  }
  if (answer.contains("advice")) out += text(answer, "advice") + "\n";
  return out + render_domain_progress(answer["status"]);
}

std::string render_domain_progress(const Json& status) {
  std::string out = text(status, "domain") + ": " + text(status, "standing") + "; DNSSEC " + text(status, "dnssec") + ", DANE " + text(status, "dane") + "\n";
  return out + render_next(status["next"]);
}

std::string render_domain_findings(const Json& answer) {
  std::string out;
  for (const Json& finding : answer["findings"]) out += text(finding, "domain") + "\n" + render_finding(finding);
  return out.empty() ? "nothing\n" : out;
}

}  // namespace danewerk::app
