// Internationalised domain names: from what people write to what the DNS is asked.
//
// Mail for "bücher.example" must find the same MX, the same TLSA records and the same accepted domain as mail for
// "xn--bcher-kva.example", or one of the two is misrouted, or routed without its protection. So U-labels become A-labels once,
// where they enter, and everything behind compares A-labels only (MX-09). This is the only place that knows libidn2.
//
// Non-transitional processing (UTS 46, as every current browser and registry does): "faß.example" is its own name, not
// "fass.example". STD3 rules: what is no host name after the conversion is refused, so that no mapped character
// smuggles in a slash, a space or an @. RFC 5890, 5891; RFC 6531 3.2, 3.7.1.
#pragma once

#include <string_view>

#include "base/result.h"
#include "types/domain_name.h"

namespace danewerk::io {

/// `domain` is UTF-8, with U-labels, A-labels or both, without a trailing dot. The result is what DomainName::parse makes of
/// the A-labels. Error: malformed, naming the domain and the fault (not UTF-8, disallowed character, label too long, a trailing
/// or doubled dot, an A-label that encodes nothing).
Result<types::DomainName> to_a_labels(std::string_view domain);

}  // namespace danewerk::io
