#include "io/store/ledger.h"

namespace danewerk::io {

Result<void> insert_ledger(Database& database, const types::AdminAct& act, const std::optional<types::TenantId>& tenant,
                           std::string_view action, std::string_view subject, std::string_view detail) {
  std::optional<std::string> whose;
  if (tenant) whose = tenant->text();
  return database.run("INSERT INTO ledger(at, who, why, tenant, action, subject, detail) VALUES(?1,?2,?3,?4,?5,?6,?7)", act.at,
                      act.who, act.why, whose, action, subject, detail);
}

Result<std::vector<LedgerRow>> read_ledger(Database& database, const std::optional<std::string>& subject, std::uint32_t most) {
  constexpr std::string_view of_all = "SELECT at, who, why, tenant, action, subject, detail FROM ledger ORDER BY id DESC LIMIT ?1";
  constexpr std::string_view of_one =
      "SELECT at, who, why, tenant, action, subject, detail FROM ledger WHERE subject = ?2 ORDER BY id DESC LIMIT ?1";
  auto query = subject ? database.query(of_one, most, *subject) : database.query(of_all, most);
  TRY(Rows rows, std::move(query));
  std::vector<LedgerRow> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    LedgerRow row{{rows.text(1), rows.text(2), rows.instant(0)}, std::nullopt, rows.text(4), rows.text(5), rows.text(6)};
    if (!rows.is_null(3)) {
      TRY(row.tenant, types::TenantId::parse(rows.text(3)));
    }
    out.push_back(std::move(row));
  }
}

}  // namespace danewerk::io
