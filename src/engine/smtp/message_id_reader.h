// MessageIdReader: finds the Message-ID of a message while its content streams past.
//
// When mail has gone astray, the Message-ID is often all that its sender can name: it is in every mail program's "show
// source" and in the logs of every server on the way. We look it up in the trace, so we must know it; but the content is
// neither parsed nor held in memory on its way into the store. This reader sees each octet once, keeps one header field's
// value at most, and stops looking where the header ends. It never refuses anything: what is no Message-ID is none.
//
// RFC 5322 3.6.4 (msg-id), 2.2.3 (folding), 2.1 (an empty line ends the header).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace danewerk::engine::smtp {

class MessageIdReader {
 public:
  /// RFC 5322 2.1.1 allows lines of 998 octets; ids in use are far shorter, and a longer one is cut here.
  static constexpr std::size_t longest = 500;

  /// The next octets of the content, in pieces of any size.
  void feed(std::string_view octets);
  /// What stands between the angle brackets of the first Message-ID field, else the bare value (some programs forget the
  /// brackets); empty where there is none. Control and space characters are dropped. Complete once the header has passed.
  std::string id() const { return id_of(value_); }

  /// The same rule for what a person types: `<x@y>`, ` x@y `.
  static std::string id_of(std::string_view value);

 private:
  enum class At : std::uint8_t { name, before_colon, value, other, done };
  void step(char octet);
  void line_begins(char octet);

  At at_ = At::name;
  bool line_start_ = true;
  bool empty_line_ = true;
  std::size_t matched_ = 0;
  std::string value_;
};

}  // namespace danewerk::engine::smtp
