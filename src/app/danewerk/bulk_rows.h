// Files of domains: CSV (RFC 4180) or one JSON object a line, read row by row, whatever their size.
//
//   domain,tenant,route,verified,dnssec,dane          a first line that names its columns, in any order; others are ignored
//   contoso.example,contoso,lmtp:192.0.2.20:24,yes,yes,yes
//
//   {"domain":"contoso.example","tenant":"contoso","route":"lmtp:192.0.2.20:24","verified":true,"dane":true}
//
// Without such a first line the columns are domain, tenant, route. A file that is a plain list of domains is one of them. A
// row that cannot be read is an error of that row; the next one is read all the same, also after a quote that nobody closed.
#pragma once

#include <deque>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "app/control/protocol.h"

namespace danewerk::app {

struct BulkRow {
  std::uint64_t line = 0;  ///< in the file, from 1
  Json row = Json::object();
  std::string fault;       ///< why it cannot be read; empty if it could
  std::string text;        ///< as it stands in the file, where it cannot be read
};

class BulkRows {
 public:
  /// `defaults` stand for members that a row lacks or leaves empty. `in` outlives it.
  BulkRows(std::istream& in, Json defaults) : in_(in), defaults_(std::move(defaults)) {}
  /// Nothing at the end. Empty lines and lines that begin with # are passed over.
  std::optional<BulkRow> next();

 private:
  struct Line {
    std::uint64_t number = 0;
    std::string text;
  };
  std::optional<Line> next_line();
  std::optional<Line> next_record();
  BulkRow of_json(const Line& record) const;
  BulkRow of_csv(const Line& record) const;
  void complete(Json& row) const;

  std::istream& in_;
  Json defaults_;
  std::uint64_t read_ = 0;     // lines
  std::deque<Line> put_back_;  // read already, to be looked at again
  std::vector<std::string> columns_;
};

/// The fields of one record. Error: malformed (a quote that is not closed, text behind one).
Result<std::vector<std::string>> csv_fields(const std::string& record);
/// The field as CSV, quoted where it must be.
std::string csv_field(const std::string& text);

}  // namespace danewerk::app
