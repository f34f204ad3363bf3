#include "app/danewerk/commands.h"

#include <CLI/CLI.hpp>
#include <array>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "app/cli/misspelt.h"
#include "app/cli/prove_verify.h"
#include "app/config/schema.h"
#include "app/control/client.h"
#include "app/danewerk/backup_commands.h"
#include "app/danewerk/certificate_commands.h"
#include "app/danewerk/connector_commands.h"
#include "app/danewerk/domain_commands.h"
#include "app/danewerk/exit_codes.h"
#include "app/danewerk/hoster_commands.h"
#include "app/danewerk/key_commands.h"
#include "app/danewerk/mta_sts_commands.h"
#include "app/danewerk/render.h"
#include "app/danewerk/render_trace.h"
#include "app/danewerk/zone_commands.h"
#include "app/serve/serve.h"

namespace danewerk::app {
namespace {

struct Common {
  std::string config = "/etc/danewerk/danewerk.toml";
  bool json = false;
};

int complain(const Error& error, int code) {
  std::cerr << "danewerk: " << error.what << "\n";
  return code;
}

/// Everything in it; nothing where it cannot be read. A directory opens like a file and fails only when read: stream iterators
/// would throw then, read() does not.
std::optional<std::string> contents(std::istream& in) {
  std::string out;
  std::array<char, 65536> buffer;
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) out.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
  if (in.bad() || !in.eof()) return std::nullopt;
  return out;
}

std::optional<std::string> contents_of(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  return file ? contents(file) : std::nullopt;
}

/// Right after contents_of() failed.
std::string why_unreadable(const std::string& path) {
  const int error_number = errno;
  return "cannot read " + path + (error_number == 0 ? "" : ": " + std::generic_category().message(error_number));
}

/// Each of the lines of `faults` by itself, so that each can be found and counted.
std::string with_file_on_each_line(const std::string& path, const std::string& faults) {
  std::string out = path + ": ";
  for (const char c : faults) {
    out += c;
    if (c == '\n') out += "danewerk: " + path + ": ";
  }
  return out;
}

Result<Settings> load(const std::string& path) {
  const auto text = contents_of(path);
  if (!text) return fail(ErrorKind::not_found, why_unreadable(path) + "; give one with --config (`danewerk config describe` prints a template)");
  auto settings = read_settings(*text);
  if (!settings) return fail(ErrorKind::malformed, with_file_on_each_line(path, settings.error().what));
  settings->read_from = path;
  return settings;
}

using Renderer = std::string (*)(const Json&);

/// Calls the running program and prints its answer: as JSON, by `render`, or the member "text".
int ask(const Common& common, const std::string& operation, Json arguments, Renderer render, std::istream* body = nullptr, std::uint64_t size = 0) {
  const auto settings = load(common.config);
  if (!settings) return complain(settings.error(), bad_usage);
  const auto answer = call(settings->control_socket(), {operation, std::move(arguments), size}, body);
  if (!answer) return complain(answer.error(), could_not);
  if (common.json) {
    std::cout << answer->dump(2) << "\n";
  } else if (render) {
    std::cout << render(*answer);
  } else {
    std::cout << answer->value("text", answer->dump()) << (answer->contains("text") ? "" : "\n");
  }
  return done;
}

/// LF and CRLF line ends both become CRLF; a last line without an end gets one.
std::string with_crlf(const std::string& text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out.push_back('\r');
    out.push_back(text[i]);
  }
  if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
  return out;
}

struct SendOptions {
  std::string from, file = "-";
  std::vector<std::string> to;
  bool require_tls = false;
  bool tls_required_no = false;
};

int send_message(const Common& common, const SendOptions& options) {
  const auto text = options.file == "-" ? contents(std::cin) : contents_of(options.file);
  if (!text) return complain({ErrorKind::not_found, why_unreadable(options.file)}, bad_usage);
  const std::string message = with_crlf(*text);
  if (message.empty()) return complain({ErrorKind::malformed, "the message is empty"}, bad_usage);
  std::istringstream body(message);
  return ask(common, "send", object({{"from", options.from}, {"to", options.to}, {"require_tls", options.require_tls},
                                     {"tls_required_no", options.tls_required_no}}),
             [](const Json& answer) { return "queued as " + answer.value("id", "") + "\n"; }, &body, message.size());
}

void add_json(CLI::App* command, Common& common) { command->add_flag("--json", common.json, "print JSON for programs"); }

/// What the queue's commands take; one set, because only one command runs.
struct QueueOptions {
  std::vector<std::string> ids;
  std::string domain, hop, tenant, recipient, sender, code, older_than, which = "queued", why;
  std::uint32_t limit = 100;
  bool all = false, dry_run = false;

  Json arguments() const {
    Json out = object({{"domain", domain}, {"hop", hop}, {"tenant", tenant}, {"recipient", recipient}, {"sender", sender}, {"code", code},
                       {"older_than", older_than}, {"which", which}, {"limit", limit}, {"all", all}, {"dry_run", dry_run}, {"why", why}});
    if (!ids.empty()) put(out, {"id", ids.front()});
    return out;
  }
};

void add_filter(CLI::App* command, QueueOptions& options, Common& common) {
  command->add_option("--domain", options.domain, "the recipients' domain");
  command->add_option("--hop", options.hop, "next hop, as `queue destinations` names it");
  command->add_option("--tenant", options.tenant, "tenant");
  command->add_option("--code", options.code, "last code, like 4.7.323 or 4.7.*");
  command->add_option("--sender", options.sender, "sender address; <> for notices");
  command->add_option("--recipient", options.recipient, "recipient address");
  command->add_option("--older-than", options.older_than, "received so long ago, like \"2 h\"");
  add_json(command, common);
}

void add_queue_changes(CLI::App* queue, QueueOptions& options, Common& common, int& exit_code) {
  struct Verb {
    const char* name;
    const char* operation;
    const char* help;
    bool needs_reason;
  };
  static constexpr std::array<Verb, 5> verbs{{{"retry", "queue.retry", "make messages due now", false},
                                              {"hold", "queue.hold", "keep messages from delivery until they are released", true},
                                              {"release", "queue.release", "end a hold; what is released is due now", false},
                                              {"expire", "queue.expire", "give messages up now; senders are told, with the last failure as the reason", true},
                                              {"drop", "queue.drop", "end messages without telling the sender", true}}};
  for (const Verb& verb : verbs) {
    auto* command = queue->add_subcommand(verb.name, verb.help);
    auto* id = command->add_option("id", options.ids, "queue id; without it, whatever the options select");
    if (std::string_view(verb.name) != "drop") id->expected(0, 1);
    add_filter(command, options, common);
    command->add_flag("--all", options.all, "everything that waits");
    command->add_flag("--dry-run", options.dry_run, "only say how many it would be, and show the first");
    command->add_option("--why", options.why, "for the ledger");
    command->callback([&, operation = verb.operation, needs_reason = verb.needs_reason] {
      if (needs_reason && !options.dry_run && options.why.empty()) {
        exit_code = complain({ErrorKind::malformed, "say why (--why): it is kept in the ledger"}, bad_usage);
        return;
      }
      Json arguments = options.arguments();
      if (options.ids.size() > 1) put(arguments, {"ids", options.ids});
      exit_code = ask(common, operation, std::move(arguments), render_queue_change);
    });
  }
}

void add_queue(CLI::App& app, Common& common, int& exit_code) {
  static QueueOptions options;
  auto* queue = app.add_subcommand("queue", "what waits, why, and what to do about it");
  queue->require_subcommand(1);
  auto* list = queue->add_subcommand("list", "messages, oldest first");
  add_filter(list, options, common);
  list->add_option("--which", options.which, "queued, held, finished or all");
  list->add_option("--limit", options.limit, "at most so many");
  list->callback([&] { exit_code = ask(common, "queue.list", options.arguments(), render_queue); });
  auto* show = queue->add_subcommand("show", "one message with every attempt and its evidence");
  show->add_option("id", options.ids, "queue id")->required()->expected(1);
  add_json(show, common);
  show->callback([&] { exit_code = ask(common, "queue.show", options.arguments(), render_message); });
  auto* destinations = queue->add_subcommand("destinations", "next hops: what waits, what is in delivery, how much is allowed now and why");
  destinations->add_option("--domain", options.domain, "only this domain's");
  destinations->add_option("--hop", options.hop, "only this next hop");
  destinations->add_option("--limit", options.limit, "at most so many");
  add_json(destinations, common);
  destinations->callback([&] { exit_code = ask(common, "queue.destinations", options.arguments(), render_destinations); });
  add_queue_changes(queue, options, common, exit_code);
}

void add_trace(CLI::App& app, Common& common, int& exit_code) {
  static std::string subject, since;
  static std::uint32_t limit = 20;
  auto* trace = app.add_subcommand("trace", "the life of a message: who handed it in, every attempt with its reasons, what comes next");
  trace->add_option("message", subject, "queue id, Message-ID, or an address (as sender or recipient)")->required();
  trace->add_option("--since", since, "only messages accepted since then, like 2026-11-24T00:00:00Z");
  trace->add_option("--limit", limit, "list at most so many")->capture_default_str();
  add_json(trace, common);
  trace->callback([&] { exit_code = ask(common, "trace", object({{"subject", subject}, {"since", since}, {"limit", limit}}), render_trace); });
}

struct ProveOptions {
  std::string id, hop, out, verify, anchors, at;
  bool gather = false;
};

int verify_file(const Common& common, const std::string& file, const ProveOptions& options) {
  const auto document = contents_of(file), anchors = contents_of(options.anchors);
  if (!document || !anchors) return complain({ErrorKind::not_found, "cannot read " + (document ? options.anchors : file)}, bad_usage);
  const auto verified = cli::verify_proof(*document, *anchors, options.at);
  if (!verified) return complain(verified.error(), verified.error().kind == ErrorKind::refused ? could_not : bad_usage);
  std::cout << (common.json ? verified->to_json() : verified->to_text());
  return done;
}

int prove(const Common& common, const ProveOptions& options) {
  if (options.verify.empty() == options.id.empty()) return complain({ErrorKind::malformed, "name a queue id, or a file with --verify"}, bad_usage);
  if (!options.verify.empty()) {
    if (options.anchors.empty()) return complain({ErrorKind::malformed, "--verify needs the root's keys: --trust-anchor FILE"}, bad_usage);
    return verify_file(common, options.verify, options);
  }
  if (!options.anchors.empty() && options.out.empty()) return complain({ErrorKind::malformed, "to verify it at once, name a file with --out"}, bad_usage);
  const auto settings = load(common.config);
  if (!settings) return complain(settings.error(), bad_usage);
  const auto answer = call(settings->control_socket(), {"prove", object({{"id", options.id}, {"hop", options.hop}, {"gather", options.gather}}), 0});
  if (!answer) return complain(answer.error(), could_not);
  const std::string document = answer->value("document", "");
  if (options.out.empty()) {
    std::cout << document;
    return done;
  }
  std::ofstream file(options.out, std::ios::binary | std::ios::trunc);
  if (!(file << document).flush()) return complain({ErrorKind::unavailable, "cannot write " + options.out}, could_not);
  if (!options.anchors.empty()) return verify_file(common, options.out, options);
  const std::string told = options.out + " written; anyone can check it: danewerk prove --verify " + options.out + " --trust-anchor FILE";
  std::cout << (common.json ? object({{"written", options.out}}).dump(2) : told) << "\n";
  return done;
}

void add_prove(CLI::App& app, Common& common, int& exit_code) {
  static ProveOptions options;
  auto* command = app.add_subcommand("prove", "the DNSSEC proof that a domain published the record which a delivery matched; or verify one, offline");
  command->add_option("id", options.id, "queue id of the delivered message");
  command->add_option("--hop", options.hop, "which next hop, where the message went to several");
  command->add_flag("--gather", options.gather, "ask the resolver now if no proof was kept at the time");
  command->add_option("--out", options.out, "write it there instead of printing it");
  command->add_option("--verify", options.verify, "verify this file; needs neither network nor the running program");
  command->add_option("--trust-anchor", options.anchors, "the root's keys of that time, as in /usr/share/dns/root.key");
  command->add_option("--at", options.at, "verify for this instant instead of the one claimed, like 2026-11-24T00:00:00Z");
  add_json(command, common);
  command->callback([&] { exit_code = prove(common, options); });
}

void add_config(CLI::App& app, Common& common, int& exit_code) {
  auto* config = app.add_subcommand("config", "the configuration file");
  config->require_subcommand(1);
  config->add_subcommand("describe", "print every setting with its default and meaning")->callback([&] {
    std::cout << describe_settings();
    exit_code = done;
  });
  auto* check = config->add_subcommand("check", "say what is wrong with a file, line by line");
  static std::string path;
  check->add_option("file", path, "the file; by default the one given with --config");
  check->callback([&] {
    const std::string& file = path.empty() ? common.config : path;
    const auto settings = load(file);
    exit_code = settings ? done : complain(settings.error(), bad_usage);
    if (settings) std::cout << file << ": good\n";
  });
}

void add_serve(CLI::App& app, Common& common, int& exit_code) {
  static bool worker = false;
  auto* serve = app.add_subcommand("serve", "run: edge, delivery, publication, and the resolver and name server they need");
  serve->add_flag("--worker", worker, "the mail process only (started by the supervisor)")->group("");
  serve->callback([&] {
    const auto settings = load(common.config);
    if (!settings) {
      exit_code = complain(settings.error(), bad_usage);
      return;
    }
    auto result = worker ? run_worker(*settings) : run_supervisor(*settings, common.config);
    exit_code = result ? *result : complain(result.error(), could_not);
  });
}

/// Both outlive what it returns.
Offline offline_for(Common& common, int& exit_code) {
  const auto print = [&common, &exit_code](const Result<Json>& answer, Renderer render) {
    exit_code = answer ? done : complain(answer.error(), could_not);
    if (answer) std::cout << (common.json ? answer->dump(2) + "\n" : render(*answer));
  };
  return {[&common] { return load(common.config); }, print, [&common](CLI::App* command) { add_json(command, common); }};
}

void add_status_and_metrics(CLI::App& app, Common& common, int& exit_code) {
  auto* status = app.add_subcommand("status", "how the running program is");
  add_json(status, common);
  status->callback([&common, &exit_code] { exit_code = ask(common, "status", Json::object(), render_status); });
  auto* metrics = app.add_subcommand("metrics", "a few numbers in the text form that Prometheus reads");
  add_json(metrics, common);
  metrics->callback([&common, &exit_code] { exit_code = ask(common, "metrics", Json::object(), nullptr); });
}

/// Help and version are asked for by an "error" too.
int end_of_parsing(const CLI::App& app, const CLI::ParseError& error) {
  if (const auto said = cli::misspelt(app, error)) return complain({ErrorKind::malformed, *said + "; see --help"}, bad_usage);
  return app.exit(error) == 0 ? done : bad_usage;
}

}  // namespace

int run_command(int argc, char** argv) {
  CLI::App app{"Danewerk: SMTP DANE with DNSSEC for mail operators"};
  app.set_version_flag("--version", std::string("danewerk ") + DANEWERK_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 it could not be done, 2 wrong usage or configuration; `danewerk tlsa --help` has its own.");
  Common common;
  app.add_option("-c,--config", common.config, "configuration file")->capture_default_str();
  app.fallthrough();
  int exit_code = done;
  add_serve(app, common, exit_code);
  SendOptions send_options;
  auto* send = app.add_subcommand("send", "submit a message from a file or standard input");
  send->add_option("--from", send_options.from, "sender; one of our domains")->required();
  send->add_option("--to", send_options.to, "recipient; repeat it for more")->required()->allow_extra_args(false);
  send->add_option("file", send_options.file, "the message; - is standard input")->capture_default_str();
  send->add_flag("--require-tls", send_options.require_tls, "RFC 8689: deliver over verified TLS or not at all");
  send->add_flag("--tls-required-no", send_options.tls_required_no,
                 "RFC 8689: deliver even where the destination's own DANE or MTA-STS says not to, in clear if need be");
  add_json(send, common);
  send->callback([&] { exit_code = send_message(common, send_options); });
  add_queue(app, common, exit_code);
  add_trace(app, common, exit_code);
  add_prove(app, common, exit_code);
  static std::string subject, whose;
  static bool explain_require_tls = false, explain_waived = false;
  auto* explain = app.add_subcommand("explain", "what delivery would demand of each host of an address or domain, and why; sends nothing");
  explain->add_option("address-or-domain", subject)->required();
  explain->add_option("--tenant", whose, "as for this tenant's mail, with its own connectors; without it, only those for all count");
  explain->add_flag("--require-tls", explain_require_tls, "for a message with REQUIRETLS");
  explain->add_flag("--tls-required-no", explain_waived, "for a message with TLS-Required: No");
  add_json(explain, common);
  explain->callback([&] {
    const Json about = object({{"subject", subject}, {"tenant", whose}, {"require_tls", explain_require_tls}, {"tls_required_no", explain_waived}});
    exit_code = ask(common, "explain", about, nullptr);
  });
  const auto call_running = [&common](const std::string& operation, Json arguments) -> Result<Json> {
    TRY(const Settings settings, load(common.config));
    return call(settings.control_socket(), {operation, std::move(arguments), 0});
  };
  const auto complain_of = [&common](const Error& error) { return complain(error, load(common.config) ? could_not : bad_usage); };
  const DomainAsking domain_asking{call_running, complain_of, common.json, exit_code};
  add_domain_commands(app, domain_asking);
  const AskRunning asking = [&common](const std::string& operation, Json arguments, Renderer render, std::istream* body, std::uint64_t size) {
    return ask(common, operation, std::move(arguments), render, body, size);
  };
  add_connector_commands(app, common.json, exit_code, asking);
  const auto ask_and_print = [&](const std::string& operation, Json arguments, Renderer render) {
    exit_code = ask(common, operation, std::move(arguments), render);
  };
  const Asking hoster_asking{ask_and_print, [&](CLI::App* command) { add_json(command, common); }};
  add_hoster_commands(app, hoster_asking);
  add_key_commands(app, hoster_asking);
  add_certificate_commands(app, hoster_asking);
  add_mta_sts_commands(app, hoster_asking);
  add_zone_commands(app, hoster_asking);
  const Offline offline = offline_for(common, exit_code);
  add_backup_commands(app, offline);
  add_status_and_metrics(app, common, exit_code);
  add_config(app, common, exit_code);
  app.add_subcommand("tlsa", "verify chains against TLSA records offline, or make records (see `danewerk tlsa --help`)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return end_of_parsing(app, error);
  }
  return exit_code;
}

}  // namespace danewerk::app
