#include "service/certificates/challenges.h"

#include <algorithm>

#include "service/certificates/certificate_events.h"

namespace danewerk::service {
namespace {

types::DomainName bare(const types::DomainName& name) { return name.text().starts_with("*.") ? name.parent() : name; }

/// RFC 8555 8.1: base64url without padding.
bool is_token(const std::string& text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_authorization(const std::string& text) {
  const std::size_t dot = text.find('.');
  return dot == std::string::npos ? is_token(text) : is_token(text.substr(0, dot)) && is_token(text.substr(dot + 1));
}

}  // namespace

std::string Challenges::method_for(const types::DomainName& name) const {
  return !zone_.is_root() && bare(name).is_within(zone_) ? "dns-01" : "http-01";
}

void Challenges::begin(const std::vector<types::DomainName>& names) {
  for (const types::DomainName& name : names) running_.insert(bare(name));
}

void Challenges::end(const std::vector<types::DomainName>& names) {
  for (const types::DomainName& name : names) {
    if (const auto found = running_.find(bare(name)); found != running_.end()) running_.erase(found);
  }
  if (running_.empty()) files_.clear();
}

Result<types::DomainName> Challenges::ordered(const std::string& identifier) const {
  TRY(types::DomainName name, types::DomainName::parse(identifier));
  if (!running_.contains(bare(name))) return fail(ErrorKind::denied, "no certificate for " + identifier + " is being ordered");
  return bare(name);
}

io::Task<Result<void>> Challenges::present(std::string method, std::string identifier, std::string token, std::string authorization) {
  CO_TRY(const types::DomainName name, ordered(identifier));
  if (method != method_for(name)) co_return fail(ErrorKind::denied, identifier + " is proven by " + method_for(name) + ", not by " + method);
  if (!is_token(token) || !is_authorization(authorization)) co_return fail(ErrorKind::malformed, "the challenge is none of RFC 8555");
  if (method == "http-01") {
    files_[token] = authorization;
    co_return Result<void>{};
  }
  const io::ChallengeRow row{name.prefixed("_acme-challenge"), authorization};
  CO_TRY_VOID(co_await parts_.store.note_challenge(row, parts_.clock.now()));
  co_return co_await parts_.publish_record(row.name, row.value);
}

io::Task<Result<void>> Challenges::withdraw(std::string method, std::string identifier, std::string token, std::string authorization) {
  CO_TRY(const types::DomainName name, ordered(identifier));
  if (method == "http-01") {
    files_.erase(token);
    co_return Result<void>{};
  }
  const io::ChallengeRow row{name.prefixed("_acme-challenge"), authorization};
  CO_TRY_VOID(co_await parts_.remove_record(row.name, row.value));
  co_return co_await parts_.store.forget_challenge(row);
}

Result<types::DomainName> Challenges::record_name(const types::DomainName& name, const std::string& value) const {
  if (!parts_.publish_record || method_for(name) != "dns-01") return fail(ErrorKind::denied, name.to_string() + " is not in our zone");
  if (!is_token(value)) return fail(ErrorKind::malformed, "'" + value + "' is no digest of a challenge (RFC 8555 8.4)");
  const types::DomainName proven = bare(name);
  return proven.text().starts_with("_acme-challenge.") ? proven : proven.prefixed("_acme-challenge");
}

io::Task<Result<void>> Challenges::present_for_operator(types::DomainName name, std::string value) {
  CO_TRY(const types::DomainName record, record_name(name, value));
  co_return co_await parts_.publish_record(record, value);
}

io::Task<Result<void>> Challenges::withdraw_for_operator(types::DomainName name, std::string value) {
  CO_TRY(const types::DomainName record, record_name(name, value));
  co_return co_await parts_.remove_record(record, value);
}

std::optional<std::string> Challenges::answer(const std::string& token) const {
  const auto found = files_.find(token);
  return found == files_.end() ? std::nullopt : std::optional(found->second);
}

io::Task<Result<void>> Challenges::sweep() {
  if (!parts_.remove_record) co_return Result<void>{};
  CO_TRY(const std::vector<io::ChallengeRow> left, co_await parts_.store.challenges());
  for (const io::ChallengeRow& row : left) {
    if (running_.contains(row.name.parent())) continue;
    CO_TRY_VOID(co_await parts_.remove_record(row.name, row.value));
    CO_TRY_VOID(co_await parts_.store.forget_challenge(row));
    parts_.log.event(certificate_events::leftover_removed, {{"name", row.name.to_string()}});
  }
  co_return Result<void>{};
}

}  // namespace danewerk::service
