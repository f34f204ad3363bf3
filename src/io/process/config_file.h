// The files a child reads, and the directory that is its own.
//
// A child's configuration may hold a secret (TSIG), so nobody but that child's user and root may read it, and the child
// itself may not write it: owner root, group the child's, 0640. It is written whole and moved into place, so that a crash
// leaves the old file or the new one. Without root everything belongs to whoever runs us.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "io/process/child.h"
#include "types/domain_name.h"
#include "types/ip_address.h"

namespace danewerk::io {

/// Makes the directory (its parents must exist or be creatable), owned by the child's user, 0750; existing content is kept.
/// Errors: denied, unavailable, naming the path.
Result<void> prepare_child_directory(const std::string& path, const std::optional<RunAs>& user);

/// Replaces the file at once and durably. Errors: denied, unavailable, naming the path.
Result<void> write_child_config(const std::string& path, const std::string& text, const std::optional<RunAs>& reader);

/// In double quotes, as both Unbound's and Knot's configuration take it. Error: malformed, where the text holds a quote, a
/// backslash or a control character: none of our values needs one, and it must not end the string early.
Result<std::string> quoted_setting(const std::string& what, const std::string& value);

/// With the dot that ends a full name: "mx.example.net.".
std::string absolute(const types::DomainName& name);
/// Octets, seconds, a port: bare digits.
std::string number(ByteCount count);
std::string number(Ttl ttl);
std::string number(types::Port port);

}  // namespace danewerk::io
