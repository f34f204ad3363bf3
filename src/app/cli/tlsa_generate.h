// `danewerk tlsa generate`: the TLSA record for a certificate or key file, made by the code that will match it.
//
// The record for a key can be published before there is a certificate for it (3 1 1 of the next key, RFC 7671 8.1).
// What cannot be made is refused with the reason: a DANE-TA(2) record for a certificate that may not issue (it would never
// match, CRT-04), and a Cert(0) record from a bare key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli/tlsa_command.h"

namespace danewerk::cli {

enum class InputKind : std::uint8_t { either, certificate, key };

struct GenerateOptions {
  std::string path;  ///< "-" is standard input
  InputKind kind = InputKind::either;
  std::string usage = "3";     ///< number or RFC 7218 acronym
  std::string selector = "1";
  std::string matching = "1";
  std::optional<std::size_t> position;  ///< which certificate of the file, from 1; default: see generate()
  std::vector<std::string> names;
  std::uint16_t port = 25;
  bool json = false;
};

/// Prints the record, or with names one zone-file line each. Without `position`, EE usages take the first certificate of
/// the file (the leaf) and TA usages the first that may issue others.
ExitCode generate(const GenerateOptions& options, const Terminal& terminal);

}  // namespace danewerk::cli
