#include "service/sts/policy_fetch.h"

#include "engine/mtasts/policy_text.h"
#include "io/runtime/together.h"

namespace danewerk::service {
namespace {

using types::StsFault;
using types::TlsFailure;

struct Addresses {
  std::vector<types::IpAddress> all;
  std::string trouble;       // why a lookup failed
  bool is_our_fault = false;
};

io::Task<Addresses> addresses_of(io::dns::Resolver& resolver, types::DomainName host) {
  std::vector<io::Task<types::Lookup>> asking;
  asking.push_back(resolver.ask(host, types::RecordType::aaaa));
  asking.push_back(resolver.ask(host, types::RecordType::a));
  const std::vector<types::Lookup> answers = co_await io::together(std::move(asking));
  Addresses out;
  for (const types::Lookup& answer : answers) {
    if (!answer) {
      out.trouble = std::string("lookup failed: ") + types::to_string(answer.error().kind);
      out.is_our_fault = out.is_our_fault || answer.error().is_our_fault();
    } else {
      for (const types::IpAddress& address : answer->value.all<types::IpAddress>()) out.all.push_back(address);
    }
  }
  co_return out;
}

TlsFailure failure_of(io::HttpsFault fault) {
  return fault == io::HttpsFault::certificate ? TlsFailure::sts_webpki_invalid : TlsFailure::sts_policy_fetch_error;
}

Fetched read_reply(const io::HttpsReply& reply, const types::DomainName& host, Instant now) {
  const std::string who = host.to_string();
  if (reply.status != 200) {  // STS-03: a redirect too
    return StsFault{TlsFailure::sts_policy_fetch_error, who + " answers HTTP status " + std::to_string(reply.status), now};
  }
  if (!reply.content_type.empty() && reply.content_type != "text/plain") {
    return StsFault{TlsFailure::sts_policy_invalid, who + " serves a policy that is not text/plain", now};
  }
  auto policy = mtasts::parse_policy(reply.body);
  if (!policy) return StsFault{TlsFailure::sts_policy_invalid, "the policy at " + who + ": " + policy.error().what, now};
  return *std::move(policy);
}

}  // namespace

io::Task<Fetched> fetch_policy(io::dns::Resolver& resolver, io::HttpsGetter& https, std::shared_ptr<const tls::TrustStore> trust,
                               const io::Clock& clock, types::DomainName domain) {
  const auto host = mtasts::policy_host(domain);
  if (!host) co_return StsFault{TlsFailure::sts_policy_fetch_error, "the name of the policy host would be too long", clock.now()};
  Addresses found = co_await addresses_of(resolver, *host);
  if (found.all.empty() && found.is_our_fault) co_return OurTrouble{"our own resolver cannot answer for " + host->to_string()};
  if (found.all.empty()) {
    const std::string why = found.trouble.empty() ? " has no address" : ": " + found.trouble;
    co_return StsFault{TlsFailure::sts_policy_fetch_error, host->to_string() + why, clock.now()};
  }
  io::HttpsRequest request;
  request.host = *host;
  request.path = mtasts::policy_path;
  request.addresses = std::move(found.all);
  request.trust = std::move(trust);
  request.at = clock.now();
  const io::HttpsResult result = co_await https.get(std::move(request));
  if (result) co_return read_reply(*result, *host, clock.now());
  if (result.error().fault == io::HttpsFault::ours) co_return OurTrouble{result.error().what};
  co_return StsFault{failure_of(result.error().fault), result.error().what, clock.now()};
}

}  // namespace danewerk::service
