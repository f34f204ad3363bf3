// Human part: the face of a notice that people read.
//
// For each recipient: what failed in plain words, at which server and address; the records published and the digests
// presented where those were the matter; what the resolver said where DNS was; who must repair it; how long we tried.
// Printed from the values the machine decided with, never from a text made elsewhere, so it cannot say anything else than
// the trace does.
//
// RFC 3464 2.1 (first part); field.md 1.2 of the plan: what the codes of others lack.
#pragma once

#include "engine/dsn/mime.h"
#include "engine/dsn/notice.h"
#include "engine/dsn/returned.h"

namespace danewerk::dsn {

/// text/plain, 7-bit or quoted-printable. `returned` says what the last paragraph speaks of.
Part human_part(const DsnInput& input, const Returned& returned);

}  // namespace danewerk::dsn
