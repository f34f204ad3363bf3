// KeyRecord: what stands at <selector>._domainkey.<domain> TXT, and the tag lists it shares with signatures.
//
// What strangers publish is read once, here, into values; what of it forbids a signature is said in words that name the tag.
// An unknown tag is ignored, an unknown value of a known one never counts as permission.
//
// RFC 6376 3.2 (tag lists), 3.6.1 (the record), 3.6.2.2 (strings joined without spaces); RFC 8460 3 (s=tlsrpt); RFC 8463 3.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "types/dkim_key.h"

namespace danewerk::dkim {

/// RFC 6376 3.2. Values without white space at their ends. Error: malformed: no "name=value", or a name twice.
Result<std::map<std::string, std::string>> parse_tags(std::string_view text);

/// For whom a key may sign: its s= tag. TLS-RPT reports may be signed with keys that are for nothing else (RFC 8460 3).
enum class Service : std::uint8_t { email, tlsrpt };

enum class Subdomains : std::uint8_t { allowed, denied };  ///< t=s: i= must be d= itself
enum class Testing : std::uint8_t { no, yes };             ///< t=y

struct KeyRecord {
  types::DkimAlgorithm algorithm = types::DkimAlgorithm::rsa_sha256;  ///< by k=
  Bytes key;                                                          ///< p=; empty: revoked
  std::vector<std::string> hashes;                                    ///< h=; empty: any
  std::vector<std::string> services;                                  ///< s=; never empty
  Subdomains subdomains = Subdomains::allowed;
  Testing testing = Testing::no;

  /// Error: malformed, naming the tag at fault; refused, where it is for an algorithm we do not know.
  static Result<KeyRecord> parse(std::string_view text);
  bool serves(Service service) const;
};

/// The record that publishes a key: "v=DKIM1; k=rsa; p=...".
std::string record_text(const types::DkimKey& key);

/// For a zone file or a provider's form: in quotes, cut into strings of at most 255 octets (RFC 1035 3.3.14).
std::vector<std::string> record_strings(std::string_view text);

}  // namespace danewerk::dkim
