#include "app/cli/tlsa_judge.h"

#include "io/tls/certificate.h"
#include "io/tls/dane_verify.h"

namespace danewerk::cli {
namespace {

Result<types::DomainName> read_host(const std::string& text, const char* role) {
  auto name = types::DomainName::parse(text);
  if (!name) return fail(ErrorKind::malformed, std::string(role) + ": " + name.error().what);
  if (name->is_root()) return fail(ErrorKind::malformed, std::string(role) + ": '.' is the root, which is no host");
  return name;
}

}  // namespace

Result<TlsaQuestion> read_question(const TlsaQuestionText& text, Instant now) {
  TlsaQuestion question;
  auto chain = tls::read_certificate_file(text.chain);
  if (!chain) return fail(ErrorKind::malformed, "chain: " + chain.error().what);
  question.chain = *std::move(chain);
  if (text.records.empty()) return fail(ErrorKind::malformed, "no TLSA record given; write one as '3 1 1 <hex>'");
  for (std::size_t i = 0; i < text.records.size(); ++i) {
    auto record = types::TlsaRecord::parse(text.records[i]);
    if (!record) return fail(ErrorKind::malformed, "record " + std::to_string(i + 1) + ": " + record.error().what);
    question.records.push_back(*std::move(record));
  }
  TRY(auto base, read_host(text.base_domain, "base domain"));
  question.base = types::TlsaBaseDomain(std::move(base));
  for (const std::string& name : text.names) {
    TRY(auto host, read_host(name, "name"));
    question.names.emplace_back(std::move(host));
  }
  question.at = now;
  if (text.at) {
    TRY(question.at, parse_rfc3339(*text.at));
  }
  return question;
}

Result<TlsaAnswer> judge(const TlsaQuestion& question) {
  std::vector<dane::RecordFact> facts;
  facts.reserve(question.records.size());
  for (const types::TlsaRecord& record : question.records) facts.push_back({record, tls::inspect_association(record)});
  TlsaAnswer answer{dane::select_records(facts), {}};
  const types::TlsaSet usable = answer.selection.usable();
  if (usable.empty()) {
    answer.verdict = dane::all_unusable(answer.selection);
    return answer;
  }
  TRY(answer.verdict, tls::verify_chain(question.chain.get(), {usable, question.base, question.names, question.at}));
  return answer;
}

ExitCode exit_code(const types::Verdict& verdict) {
  switch (verdict.kind) {
    case types::VerdictKind::matched: return ExitCode::matched;
    case types::VerdictKind::not_matched: return ExitCode::not_matched;
    case types::VerdictKind::all_unusable: return ExitCode::all_unusable;
  }
  return ExitCode::failed;
}

ExitCode exit_code(const Error& error) {
  return error.kind == ErrorKind::internal ? ExitCode::failed : ExitCode::bad_input;
}

}  // namespace danewerk::cli
