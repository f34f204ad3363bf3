// `danewerk tlsa verify`: reads its options' values, prints its answer; the judging is in tlsa_judge.h.
//
// Three forms of one answer: sentences for people, one JSON object (--json), and NDJSON in and out (--batch). All three are
// printed from the same Verdict and Selection.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli/tlsa_command.h"

namespace danewerk::cli {

struct VerifyOptions {
  std::string chain_path;  ///< "-" is standard input
  std::vector<std::string> records;
  std::string base_domain;
  std::vector<std::string> names;
  std::optional<std::string> at;
  bool json = false;
};

ExitCode verify_one(const VerifyOptions& options, const Terminal& terminal, Instant now);

/// Every line of standard input that is not blank gives one line of output, in order; a bad line has `exit` 3 and says why.
ExitCode verify_batch(const Terminal& terminal, Instant now);

/// The octets of a file or, for "-", of standard input. Error: not_found with the system's reason, limit above 16 MiB.
Result<std::string> read_input(const std::string& path, const Terminal& terminal);

}  // namespace danewerk::cli
