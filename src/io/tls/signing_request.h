// A PKCS #10 request (CSR) for a key that is ours: how a CA is asked to certify a key it did not choose.
//
// The key comes first: its record stands in the zone before anybody is asked for a certificate. So the ACME client gets a request,
// never a key. RFC 2986, RFC 8555 7.4.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "types/domain_name.h"

namespace danewerk::io {

/// PEM; subject empty (CAs take the names from the SAN, RFC 8555 7.4), SAN all `names`, a name may begin with "*.". Errors:
/// malformed (key), limit (no name), internal.
Result<std::string> signing_request(const std::string& key_pem, const std::vector<types::DomainName>& names);

}  // namespace danewerk::io
