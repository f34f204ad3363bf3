// Status part: the face of a notice that programs read (RFC 3464; RFC 6533 4.1).
//
// RFC 3461 6.3 and SMTP-09 list what must be in it for mail that came by SMTP. Every value passes field().
#pragma once

#include "engine/dsn/mime.h"
#include "engine/dsn/notice.h"

namespace danewerk::dsn {

/// The code the notice reports: of class 5 for `failed`, 4 for `delayed`, else 2 (RFC 3464 2.3.4).
types::EnhancedCode status_of(const Told& told);

/// The attempt that decided, with its hop; null pointers where none did. Valid while `input` lives.
struct Deciding {
  const types::Attempt* attempt = nullptr;
  const types::Hop* hop = nullptr;
};
Deciding deciding(const DsnInput& input, const Told& told);

/// message/delivery-status, or message/global-delivery-status where `letters` are UTF-8 and something needs it.
Part status_part(const DsnInput& input, Letters letters);

}  // namespace danewerk::dsn
