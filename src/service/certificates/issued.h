// What a certificate that came from outside must be before it is kept, and what may be said of it afterwards.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/tls/pkix_verify.h"
#include "types/certificate_info.h"
#include "types/domain_name.h"

namespace danewerk::service {

/// The leaf of a PEM chain. Error: malformed.
Result<types::CertificateInfo> leaf_of(const std::string& chain_pem);

/// Error: refused, saying why this chain is not for that key, or not for all of these names, or not valid now. A name in the
/// certificate covers a name only where both are the same, or where its first label is a "*" in place of one label.
Result<types::CertificateInfo> accept_chain(const std::string& chain_pem, const std::string& key_pem, const std::vector<types::DomainName>& names,
                                            Instant now);

/// Why senders that ask for PKIX (MTA-STS `enforce`, RFC 8461 4.2) would not accept this chain for all of these names; nothing where they
/// would, by this trust store. For "*.x" a host below it is asked for. A self-issued certificate never passes.
Result<std::optional<std::string>> pkix_fault(const tls::TrustStore& trust, const std::string& chain_pem, const std::vector<types::DomainName>& names,
                                              Instant now);

}  // namespace danewerk::service
