#include "app/danewerk/bulk_rows.h"

#include <algorithm>
#include <array>

namespace danewerk::app {
namespace {

constexpr std::array flags{"verified", "dnssec", "dane"};

bool is_flag(const std::string& column) { return std::find(flags.begin(), flags.end(), column) != flags.end(); }

std::optional<bool> flag_of(const std::string& text) {
  for (const char* yes : {"yes", "true", "1", "on"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"no", "false", "0", "off"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

/// A quoted field may hold line ends: the record goes on while a quote is open.
bool has_open_quote(const std::string& record) { return std::count(record.begin(), record.end(), '"') % 2 != 0; }

}  // namespace

Result<std::vector<std::string>> csv_fields(const std::string& record) {
  std::vector<std::string> out(1);
  bool quoted = false;
  bool closed = false;  // the field had quotes, and they ended
  for (std::size_t i = 0; i < record.size(); ++i) {
    const char c = record[i];
    if (quoted) {
      if (c != '"') {
        out.back().push_back(c);
      } else if (i + 1 < record.size() && record[i + 1] == '"') {
        out.back().push_back(record[++i]);
      } else {
        quoted = false;
        closed = true;
      }
    } else if (c == ',') {
      out.emplace_back();
      closed = false;
    } else if (c == '"' && out.back().empty() && !closed) {
      quoted = true;
    } else if (closed) {
      return fail(ErrorKind::malformed, "there is text behind a closing quote");
    } else {
      out.back().push_back(c);
    }
  }
  if (quoted) return fail(ErrorKind::malformed, "a quote is not closed");
  return out;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

bool BulkRows::read_record(std::string& text) {
  std::string line;
  text.clear();
  while (std::getline(in_, line)) {
    ++line_;
    if (text.empty()) first_line_ = line_;
    if (line.ends_with('\r')) line.pop_back();
    text += (text.empty() ? "" : "\n") + line;
    if (text.starts_with('{') || !has_open_quote(text)) return true;
  }
  return !text.empty();
}

std::optional<BulkRow> BulkRows::next() {
  std::string text;
  while (read_record(text)) {
    if (text.empty() || text.front() == '#') continue;
    if (text.front() == '{') return of_json(text);
    if (columns_.empty()) {
      const auto fields = csv_fields(text);
      columns_ = {"domain", "tenant", "route"};
      if (fields && std::find(fields->begin(), fields->end(), "domain") != fields->end()) {
        columns_ = *fields;
        continue;
      }
    }
    return of_csv(text);
  }
  return std::nullopt;
}

BulkRow BulkRows::of_json(const std::string& text) const {
  BulkRow out{first_line_, Json::parse(text, nullptr, false), {}};
  if (!out.row.is_object()) {
    out.row = Json::object();
    out.fault = "the line is no JSON object";
  }
  complete(out.row);
  return out;
}

BulkRow BulkRows::of_csv(const std::string& text) {
  BulkRow out{first_line_, Json::object(), {}};
  const auto fields = csv_fields(text);
  if (!fields) {
    out.fault = fields.error().what;
    return out;
  }
  for (std::size_t i = 0; i < fields->size() && i < columns_.size(); ++i) {
    const std::string& field = (*fields)[i];
    if (field.empty()) continue;
    const auto flag = is_flag(columns_[i]) ? flag_of(field) : std::nullopt;
    if (flag) {
      out.row[columns_[i]] = *flag;
    } else {
      out.row[columns_[i]] = field;
      if (is_flag(columns_[i])) out.fault = "column " + columns_[i] + ": '" + field + "' is neither yes nor no";
    }
  }
  if (fields->size() > columns_.size()) {
    out.fault = "it has " + std::to_string(fields->size()) + " fields, and there are " + std::to_string(columns_.size()) + " columns";
  }
  complete(out.row);
  return out;
}

void BulkRows::complete(Json& row) const {
  for (const auto& [key, value] : defaults_.items()) {
    if (!row.contains(key)) row[key] = value;
  }
}

}  // namespace danewerk::app
