// Returned: what of the original goes back with the notice, as its third part.
//
// The header lets people and programs recognise their mail. The whole message goes back only where the sender asked
// (RET=FULL), something failed, it is small, and it may be shown at all: never for a REQUIRETLS message (RTL-05). What
// cannot be carried as it is (bare CR or LF, NUL, lines beyond 998) goes back as its header, encoded so that decoding it
// gives the same octets.
//
// RFC 3461 4.3, 6.2; RFC 6522 3, 4; RFC 6533 4; RFC 8689 5.
#pragma once

#include "engine/dsn/mime.h"
#include "engine/dsn/notice.h"

namespace danewerk::dsn {

struct Returned {
  Part part;
  bool whole = false;    ///< the message, not only its header
  bool cut = false;      ///< the header was longer than the limit: later fields are left out
};

/// `letters` is what the notice as a whole may hold: under `utf8` nothing needs encoding for being 8-bit.
Returned returned_part(const DsnInput& input, Letters letters);

/// The fields of the header that `original` begins with, up to the empty line (not included); at most `max` octets, cut
/// between two fields, never within one. `cut` says whether any was left out.
struct Header {
  std::string_view octets;
  bool cut = false;
};
Header header_of(std::string_view original, std::size_t max);

}  // namespace danewerk::dsn
