#include "app/cli/tlsa_verify.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/cli/tlsa_judge.h"
#include "io/tls/certificate.h"

namespace danewerk::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_input = 16U << 20U;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json depth_of(const types::Verdict& verdict) {
  return verdict.depth ? Json(static_cast<unsigned>(*verdict.depth)) : Json(nullptr);
}

Json record_of(const types::Verdict& verdict) { return verdict.record ? Json(verdict.record->to_string()) : Json(nullptr); }

Json certificate_json(std::size_t position, const types::CertificateInfo& info) {
  return {{"position", position},
          {"subject", info.subject},
          {"issuer", info.issuer},
          {"dns_names", info.dns_names},
          {"not_before", to_rfc3339(info.not_before)},
          {"not_after", to_rfc3339(info.not_after)},
          {"key", info.key_algorithm},
          {"sha256", info.sha256},
          {"spki_sha256", info.spki_sha256}};
}

void print_json(const TlsaQuestion& question, const TlsaAnswer& answer, const types::CertificateChain& chain, std::ostream& out) {
  const types::Verdict& verdict = answer.verdict;
  Json json{{"exit", static_cast<int>(exit_code(verdict))},
            {"result", to_string(verdict.kind)},
            {"depth", depth_of(verdict)},
            {"record", record_of(verdict)},
            {"failure", verdict.failure ? Json(to_string(*verdict.failure)) : Json(nullptr)},
            {"failure_reason_code", verdict.library_code.empty() ? Json(nullptr) : Json(verdict.library_code)},
            {"matched_name", verdict.matched_name ? Json(*verdict.matched_name) : Json(nullptr)},
            {"reason", verdict.reason},
            {"base_domain", question.base.to_string()},
            {"at", to_rfc3339(question.at)}};
  json["names"] = Json::array();
  for (const auto& name : question.names) json["names"].push_back(name.to_string());
  json["records"] = Json::array();
  for (const dane::JudgedRecord& judged : answer.selection.records) {
    json["records"].push_back({{"record", judged.record.to_string()}, {"use", to_string(judged.use)}, {"reason", judged.reason}});
  }
  json["chain"] = Json::array();
  for (std::size_t i = 0; i < chain.size(); ++i) json["chain"].push_back(certificate_json(i, chain[i]));
  out << dump(json) << '\n';
}

const char* headline(types::VerdictKind kind) {
  switch (kind) {
    case types::VerdictKind::matched: return "MATCHED";
    case types::VerdictKind::not_matched: return "NOT MATCHED";
    case types::VerdictKind::all_unusable: return "ALL UNUSABLE";
  }
  return "NOT MATCHED";
}

void print_for_people(const TlsaQuestion& question, const TlsaAnswer& answer, const types::CertificateChain& chain,
                      std::ostream& out) {
  const types::Verdict& verdict = answer.verdict;
  out << headline(verdict.kind) << ": " << verdict.to_string() << '\n';
  if (verdict.record) {
    out << "  record " << verdict.record->to_string() << "\n  depth  " << static_cast<unsigned>(*verdict.depth) << '\n';
  }
  if (!verdict.library_code.empty()) out << "  code   " << verdict.library_code << '\n';
  out << "asked for " << question.base.to_string();
  for (const auto& name : question.names) out << ", " << name.to_string();
  out << " at " << to_rfc3339(question.at) << "\nrecords:\n";
  for (const dane::JudgedRecord& judged : answer.selection.records) {
    out << "  " << judged.record.to_string() << "\n      " << judged.record.describe() << ": " << to_string(judged.use);
    if (judged.use != dane::RecordUse::used) out << " (" << judged.reason << ")";
    out << '\n';
  }
  out << "chain as sent:\n";
  for (std::size_t i = 0; i < chain.size(); ++i) {
    out << "  " << i << "  " << chain[i].subject << ", " << chain[i].key_algorithm << ", " << to_rfc3339(chain[i].not_before)
        << " to " << to_rfc3339(chain[i].not_after) << '\n';
    for (const std::string& name : chain[i].dns_names) out << "      name " << name << '\n';
    out << "      issued by " << chain[i].issuer << "\n      SPKI SHA2-256 " << chain[i].spki_sha256 << "\n      Cert SHA2-256 "
        << chain[i].sha256 << '\n';
  }
}

ExitCode print_error(const Error& error, bool json, const Terminal& terminal) {
  const ExitCode exit = exit_code(error);
  if (json) {
    terminal.out << dump({{"exit", static_cast<int>(exit)}, {"result", "error"}, {"reason", error.what}}) << '\n';
  } else {
    terminal.err << "danewerk tlsa verify: " << error.what << '\n';
  }
  return exit;
}

Failure<Error> bad_field(const char* field, const char* should_be) {
  return fail(ErrorKind::malformed, std::string("field '") + field + "' must be " + should_be);
}

/// Absent and null are the same.
Result<std::vector<std::string>> strings(const Json& line, const char* field) {
  std::vector<std::string> out;
  const auto at = line.find(field);
  if (at == line.end() || at->is_null()) return out;
  if (!at->is_array()) return bad_field(field, "an array of strings");
  for (const Json& element : *at) {
    if (!element.is_string()) return bad_field(field, "an array of strings");
    out.push_back(*element.get_ptr<const std::string*>());
  }
  return out;
}

Result<std::optional<std::string>> optional_string(const Json& line, const char* field) {
  const auto at = line.find(field);
  if (at == line.end() || at->is_null()) return std::optional<std::string>{};
  if (!at->is_string()) return bad_field(field, "a string");
  return std::optional<std::string>(*at->get_ptr<const std::string*>());
}

Result<TlsaQuestionText> read_line(const Json& line) {
  TlsaQuestionText text;
  const auto id = line.find("id");
  if (id != line.end() && id->is_structured()) return bad_field("id", "a string or a number");
  TRY(const auto chain, optional_string(line, "chain"));
  if (!chain) return bad_field("chain", "the certificates in PEM, leaf first");
  TRY(const auto base_domain, optional_string(line, "base_domain"));
  if (!base_domain) return bad_field("base_domain", "a host name");
  TRY(text.records, strings(line, "tlsa"));
  TRY(text.names, strings(line, "names"));
  TRY(text.at, optional_string(line, "at"));
  text.chain = *chain;
  text.base_domain = *base_domain;
  return text;
}

Result<types::Verdict> judge_line(const Json& line, Instant now) {
  TRY(const TlsaQuestionText text, read_line(line));
  TRY(const TlsaQuestion question, read_question(text, now));
  TRY(TlsaAnswer answer, judge(question));
  return std::move(answer.verdict);
}

std::string batch_answer(const std::string& text, Instant now) {
  const Json line = Json::parse(text, nullptr, false);
  const bool is_object = line.is_object();
  const auto id = is_object ? line.find("id") : line.end();
  // A structured id is not echoed: copying and writing a value nested a million deep would exhaust the stack.
  const bool has_id = is_object && id != line.end() && id->is_primitive();
  Json out{{"id", has_id ? *id : Json(nullptr)}};
  const auto verdict = is_object ? judge_line(line, now)
                                 : Result<types::Verdict>(fail(ErrorKind::malformed, "the line is not a JSON object in UTF-8"));
  if (!verdict) {
    out.update({{"exit", static_cast<int>(exit_code(verdict.error()))},
                {"depth", nullptr},
                {"record", nullptr},
                {"reason", verdict.error().what}});
    return dump(out);
  }
  out.update({{"exit", static_cast<int>(exit_code(*verdict))},
              {"depth", depth_of(*verdict)},
              {"record", record_of(*verdict)},
              {"reason", verdict->to_string()}});
  return dump(out);
}

}  // namespace

Result<std::string> read_input(const std::string& path, const Terminal& terminal) {
  std::ifstream file;
  if (path != "-") {
    errno = 0;
    file.open(path, std::ios::binary);
    if (!file) return fail(ErrorKind::not_found, "cannot read '" + path + "': " + std::strerror(errno));
  }
  std::istream& in = path == "-" ? terminal.in : file;
  std::string content(max_input + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return fail(ErrorKind::not_found, "cannot read '" + path + "': " + std::strerror(errno));
  if (content.size() > max_input) return fail(ErrorKind::limit, "'" + path + "' is larger than 16 MiB");
  return content;
}

ExitCode verify_one(const VerifyOptions& options, const Terminal& terminal, Instant now) {
  auto content = read_input(options.chain_path, terminal);
  if (!content) return print_error(content.error(), options.json, terminal);
  const auto question = read_question(
      {*std::move(content), options.records, options.base_domain, options.names, options.at}, now);
  if (!question) return print_error(question.error(), options.json, terminal);
  const auto answer = judge(*question);
  if (!answer) return print_error(answer.error(), options.json, terminal);
  (options.json ? print_json : print_for_people)(*question, *answer, tls::describe_chain(question->chain.get()), terminal.out);
  return exit_code(answer->verdict);
}

ExitCode verify_batch(const Terminal& terminal, Instant now) {
  for (std::string line; std::getline(terminal.in, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    terminal.out << batch_answer(line, now) << '\n' << std::flush;
  }
  if (!terminal.in.bad() && terminal.out) return ExitCode::matched;
  terminal.err << "danewerk tlsa verify --batch: " << (terminal.in.bad() ? "reading" : "writing") << " failed\n";
  return ExitCode::bad_input;
}

}  // namespace danewerk::cli
