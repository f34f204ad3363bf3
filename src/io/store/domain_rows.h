// The rows of accepted domains: their facts to and from columns.
#pragma once

#include "io/store/database.h"
#include "types/accepted_domain.h"

namespace danewerk::io {

/// The columns of types::DomainFacts, in the order of read_facts.
#define FACTS_COLUMNS                                                                                                        \
  ", token, proof, verified, control_confirmed, dnssec_asked, dnssec_withdrawn, dane_asked, dane_withdrawn, mx_here, mx_elsewhere," \
  " others_gone, dane_live, quarantined, looked, mx_ttl"

types::DomainFacts read_facts(const Rows& rows, int first_column);
/// database.changes() is 0 afterwards where the domain is there already.
Result<void> insert_accepted(Database& database, const types::AcceptedDomain& domain);
Result<void> update_facts(Database& database, const types::DomainName& domain, const types::DomainFacts& facts);
/// Nothing where the domain is not accepted.
Result<std::optional<types::DomainFacts>> find_facts(Database& database, const types::DomainName& domain);

}  // namespace danewerk::io
