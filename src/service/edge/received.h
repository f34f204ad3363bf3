// The trace: the Received line we put on top of each message, and the count of those that are there already.
//
// A message that two servers send to each other would circle for ever; each adds a Received line, so their number is the
// only thing that tells (RFC 5321 6.3: at least 100). And when mail went astray the Received lines are what people have: ours
// names who, how protected, our queue id and when. What the peer said in EHLO goes into a header that others parse: a name
// that is a domain or an address literal stands as such, anything else only in a comment, escaped.
//
// RFC 5321 4.4 (grammar), 7.2 (FOR only with one recipient, or Bcc is told); RFC 3848 (ESMTPS); RFC 6531 3.7.3 (UTF8SMTPS).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "types/envelope.h"
#include "types/ip_address.h"
#include "types/queue_id.h"

namespace danewerk::service {

/// How the connection is protected; empty where it is not.
struct TlsTrace {
  std::string version;
  std::string cipher;
};

struct Trace {
  std::string_view peer_name;  ///< what EHLO said
  types::IpAddress peer;
  types::DomainName our_name;
  std::optional<TlsTrace> tls;
  types::QueueId id;
  const types::Envelope& envelope;
  Instant at{};
};

/// The whole header field, folded, ending in CRLF; no line longer than 998 octets.
std::string received_line(const Trace& trace);

/// Counts the Received fields of a message's header, fed in pieces of any size. Constant memory.
class ReceivedCounter {
 public:
  void feed(std::string_view octets) noexcept;
  std::uint32_t count() const noexcept { return count_; }

 private:
  enum class At : std::uint8_t { name, after_name, rest_of_line, body };
  void step(char octet) noexcept;

  At at_ = At::name;
  std::size_t matched_ = 0;  // octets of "received"
  std::uint32_t count_ = 0;
};

}  // namespace danewerk::service
