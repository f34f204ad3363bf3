#include "app/control/connector_file.h"

#include <algorithm>

#include "app/config/toml_library.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

using connector::Draft;
using connector::Field;

Failure<Error> bad_line(std::uint32_t line, const std::string& what) { return fail(ErrorKind::malformed, "line " + std::to_string(line) + ": " + what); }

// -- TOML ------------------------------------------------------------------------------------------------------------

Result<Field> toml_field(const std::string& name, const toml::node& node) {
  Field field{name, {}, node.source().begin.line};
  if (const auto* text = node.as_string()) {
    field.values.push_back(text->get());
    return field;
  }
  const auto* list = node.as_array();
  if (list == nullptr) return bad_line(field.line, name + ": write a text in quotes, or a list of texts");
  for (const toml::node& item : *list) {
    const auto* text = item.as_string();
    if (text == nullptr) return bad_line(item.source().begin.line, name + ": the list may hold texts in quotes only");
    field.values.push_back(text->get());
  }
  return field;
}

Result<std::vector<Draft>> read_toml(const std::string& text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return bad_line(parsed.error().source().begin.line, std::string(parsed.error().description()));
  std::vector<Draft> out;
  for (const auto& [name, node] : parsed.table()) {
    const auto* list = node.as_array();
    if (name.str() != "connector" || list == nullptr) {
      return bad_line(node.source().begin.line, std::string(name.str()) + ": a file of connectors holds [[connector]] tables only");
    }
    for (const toml::node& item : *list) {
      const auto* table = item.as_table();
      if (table == nullptr) return bad_line(item.source().begin.line, "connector: write it as a [[connector]] table");
      Draft draft{{}, item.source().begin.line};
      for (const auto& [key, value] : *table) {
        TRY(Field field, toml_field(std::string(key.str()), value));
        draft.fields.push_back(std::move(field));
      }
      // A table is kept sorted by name; the file's order is what its author can follow.
      std::stable_sort(draft.fields.begin(), draft.fields.end(), [](const Field& a, const Field& b) { return a.line < b.line; });
      out.push_back(std::move(draft));
    }
  }
  return out;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);  // control characters are refused in every field
  }
  return out + "\"";
}

// -- JSON, with lines ------------------------------------------------------------------------------------------------

/// Characters one by one, counting lines: the library tells positions of errors only. Copies share the count.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  CountingIterator(const char* at, std::uint32_t* line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    if (*at_ == '\n') ++*line_;
    ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  std::uint32_t* line_;
};

/// Takes {"connectors": [ {name: text or [text, ...], ...}, ... ]} and nothing else.
class JsonReader final : public nlohmann::json_sax<Json> {
 public:
  explicit JsonReader(const std::uint32_t& line) : line_(line) {}
  std::vector<Draft> drafts;
  std::string fault;

  bool null() override { return stray("null"); }
  bool boolean(bool) override { return stray("true or false"); }
  bool number_integer(std::int64_t) override { return stray("a number"); }
  bool number_unsigned(std::uint64_t) override { return stray("a number"); }
  bool number_float(double, const std::string&) override { return stray("a number"); }
  bool binary(nlohmann::json::binary_t&) override { return stray("binary data"); }
  bool string(std::string& text) override {
    if (where_ != Where::value && where_ != Where::values) return stray("a text");
    drafts.back().fields.back().values.push_back(text);
    if (where_ == Where::value) where_ = Where::rule;
    return true;
  }
  bool start_object(std::size_t) override {
    if (where_ == Where::begin) return go(Where::file);
    if (where_ != Where::list) return stray("an object");
    drafts.push_back({{}, line_});
    return go(Where::rule);
  }
  bool key(std::string& name) override {
    if (where_ == Where::file) return name == "connectors" ? go(Where::before_list) : wrong(name + ": a file of connectors holds \"connectors\" only");
    drafts.back().fields.push_back({name, {}, line_});
    return go(Where::value);
  }
  bool end_object() override { return go(where_ == Where::rule ? Where::list : Where::end); }
  bool start_array(std::size_t) override {
    if (where_ == Where::before_list) return go(Where::list);
    return where_ == Where::value ? go(Where::values) : stray("a list");
  }
  bool end_array() override { return go(where_ == Where::values ? Where::rule : Where::file); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    const std::string what = error.what();
    const std::size_t begin = what.find("syntax error");
    return wrong(begin == std::string::npos ? what : what.substr(begin));
  }

 private:
  enum class Where : std::uint8_t { begin, file, before_list, list, rule, value, values, end };
  bool go(Where where) {
    where_ = where;
    return true;
  }
  bool wrong(const std::string& what) {
    if (fault.empty()) fault = "line " + std::to_string(line_) + ": " + what;
    return false;
  }
  bool stray(const char* what) {
    const bool in_rule = (where_ == Where::value || where_ == Where::values) && !drafts.empty();
    const std::string name = in_rule ? drafts.back().fields.back().name + ": " : "";
    return wrong(name + "there is " + what + " where " + (in_rule ? "a text, or a list of texts," : "{\"connectors\": [{...}, ...]}") + " is expected");
  }

  const std::uint32_t& line_;
  Where where_ = Where::begin;
};

Result<std::vector<Draft>> read_json(const std::string& text) {
  std::uint32_t line = 1;
  JsonReader reader(line);
  const CountingIterator begin(text.data(), &line);
  const CountingIterator end(text.data() + text.size(), &line);
  const bool read = Json::sax_parse(begin, end, &reader);
  if (!read) return fail(ErrorKind::malformed, reader.fault.empty() ? "line " + std::to_string(line) + ": this is no JSON" : reader.fault);
  return std::move(reader.drafts);
}

// -- names -----------------------------------------------------------------------------------------------------------

Result<void> convert_name(const Draft& draft, const Field& field, std::string& value, std::size_t begin, std::size_t end) {
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (plain) return {};
  auto name = io::to_a_labels(value.substr(begin, end - begin));
  if (!name) return fail(ErrorKind::malformed, connector::where(draft, &field) + name.error().what);
  value = value.substr(0, begin) + name->to_string() + value.substr(end);
  return {};
}

}  // namespace

Result<std::vector<Draft>> read_connector_file(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && text[first] == '{' ? read_json(text) : read_toml(text);
}

std::string write_connector_file(const std::vector<Draft>& drafts) {
  std::string out;
  for (const Draft& draft : drafts) {
    out += (out.empty() ? "" : "\n") + std::string("[[connector]]\n");
    for (const Field& field : draft.fields) {
      std::string values;
      for (const std::string& value : field.values) values += (values.empty() ? "" : ", ") + quoted(value);
      const bool list = field.name == "verify_names" || field.name == "source";
      out += field.name + " = " + (list ? "[" + values + "]" : values) + "\n";
    }
  }
  return out;
}

Json draft_json(const Draft& draft) {
  Json json = Json::object();
  for (const Field& field : draft.fields) {
    if (field.name == "verify_names" || field.name == "source") {
      json[field.name] = field.values;
    } else {
      json[field.name] = field.values.empty() ? "" : field.values.front();
    }
  }
  return json;
}

Result<Draft> draft_from(const Json& object) {
  Draft draft;
  for (const auto& [name, value] : object.items()) {
    Field field{name, {}, 0};
    const auto take = [&field](const Json& one) {
      if (!one.is_string()) return false;
      field.values.push_back(one.get<std::string>());
      return true;
    };
    const bool good = value.is_array() ? std::all_of(value.begin(), value.end(), take) : take(value);
    if (!good) return fail(ErrorKind::malformed, name + ": write a text, or a list of texts");
    draft.fields.push_back(std::move(field));
  }
  return draft;
}

Result<void> to_a_labels(Draft& draft) {
  for (Field& field : draft.fields) {
    for (std::string& value : field.values) {
      if (field.name == "pattern") {
        TRY_VOID(convert_name(draft, field, value, value.starts_with("*.") ? 2 : 0, value.size()));
      } else if (field.name == "verify_names") {
        TRY_VOID(convert_name(draft, field, value, 0, value.size()));
      } else if (field.name == "route") {
        const std::size_t begin = value.starts_with('[') ? 1 : 0;
        TRY_VOID(convert_name(draft, field, value, begin, std::min(value.find_first_of("]:"), value.size())));
      }
    }
  }
  return {};
}

}  // namespace danewerk::app
