#include "app/cli/tlsa_generate.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/tlsa_verify.h"
#include "io/tls/certificate.h"
#include "io/tls/certificate_file.h"
#include "types/domain_name.h"

namespace danewerk::cli {
namespace {

using types::TlsaRecord;
using types::TlsaUsage;

/// The three fields, with no data yet. Error: malformed, naming the field.
Result<TlsaRecord> read_form(const GenerateOptions& options) {
  TRY(TlsaRecord form, TlsaRecord::parse(options.usage + " " + options.selector + " " + options.matching));
  if (form.usage > TlsaUsage::dane_ee) return fail(ErrorKind::malformed, "usage must be 0 to 3; mail servers use 3 or 2");
  if (form.selector > types::TlsaSelector::spki) return fail(ErrorKind::malformed, "selector must be 0 (Cert) or 1 (SPKI)");
  if (form.matching > types::TlsaMatching::sha2_512) {
    return fail(ErrorKind::malformed, "matching type must be 0 (Full), 1 (SHA2-256) or 2 (SHA2-512)");
  }
  return form;
}

bool names_an_issuer(TlsaUsage usage) { return usage == TlsaUsage::pkix_ta || usage == TlsaUsage::dane_ta; }

Result<types::CertificateInfo> choose(const types::CertificateChain& chain, const GenerateOptions& options, TlsaUsage usage) {
  const bool wants_issuer = names_an_issuer(usage);
  if (options.position) {
    if (*options.position < 1 || *options.position > chain.size()) {
      return fail(ErrorKind::malformed, "--position " + std::to_string(*options.position) + ": the file holds " +
                                            std::to_string(chain.size()) + " certificates");
    }
    const types::CertificateInfo& chosen = chain[*options.position - 1];
    if (!wants_issuer || chosen.role == types::CertificateRole::authority) return chosen;
  } else if (!wants_issuer) {
    return chain.front();
  } else {
    for (const types::CertificateInfo& candidate : chain) {
      if (candidate.role == types::CertificateRole::authority) return candidate;
    }
  }
  return fail(ErrorKind::malformed, "usage " + std::to_string(static_cast<unsigned>(usage)) +
                                        " names an issuer, but '" + chain.front().subject +
                                        "' may not issue certificates (it is no CA); give the issuer's certificate, or use 3 1 1");
}

Result<TlsaRecord> from_certificates(const std::string& content, const GenerateOptions& options, const TlsaRecord& form) {
  TRY(const tls::ParsedChain chain, tls::read_certificate_file(content));
  TRY(const auto chosen, choose(tls::describe_chain(chain.get()), options, form.usage));
  return tls::record_for(chosen, form.usage, form.selector, form.matching);
}

Result<TlsaRecord> from_key(const std::string& content, const TlsaRecord& form) {
  TRY(const Bytes spki, tls::read_public_key_file(content));
  if (form.selector == types::TlsaSelector::cert) {
    return fail(ErrorKind::malformed, "selector 0 is the whole certificate, and the file holds only a key; give the certificate, or use selector 1");
  }
  return tls::record_for_key(spki, form.usage, form.matching);
}

/// A file of unknown kind is certificates if it has any that reads, else a key; both reasons are told if it is neither.
Result<TlsaRecord> make_record(const std::string& content, const GenerateOptions& options) {
  TRY(const TlsaRecord form, read_form(options));
  if (options.kind == InputKind::certificate) return from_certificates(content, options, form);
  if (options.kind == InputKind::key) return from_key(content, form);
  if (const auto certificates = tls::read_certificate_file(content)) return from_certificates(content, options, form);
  const bool has_certificate = content.find("-----BEGIN CERTIFICATE") != std::string::npos;
  if (has_certificate) return from_certificates(content, options, form);
  const auto key = tls::read_public_key_file(content);
  if (key) return from_key(content, form);
  if (key.error().kind == ErrorKind::denied) return Failure{key.error()};
  return fail(ErrorKind::malformed, "neither a certificate (" + tls::read_certificate_file(content).error().what +
                                        ") nor a key (" + key.error().what + ")");
}

Result<std::vector<std::string>> zone_lines(const GenerateOptions& options, const TlsaRecord& record) {
  std::vector<std::string> lines;
  for (const std::string& host : options.names) {
    TRY(const auto checked, types::DomainName::parse(host));
    if (checked.is_root()) return fail(ErrorKind::malformed, "--name: '.' is the root, which is no host");
    TRY(const auto owner, types::DomainName::parse("_" + std::to_string(options.port) + "._tcp." + checked.to_string()));
    lines.push_back(owner.to_string() + ". IN TLSA " + record.to_string());
  }
  return lines;
}

void print_json(const TlsaRecord& record, const std::vector<std::string>& zone, std::ostream& out) {
  const nlohmann::ordered_json json{{"exit", 0},
                                    {"record", record.to_string()},
                                    {"description", record.describe()},
                                    {"usage", static_cast<unsigned>(record.usage)},
                                    {"selector", static_cast<unsigned>(record.selector)},
                                    {"matching", static_cast<unsigned>(record.matching)},
                                    {"data", to_hex(record.data)},
                                    {"zone", zone}};
  out << json.dump() << '\n';
}

ExitCode print_error(const Error& error, const GenerateOptions& options, const Terminal& terminal) {
  if (options.json) {
    const nlohmann::ordered_json json{{"exit", 3}, {"reason", error.what}};
    terminal.out << json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  } else {
    terminal.err << "danewerk tlsa generate: " << error.what << '\n';
  }
  return ExitCode::bad_input;
}

}  // namespace

ExitCode generate(const GenerateOptions& options, const Terminal& terminal) {
  const auto content = read_input(options.path, terminal);
  if (!content) return print_error(content.error(), options, terminal);
  const auto record = make_record(*content, options);
  if (!record) return print_error(Error{record.error().kind, "'" + options.path + "': " + record.error().what}, options, terminal);
  const auto zone = zone_lines(options, *record);
  if (!zone) return print_error(zone.error(), options, terminal);
  if (record->usage < TlsaUsage::dane_ta) {
    terminal.err << "danewerk tlsa generate: warning: mail servers cannot use certificate usage "
                 << static_cast<unsigned>(record->usage) << " (RFC 7672 3.1.3)\n";
  }
  if (options.json) {
    print_json(*record, *zone, terminal.out);
  } else if (zone->empty()) {
    terminal.out << record->to_string() << '\n';
  }
  for (const std::string& line : options.json ? std::vector<std::string>{} : *zone) terminal.out << line << '\n';
  return ExitCode::matched;
}

}  // namespace danewerk::cli
