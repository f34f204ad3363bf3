// NodeStore: in a wildcard shard, whose MX host has to have a node of its own, and which nodes we wrote.
//
// The wildcard answers with TLSA records for every host; a domain whose DANE is off needs A and AAAA at its own host, which stop
// that (types::stops_wildcard). Of a million domains these are few, and an index holds only them: what is due is read without a
// look at the others, at any time and after any crash, from the facts themselves. Nothing has to be noted when they change.
//
// A row of mx_host says what we wrote at a host. It is made before the zone is changed (`at` 0: perhaps) and goes after the node is
// gone: so there is never a node of ours that we do not know of, and what has no row is not ours.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/store/store.h"
#include "types/domain_name.h"
#include "types/host_node.h"

namespace danewerk::io {

struct OwnNode {
  types::DomainName host;
  types::HostNode node;
  bool certain = false;  ///< the primary has taken it
  friend bool operator==(const OwnNode&, const OwnNode&) = default;
};

/// What is not as it should be, or may not be.
struct DueNode {
  types::DomainName domain;
  bool wanted = false;          ///< stops_wildcard() of its facts; false also where it is no longer accepted
  std::optional<OwnNode> held;
};

struct KeptNode {
  types::DomainName domain;
  OwnNode own;
};

/// Thread safe. Of one zone: rows of another are left alone.
class NodeStore {
 public:
  NodeStore(Store& store, const types::DomainName& zone) : store_(store), zone_(zone.to_string()) {}

  /// Domains that want a node and have none, an uncertain one, or another than `node`; and domains that have one and want none.
  Task<Result<std::vector<DueNode>>> due(types::HostNode node, std::uint32_t most);
  /// The nodes we wrote, by domain, from after that one.
  Task<Result<std::vector<KeptNode>>> after(std::string domain, std::uint32_t most);
  /// All in one transaction. A node of kind none: there is none any more.
  Task<Result<void>> put(std::vector<KeptNode> nodes, Instant at);

 private:
  Store& store_;
  std::string zone_;
};

}  // namespace danewerk::io
