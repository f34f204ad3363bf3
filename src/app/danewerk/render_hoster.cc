#include "app/danewerk/render_hoster.h"

#include "app/danewerk/json_text.h"

namespace danewerk::app {
namespace {

std::string fault_line(const Json& json) { return json.contains("fault") ? "the resolver could not be told: " + text(json, "fault") + "\n" : ""; }

}  // namespace

std::string render_tenant(const Json& tenant) {
  std::string out = text(tenant, "tenant");
  if (text(tenant, "name") != out) out += " (" + text(tenant, "name") + ")";
  if (tenant.contains("suspended")) {
    const Json& suspended = tenant["suspended"];
    out += ": suspended since " + text(suspended, "since") + " by " + text(suspended, "who") + ": " + text(suspended, "why") + "; new mail " +
           (text(suspended, "new_mail") == "refused" ? "is refused" : "shall come later") + ", inbound " +
           (text(suspended, "inbound") == "stopped" ? "is stopped too" : "goes on");
  } else {
    out += ": active";
  }
  out += "\n";
  if (tenant.contains("domains")) {
    for (const Json& domain : tenant["domains"]) out += "  " + domain.get<std::string>() + "\n";
  }
  return out;
}

std::string render_tenants(const Json& answer) {
  std::string out;
  for (const Json& tenant : answer["tenants"]) out += render_tenant(tenant);
  return out.empty() ? "no tenants yet: a tenant comes with its first domain; see `danewerk domain add`\n" : out;
}

std::string render_dkim_keys(const Json& answer) {
  std::string out;
  for (const Json& key : answer["keys"]) {
    const std::string owner = key.contains("tenant") ? text(key, "tenant") : "(this host)";
    out += text(key, "name") + "  " + text(key, "algorithm") + "  " + owner + "  " + text(key, "state") + "\n";
  }
  if (out.empty()) return "no DKIM keys: mail is not signed; see `danewerk dkim add`\n";
  return out;
}

std::string render_dkim_key(const Json& key) {
  return text(key, "name") + ", " + text(key, "algorithm") + ": " + text(key, "state") + "\npublish this record:\n\n" + text(key, "zone_file") +
         "\n\nas one value, for forms that cut it themselves:\n\n" + text(key, "record") + "\n";
}

std::string render_anchor(const Json& anchor) {
  std::string out = text(anchor, "domain") + ": " + text(anchor, "state") + " until " + text(anchor, "until") + ", set by " + text(anchor, "who") + " at " +
                    text(anchor, "since") + ": " + text(anchor, "why") + "\n";
  if (anchor.contains("recipients")) out += text(anchor, "recipients") + " recipients due now; for hosts in other domains see `danewerk queue retry`\n";
  return out + fault_line(anchor);
}

std::string render_anchors(const Json& answer) {
  std::string out;
  for (const Json& anchor : answer["negative_trust_anchors"]) out += render_anchor(anchor);
  if (out.empty()) out = "no negative trust anchors: every zone is validated\n";
  return out + fault_line(answer);
}

std::string render_hoster_status(const Json& status) {
  std::string out;
  if (status.contains("suspended")) {
    out += "suspended tenants:";
    for (const Json& tenant : status["suspended"]) out += " " + tenant.get<std::string>();
    out += "\n";
  }
  if (status.contains("dkim")) {
    for (const Json& line : status["dkim"]) out += "DKIM: " + line.get<std::string>() + "\n";
  }
  if (status.contains("negative_trust_anchors")) {
    for (const Json& anchor : status["negative_trust_anchors"]) out += "negative trust anchor: " + render_anchor(anchor);
  }
  if (status.contains("negative_trust_anchors_fault")) out += "the resolver could not be told: " + text(status, "negative_trust_anchors_fault") + "\n";
  return out;
}

}  // namespace danewerk::app
