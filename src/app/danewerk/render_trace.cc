#include "app/danewerk/render_trace.h"

#include <algorithm>

#include "app/danewerk/json_text.h"

namespace danewerk::app {
namespace {

/// A member that is a list; an empty one where it is not there.
const Json& list(const Json& json, const char* name) {
  static const Json none = Json::array();
  return json.contains(name) && json[name].is_array() ? json[name] : none;
}

const Json& object(const Json& json, const char* name) {
  static const Json none = Json::object();
  return json.contains(name) && json[name].is_object() ? json[name] : none;
}

std::string render_list(const Json& messages) {
  std::string out;
  for (const Json& message : messages) {
    out += text(message, "received") + "  " + text(message, "id") + "  " + text(message, "origin") + "  from " + text(message, "sender") + "  ";
    const bool finished = message.contains("finished");
    out += finished ? "finished " + text(message, "finished") : text(message, "waiting") + " of " + text(message, "recipients") + " waiting";
    if (message.contains("message_id")) out += "  <" + text(message, "message_id") + ">";
    out += "\n";
  }
  return out + std::to_string(messages.size()) + " messages, newest first; `danewerk trace ID` tells the life of one\n";
}

std::string protection(const Json& evidence) {
  const Json& tls = object(evidence, "tls");
  return tls.empty() ? "in clear" : text(tls, "version") + " " + text(tls, "cipher");
}

std::string arrival_line(const Json& message) {
  const Json& arrival = object(message, "arrival");
  std::string out = text(message, "received") + "  accepted as " + text(message, "origin") + " from " + text(message, "sender");
  if (arrival.contains("peer")) {
    out += ", handed in by " + text(arrival, "peer") + " (" + text(arrival, "helo") + ") at " + text(arrival, "local") + ", " + protection(arrival);
  }
  if (arrival.contains("by")) out += ", handed in by local user " + text(arrival, "by");
  if (message.contains("about")) out += ", a notice about " + text(message, "about");
  return out + ", " + text(message, "size") + " octets, tenant " + text(message, "tenant") + "\n";
}

std::string lookup_line(const Json& lookup) {
  std::string out = "      " + text(lookup, "question") + ": ";
  if (lookup.contains("error")) {
    out += "lookup failed: " + text(lookup["error"], "what");
  } else {
    out += text(lookup, "dnssec") + ", ";
    out += lookup.contains("records") ? text(lookup, "records") + " records" : text(lookup, "answer");
    for (const Json& alias : list(lookup, "aliases")) out += ", alias of " + alias.get<std::string>();
    out += ", TTL " + text(lookup, "ttl") + " s";
  }
  for (const Json& ede : list(lookup, "ede")) out += "; EDE " + ede.get<std::string>();
  return out + "\n";
}

std::string dane_lines(const Json& evidence) {
  std::string out;
  const Json& hop = object(evidence, "hop");
  if (!hop.empty()) out += "      demanded: " + text(hop, "level") + " (" + text(hop, "reason") + "), MX " + text(hop, "mx") + "\n";
  for (const Json& record : list(hop, "published")) {
    const Json& usable = list(hop, "usable");
    const bool used = std::find(usable.begin(), usable.end(), record) != usable.end();
    out += "      TLSA " + record.get<std::string>() + (used ? "" : "  (not usable)") + "\n";
  }
  const Json& dane = object(evidence, "dane");
  if (dane.empty()) return out;
  out += "      DANE " + text(dane, "verdict");
  if (dane.contains("record")) out += " by " + text(dane, "record") + " at depth " + text(dane, "depth");
  return out + ": " + text(dane, "reason") + "\n";
}

std::string attempt_lines(const Json& attempt) {
  const Json& evidence = object(attempt, "evidence");
  std::string out = text(attempt, "at") + "  " + text(attempt, "hop") + ": ";
  out += text(attempt, "host").empty() ? std::string("no host tried") : "tried " + text(attempt, "host");
  if (evidence.contains("peer")) out += " at " + text(evidence, "peer");
  out += ": " + text(attempt, "code") + " " + text(attempt, "what") + "\n";
  for (const Json& lookup : list(evidence, "lookups")) out += lookup_line(lookup);
  out += dane_lines(evidence);
  if (evidence.contains("tls")) out += "      " + protection(evidence) + (evidence["tls"].value("resumed", false) ? ", resumed" : "") + "\n";
  for (const Json& host : list(evidence, "out")) out += "      left out " + text(host, "host") + ": " + text(object(host, "fault"), "sentence") + "\n";
  if (evidence.contains("reply")) out += "      it said: " + text(evidence, "reply") + "\n";
  for (const Json& reply : list(evidence, "replies")) {
    out += "      to recipient " + std::to_string(reply.value("recipient", 0U) + 1) + " it said: " + text(reply, "reply") + "\n";
  }
  if (attempt.contains("proof")) out += "      DNSSEC proof: " + text(attempt, "proof") + "\n";
  if (attempt.contains("no_proof")) out += "      no DNSSEC proof kept: " + text(attempt, "no_proof") + "\n";
  return out;
}

std::string recipient_line(const Json& recipient) {
  std::string out = "  " + text(recipient, "recipient") + ": " + text(recipient, "state");
  if (recipient.contains("last")) out += " " + text(recipient, "last");
  if (recipient.contains("code")) out += " " + text(recipient, "code");
  if (recipient.contains("what")) out += " " + text(recipient, "what");
  const std::string assurance = text(object(recipient, "evidence"), "assurance");
  if (!assurance.empty()) out += " (" + assurance + ")";
  if (recipient.contains("next")) out += "; next try " + text(recipient, "next") + " after " + text(recipient, "attempts") + " so far";
  return out + "\n";
}

}  // namespace

std::string render_trace(const Json& answer) {
  if (answer.contains("messages")) return render_list(answer["messages"]);
  const Json& message = object(answer, "message");
  std::string out = "message " + text(message, "id");
  if (message.contains("message_id")) out += " <" + text(message, "message_id") + ">";
  out += "\n" + arrival_line(message);
  for (const Json& attempt : list(message, "attempts")) out += attempt_lines(attempt);
  for (const Json& notice : list(message, "notices")) {
    out += text(notice, "received") + "  told " + text(message, "sender") + " by notice " + text(notice, "id") + ", " +
           (notice.contains("finished") ? "finished " + text(notice, "finished") : "still under way") + "\n";
  }
  out += "recipients:\n";
  for (const Json& recipient : list(message, "recipients")) out += recipient_line(recipient);
  return out;
}

}  // namespace danewerk::app
