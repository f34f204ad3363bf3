// StoredCertificate: a certificate that somebody else issued, kept until the publisher or a listener takes it.
//
// `subject` says for what: "key:ID" is one of the edge's keys, whose private half lies with its facts; "name:HOST" is a customer's
// name like mta-sts.contoso.example, with a key of its own that no TLSA record depends on.
#pragma once

#include <string>
#include <vector>

#include "base/instant.h"
#include "types/domain_name.h"

namespace danewerk::types {

struct StoredCertificate {
  std::string subject;
  std::vector<DomainName> names;  ///< those asked for
  std::string private_key;        ///< PEM; empty for "key:"
  std::string chain;              ///< PEM, leaf first; empty until there is one
  std::string source;             ///< "acme", "files"
  Instant at{};                   ///< when it came
  std::string who;                ///< who brought it; "danewerk" for ACME
  friend bool operator==(const StoredCertificate&, const StoredCertificate&) = default;
};

inline std::string key_subject(const std::string& key) { return "key:" + key; }
inline std::string name_subject(const DomainName& name) { return "name:" + name.to_string(); }

}  // namespace danewerk::types
