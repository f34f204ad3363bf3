#include "app/danewerk/bulk_rows.h"

#include <algorithm>
#include <array>

namespace danewerk::app {
namespace {

constexpr std::array flags{"verified", "dnssec", "dane"};
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // as spreadsheets write it
constexpr std::size_t most_lines = 100;                        // of one record

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

std::string column_name(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ') out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
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

std::optional<BulkRows::Line> BulkRows::next_line() {
  if (!put_back_.empty()) {
    Line out = std::move(put_back_.front());
    put_back_.pop_front();
    return out;
  }
  Line out;
  if (!std::getline(in_, out.text)) return std::nullopt;
  out.number = ++read_;
  if (out.text.ends_with('\r')) out.text.pop_back();
  if (out.number == 1 && out.text.starts_with(byte_order_mark)) out.text.erase(0, byte_order_mark.size());
  return out;
}

/// One line, or several where a quoted field holds line ends. If they make no record, the first line alone is at fault.
std::optional<BulkRows::Line> BulkRows::next_record() {
  auto first = next_line();
  if (!first || first->text.starts_with('{') || !has_open_quote(first->text)) return first;
  std::deque<Line> more;
  std::string text = first->text;
  while (has_open_quote(text) && more.size() < most_lines) {
    auto line = next_line();
    if (!line) break;
    text += "\n" + line->text;
    more.push_back(*std::move(line));
  }
  if (csv_fields(text)) {
    first->text = std::move(text);
  } else {
    put_back_.insert(put_back_.begin(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return first;
}

std::optional<BulkRow> BulkRows::next() {
  while (const auto record = next_record()) {
    if (record->text.empty() || record->text.front() == '#') continue;
    if (record->text.front() == '{') return of_json(*record);
    if (columns_.empty()) {
      columns_ = {"domain", "tenant", "route"};
      std::vector<std::string> names = csv_fields(record->text).value_or(std::vector<std::string>());
      std::transform(names.begin(), names.end(), names.begin(), column_name);
      if (std::find(names.begin(), names.end(), "domain") != names.end()) {
        columns_ = std::move(names);
        continue;
      }
    }
    return of_csv(*record);
  }
  return std::nullopt;
}

BulkRow BulkRows::of_json(const Line& record) const {
  BulkRow out{record.number, parse_json(record.text), {}, {}};
  if (!out.row.is_object()) return {record.number, Json::object(), "the line is no JSON object", record.text};
  complete(out.row);
  return out;
}

BulkRow BulkRows::of_csv(const Line& record) const {
  BulkRow out{record.number, Json::object(), {}, {}};
  const auto fields = csv_fields(record.text);
  if (!fields) return {record.number, Json::object(), fields.error().what, record.text};
  if (fields->size() > columns_.size()) {
    const std::string counts = "it has " + std::to_string(fields->size()) + " fields, and there are " + std::to_string(columns_.size()) + " columns";
    return {record.number, Json::object(), counts, record.text};
  }
  for (std::size_t i = 0; i < fields->size(); ++i) {
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
  complete(out.row);
  return out;
}

void BulkRows::complete(Json& row) const {
  for (const auto& [key, value] : defaults_.items()) {
    if (!row.contains(key)) row[key] = value;
  }
}

}  // namespace danewerk::app
