// The question `tlsa verify` asks and its answer, apart from how they are written.
//
// One question comes from the command line, a million from --batch; both are read into TlsaQuestion here and judged by the
// same function, so that the two forms cannot answer differently. The chain is PEM (or DER) as a server's file holds it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli/tlsa_command.h"
#include "engine/dane/usability.h"
#include "io/tls/certificate_file.h"
#include "types/domain_name.h"
#include "types/verdict.h"

namespace danewerk::cli {

/// As written by people.
struct TlsaQuestionText {
  std::string chain;
  std::vector<std::string> records;
  std::string base_domain;
  std::vector<std::string> names;
  std::optional<std::string> at;
};

struct TlsaQuestion {
  tls::ParsedChain chain;  ///< leaf first
  types::TlsaSet records;
  types::TlsaBaseDomain base;
  std::vector<types::ReferenceName> names;  ///< besides the base domain
  Instant at;
};

struct TlsaAnswer {
  dane::Selection selection;
  types::Verdict verdict;
};

/// Error: malformed, naming what cannot be read: the chain, a record (by number), a name, the time; or no record at all.
Result<TlsaQuestion> read_question(const TlsaQuestionText& text, Instant now);

/// As delivery judges. Error: as tls::verify_chain.
Result<TlsaAnswer> judge(const TlsaQuestion& question);

ExitCode exit_code(const types::Verdict& verdict);

/// For an Error of the two functions above: bad_input for what the user can mend, failed for what he cannot.
ExitCode exit_code(const Error& error);

}  // namespace danewerk::cli
