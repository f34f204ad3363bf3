#include "types/mx_host_name.h"

#include <algorithm>

namespace danewerk::types {
namespace {

constexpr std::size_t longest_label = 63;
constexpr std::size_t digest_length = 13;
constexpr std::string_view base32 = "abcdefghijklmnopqrstuvwxyz234567";

/// The first 65 bits.
std::string digest_text(DomainDigest digest) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (std::size_t at = 0; out.size() < digest_length;) {
    if (held < 5) {
      bits = bits << 8 | digest[at++];
      held += 8;
    }
    held -= 5;
    out.push_back(base32[bits >> held & 31]);
  }
  return out;
}

bool looks_digested(std::string_view label) {
  if (label.size() <= digest_length || label[label.size() - digest_length - 1] != '-') return false;
  return label.substr(label.size() - digest_length).find_first_not_of(base32) == std::string_view::npos;
}

}  // namespace

std::string mx_host_label(const DomainName& domain, DomainDigest digest) {
  CHECK(!domain.is_root());
  std::string label(domain.text());
  const bool ambiguous = label.find('-') != std::string::npos;
  std::replace(label.begin(), label.end(), '.', '-');
  const bool reserved = label.size() >= 4 && label[2] == '-' && label[3] == '-';
  if (!ambiguous && !reserved && label.size() <= longest_label && !looks_digested(label)) return label;
  label.resize(std::min(label.size(), longest_label - digest_length - 1));
  return label + "-" + digest_text(digest);
}

std::string shard_name(std::uint16_t index) { return "s" + std::to_string(index + 1); }

std::uint16_t shard_index(DomainDigest digest, ShardPlan plan) {
  CHECK(plan.count >= 1);
  // The last octets: those of the label's digest are the first, and need not decide the shard too.
  std::uint32_t number = 0;
  for (std::size_t i = digest.size() - 4; i < digest.size(); ++i) number = number << 8 | digest[i];
  return static_cast<std::uint16_t>(number % plan.count);
}

std::string shard_label(DomainDigest digest, ShardPlan plan) { return shard_name(shard_index(digest, plan)); }

const char* to_string(Holding holding) noexcept {
  switch (holding) {
    case Holding::wildcard: return "wildcard";
    case Holding::explicit_hosts: return "explicit";
    case Holding::shared: return "shared";
  }
  return "wildcard";
}

Result<Holding> parse_holding(std::string_view text) {
  for (const Holding holding : {Holding::wildcard, Holding::explicit_hosts, Holding::shared}) {
    if (text == to_string(holding)) return holding;
  }
  return fail(ErrorKind::malformed, "'" + std::string(text) + "' is no way to hold MX hosts: wildcard, explicit or shared");
}

Result<MxHost> mx_host(const DomainName& domain, DomainDigest digest, ShardPlan plan, const DomainName& zone) {
  const std::string name = mx_host_label(domain, digest) + "." + shard_label(digest, plan) + "." + zone.to_string();
  auto parsed = DomainName::parse(name);
  if (!parsed) return fail(ErrorKind::limit, "the MX host of " + domain.to_string() + " would be " + parsed.error().what);
  return MxHost(*std::move(parsed));
}

Result<MxHost> mx_host(const DomainName& domain, DomainDigest digest, const MxPlan& plan) {
  const std::uint16_t shard = shard_index(digest, plan.shards);
  if (plan.holding_of(shard) != Holding::shared) return mx_host(domain, digest, plan.shards, plan.zone);
  return MxHost(plan.zone.prefixed("mx." + shard_name(shard)));
}

}  // namespace danewerk::types
