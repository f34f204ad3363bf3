// Draft: a rule as a person wrote it, field by field, before anybody has understood it; and back.
//
// The same rule comes from a command line, from the lines of a TOML or JSON file, and out of the store to be changed in
// one field. One form for all of them means one reader, one set of refusals and one spelling, and that an exported rule
// reads back as itself. An error names the field, and the line where there is one.
//
//   id tenant pattern dane mta_sts tls verify_names route source reason expires        (docs/formats/connectors.md)
//
// Names must be A-labels here; whoever takes them from people converts them first.
#pragma once

#include <string>
#include <vector>

#include "types/connector.h"

namespace danewerk::connector {

struct Field {
  std::string name;
  std::vector<std::string> values;  ///< one, but for verify_names and source
  std::uint32_t line = 0;           ///< 0: from no file
  friend bool operator==(const Field&, const Field&) = default;
};

struct Draft {
  std::vector<Field> fields;
  std::uint32_t line = 0;

  const Field* find(std::string_view name) const;
  /// Replaces the field of that name, or adds it.
  void set(Field field);
  friend bool operator==(const Draft&, const Draft&) = default;
};

/// `place` is 0, author and created are the act's. Errors: malformed, naming field and line: an unknown or repeated field,
/// a value that cannot be read, `pattern` or `reason` missing, or a contradiction within the rule (see contradiction()).
Result<types::Connector> read_draft(const Draft& draft, const std::string& author, Instant created);

/// What read_draft() reads as the same rule; only fields that differ from their default.
Draft draft_of(const types::Connector& rule);

/// "line 7: connector bank: dane: " before a message about a field of a draft.
std::string where(const Draft& draft, const Field* field);

/// The field at fault and why, where a rule contradicts itself: it could never be met, or reads stricter than it is.
struct Contradiction {
  std::string field;
  std::string what;
};
std::optional<Contradiction> contradiction(const types::Connector& rule);

/// One line for people: "dane mandatory, tls verify mx.example.com, route [relay.example.com]:587".
std::string terms_text(const types::Connector& rule);

}  // namespace danewerk::connector
