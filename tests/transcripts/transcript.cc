#include "transcript.h"

#include <cstdio>
#include <fstream>

#include "base/check.h"

namespace danewerk::transcripts {
namespace {

int hex_value(char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

}  // namespace

std::vector<Line> read_transcript(const std::string& path) {
  std::ifstream file(path);
  CHECK(file.good());
  std::vector<Line> lines;
  for (std::string text; std::getline(file, text);) {
    if (text.empty() || text[0] == '#') continue;
    Line line;
    line.who = text[0];
    const bool wire_line = line.who == 'C' || line.who == 'S';
    if (wire_line && text.size() > 1) line.how = text[1];
    const bool good = wire_line ? text.size() > 2 && (line.how == ':' || line.how == '<' || line.how == '!') && text[2] == ' '
                                : (line.who == '@' || line.who == '!' || line.who == '=') && text.size() > 1 && text[1] == ' ';
    if (!good) std::fprintf(stderr, "%s: not a transcript line: %s\n", path.c_str(), text.c_str());
    CHECK(good);
    line.text = text.substr(wire_line ? 3 : 2);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      case '0': out += '\0'; break;
      case 'x':
        CHECK(i + 2 < text.size());
        out += static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
        i += 2;
        break;
      case '*': {  // "\*3000a": that many of the octet behind
        std::size_t count = 0;
        while (i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9') count = count * 10 + std::size_t(text[++i] - '0');
        out.append(count, text[++i]);
        break;
      }
      default: out += text[i];
    }
  }
  return out;
}

std::string escape(std::string_view octets) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const char c = octets[i];
    std::size_t run = 1;
    while (i + run < octets.size() && octets[i + run] == c) ++run;
    if (run > 40 && (c < '0' || c > '9')) {
      out += "\\*" + std::to_string(run) + c;
      i += run - 1;
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\0') {
      out += "\\0";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c < ' ' || c > '~') {
      out += {'\\', 'x', digits[static_cast<unsigned char>(c) >> 4], digits[c & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

std::string wire(const Line& line) { return unescape(line.text) + (line.how == '<' ? "" : "\r\n"); }

void Log::echo(const Line& line) {
  std::string text(1, line.who);
  if (line.who == 'C' || line.who == 'S') text += line.how;
  lines_.push_back(text + " " + line.text);
}

void Log::output(char who, std::string_view octets) {
  while (!octets.empty()) {
    const std::size_t end = octets.find("\r\n");
    const bool whole = end != std::string_view::npos;
    lines_.push_back(std::string(1, who) + (whole ? ": " : "< ") + escape(octets.substr(0, end)));
    octets.remove_prefix(whole ? end + 2 : octets.size());
  }
}

std::string Log::text() const {
  std::string out;
  for (const std::string& line : lines_) out += line + "\n";
  return out;
}

std::string expected(const std::vector<Line>& lines) {
  Log log;
  for (const Line& line : lines) {
    if (line.who != '=') log.echo(line);
  }
  return log.text();
}

}  // namespace danewerk::transcripts
