#include "io/dns/unbound_anchors.h"

namespace danewerk::io::dns {

Task<Result<std::vector<types::DomainName>>> UnboundAnchors::list() {
  CO_TRY(const std::string answer, co_await control_.list("list_insecure"));
  std::vector<types::DomainName> out;
  for (std::size_t at = 0; at < answer.size();) {
    const std::size_t end = std::min(answer.find('\n', at), answer.size());
    const std::string line = answer.substr(at, end - at);
    at = end + 1;
    if (line.empty()) continue;
    CO_TRY(types::DomainName name, types::DomainName::parse(line));
    out.push_back(std::move(name));
  }
  co_return out;
}

Task<Result<void>> UnboundAnchors::change(std::string command, types::DomainName domain) {
  CO_TRY(const std::string answer, co_await control_.run(command + " " + domain.to_string()));
  if (!answer.starts_with("ok")) co_return fail(ErrorKind::refused, "Unbound on " + command + ": " + answer);
  // The cache still holds what was bogus, or what was insecure; unbound-control(8), insecure_add.
  co_return co_await control_.flush_zone(domain);
}

Task<Result<void>> UnboundAnchors::add(types::DomainName domain) { return change("insecure_add", std::move(domain)); }
Task<Result<void>> UnboundAnchors::remove(types::DomainName domain) { return change("insecure_remove", std::move(domain)); }

Task<Result<std::vector<types::DomainName>>> HeldAnchors::list() {
  if (away_) co_return Failure{*away_};
  co_return std::vector<types::DomainName>(held_.begin(), held_.end());
}

Task<Result<void>> HeldAnchors::add(types::DomainName domain) {
  if (away_) co_return Failure{*away_};
  held_.insert(std::move(domain));
  co_return Result<void>{};
}

Task<Result<void>> HeldAnchors::remove(types::DomainName domain) {
  if (away_) co_return Failure{*away_};
  held_.erase(domain);
  co_return Result<void>{};
}

}  // namespace danewerk::io::dns
