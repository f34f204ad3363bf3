// What the ACME client's output says: the CA's own words, and how long it wants to be left alone.
//
// uacme prints the CA's problem document (RFC 8555 6.7) and, told to be talkative, the headers of every answer. An operator needs the
// sentence that the CA wrote, not the name of the function that read it; and a CA that limits us says in Retry-After until when
// (RFC 8555 6.6), as seconds or as a date (RFC 9110 10.2.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"

namespace danewerk::io {

struct AcmeFailure {
  std::string words;                  ///< one line: what the CA, else the client, said last
  std::optional<Instant> not_before;  ///< the CA's Retry-After, with its refusal
};

AcmeFailure read_client_words(std::string_view output, Instant now);

}  // namespace danewerk::io
