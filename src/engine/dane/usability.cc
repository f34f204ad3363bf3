#include "engine/dane/usability.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"

namespace danewerk::dane {
namespace {

using types::AssociationData;
using types::TlsaMatching;
using types::TlsaRecord;
using types::TlsaSelector;
using types::TlsaUsage;

constexpr std::size_t sha256_octets = 32;
constexpr std::size_t sha512_octets = 64;

std::string number(auto value) { return std::to_string(static_cast<unsigned>(value)); }

/// Full(0): the data is the thing itself, and io/tls has tried to read it. A fact that was not gathered is doubt.
std::pair<RecordUse, std::string> judge_full(const RecordFact& fact) {
  const bool wants_certificate = fact.record.selector == TlsaSelector::cert;
  const char* wanted = wants_certificate ? "certificate" : "public key";
  const AssociationData expected = wants_certificate ? AssociationData::certificate : AssociationData::public_key;
  if (fact.data == expected) return {RecordUse::used, "usable"};
  if (fact.data == AssociationData::too_weak) {
    return {RecordUse::data_too_weak, std::string("the ") + wanted + " in it is too weak for any authentication"};
  }
  return {RecordUse::data_unparsable, std::string("the data does not read as a ") + wanted};
}

std::pair<RecordUse, std::string> judge_digest(const RecordFact& fact, const DigestOrder& order) {
  const TlsaRecord& record = fact.record;
  const bool is_sha256 = record.matching == TlsaMatching::sha2_256;
  const char* name = is_sha256 ? "SHA2-256(1)" : "SHA2-512(2)";
  const std::size_t octets = is_sha256 ? sha256_octets : sha512_octets;
  if (record.data.size() != octets) {
    return {RecordUse::digest_length, "digest of " + std::to_string(record.data.size()) + " octets; " + name + " has " +
                                          std::to_string(octets)};
  }
  if (std::find(order.begin(), order.end(), record.matching) == order.end()) {
    return {RecordUse::digest_disabled, std::string(name) + " is switched off by local policy"};
  }
  return {RecordUse::used, "usable"};
}

// RFC 6698 4.1; RFC 7672 3.1.3 (usages 0 and 1); TL-12
std::pair<RecordUse, std::string> judge(const RecordFact& fact, const DigestOrder& order) {
  const TlsaRecord& record = fact.record;
  if (record.truncated) {
    return {RecordUse::truncated, "RDATA of " + std::to_string(record.data.size()) + " octets; a TLSA record has at least 3"};
  }
  if (record.usage == TlsaUsage::pkix_ta || record.usage == TlsaUsage::pkix_ee) {
    return {RecordUse::usage_not_smtp, "certificate usage " + number(record.usage) + " is not for SMTP (RFC 7672 3.1.3)"};
  }
  if (record.usage != TlsaUsage::dane_ta && record.usage != TlsaUsage::dane_ee) {
    return {RecordUse::usage_not_smtp, "certificate usage " + number(record.usage) + " is not defined"};
  }
  if (record.selector != TlsaSelector::cert && record.selector != TlsaSelector::spki) {
    return {RecordUse::selector_unknown, "selector " + number(record.selector) + " is not defined"};
  }
  if (record.matching > TlsaMatching::sha2_512) {
    return {RecordUse::matching_unknown, "matching type " + number(record.matching) + " is not defined"};
  }
  if (record.data.empty()) return {RecordUse::no_data, "no association data"};
  return record.matching == TlsaMatching::full ? judge_full(fact) : judge_digest(fact, order);
}

std::size_t rank(TlsaMatching matching, const DigestOrder& order) {
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), matching) - order.begin());
}

// RFC 7671 9: after discarding the unusable, per (usage, selector), Full(0) and only the strongest digest. CRT-08
void apply_digest_agility(std::vector<JudgedRecord>& records, const DigestOrder& order) {
  std::map<std::pair<TlsaUsage, TlsaSelector>, std::size_t> strongest;
  const auto is_digest = [](const JudgedRecord& judged) {
    return judged.use == RecordUse::used && judged.record.matching != TlsaMatching::full;
  };
  for (const JudgedRecord& judged : records) {
    if (!is_digest(judged)) continue;
    const std::size_t here = rank(judged.record.matching, order);
    const auto [slot, is_first] = strongest.try_emplace({judged.record.usage, judged.record.selector}, here);
    if (!is_first) slot->second = std::min(slot->second, here);
  }
  for (JudgedRecord& judged : records) {
    if (!is_digest(judged)) continue;
    const std::size_t best = strongest.at({judged.record.usage, judged.record.selector});
    if (rank(judged.record.matching, order) == best) continue;
    judged.use = RecordUse::superseded;
    judged.reason = "a stronger digest is published for the same usage and selector (RFC 7671 9)";
  }
}

}  // namespace

const char* to_string(RecordUse use) noexcept {
  switch (use) {
    case RecordUse::used: return "used";
    case RecordUse::superseded: return "superseded";
    case RecordUse::truncated: return "truncated";
    case RecordUse::usage_not_smtp: return "usage-not-smtp";
    case RecordUse::selector_unknown: return "selector-unknown";
    case RecordUse::matching_unknown: return "matching-unknown";
    case RecordUse::digest_disabled: return "digest-disabled";
    case RecordUse::no_data: return "no-data";
    case RecordUse::digest_length: return "digest-length";
    case RecordUse::data_unparsable: return "data-unparsable";
    case RecordUse::data_too_weak: return "data-too-weak";
  }
  return "data-unparsable";
}

bool is_unusable(RecordUse use) noexcept { return use != RecordUse::used && use != RecordUse::superseded; }

const DigestOrder& default_digest_order() {
  static const DigestOrder order{TlsaMatching::sha2_512, TlsaMatching::sha2_256};
  return order;
}

types::TlsaSet Selection::usable() const {
  types::TlsaSet out;
  for (const JudgedRecord& judged : records) {
    if (judged.use == RecordUse::used) out.push_back(judged.record);
  }
  return out;
}

Selection select_records(std::span<const RecordFact> facts, const DigestOrder& order) {
  Selection selection;
  selection.records.reserve(facts.size());
  for (const RecordFact& fact : facts) {
    auto [use, reason] = judge(fact, order);
    selection.records.push_back({fact.record, use, std::move(reason)});
  }
  apply_digest_agility(selection.records, order);
  return selection;
}

types::Verdict all_unusable(const Selection& selection) {
  constexpr std::size_t shown = 8;
  constexpr std::size_t shown_octets = 66;  // of the text of one record
  std::string list;
  for (std::size_t i = 0; i < selection.records.size(); ++i) {
    const JudgedRecord& judged = selection.records[i];
    CHECK(is_unusable(judged.use));
    if (i >= shown) continue;
    std::string text = judged.record.to_string();
    if (text.size() > shown_octets) text = text.substr(0, shown_octets) + "...";
    list += (i == 0 ? "" : "; ") + ("'" + text + "': " + judged.reason);
  }
  if (selection.records.size() > shown) list += "; and " + std::to_string(selection.records.size() - shown) + " more";
  types::Verdict verdict;
  verdict.kind = types::VerdictKind::all_unusable;
  verdict.failure = types::TlsFailure::tlsa_invalid;  // RFC 8460 4.3.2.1: "none of the records ... were found to be valid"
  verdict.reason = "no TLSA record is usable, so TLS is required but the server cannot be authenticated: " + list;
  return verdict;
}

}  // namespace danewerk::dane
