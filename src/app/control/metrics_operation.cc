// metrics: a few numbers in the text form that Prometheus reads (exposition format 0.0.4).
#include <map>

#include "app/control/operations.h"

namespace danewerk::app {
namespace {

/// One metric: its samples follow.
void describe_metric(std::string& out, const std::string& name, const std::string& help) {
  out += "# HELP " + name + " " + help + "\n# TYPE " + name + " gauge\n";
}

std::string quoted_label(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

void add_queue_metrics(std::string& out, const types::QueueCounts& counts) {
  describe_metric(out, "danewerk_queue_messages", "Messages with a recipient waiting.");
  out += "danewerk_queue_messages " + std::to_string(counts.messages) + "\n";
  describe_metric(out, "danewerk_queue_recipients", "Recipients that wait, by whether they are due or held.");
  out += "danewerk_queue_recipients{state=\"waiting\"} " + std::to_string(counts.waiting) + "\n";
  out += "danewerk_queue_recipients{state=\"due\"} " + std::to_string(counts.due) + "\n";
  out += "danewerk_queue_recipients{state=\"held\"} " + std::to_string(counts.held) + "\n";
}

/// By what a dashboard asks of a rollover: which group, which line, how far.
void add_key_metrics(std::string& out, const OperatedParts& parts) {
  if (!parts.publisher_status) return;
  std::map<std::string, int> counts;
  const Json zone = parts.publisher_status();
  for (const Json& key : zone["keys"]) {
    const std::string whose = "{group=" + quoted_label(key.value("group", "")) + ",algorithm=" + quoted_label(key.value("algorithm", ""));
    ++counts[whose + ",phase=" + quoted_label(key.value("phase", "")) + "}"];
  }
  describe_metric(out, "danewerk_keys", "Keys of our MX hosts, by group of shards, algorithm and phase.");
  for (const auto& [labels, count] : counts) out += "danewerk_keys" + labels + " " + std::to_string(count) + "\n";
}

io::Task<Result<Json>> metrics(OperatedParts& parts) {
  std::string out;
  CO_TRY(const auto counts, co_await parts.queue.counts(parts.delivery.clock.now()));
  add_queue_metrics(out, counts);
  add_key_metrics(out, parts);
  describe_metric(out, "danewerk_alert", "1 for each thing that is wrong on our own side.");
  if (parts.alerts) {
    for (const Alert& alert : parts.alerts->standing()) out += "danewerk_alert{subject=" + quoted_label(alert.subject) + "} 1\n";
  }
  describe_metric(out, "danewerk_domains", "Accepted domains.");
  out += "danewerk_domains " + std::to_string(parts.domains.snapshot()->size()) + "\n";
  describe_metric(out, "danewerk_domain_findings", "Domains of which the last look found this wrong.");
  if (!parts.life.keeper) co_return object({{"text", out}});
  CO_TRY(const auto findings, co_await parts.life.keeper->findings().counts());
  for (const io::FindingCount& one : findings) {
    out += "danewerk_domain_findings{code=" + quoted_label(one.code) + ",severity=" + quoted_label(types::to_string(one.severity)) + ",whose=" +
           quoted_label(types::to_string(one.whose)) + "} " + std::to_string(one.domains) + "\n";
  }
  co_return object({{"text", out}});
}

}  // namespace

void add_metrics_operation(Operations& operations, OperatedParts& parts) {
  operations["metrics"] = [&parts](Call&) { return metrics(parts); };
}

}  // namespace danewerk::app
