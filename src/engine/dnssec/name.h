// Name: a DNS name as DNSSEC compares and hashes it: octets in labels, lower case.
//
// types::DomainName knows only names that mail can use. A proof also holds what else stands in zones: hashed owner names,
// the far ends of NSEC records, labels with any octet. Two rules of DNSSEC live here: the canonical order, by which an
// NSEC record shows what is not there, and the wire form, over which signatures and hashes are made.
//
// A proof has one spelling only: upper case is refused, not folded, so that no changed octet can pass for the original.
//
// RFC 1035 3.1; RFC 4034 6.1 (order), 6.2 (lower case); RFC 4592 2.1.1 (wildcards); RFC 4343 (escapes).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace danewerk::engine::dnssec {

class Name {
 public:
  /// The root.
  Name() = default;

  /// "mx.example.com." as to_string() writes it and no other way. Error: malformed.
  static Result<Name> parse(std::string_view text);
  /// An uncompressed name in lower case at the front of `wire`; `size` becomes its length there. Error: malformed.
  static Result<Name> read(ByteView wire, std::size_t& size);

  /// With the last dot; octets that are no letter, digit, hyphen, underscore or asterisk as \DDD.
  std::string to_string() const;
  Bytes wire() const;

  bool is_root() const noexcept { return labels_.empty(); }
  /// Without the root's empty label; an asterisk counts.
  std::size_t label_count() const noexcept { return labels_.size(); }
  const std::vector<std::string>& labels() const noexcept { return labels_; }
  bool is_wildcard() const noexcept { return !labels_.empty() && labels_.front() == "*"; }
  /// Without the first label; the root's parent is the root.
  Name parent() const;
  /// The ancestor with so many labels; itself if it has no more.
  Name ancestor(std::size_t labels) const;
  /// Absent if the result would be too long (RFC 1035 2.3.4).
  std::optional<Name> child(std::string_view label) const;
  /// True also where both are equal.
  bool is_within(const Name& ancestor) const noexcept;
  /// The longest name both are within.
  Name common_with(const Name& other) const;

  /// RFC 4034 6.1.
  friend std::strong_ordering operator<=>(const Name& a, const Name& b) noexcept;
  friend bool operator==(const Name&, const Name&) = default;

 private:
  explicit Name(std::vector<std::string> labels) : labels_(std::move(labels)) {}
  std::vector<std::string> labels_;  // leftmost first
};

}  // namespace danewerk::engine::dnssec
