#include "engine/smtp/reply_text.h"

namespace danewerk::engine::smtp {
namespace {

constexpr std::size_t max_line = 510;  // RFC 5321 4.5.3.1.5, less CRLF

void append_line(std::string& out, const types::Reply& reply, std::string_view text, char separator) {
  const std::size_t start = out.size();
  out += std::to_string(reply.code);
  out += separator;
  if (reply.enhanced) out += reply.enhanced->to_string() + " ";
  for (char c : text) {
    if (out.size() - start >= max_line) break;
    out += c >= ' ' && c <= '~' ? c : '?';
  }
  out += "\r\n";
}

}  // namespace

types::Reply make_reply(int code, types::EnhancedCode enhanced, std::string_view text) {
  return types::Reply{code, enhanced, {std::string(text)}};
}

void append_reply(std::string& out, const types::Reply& reply) {
  if (reply.lines.empty()) return append_line(out, reply, "", ' ');
  for (std::size_t i = 0; i < reply.lines.size(); ++i) {
    append_line(out, reply, reply.lines[i], i + 1 == reply.lines.size() ? ' ' : '-');
  }
}

}  // namespace danewerk::engine::smtp
