#include "app/danewerk/render.h"

#include "app/danewerk/render_hoster.h"

namespace danewerk::app {
namespace {

std::string text(const Json& json, const char* name) {
  if (!json.contains(name)) return "";
  return json[name].is_string() ? json[name].get<std::string>() : json[name].dump();
}

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
  return out + text(counts, "messages") + " messages, " + text(counts, "waiting") + " recipients waiting, " + text(counts, "in_delivery") + " in delivery\n";
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
  return out;
}

std::string render_status(const Json& answer) {
  std::string out = text(answer, "hostname") + ": " + text(answer, "domains") + " domains; queue " + text(answer["queue"], "messages") + " messages, " +
                    text(answer["queue"], "waiting") + " waiting, " + text(answer["queue"], "in_delivery") + " in delivery\n";
  if (answer.contains("store")) out += "the store refuses writes: " + text(answer, "store") + "\n";
  out += render_hoster_status(answer);
  if (answer.contains("zone")) out += answer["zone"].dump(2) + "\n";
  return out;
}

}  // namespace danewerk::app
