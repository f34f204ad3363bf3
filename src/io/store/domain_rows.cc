#include "io/store/domain_rows.h"

#include <algorithm>

namespace danewerk::io {
namespace {

types::MaybeInstant maybe(const Rows& rows, int column) { return types::MaybeInstant(rows.instant(column)); }

std::string_view octets_of(const types::ControlToken& token) { return {reinterpret_cast<const char*>(token.data()), token.size()}; }

}  // namespace

types::DomainFacts read_facts(const Rows& rows, int first_column) {
  int column = first_column;
  types::DomainFacts facts;
  const std::string token = rows.text(column++);
  std::copy_n(token.begin(), std::min(token.size(), facts.token.size()), facts.token.begin());
  facts.proof = static_cast<types::ControlProof>(rows.number(column++));
  for (types::MaybeInstant* member : {&facts.verified, &facts.control_confirmed, &facts.dnssec.asked, &facts.dnssec.withdrawn, &facts.dane.asked,
                                      &facts.dane.withdrawn, &facts.mx_here, &facts.mx_elsewhere, &facts.others_gone, &facts.dane_live,
                                      &facts.quarantined, &facts.looked}) {
    *member = maybe(rows, column++);
  }
  facts.mx_ttl = Ttl{static_cast<std::uint32_t>(rows.number(column))};
  return facts;
}

Result<void> insert_accepted(Database& database, const types::AcceptedDomain& domain) {
  const types::DomainFacts& f = domain.facts;
  return database.run("INSERT INTO accepted_domain(domain, tenant, route, created_at, created_by" FACTS_COLUMNS
                      ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20) ON CONFLICT DO NOTHING",
                      domain.domain.text(), domain.tenant.text(), domain.route.to_string(), domain.created_at, domain.created_by,
                      Blob{octets_of(f.token)}, f.proof, *f.verified, *f.control_confirmed, *f.dnssec.asked, *f.dnssec.withdrawn, *f.dane.asked,
                      *f.dane.withdrawn, *f.mx_here, *f.mx_elsewhere, *f.others_gone, *f.dane_live, *f.quarantined, *f.looked, f.mx_ttl.count());
}

Result<void> update_facts(Database& database, const types::DomainName& domain, const types::DomainFacts& f) {
  return database.run("UPDATE accepted_domain SET token = ?2, proof = ?3, verified = ?4, control_confirmed = ?5, dnssec_asked = ?6,"
                      " dnssec_withdrawn = ?7, dane_asked = ?8, dane_withdrawn = ?9, mx_here = ?10, mx_elsewhere = ?11, others_gone = ?12,"
                      " dane_live = ?13, quarantined = ?14, looked = ?15, mx_ttl = ?16 WHERE domain = ?1",
                      domain.text(), Blob{octets_of(f.token)}, f.proof, *f.verified, *f.control_confirmed, *f.dnssec.asked, *f.dnssec.withdrawn,
                      *f.dane.asked, *f.dane.withdrawn, *f.mx_here, *f.mx_elsewhere, *f.others_gone, *f.dane_live, *f.quarantined, *f.looked,
                      f.mx_ttl.count());
}

Result<std::optional<types::DomainFacts>> find_facts(Database& database, const types::DomainName& domain) {
  TRY(Rows rows, database.query("SELECT domain" FACTS_COLUMNS " FROM accepted_domain WHERE domain = ?1", domain.text()));
  TRY(const bool found, rows.next());
  return found ? std::optional(read_facts(rows, 1)) : std::nullopt;
}

}  // namespace danewerk::io
