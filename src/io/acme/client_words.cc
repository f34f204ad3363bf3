#include "io/acme/client_words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace danewerk::io {
namespace {

constexpr std::string_view marker = "the server reported the following error:";
constexpr std::size_t longest = 600;
constexpr Duration longest_wait = std::chrono::hours(14 * 24);  // no CA's limit runs longer; a typing error shall not stop us for ever

std::string on_one_line(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, longest)) out += c >= ' ' && c != 127 ? c : ' ';
  return out;
}

void add_problem(const nlohmann::json& problem, std::string& words) {
  if (!problem.is_object()) return;
  const auto text = [&problem](const char* name) {
    const auto found = problem.find(name);
    return found != problem.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  const std::string type = text("type"), detail = text("detail");
  if (!detail.empty() || !type.empty()) words += (words.empty() ? "" : "; ") + detail + (type.empty() ? "" : " (" + type.substr(type.rfind(':') + 1) + ")");
  const auto more = problem.find("subproblems");
  if (more == problem.end() || !more->is_array()) return;
  for (const auto& one : *more) add_problem(one, words);
}

/// Of the last problem document the client printed.
std::string words_of_ca(std::string_view output) {
  const std::size_t at = output.rfind(marker);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = output.find('{', at), end = output.find("\n}", at);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return {};
  const auto problem = nlohmann::json::parse(output.substr(begin, end + 2 - begin), nullptr, false);
  std::string words;
  add_problem(problem, words);
  return words;
}

/// The client's own last words, of those lines that tell of a failure.
std::string words_of_client(std::string_view output) {
  std::string last, failed;
  while (!output.empty()) {
    const std::size_t end = output.find('\n');
    const std::string_view line = output.substr(0, end);
    output = end == std::string_view::npos ? std::string_view{} : output.substr(end + 1);
    if (line.empty()) continue;
    last = line;
    if (line.find("failed") == std::string_view::npos) continue;
    failed = (failed.empty() ? "" : failed + "; ") + std::string(line);
    if (failed.size() > longest) failed.erase(0, failed.size() - longest);
  }
  return failed.empty() ? last : failed;
}

/// RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<Instant> http_date(std::string_view text) {
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() < 29 || text.substr(25, 4) != " GMT") return std::nullopt;
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end()) return std::nullopt;
  const std::string number = std::to_string(month - months.begin() + 1);
  std::string rfc3339(text.substr(12, 4));
  rfc3339 += (number.size() == 1 ? "-0" : "-") + number + "-" + std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) + "Z";
  const auto at = parse_rfc3339(rfc3339);
  return at ? std::optional(*at) : std::nullopt;
}

/// Of the last answer with an error status that has one.
std::optional<Instant> retry_after(std::string_view output, Instant now) {
  std::optional<Instant> found;
  bool refusal = false;
  while (!output.empty()) {
    const std::size_t end = output.find('\n');
    std::string line(output.substr(0, end));
    output = end == std::string_view::npos ? std::string_view{} : output.substr(end + 1);
    for (char& c : line) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.starts_with("http/")) refusal = line.find(" 4") != std::string::npos || line.find(" 5") != std::string::npos;
    if (!refusal || !line.starts_with("retry-after:")) continue;
    const std::size_t value = line.find_first_not_of(" \t", 12);
    if (value == std::string::npos) continue;
    std::uint32_t seconds = 0;
    const auto [stop, error] = std::from_chars(line.data() + value, line.data() + line.size(), seconds);
    if (error == std::errc{} && stop == line.data() + line.size()) {
      found = now + std::chrono::seconds(seconds);
    } else {
      line[value] = static_cast<char>(line[value] - 32);  // the date's own capitals
      std::string date = line.substr(value);
      if (date.size() >= 29) date[8] = static_cast<char>(date[8] - 32), date.replace(25, 4, " GMT");
      if (const auto at = http_date(date)) found = at;
    }
  }
  if (found) found = std::min(*found, now + longest_wait);
  return found;
}

}  // namespace

AcmeFailure read_client_words(std::string_view output, Instant now) {
  std::string words = words_of_ca(output);
  if (words.empty()) words = words_of_client(output);
  if (words.empty()) words = "the ACME client ended without a word";
  return {on_one_line(words), retry_after(output, now)};
}

}  // namespace danewerk::io
