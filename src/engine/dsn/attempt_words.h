// Attempt words: what happened at one server, as a sentence, and the evidence below it.
//
// Shared by the paragraph on the attempt that decided and by the list of the others.
#pragma once

#include <string>

#include "types/attempt.h"
#include "types/fault.h"

namespace danewerk::dsn {

/// "mx.example.org [192.0.2.1]"
std::string server_text(const types::Hop& hop, const types::Attempt& attempt);

/// A sentence on how the attempt ended, beginning with the server. `reply`: the reply that decided for the recipient
/// concerned, where one did; nullptr otherwise.
std::string attempt_sentence(const types::Hop& hop, const types::Attempt& attempt, const types::Reply* reply);

/// The TLSA records in force and the digests presented, as indented lines ("\n"); empty where no attempt at
/// authentication was made. Bounded: what is left out is counted.
std::string dane_evidence(const types::Hop& hop, const types::Attempt& attempt);

/// The question, its answer and the resolver's extended errors (RFC 8914), as indented lines.
std::string dns_evidence(const types::LookupEvidence& evidence);

}  // namespace danewerk::dsn
