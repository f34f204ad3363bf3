// Certificates that the operator's own tool brings: staged for a published key, never swapped in.
//
// Renewing a certificate with a fresh key while the old record stands is what breaks DANE everywhere. Here a chain is taken only if its
// key is one of ours whose record is in the zone, and it serves when that key's turn comes, through the same gates as any other
// (engine/rollover). The tool gets a signing request for that key, so the key itself never leaves the store.
//
// PUB-01, PUB-03.
#pragma once

#include <functional>

#include "io/store/certificate_store.h"
#include "io/store/key_store.h"
#include "types/certificate_order.h"

namespace danewerk::service {

/// "3 1 1 ... (serving)": for people.
std::string describe_key(const types::KeyFacts& key);

/// The key a certificate may be asked for: `id`, or "next": the youngest published one of the group that does not serve yet, or
/// "serving". Error: not_found, naming those there are.
Result<types::KeyFacts> find_key(const std::vector<types::KeyFacts>& keys, const std::string& id, const std::string& group);

/// What a certificate must name that is for a key of this group.
using NamesOfGroup = std::function<std::vector<types::DomainName>(const std::string& group)>;

struct Stage {
  std::string chain;
  NamesOfGroup names_of;  ///< all must be in the certificate
  types::AdminAct act;
};

/// Returns the key it is for. Errors: malformed; refused, saying which keys are published, or what else is wrong with the chain.
io::Task<Result<types::KeyFacts>> stage(io::CertificateStore& store, io::KeyStore& keys, Stage wish);

/// For the publisher: what was staged for this key, or whom to ask. `source`: "files".
io::Task<Result<types::CertificateAnswer>> staged_for(io::CertificateStore& store, types::CertificateOrder order, Instant now);

}  // namespace danewerk::service
