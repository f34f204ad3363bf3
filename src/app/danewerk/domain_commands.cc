#include "app/danewerk/domain_commands.h"

#include <array>
#include <chrono>
#include <fstream>
#include <iostream>
#include <thread>

#include "app/danewerk/bulk_commands.h"
#include "app/danewerk/exit_codes.h"
#include "app/danewerk/render.h"
#include "app/danewerk/render_domain.h"

namespace danewerk::app {
namespace {

struct DomainOptions {
  std::string name, tenant, route, why, update_server, tsig_key, zone;
  bool dry_run = false, wait = false, back = false, skip_dns = false, skip_mx = false, skip_mta_sts = false;
};

Json domain_arguments(const DomainOptions& o) {
  return object({{"domain", o.name}, {"tenant", o.tenant}, {"route", o.route}, {"why", o.why}, {"dry_run", o.dry_run}, {"back", o.back},
                 {"update_server", o.update_server}, {"tsig_key", o.tsig_key}, {"zone", o.zone}, {"skip_dns", o.skip_dns}, {"skip_mx", o.skip_mx},
                     {"skip_mta_sts", o.skip_mta_sts}});
}

void print_domain(const DomainAsking& asking, const Json& answer, std::string (*render)(const Json&)) {
  std::cout << (asking.json ? answer.dump(2) + "\n" : render(answer)) << std::flush;
}

using Reached = bool (*)(const Json& status);

bool is_verified(const Json& status) { return status["facts"].contains("verified") && status.value("standing", "") != "quarantined"; }
bool has_host(const Json& status) {
  for (const Json& check : status["checks"]) {
    if (check.value("check", "") == "host") return check.value("state", "") == "passed";
  }
  return false;
}
bool has_dane(const Json& status) { return status.value("dane", "") == "enabled"; }
/// The zone no longer answers with records: a resolver may remember them for their TTL.
bool has_no_tlsa(const Json& status) {
  for (const Json& check : status["checks"]) {
    if (check.value("check", "") == "tlsa") return check.value("state", "") == "passed";
  }
  return status.value("dane", "") == "disabled";
}
/// Healthy, and nothing is left to do: an old MX behind ours is.
bool has_arrived(const Json& status) { return status.value("standing", "") == "healthy" && status["next"].value("step", "") == "none"; }
bool is_off(const Json& status) { return status.value("dnssec", "") == "disabled"; }

/// Looks again until it is so, telling what it waits for whenever that changes. The last answer.
Result<Json> wait_for(const DomainAsking& asking, const DomainOptions& options, const char* operation, Reached reached) {
  constexpr std::chrono::seconds between(2);
  std::string told;
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::hours(24 * 7);;) {
    TRY(Json answer, asking.call(operation, domain_arguments(options)));
    const Json& status = answer.contains("status") ? answer["status"] : answer;
    if (reached(status) || std::chrono::steady_clock::now() >= end) return answer;
    const std::string now = status.value("standing", "") + ": " + status["next"].value("what", "");
    if (now != told && !asking.json) std::cout << render_domain_progress(status) << std::flush;
    told = now;
    std::this_thread::sleep_for(between);
  }
}

struct Verb {
  const char* name;
  const char* help;
  const char* exchange;  ///< Exchange Online's name for it; null: it has none
  Reached reached;       ///< for --wait
  bool is_step;
};

constexpr std::array<Verb, 5> verbs{{
    {"verify", "look for the proof of control (TXT record, or MX here) now", nullptr, is_verified, false},
    {"enable-dnssec", "create its MX host in our signed zone", "Enable-DnssecForVerifiedDomain", has_host, true},
    {"enable-dane", "publish TLSA records for its MX host", "Enable-SmtpDaneInbound", has_dane, true},
    {"disable-dane", "take the TLSA records away", "Disable-SmtpDaneInbound", has_no_tlsa, true},
    {"disable-dnssec", "take its MX host out of the zone; only once its MX no longer names it", "Disable-DnssecForVerifiedDomain", is_off, true},
}};

void run_verb(const DomainAsking& asking, const DomainOptions& options, const Verb& verb) {
  auto answer = asking.call(std::string("domain.") + verb.name, domain_arguments(options));
  if (answer && options.wait && !options.dry_run) {
    if (verb.is_step && !asking.json) std::cout << render_domain_step(*answer);
    auto waited = wait_for(asking, options, verb.is_step ? "domain.status" : "domain.verify", verb.reached);
    if (waited && verb.is_step) (*answer)["status"] = *waited;
    if (!waited || !verb.is_step) answer = std::move(waited);
  }
  if (!answer) {
    asking.exit_code = asking.complain(answer.error());
    return;
  }
  print_domain(asking, *answer, verb.is_step ? render_domain_step : render_domain_status);
  asking.exit_code = done;
  if (!verb.is_step && !options.dry_run && !is_verified(*answer)) asking.exit_code = could_not;
}

void run_plain(const DomainAsking& asking, const DomainOptions& options, const char* operation, std::string (*render)(const Json&)) {
  const auto answer = asking.call(operation, domain_arguments(options));
  if (!answer) {
    asking.exit_code = asking.complain(answer.error());
    return;
  }
  print_domain(asking, *answer, render);
  asking.exit_code = done;
}

/// The key's file holds one line, as Knot's and BIND's tools write it: hmac-sha256:name:base64.
Result<std::string> key_in(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return fail(ErrorKind::not_found, "cannot read a TSIG key from " + path);
  return line;
}

void run_migrate(const DomainAsking& asking, DomainOptions options) {
  if (!options.tsig_key.empty()) {
    auto key = key_in(options.tsig_key);
    if (!key) {
      asking.exit_code = asking.complain(key.error());
      return;
    }
    options.tsig_key = *key;
  }
  if (!options.wait || options.back || options.dry_run) return run_plain(asking, options, "domain.migrate", render_domain_migration);
  const auto answer = wait_for(asking, options, "domain.migrate", has_arrived);
  if (!answer) {
    asking.exit_code = asking.complain(answer.error());
    return;
  }
  print_domain(asking, *answer, render_domain_migration);
  asking.exit_code = has_arrived((*answer)["status"]) ? done : could_not;
}

std::string render_added(const Json& answer) {
  std::string out = render_domains(object({{"domains", Json::array({answer})}}));
  if (answer.contains("publish")) out += render_records("Its mail is deferred until this record is seen (`danewerk domain verify`):", answer["publish"]);
  return out;
}

std::string render_removed(const Json& answer) { return answer.value("dry_run", false) ? render_domain_step(answer) : "removed\n"; }

CLI::App* with_domain(CLI::App* command, DomainOptions& options) {
  command->add_option("domain,--DomainName", options.name, "the domain")->required();
  return command;
}

void add_skips(CLI::App* command, DomainOptions& options) {
  command->add_flag("--skip-dns-validation", options.skip_dns, "do not look at DNSSEC and our host");
  command->add_flag("--skip-mx-validation", options.skip_mx, "do not look at the MX");
  command->add_flag("--skip-mtasts-validation", options.skip_mta_sts, "do not look at the MTA-STS policy");
}

void add_verb(CLI::App* command, DomainOptions& options, const DomainAsking& asking, const Verb& verb) {
  command->add_flag("--dry-run", options.dry_run, "only say what would change in the DNS");
  command->add_flag("--wait", options.wait, "return once it is seen to be so, telling what is waited for");
  command->add_option("--why", options.why, "for the ledger");
  command->add_flag("--json", asking.json, "print JSON");
  command->callback([&options, &asking, &verb] { run_verb(asking, options, verb); });
}

void add_status(CLI::App* command, DomainOptions& options, const DomainAsking& asking) {
  add_skips(command, options);
  command->add_flag("--json", asking.json, "print JSON");
  command->callback([&options, &asking] { run_plain(asking, options, "domain.status", render_domain_status); });
}

void add_keeping(CLI::App* domain, DomainOptions& options, const DomainAsking& asking) {
  auto* add = with_domain(domain->add_subcommand("add", "accept mail for a domain"), options);
  add->add_option("--tenant", options.tenant, "whose it is; made if it is new")->required();
  add->add_option("--route", options.route, "where its mail goes: lmtp:192.0.2.1:24 or smtp:192.0.2.1:25,[2001:db8::1]:25")->required();
  auto* list = domain->add_subcommand("list", "all of them, or a tenant's");
  list->add_option("--tenant", options.tenant, "only this tenant's");
  auto* remove = with_domain(domain->add_subcommand("remove", "stop accepting mail for a domain"), options);
  for (CLI::App* command : {add, remove}) {
    command->add_option("--why", options.why, "for the ledger");
    command->add_flag("--dry-run", options.dry_run, "only say what would happen");
  }
  for (CLI::App* command : {add, list, remove}) command->add_flag("--json", asking.json, "print JSON");
  add->callback([&] { run_plain(asking, options, "domain.add", render_added); });
  list->callback([&] { run_plain(asking, options, "domain.list", render_domains); });
  remove->callback([&] { run_plain(asking, options, "domain.remove", render_removed); });
}

}  // namespace

void add_domain_commands(CLI::App& app, const DomainAsking& asking) {
  static DomainOptions options;
  auto* domain = app.add_subcommand("domain", "the domains whose mail we take, and their life");
  domain->require_subcommand(1);
  add_keeping(domain, options, asking);
  add_bulk_commands(*domain, asking);
  for (const Verb& verb : verbs) {
    add_verb(with_domain(domain->add_subcommand(verb.name, verb.help), options), options, asking, verb);
    if (verb.exchange) add_verb(with_domain(app.add_subcommand(verb.exchange, std::string("as `domain ") + verb.name
        + "`")->group("In Exchange Online's words"), options), options, asking, verb);
  }
  add_status(with_domain(domain->add_subcommand("status", "where it stands, as a stranger sees it, and what comes next"), options), options, asking);
  for (const char* name : {"Get-DnssecStatusForVerifiedDomain", "Get-SmtpDaneInboundStatus"}) {
    add_status(with_domain(app.add_subcommand(name, "as `domain status`")->group("In Exchange Online's words"), options), options, asking);
  }
  auto* watch = domain->add_subcommand("watch", "what the watch holds against a domain; without one, what is ours to put right");
  watch->add_option("domain", options.name, "the domain");
  watch->add_flag("--json", asking.json, "print JSON");
  watch->callback([&] { run_plain(asking, options, "domain.findings", render_domain_findings); });
  auto* migrate = with_domain(domain->add_subcommand("migrate",
      "lead a domain here: takes our steps, says what to set in its DNS and when it is safe to go on"), options);
  migrate->add_flag("--back", options.back, "take the last step back");
  migrate->add_flag("--dry-run", options.dry_run, "only say what would be done");
  migrate->add_flag("--wait", options.wait, "go on by itself as the DNS changes, until the domain is healthy and nothing is left to do");
  auto* key = migrate->add_option("--tsig-key", options.tsig_key, "file with the key for it: hmac-sha256:name:base64");
  migrate->add_option("--update-server", options.update_server,
      "primary of the domain's own zone that takes our updates (RFC 2136): address and port")->needs(key);
  migrate->add_option("--zone", options.zone, "the zone that holds the domain, where it is not the domain itself");
  migrate->add_option("--why", options.why, "for the ledger");
  migrate->add_flag("--json", asking.json, "print JSON");
  migrate->callback([&] { run_migrate(asking, options); });
}

}  // namespace danewerk::app
