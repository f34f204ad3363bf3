#include "app/cli/tlsa_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "app/cli/misspelt.h"
#include "app/cli/tlsa_generate.h"
#include "app/cli/tlsa_verify.h"

namespace danewerk::cli {
namespace {

constexpr const char* verify_footer =
    "Exit codes: 0 a record matched; 1 none matched; 2 all records are unusable (TLS required, nobody is\n"
    "authenticated); 3 bad input; 4 internal failure. --batch reads one JSON object a line from standard input\n"
    "(id, chain in PEM, tlsa[], base_domain, names[], at), writes one (id, exit, depth, record, reason) for each,\n"
    "and exits 0 if all lines were read.\n\n"
    "Example: danewerk tlsa verify --chain fullchain.pem --tlsa '3 1 1 8cb0...' --base-domain mx.example.com";

constexpr const char* generate_footer =
    "Exit codes: 0 done; 3 bad input.\n\n"
    "Example: danewerk tlsa generate fullchain.pem --name mx.example.com";

/// Repeatable, one value each time: CLI11 would otherwise let one --tlsa swallow all that follows.
void add_list(CLI::App& app, const char* name, std::vector<std::string>& into, const char* help) {
  app.add_option(name, into, help)->allow_extra_args(false)->take_all();
}

CLI::App* add_verify(CLI::App& app, VerifyOptions& options, bool& batch) {
  CLI::App* verify = app.add_subcommand("verify", "Would delivery accept a server that presents this chain?");
  verify->add_option("--chain", options.chain_path, "certificates as sent on the wire, leaf first: a PEM or DER file, or -");
  add_list(*verify, "--tlsa", options.records, "a TLSA record, '3 1 1 <hex>'; may be repeated");
  verify->add_option("--base-domain", options.base_domain, "TLSA base domain (the MX host); always an accepted name");
  add_list(*verify, "--name", options.names, "a further name the certificate may carry (the next hop); may be repeated");
  verify->add_option("--at", options.at, "judge at this time, as 2026-11-23T15:04:05Z (default: now)");
  verify->add_flag("--json", options.json, "print one JSON object");
  verify->add_flag("--batch", batch, "read questions as NDJSON from standard input");
  verify->footer(verify_footer);
  return verify;
}

CLI::App* add_generate(CLI::App& app, GenerateOptions& options, std::string& certificate, std::string& key) {
  CLI::App* generate = app.add_subcommand("generate", "The TLSA record for a certificate or key file");
  CLI::Option* file = generate->add_option("file", options.path, "certificate or key, PEM or DER, or -");
  CLI::Option* from_certificate = generate->add_option("--cert", certificate, "read as certificates");
  CLI::Option* from_key = generate->add_option("--key", key, "read as a private or public key");
  file->excludes(from_certificate)->excludes(from_key);
  from_certificate->excludes(from_key);
  generate->add_option("--usage", options.usage, "certificate usage: 3 DANE-EE, 2 DANE-TA (0 and 1 are not for mail)")->capture_default_str();
  generate->add_option("--selector", options.selector, "selector: 1 SPKI, 0 Cert")->capture_default_str();
  generate->add_option("--matching,--matching-type", options.matching, "matching type: 1 SHA2-256, 2 SHA2-512, 0 Full")->capture_default_str();
  generate->add_option("--position", options.position, "which certificate of the file, from 1 (default: the leaf, or for usage 2 the first CA)");
  add_list(*generate, "--name", options.names, "print a zone-file line for this host; may be repeated");
  generate->add_option("--port", options.port, "port in the owner name")->capture_default_str();
  generate->add_flag("--json", options.json, "print one JSON object");
  generate->footer(generate_footer);
  return generate;
}

ExitCode refuse(const Terminal& terminal, const char* what) {
  terminal.err << "danewerk tlsa: " << what << "; see --help\n";
  return ExitCode::bad_input;
}

ExitCode run_verify(const VerifyOptions& options, bool batch, const Terminal& terminal, Instant now) {
  const bool has_question = !options.chain_path.empty() || !options.records.empty() || !options.base_domain.empty();
  if (batch) return has_question ? refuse(terminal, "--batch takes its questions from standard input only") : verify_batch(terminal, now);
  if (options.chain_path.empty()) return refuse(terminal, "verify needs --chain");
  if (options.base_domain.empty()) return refuse(terminal, "verify needs --base-domain");
  return verify_one(options, terminal, now);
}

}  // namespace

int run_tlsa(std::span<const std::string> arguments, const Terminal& terminal, Instant now) {
  CLI::App app{"DANE on the desk: verify a chain against TLSA records, or make the records.", "danewerk tlsa"};
  app.require_subcommand(1);
  VerifyOptions verify_options;
  GenerateOptions generate_options;
  bool batch = false;
  std::string certificate;
  std::string key;
  const CLI::App* verify = add_verify(app, verify_options, batch);
  add_generate(app, generate_options, certificate, key);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // what CLI11 wants
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    if (const auto said = misspelt(app, error)) return static_cast<int>(refuse(terminal, said->c_str()));
    return app.exit(error, terminal.out, terminal.err) == 0 ? 0 : static_cast<int>(ExitCode::bad_input);
  }
  if (verify->parsed()) return static_cast<int>(run_verify(verify_options, batch, terminal, now));
  if (!certificate.empty()) generate_options.kind = InputKind::certificate;
  if (!key.empty()) generate_options.kind = InputKind::key;
  if (!certificate.empty() || !key.empty()) generate_options.path = certificate.empty() ? key : certificate;
  if (generate_options.path.empty()) return static_cast<int>(refuse(terminal, "generate needs a certificate or key file"));
  return static_cast<int>(generate(generate_options, terminal));
}

int run_tlsa(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return run_tlsa(arguments, {std::cin, std::cout, std::cerr}, now);
}

}  // namespace danewerk::cli
