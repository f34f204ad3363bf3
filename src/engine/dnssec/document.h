// Document: a proof as a file: what our log says, what it claims, and the signed records that show it.
//
// One file must be enough for an auditor years later, without us and without a network. It is JSON with one spelling: whoever
// reads it writes it again and compares, so that a changed octet, even white space, is noticed; the digest over it tells a
// damaged file from a false claim. It is no protection against forgery, and need not be: a forged record has no signature.
//
// docs/formats/proof.md
#pragma once

#include <nlohmann/json.hpp>

#include "engine/dnssec/proof.h"

namespace danewerk::engine::dnssec {

using Json = nlohmann::ordered_json;

struct Document {
  Json log = Json::object();  ///< our own statement: queue id, recipients, peer, TLS; nothing in it is proven
  Claim claim;
  std::vector<RecordSet> sets;
};

/// Bounds on what is read; an honest proof has some 20 sets and 30 KB.
constexpr std::size_t largest_document = 1024 * 1024;
constexpr std::size_t most_sets = 300;
constexpr std::size_t most_records_in_set = 200;

std::string write_document(const Document& document, const Crypto& crypto);
/// Error: malformed, saying what is wrong; also where the text is not the one spelling of what it says.
Result<Document> read_document(std::string_view text, const Crypto& crypto);

/// The sets alone, as they are kept with a delivery.
std::string write_sets(const std::vector<RecordSet>& sets);
Result<std::vector<RecordSet>> read_sets(std::string_view text);

/// Trust anchors as in Unbound's and dns-root-data's root.key, one a line: ". [TTL] [IN] DS 20326 8 2 HEX" or "... DNSKEY 257 3 8
/// BASE64"; what follows ';' is a comment. Error: malformed, with the line; none at all is malformed too.
Result<std::vector<TrustAnchor>> read_trust_anchors(std::string_view text);

}  // namespace danewerk::engine::dnssec
