#include "app/danewerk/certificate_commands.h"

#include <fstream>
#include <iterator>

#include "app/danewerk/json_text.h"

namespace danewerk::app {
namespace {

std::string life_of_chain(const Json& certificate) {
  if (certificate.contains("fault")) return "    " + text(certificate, "fault") + "\n";
  std::string out = "    by " + text(certificate, "issuer") + ", until " + text(certificate, "until") + ", for";
  for (const Json& name : certificate["names"]) out += " " + name.get<std::string>();
  if (certificate.contains("pkix")) {
    out += certificate["pkix"].get<bool>() ? "\n    PKIX: valid for all its names" : "\n    PKIX: " + text(certificate, "pkix_fault");
  }
  return out + "\n";
}

std::string render_certificates(const Json& answer) {
  std::string out = "certificates.source: " + text(answer, "source") + "\n";
  for (const Json& key : answer["keys"]) {
    const bool named = text(key, "group") != "default";
    out += text(key, "key") + "  " + text(key, "record") + (named ? "  of the group " + text(key, "group") : "") + "\n" + life_of_chain(key);
  }
  for (const Json& staged : answer["staged"]) {
    out += "kept for key " + text(staged, "key") + " (" + text(staged, "source") + ", " + text(staged, "at") + ", " + text(staged, "by") + ")\n" +
           life_of_chain(staged);
  }
  for (const Json& one : answer["names"]) out += text(one, "name") + " (" + text(one, "source") + ")\n" + life_of_chain(one);
  for (const Json& order : answer["orders"]) {
    out += "ordered " + text(order, "began") + " " + text(order, "names") + ": ";
    out += !order.contains("ended") ? "runs, or was cut off" : order.contains("failure") ? text(order, "failure") : "issued";
    out += (order.contains("not_before") ? ", not again before " + text(order, "not_before") : "") + "\n";
  }
  return out;
}

std::string render_staged(const Json& answer) {
  const std::string note = answer.contains("note") ? text(answer, "note") + "\n" : "it serves when the key's turn comes: see `danewerk status`\n";
  return "kept for key " + text(answer, "key") + "  " + text(answer, "record") + "\n" + life_of_chain(answer) + note;
}

std::string chain_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw CLI::FileError::Missing(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void add_hook(CLI::App& app, const Asking& asking) {
  static std::string what, type, identifier, token, authorization;
  auto* hook = app.add_subcommand("acme-hook", "called by the ACME client: proves a name to the CA")->group("");
  hook->add_option("what", what)->required();
  hook->add_option("type", type)->required();
  hook->add_option("identifier", identifier)->required();
  hook->add_option("token", token)->required();
  hook->add_option("authorization", authorization)->required();
  hook->callback([&asking] {
    asking.ask("acme.hook", object({{"what", what}, {"type", type}, {"identifier", identifier}, {"token", token}, {"authorization", authorization}}),
               [](const Json&) { return std::string(); });
  });
}

}  // namespace

void add_certificate_commands(CLI::App& app, const Asking& asking) {
  static std::string key = "next", group, chain, name, why;
  auto* certificate = app.add_subcommand("certificate", "certificates of others for our keys: what is there, requests, staging");
  certificate->require_subcommand(1);
  auto* list = certificate->add_subcommand("list", "of every key and name: issuer, life, whether PKIX holds; and every order to the CA");
  asking.add_json(list);
  list->callback([&asking] { asking.ask("certificate.list", Json::object(), render_certificates); });
  auto* csr = certificate->add_subcommand("csr", "a signing request for a published key, for your own tool");
  csr->add_option("key", key, "a key's id, \"next\" or \"serving\"")->capture_default_str();
  csr->add_option("--group", group, "whose \"next\" or \"serving\" (zone.key_groups); without it the default group's");
  static bool wait = false;
  csr->add_flag("--wait", wait, "until the next key is published, an hour at most: after a change it takes a while");
  asking.add_json(csr);
  csr->callback([&asking] {
    asking.ask("certificate.csr", object({{"key", key}, {"group", group}, {"wait", wait}}), [](const Json& a) { return text(a, "request"); });
  });
  auto* stage = certificate->add_subcommand("stage", "keep a certificate that your own tool brought until its key may serve");
  stage->add_option("--chain", chain, "PEM, the leaf first (fullchain.pem)")->required();
  stage->add_option("--why", why, "for the ledger");
  asking.add_json(stage);
  stage->callback([&asking] { asking.ask("certificate.stage", object({{"chain", chain_file(chain)}, {"why", why}}), render_staged); });
  auto* order = certificate->add_subcommand("order", "have one by ACME for a name outside of the zone, like mta-sts.contoso.example, and renew it");
  order->add_option("name", name, "the name; it must lead to http.listen")->required();
  order->add_option("--why", why, "for the ledger");
  asking.add_json(order);
  order->callback([&asking] {
    asking.ask("certificate.order", object({{"name", name}, {"why", why}}),
               [](const Json& a) { return "the CA is asked for " + text(a, "name") + "; see `danewerk certificate list`\n"; });
  });
  auto* remove = certificate->add_subcommand("remove", "forget such a name and its certificate");
  remove->add_option("name", name, "the name")->required();
  remove->add_option("--why", why, "for the ledger");
  asking.add_json(remove);
  remove->callback([&asking] {
    asking.ask("certificate.remove", object({{"name", name}, {"why", why}}), [](const Json& a) { return "removed " + text(a, "removed") + "\n"; });
  });
  static std::string what, value;
  auto* challenge = certificate->add_subcommand("challenge", "for your own ACME tool: the TXT record that proves a name of our zone (DNS-01)");
  challenge->add_option("what", what, "present: returns when every server shows it; cleanup: takes it out")->required();
  challenge->add_option("name", name, "the name, with or without _acme-challenge")->required();
  challenge->add_option("value", value, "what the CA wants to see")->required();
  asking.add_json(challenge);
  challenge->callback([&asking] {
    asking.ask("certificate.challenge", object({{"what", what}, {"name", name}, {"value", value}}), [](const Json&) { return std::string(); });
  });
  add_hook(app, asking);
}

}  // namespace danewerk::app
