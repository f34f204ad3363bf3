#include "app/danewerk/hoster_commands.h"

#include "app/danewerk/render_hoster.h"

namespace danewerk::app {
namespace {

void add_tenant(CLI::App& app, const Asking& asking) {
  static std::string name, why;
  static bool hold = false, reject = false, inbound = false;
  auto* tenant = app.add_subcommand("tenant", "customers: list them, suspend one, let it go on");
  tenant->require_subcommand(1);
  auto* list = tenant->add_subcommand("list", "all of them");
  asking.add_json(list);
  list->callback([&asking] { asking.ask("tenant.list", Json::object(), render_tenants); });
  auto* show = tenant->add_subcommand("show", "one, with its domains");
  show->add_option("tenant", name, "the tenant")->required();
  asking.add_json(show);
  show->callback([&asking] { asking.ask("tenant.show", object({{"tenant", name}}), render_tenant); });
  auto* suspend = tenant->add_subcommand("suspend", "stop its sending; what is queued waits and does not grow old");
  suspend->add_option("tenant", name, "the tenant")->required();
  suspend->add_option("--why", why, "for the ledger, and for whoever asks")->required();
  auto* later = suspend->add_flag("--hold", hold, "answer new submissions 450, so that their sender keeps them (the default)");
  suspend->add_flag("--reject", reject, "answer new submissions 550 instead")->excludes(later);
  suspend->add_flag("--inbound", inbound, "take no mail for its domains either, and deliver none that is queued");
  asking.add_json(suspend);
  suspend->callback([&asking] {
    asking.ask("tenant.suspend", object({{"tenant", name}, {"why", why}, {"reject", reject}, {"inbound", inbound}}), render_tenant);
  });
  auto* resume = tenant->add_subcommand("resume", "let it go on; what waited is due now");
  resume->add_option("tenant", name, "the tenant")->required();
  resume->add_option("--why", why, "for the ledger");
  asking.add_json(resume);
  resume->callback([&asking] {
    asking.ask("tenant.resume", object({{"tenant", name}, {"why", why}}),
               [](const Json& a) { return "resumed; " + std::to_string(a.value("recipients", 0)) + " recipients due now\n"; });
  });
}

void add_dkim(CLI::App& app, const Asking& asking) {
  static std::string domain, selector, tenant, algorithm = "rsa-sha256", why;
  auto* dkim = app.add_subcommand("dkim", "keys that sign mail (DKIM)");
  dkim->require_subcommand(1);
  const auto with_name = [](CLI::App* command) {
    command->add_option("domain", domain, "the domain that signs")->required();
    command->add_option("--selector", selector, "names the key, like s2026")->required();
  };
  auto* add = dkim->add_subcommand("add", "make a key and print the record to publish");
  with_name(add);
  add->add_option("--tenant", tenant, "whose domain it is; without it the key is for this host's own notices");
  add->add_option("--algorithm", algorithm, "rsa-sha256 or ed25519-sha256; with a key of each, mail bears both signatures")->capture_default_str();
  add->add_option("--why", why, "for the ledger");
  asking.add_json(add);
  add->callback([&asking] {
    asking.ask("dkim.add", object({{"domain", domain}, {"selector", selector}, {"tenant", tenant}, {"algorithm", algorithm}, {"why", why}}), render_dkim_key);
  });
  auto* list = dkim->add_subcommand("list", "all keys, and whether they sign");
  list->add_option("--tenant", tenant, "only this tenant's");
  asking.add_json(list);
  list->callback([&asking] { asking.ask("dkim.list", object({{"tenant", tenant}}), render_dkim_keys); });
  auto* show = dkim->add_subcommand("show", "one key and the record to publish");
  with_name(show);
  asking.add_json(show);
  show->callback([&asking] { asking.ask("dkim.show", object({{"domain", domain}, {"selector", selector}}), render_dkim_key); });
  auto* activate = dkim->add_subcommand("activate", "let a key sign, from when its record is seen in the DNS");
  with_name(activate);
  activate->add_option("--why", why, "for the ledger");
  asking.add_json(activate);
  activate->callback([&asking] { asking.ask("dkim.activate", object({{"domain", domain}, {"selector", selector}, {"why", why}}), render_dkim_key); });
  auto* remove = dkim->add_subcommand("remove", "forget a key for good; leave its record in the DNS for a week");
  with_name(remove);
  remove->add_option("--why", why, "for the ledger");
  asking.add_json(remove);
  remove->callback([&asking] {
    asking.ask("dkim.remove", object({{"domain", domain}, {"selector", selector}, {"why", why}}), [](const Json& a) {
      return "removed " + a.value("removed", "") + "; leave its record in the DNS until mail signed with it has arrived everywhere\n";
    });
  });
}

void add_nta(CLI::App& app, const Asking& asking) {
  static std::string domain, why, until;
  static bool force = false;
  auto* nta = app.add_subcommand("nta", "negative trust anchors: treat a broken zone as unsigned, for a time (RFC 7646)");
  nta->require_subcommand(1);
  auto* add = nta->add_subcommand("add", "stop validating at and below a name");
  add->add_option("domain", domain, "the broken zone")->required();
  add->add_option("--why", why, "who confirmed that it is broken, and not attacked")->required();
  add->add_option("--until", until, "an instant like 2026-12-01T00:00:00Z or a span like 36h or 7d; at most 30d [7d]");
  add->add_flag("--force", force, "also for a top-level domain");
  asking.add_json(add);
  add->callback([&asking] { asking.ask("nta.add", object({{"domain", domain}, {"why", why}, {"until", until}, {"force", force}}), render_anchor); });
  auto* list = nta->add_subcommand("list", "all of them");
  asking.add_json(list);
  list->callback([&asking] { asking.ask("nta.list", Json::object(), render_anchors); });
  auto* remove = nta->add_subcommand("remove", "validate again");
  remove->add_option("domain", domain, "its name")->required();
  remove->add_option("--why", why, "for the ledger");
  asking.add_json(remove);
  remove->callback([&asking] {
    asking.ask("nta.remove", object({{"domain", domain}, {"why", why}}), [](const Json& a) {
      return "removed" + (a.contains("fault") ? "; " + a.value("fault", "") : std::string()) + "\n";
    });
  });
}

}  // namespace

void add_hoster_commands(CLI::App& app, const Asking& asking) {
  add_tenant(app, asking);
  add_dkim(app, asking);
  add_nta(app, asking);
}

}  // namespace danewerk::app
