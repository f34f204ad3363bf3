#include "app/danewerk/render.h"

#include "app/danewerk/json_text.h"
#include "app/danewerk/render_hoster.h"
#include "app/danewerk/zone_commands.h"

namespace danewerk::app {
namespace {

std::string padded(std::string value, std::size_t width) {
  if (value.size() < width) value.append(width - value.size(), ' ');
  return value + "  ";
}

void add_dane_lines(const Json& evidence, std::string& out) {
  if (evidence.contains("tls")) out += "      " + text(evidence["tls"], "version") + " " + text(evidence["tls"], "cipher") + "\n";
  if (!evidence.contains("dane")) return;
  const Json& dane = evidence["dane"];
  out += "      DANE " + text(dane, "verdict");
  if (dane.contains("record")) out += " by " + text(dane, "record") + " at depth " + text(dane, "depth");
  out += ": " + text(dane, "reason") + "\n";
}

void add_anchor_lines(const Json& holder, const std::string& indent, std::string& out) {
  if (!holder.contains("evidence") || !holder["evidence"].is_object() || !holder["evidence"].contains("negative_trust_anchors")) return;
  for (const Json& anchor : holder["evidence"]["negative_trust_anchors"]) {
    out += indent + "negative trust anchor for " + text(anchor, "domain") + " until " + text(anchor, "until") + ", set by " + text(anchor, "who") + ": " +
           text(anchor, "why") + "\n";
  }
}

}  // namespace

std::string render_queue(const Json& answer) {
  std::string out;
  for (const Json& message : answer["messages"]) {
    out += padded(text(message, "id"), 13) + padded(text(message, "received"), 20) + padded(text(message, "waiting") + "/" + text(message, "recipients"), 7) +
           padded(text(message, "size"), 9) + padded(text(message, "sender"), 32) + (message.contains("next") ? "next " + text(message, "next") : "") + "\n";
  }
  const Json& counts = answer["counts"];
  out += text(counts, "messages") + " messages, " + text(counts, "waiting") + " recipients waiting, " + text(counts, "in_delivery") + " in delivery";
  if (counts.value("held", 0) > 0) out += ", " + text(counts, "held") + " held";
  if (counts.value("finished", std::uint64_t{0}) > 0) out += "; " + text(counts, "finished") + " finished are kept (`--which finished`)";
  return out + "\n";
}

std::string render_message(const Json& answer) {
  std::string out = "message " + text(answer, "id") + " from " + text(answer, "sender") + ", received " + text(answer, "received") + ", " +
                    text(answer, "size") + " octets, tenant " + text(answer, "tenant") + "\n";
  if (text(answer, "require_tls") == "yes") out += "  its sender demands REQUIRETLS\n";
  if (text(answer, "require_tls") == "waived") out += "  its sender said TLS-Required: No\n";
  for (const Json& recipient : answer["recipients"]) {
    out += "  " + text(recipient, "recipient") + ": " + text(recipient, "state");
    if (recipient.contains("code")) out += " " + text(recipient, "code");
    if (recipient.contains("next")) out += ", next attempt " + text(recipient, "next");
    out += "\n";
    if (recipient.contains("what")) out += "    " + text(recipient, "what") + "\n";
    add_anchor_lines(recipient, "    ", out);
  }
  for (const Json& attempt : answer["attempts"]) {
    out += "  " + text(attempt, "at") + " " + text(attempt, "code") + " " + text(attempt, "host") + ": " + text(attempt, "what") + "\n";
    if (attempt["evidence"].is_object()) add_dane_lines(attempt["evidence"], out);
    add_anchor_lines(attempt, "      ", out);
  }
  return out;
}

std::string render_domains(const Json& answer) {
  std::string out;
  for (const Json& domain : answer["domains"]) {
    out += padded(text(domain, "domain"), 30) + padded(text(domain, "tenant"), 16) + padded(text(domain, "route"), 28) + text(domain, "mx_host") + "\n";
  }
  return out.empty() ? "no domains; see `danewerk domain add`\n" : out;
}

std::string render_status(const Json& answer) {
  std::string out = text(answer, "hostname") + ": " + text(answer, "domains") + " domains; queue " + text(answer["queue"], "messages") + " messages, " +
                    text(answer["queue"], "waiting") + " waiting, " + text(answer["queue"], "in_delivery") + " in delivery\n";
  if (answer["queue"].value("held", 0) > 0) out += text(answer["queue"], "held") + " recipients are held (`danewerk queue list --which held`)\n";
  if (answer.contains("alerts")) {
    for (const Json& alert : answer["alerts"]) out += "ALERT " + text(alert, "subject") + " since " + text(alert, "since") + ": " + text(alert, "what") + "\n";
  }
  if (answer.contains("store")) out += "the store refuses writes: " + text(answer, "store") + "\n";
  out += render_hoster_status(answer);
  if (answer.contains("zone")) out += render_zone_in_brief(answer["zone"]);
  return out;
}

std::string render_queue_change(const Json& answer) {
  if (!answer.value("dry_run", false)) {
    std::string out = answer.contains("dropped") ? std::to_string(answer["dropped"].size()) + " messages" : text(answer, "recipients") + " recipients";
    if (answer.value("in_delivery", 0) > 0) out += "; " + text(answer, "in_delivery") + " are in delivery at this moment and were left alone";
    return out + "\n";
  }
  std::string out = "would change " + text(answer, "recipients") + " recipients of " + text(answer, "messages") + " messages; nothing was done\n";
  for (const Json& one : answer["first"]) {
    out += "  " + padded(text(one, "id"), 13) + padded(text(one, "recipient"), 32) + padded(text(one, "hop"), 24) + text(one, "code") + "\n";
    if (one.contains("what")) out += "    " + text(one, "what") + "\n";
  }
  const auto shown = answer["first"].size();
  if (answer.value("recipients", std::uint64_t{0}) > shown) out += "  ... the first " + std::to_string(shown) + "\n";
  return out;
}

std::string render_destinations(const Json& answer) {
  std::string out;
  for (const Json& one : answer["destinations"]) {
    out += padded(text(one, "hop"), 32) + padded(text(one, "waiting") + " waiting", 16) +
           padded(std::to_string(one.value("in_delivery", 0)) + " in delivery", 16);
    if (one.contains("allowed")) out += "allowed " + text(one, "allowed") + ": " + text(one, "why");
    out += "\n";
    if (one.contains("learned_per_minute")) out += "    at most " + text(one, "learned_per_minute") + " a minute\n";
    if (one.contains("last_failure")) {
      const Json& last = one["last_failure"];
      out += "    last failure " + text(last, "at") + " " + text(last, "code") + ": " + text(last, "what") + "\n";
    }
  }
  return out;
}

}  // namespace danewerk::app
