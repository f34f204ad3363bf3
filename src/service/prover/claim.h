// From an attempt as the store has it to what a proof of it must show, and what is our own statement.
//
// The evidence of an attempt was written by service/delivery (docs/formats/evidence.md) and is all that is left of it by the time
// somebody asks. Only an attempt that delivered on the strength of a TLSA record has a claim.
#pragma once

#include "engine/dnssec/document.h"
#include "types/queued_message.h"

namespace danewerk::service {

/// True where the message was handed over to a server that a TLSA record had authenticated.
bool delivered_by_record(const types::AttemptEvidence& attempt);

/// Error: refused, saying why there is nothing to prove; corrupt, where the evidence cannot be read.
Result<engine::dnssec::Claim> claim_of(const types::AttemptEvidence& attempt);

/// What the log says of the attempt; goes into the document unproven.
engine::dnssec::Json log_of(const types::QueueDetail& message, const types::AttemptEvidence& attempt);

}  // namespace danewerk::service
