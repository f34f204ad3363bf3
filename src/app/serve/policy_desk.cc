#include "app/serve/policy_desk.h"

#include "engine/mtasts/policy_text.h"
#include "io/runtime/blocking.h"
#include "io/runtime/stopping.h"
#include "io/tls/digest.h"
#include "service/certificates/issued.h"
#include "service/sts/policy_fetch.h"

namespace danewerk::app {
namespace {

constexpr std::size_t most_connections = 1000;

io::Sha256 digest_of(const types::DomainName& domain) { return io::sha256(as_bytes(domain.text())); }

service::PolicyHostSettings host_settings(const Settings& from) {
  service::PolicyHostSettings out;
  out.host = from.zone.name.prefixed("mta-sts");
  out.addresses = from.https.addresses.empty() ? from.zone.mx_addresses : from.https.addresses;
  out.times.record_ttl = std::min(Ttl{300}, to_ttl(from.zone.tlsa_ttl));
  out.look_interval = std::min<Duration>(from.domains.look_interval, std::chrono::hours(1));
  out.in_motion = from.domains.move_interval;
  return out;
}

io::Task<Result<types::StsPolicy>> fetch_as_stranger(PolicyDeskParts& parts, types::DomainName domain) {
  const auto trust = parts.trust();
  if (!trust) co_return fail(ErrorKind::unavailable, "delivery.trust_store cannot be read, so no certificate can be judged");
  auto fetched = co_await service::fetch_policy(parts.resolver, parts.https, trust, parts.clock, domain);
  if (auto* policy = std::get_if<types::StsPolicy>(&fetched)) co_return std::move(*policy);
  if (const auto* fault = std::get_if<types::StsFault>(&fetched)) co_return fail(ErrorKind::unavailable, fault->what);
  co_return fail(ErrorKind::unavailable, std::get<service::OurTrouble>(fetched).what);
}

/// Every key that serves at the domain's host must have a certificate that passes: a sender picks which he is shown.
io::Task<std::optional<std::string>> fault_of_edge(PolicyDeskParts& parts, types::DomainName domain) {
  const auto trust = parts.trust();
  if (!trust) co_return "delivery.trust_store cannot be read, so nobody knows whether the certificate is a public one";
  const auto keys = co_await parts.keys.keys();
  if (!keys) co_return keys.error().what;
  const std::string group = parts.group_of(domain);
  const std::vector<types::DomainName> names = parts.names_of(group);
  bool serves = false;
  for (const types::KeyFacts& key : *keys) {
    if (key.group != group || !key.serving_since || key.retired_at) continue;
    serves = true;
    const auto fault = service::pkix_fault(*trust, key.certificate, names, parts.clock.now());
    if (!fault) co_return "key " + key.id + ": " + fault.error().what;
    if (*fault) co_return "key " + key.id + ": " + **fault;
  }
  if (!serves) co_return "no key serves yet";
  co_return std::nullopt;
}

io::Task<Result<bool>> has_chain(io::CertificateStore& store, types::DomainName host) {
  const std::string subject = types::name_subject(host);
  CO_TRY(const auto found, co_await store.find(subject));
  co_return found && !found->chain.empty();
}

io::Task<Result<void>> order_chain(CertificateDesk& desk, types::DomainName host, types::AdminAct act) {
  if (!desk.issuer()) co_return fail(ErrorKind::denied, "acme.accept_terms is not \"yes\": there is no CA to ask for " + host.to_string());
  co_return co_await desk.issuer()->add_name(std::move(host), std::move(act));
}

io::Task<> read_policies(io::Store& store, Result<std::vector<types::HostedPolicy>>& out) {
  io::HostedPolicyStore policies(store);
  out = co_await policies.all();
}

}  // namespace

LeftPolicies left_policies(const Settings& settings, io::Store& store, io::Reactor& home, Instant now) {
  Result<std::vector<types::HostedPolicy>> hosted = std::vector<types::HostedPolicy>{};
  io::run_on(home.executor(), read_policies(store, hosted));
  LeftPolicies out;
  const std::string unset = settings.zone.name.is_root() ? "zone.name" : settings.https.listen.empty() ? "https.listen" : "";
  if (!hosted) {
    if (!unset.empty()) out.without_server = "the MTA-STS policies that were hosted cannot be read: " + hosted.error().what;
    return out;
  }
  const std::string held = mtasts::describe_held(*hosted, now);
  if (held.empty()) return out;
  if (!unset.empty()) {
    out.without_server = held + ". Nobody serves them, for " + unset + " is not set: whoever holds none finds none, and no change reaches those who do. Set " +
                         unset + " again. To give them up, do so first, then `danewerk mta-sts disable` each, and wait until `danewerk mta-sts list` is empty";
    return out;
  }
  std::string lacking;
  if (settings.acme.accept_terms != "yes") lacking = "acme.accept_terms is not \"yes\"";
  if (settings.http.listen.empty()) lacking += std::string(lacking.empty() ? "" : " and ") + "http.listen is not set";
  if (!lacking.empty()) out.certificates = held + ". The certificates they are served with will not be renewed, for " + lacking;
  return out;
}

PolicyDesk::PolicyDesk(PolicyDeskParts parts)
    : parts_(std::move(parts)), policies_(parts_.store), records_(parts_.access, parts_.settings.zone.name, parts_.servers, parts_.clock),
      identities_(parts_.certificates.store(), parts_.clock) {}

Result<std::unique_ptr<PolicyDesk>> PolicyDesk::open(PolicyDeskParts parts) {
  std::unique_ptr<PolicyDesk> out(new PolicyDesk(std::move(parts)));
  out->host_ = std::make_unique<service::PolicyHost>(host_settings(out->parts_.settings), out->host_parts(), out->parts_.home.executor());
  TRY_VOID(out->listen());
  return out;
}

service::PolicyHostParts PolicyDesk::host_parts() {
  service::PolicyHostParts out{policies_, parts_.resolver, parts_.clock, parts_.log, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  out.is_accepted = [this](const types::DomainName& domain) { return parts_.domains.snapshot()->find(domain) != nullptr; };
  const types::DomainName zone = parts_.settings.zone.name;
  out.mx_host_of = [this](const types::DomainName& domain) -> std::optional<types::DomainName> {
    const auto host = types::mx_host(domain, digest_of(domain), parts_.plan);
    return host ? std::optional(host->name()) : std::nullopt;
  };
  out.record_name = [zone](const types::DomainName& domain) { return zone.prefixed(types::mx_host_label(domain, digest_of(domain)) + "._mta-sts"); };
  out.fetch = [this](types::DomainName domain) { return fetch_as_stranger(parts_, std::move(domain)); };
  out.publish = [this](types::RrSet set) { return records_.put(std::move(set)); };
  out.enforce_fault = [this](types::DomainName domain) { return fault_of_edge(parts_, std::move(domain)); };
  out.forget = parts_.forget;
  out.alert = [this](std::optional<std::string> fault) { parts_.alerts.set("mta-sts", fault); };
  add_certificate_functions(out);
  return out;
}

void PolicyDesk::add_certificate_functions(service::PolicyHostParts& out) {
  io::CertificateStore& store = parts_.certificates.store();
  out.has_certificate = [&store](types::DomainName host) { return has_chain(store, std::move(host)); };
  out.order_certificate = [this](types::DomainName host, types::AdminAct act) { return order_chain(parts_.certificates, std::move(host), std::move(act)); };
  out.drop_certificate = [this, &store](types::DomainName host, types::AdminAct act) {
    if (parts_.certificates.issuer()) return parts_.certificates.issuer()->remove_name(std::move(host), std::move(act));
    return store.erase(types::name_subject(host), std::move(act));
  };
}

Result<void> PolicyDesk::listen() {
  const std::vector<types::Endpoint>& at = parts_.settings.https.listen;
  if (at.empty()) return {};
  io::HttpServer::Limits limits;
  limits.connections = most_connections;
  const auto handler = [this](io::HttpCall call) { return answer(std::move(call)); };
  TRY(tls_, io::server_by_name([this](std::string name) { return choose(std::move(name)); }));
  https_ = std::make_unique<io::HttpServer>(parts_.home.executor(), handler, [this] { return tls_; }, limits);
  TRY_VOID(listen_on(parts_.home, *https_, at));
  parts_.home.post([this] { https_->group().spawn("hosted policies", host_->watch()); });
  return {};
}

/// RFC 9325 3.7: a name that we host nothing for is refused in the handshake, before anything is looked up.
io::Task<std::shared_ptr<const io::LoadedIdentity>> PolicyDesk::choose(std::string name) {
  std::shared_ptr<const io::LoadedIdentity> none;
  const auto host = types::DomainName::parse(name);
  if (!host || !host_->serves(*host)) co_return none;
  co_return co_await identities_.find(*host);
}

/// RFC 8461 3.2, 3.3: text/plain, at one path; the Host must be the name the certificate was asked for.
io::Task<io::HttpReply> PolicyDesk::answer(io::HttpCall call) {
  io::HttpReply reply;
  reply.body = "not found\n";
  const auto host = types::DomainName::parse(call.host);
  if (!host || call.target != mtasts::policy_path || host->to_string() != call.server_name) co_return reply;
  const auto body = host_->body_for(*host);
  if (!body) co_return reply;
  reply.status = 200;
  reply.type = "text/plain";
  reply.body = *body;
  co_return reply;
}

void PolicyDesk::stop() {
  if (https_) io::ending_of(https_->group(), io::Cancel::yes).wait();
}

}  // namespace danewerk::app
