// Capabilities: what a server offered in its answer to EHLO (or LHLO).
//
// A new EHLO makes a new value; nothing of an old one survives STARTTLS (RFC 3207 4.2). Unknown keywords are ignored,
// sloppy ones ("SIZE" without a number, lower case, "AUTH=...") read kindly: an extension counts only if its own keyword
// stands alone at the front of a line. RFC 5321 4.1.1.1.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "types/reply.h"

namespace danewerk::engine::smtp {

enum class Extension : std::uint8_t {
  pipelining,  ///< RFC 2920
  size,        ///< RFC 1870
  eight_bit_mime,  ///< RFC 6152
  smtputf8,    ///< RFC 6531
  dsn,         ///< RFC 3461
  chunking,    ///< RFC 3030
  starttls,    ///< RFC 3207
  requiretls,  ///< RFC 8689
  enhanced_status_codes,  ///< RFC 2034
};
constexpr std::size_t extension_count = 9;
/// The EHLO keyword.
const char* to_string(Extension extension) noexcept;

class Capabilities {
 public:
  /// HELO was all it understood: nothing is offered.
  Capabilities() = default;
  /// From a positive answer to EHLO.
  static Capabilities from_ehlo(const types::Reply& reply);

  /// How the server names itself: the first word of its answer; maybe empty.
  const std::string& server_name() const noexcept { return server_name_; }
  bool has(Extension extension) const noexcept { return offered_[static_cast<std::size_t>(extension)]; }
  /// The largest message it takes; nothing where it states none (RFC 1870 4: SIZE 0 or without a number).
  std::optional<ByteCount> size_limit() const noexcept { return size_limit_; }
  /// "SIZE=1000 STARTTLS", for logs.
  std::string to_string() const;

  friend bool operator==(const Capabilities&, const Capabilities&) = default;

 private:
  std::string server_name_;
  std::bitset<extension_count> offered_;
  std::optional<ByteCount> size_limit_;
};

}  // namespace danewerk::engine::smtp
