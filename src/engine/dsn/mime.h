// Mime: the wrapping of a notice: fields, transfer encodings, and a multipart nothing inside can close.
//
// Two things go wrong when foreign octets are wrapped: a part that contains the boundary ends early and the rest becomes
// parts of its own; and octets that a server on the way may not carry (8-bit, bare CR, lines beyond 998) get the notice
// refused or altered. So an encoding is chosen by looking at the octets, and the boundary by looking at all parts.
//
// RFC 2045 6 (encodings), RFC 2046 5.1 (multipart); RFC 5322 2.1.1, 2.2.3 (folding); RFC 6522.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dsn/letters.h"

namespace danewerk::dsn {

/// "Name: value" folded at spaces to 78 columns where it can be, CRLF at its end. `value` passes printable(): this is the
/// only way a field is made.
std::string field(std::string_view name, std::string_view value, Letters letters);

enum class TransferEncoding : std::uint8_t { seven_bit, eight_bit, quoted_printable };
const char* to_string(TransferEncoding encoding) noexcept;

/// What octets are made of, as far as transport cares.
enum class Makeup : std::uint8_t {
  seven_bit,  ///< ASCII without NUL, CRLF lines of at most 998 octets
  eight_bit,  ///< the same with octets above 127
  binary,     ///< anything else
};
Makeup makeup_of(std::string_view octets) noexcept;

/// RFC 2045 6.7. CRLF stays a line end; every other CR, LF, control and 8-bit octet is encoded, so that decoding gives the
/// same octets. Lines of at most 76.
std::string quoted_printable(std::string_view octets);

struct Part {
  std::string content_type;  ///< ours, never foreign: "text/plain; charset=utf-8"
  TransferEncoding encoding = TransferEncoding::seven_bit;
  std::string octets;  ///< already encoded; CRLF lines
};

/// A part of `octets`: as they are where they are 7-bit, else quoted-printable.
Part seven_bit_part(std::string content_type, std::string_view octets);

/// A boundary that begins with `id` and occurs in no part. Linear in the size of the parts, whatever is in them.
std::string boundary_for(std::string_view id, std::span<const Part> parts);

/// The body of a multipart: every part with its fields, between boundaries.
std::string multipart(std::string_view boundary, std::span<const Part> parts);

/// "\n" lines to CRLF lines. For text of our own.
std::string with_crlf(std::string_view lines);

}  // namespace danewerk::dsn
