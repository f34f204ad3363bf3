#include "io/store/node_store.h"

namespace danewerk::io {
namespace {

/// types::stops_wildcard of a row of accepted_domain, in the words of the index mx_host_off (schema.cc).
#define NODE_IS_WANTED \
  "(a.dnssec_asked <= a.dnssec_withdrawn OR a.dane_asked <= a.dane_withdrawn) AND (a.dnssec_asked != 0 OR a.dane_asked != 0)"

constexpr std::string_view due_nodes =
    "SELECT a.domain, 1, h.host, h.node, h.at FROM accepted_domain a INDEXED BY mx_host_off"
    " LEFT JOIN mx_host h ON h.domain = a.domain AND h.zone = ?1"
    " WHERE " NODE_IS_WANTED " AND (h.domain IS NULL OR h.at = 0 OR h.node != ?2)"
    " UNION ALL "
    "SELECT h.domain, 0, h.host, h.node, h.at FROM mx_host h LEFT JOIN accepted_domain a ON a.domain = h.domain"
    " WHERE h.zone = ?1 AND (a.domain IS NULL OR NOT (" NODE_IS_WANTED ")) LIMIT ?3";

constexpr std::string_view nodes_after = "SELECT domain, host, node, at FROM mx_host WHERE zone = ?1 AND domain > ?2 ORDER BY domain LIMIT ?3";

Result<OwnNode> read_own_node(const Rows& rows, int first_column) {
  OwnNode out;
  TRY(out.host, types::DomainName::parse(rows.text(first_column)));
  TRY(out.node, types::HostNode::parse(rows.text(first_column + 1)));
  out.certain = rows.number(first_column + 2) != 0;
  return out;
}

Result<std::vector<DueNode>> read_due_nodes(Database& database, const std::string& zone, const std::string& node, std::uint32_t most) {
  TRY(Rows rows, database.query(due_nodes, zone, node, most));
  std::vector<DueNode> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    DueNode one;
    TRY(one.domain, types::DomainName::parse(rows.text(0)));
    one.wanted = rows.number(1) != 0;
    if (!rows.is_null(2)) {
      TRY(one.held, read_own_node(rows, 2));
    }
    out.push_back(std::move(one));
  }
}

Result<std::vector<KeptNode>> read_nodes_after(Database& database, const std::string& zone, const std::string& domain, std::uint32_t most) {
  TRY(Rows rows, database.query(nodes_after, zone, domain, most));
  std::vector<KeptNode> out;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return out;
    KeptNode one;
    TRY(one.domain, types::DomainName::parse(rows.text(0)));
    TRY(one.own, read_own_node(rows, 1));
    out.push_back(std::move(one));
  }
}

Result<void> put_node(Database& database, const std::string& zone, const KeptNode& one, Instant at) {
  const std::string domain = one.domain.to_string();
  if (one.own.node.kind == types::HostNode::Kind::none) return database.run("DELETE FROM mx_host WHERE domain = ?1", domain);
  const Instant since = one.own.certain ? at : Instant{};
  return database.run("INSERT OR REPLACE INTO mx_host(domain, host, zone, node, at) VALUES(?1,?2,?3,?4,?5)", domain, one.own.host.to_string(), zone,
                      one.own.node.to_string(), since);
}

}  // namespace

Task<Result<std::vector<DueNode>>> NodeStore::due(types::HostNode node, std::uint32_t most) {
  std::function<Result<std::vector<DueNode>>(Database&)> work = [zone = zone_, text = node.to_string(), most](Database& database) {
    return read_due_nodes(database, zone, text, most);
  };
  co_return co_await store_.read(Store::Lane::views, std::move(work));
}

Task<Result<std::vector<KeptNode>>> NodeStore::after(std::string domain, std::uint32_t most) {
  std::function<Result<std::vector<KeptNode>>(Database&)> work = [zone = zone_, domain = std::move(domain), most](Database& database) {
    return read_nodes_after(database, zone, domain, most);
  };
  co_return co_await store_.read(Store::Lane::views, std::move(work));
}

Task<Result<void>> NodeStore::put(std::vector<KeptNode> nodes, Instant at) {
  Writer::Work work = [zone = zone_, nodes = std::move(nodes), at](Database& database) -> Result<void> {
    for (const KeptNode& one : nodes) TRY_VOID(put_node(database, zone, one, at));
    return {};
  };
  co_return co_await store_.writer().write(std::move(work));
}

}  // namespace danewerk::io
