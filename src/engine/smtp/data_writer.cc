#include "engine/smtp/data_writer.h"

#include <cstring>

namespace danewerk::engine::smtp {

void DataWriter::write(std::string_view octets, std::string& out) {
  if (octets.empty() || rules_.fault() != LineFault::none) return;
  const bool held_cr = rules_.after_cr();
  rules_.feed(octets);
  if (rules_.fault() != LineFault::none) return;
  if (held_cr) out += '\r';
  if (rules_.after_cr()) octets.remove_suffix(1);
  if (stuffing_ == DotStuffing::no) {
    out.append(octets);
  } else {
    stuff(octets, out);
  }
}

void DataWriter::stuff(std::string_view octets, std::string& out) {
  while (!octets.empty()) {
    if (line_start_ && octets.front() == '.') out += '.';
    const auto* lf = static_cast<const char*>(std::memchr(octets.data(), '\n', octets.size()));
    const std::size_t line = lf == nullptr ? octets.size() : static_cast<std::size_t>(lf - octets.data()) + 1;
    out.append(octets.substr(0, line));
    octets.remove_prefix(line);
    line_start_ = lf != nullptr;
  }
}

void DataWriter::finish(std::string& out) {
  rules_.finish();
  if (stuffing_ == DotStuffing::no || rules_.fault() != LineFault::none) return;
  out += line_start_ ? ".\r\n" : "\r\n.\r\n";
}

}  // namespace danewerk::engine::smtp
