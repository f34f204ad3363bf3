// Bytes: octet strings and the two notations people write them in.
//
// Certificates, digests, TLSA association data and TSIG secrets are octets, not text; Bytes keeps the two apart. The
// decoders are strict: a stray character is an error that says where, because a digest read wrongly means mail refused.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace danewerk {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// A number of octets.
enum class ByteCount : std::uint64_t {};

/// The octets of a string, and back; no copy is made and the original must outlive the view.
ByteView as_bytes(std::string_view text) noexcept;
std::string_view as_text(ByteView bytes) noexcept;

/// Lower-case hexadecimal, two digits an octet.
std::string to_hex(ByteView bytes);

/// Either case; white space between digits is skipped (RFC 6698 2.2 allows it). Error: malformed, with the position.
Result<Bytes> parse_hex(std::string_view text);

/// RFC 4648 4, padded, no line breaks.
std::string to_base64(ByteView bytes);

/// RFC 4648 4; white space is skipped; padding required. Error: malformed.
Result<Bytes> parse_base64(std::string_view text);

}  // namespace danewerk
