#include "service/certificates/acme_issuer.h"

#include <algorithm>

#include "io/tls/self_issue.h"
#include "io/tls/signing_request.h"
#include "service/certificates/caa_check.h"
#include "service/certificates/certificate_events.h"
#include "service/certificates/issued.h"

namespace danewerk::service {
namespace {

namespace events = certificate_events;

constexpr Duration ask_while_ordering = std::chrono::seconds(2);
constexpr Duration look_at_names_again = std::chrono::hours(6);
constexpr std::size_t most_at_once = 2;  // the client runs one order at a time: this keeps it busy, and the edge's orders near the front
constexpr Duration ask_caa_again = std::chrono::minutes(10);

std::string joined(std::vector<types::DomainName> names) {
  std::sort(names.begin(), names.end());
  std::string out;
  for (const types::DomainName& name : names) out += (out.empty() ? "" : " ") + name.to_string();
  return out;
}

/// For a file's name.
std::string label_of(const std::string& subject) {
  std::string out = subject.substr(subject.find(':') + 1);
  for (char& c : out) c = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ? c : '-';
  return out;
}

std::vector<issuance::OrderFact> facts_of(const std::vector<io::OrderRow>& rows) {
  std::vector<issuance::OrderFact> out;
  for (const io::OrderRow& row : rows) out.push_back({row.began_at, row.ended_at, row.failure, row.not_before});
  return out;
}

types::CertificateAnswer later(Instant when, std::string why) { return types::CertificateLater{when, std::move(why)}; }

/// A failure that was told when it happened: what is left of it is a wait.
types::CertificateAnswer after_failure(const std::string& why, Instant next) {
  return later(next, why + "; the CA is asked again " + to_rfc3339(std::chrono::floor<std::chrono::seconds>(next)));
}

}  // namespace

AcmeIssuer::AcmeIssuer(IssuerParts parts, IssuerRules rules)
    : parts_(std::move(parts)), rules_(std::move(rules)), group_(parts_.executor, "certificates") {}

io::Task<Result<types::CertificateAnswer>> AcmeIssuer::obtain(types::CertificateOrder order) {
  Wish wish{types::key_subject(order.key), order.private_key, {}, {}};
  for (const types::DomainName& name : order.names) {
    if (rules_.proves_by_http || parts_.challenges.method_for(name) == "dns-01") wish.names.push_back(name);
  }
  if (wish.names.empty()) co_return fail(ErrorKind::denied, "none of the names can be proven to a CA");
  CO_TRY(const auto stored, co_await parts_.store.find(wish.subject));
  if (stored) wish.chain = stored->chain;
  co_return co_await consider(std::move(wish));
}

/// The whole decision; whatever has to be waited for is not waited for here.
io::Task<Result<types::CertificateAnswer>> AcmeIssuer::consider(Wish wish) {
  const Instant now = parts_.clock.now();
  if (!wish.chain.empty()) {
    const auto leaf = accept_chain(wish.chain, wish.private_key, wish.names, now);
    if (leaf && issuance::renewal_of(leaf->not_before, leaf->not_after) > now) {
      co_return types::CertificateAnswer(types::CertificateIssued{std::move(wish.chain)});
    }
  }
  const std::string names = joined(wish.names);
  if (running_.contains(names)) co_return later(now + ask_while_ordering, "the CA is being asked for " + names);
  if (const auto held = held_.find(names); held != held_.end() && held->second.until > now) co_return after_failure(held->second.why, held->second.until);
  CO_TRY(const auto rows, co_await parts_.store.orders(names));
  const issuance::NextOrder next = issuance::next_order(facts_of(rows), rules_.limits, rules_.spread, now);
  if (next.when > now) {
    if (!rows.empty() && !rows.back().failure.empty()) co_return after_failure(rows.back().failure, next.when);
    co_return later(next.when, next.why);
  }
  running_[names] = 1;
  const std::string subject = wish.subject;
  if (!group_.spawn("order for " + subject, run(std::move(wish)))) co_return fail(ErrorKind::cancelled, "danewerk stops");
  co_return later(now + ask_while_ordering, "the CA is being asked for " + names);
}

io::Task<Result<void>> AcmeIssuer::check_names(const Wish& wish) {
  for (const types::DomainName& name : wish.names) {
    const caa::Authority authority{rules_.ca_names, parts_.challenges.method_for(name)};
    CO_TRY(const auto forbidden, co_await check_caa(parts_.resolver, name, authority));
    if (!forbidden) continue;
    parts_.log.event(events::caa_forbids, {{"name", forbidden->subject}, {"why", forbidden->evidence}, {"remedy", forbidden->remedy}});
    co_return fail(ErrorKind::refused, forbidden->evidence + ". " + forbidden->remedy);
  }
  co_return Result<void>{};
}

/// From the request to a chain that is what was asked for.
io::Task<Result<std::string, io::AcmeFailure>> AcmeIssuer::have_issued(const Wish& wish) {
  const auto request = io::signing_request(wish.private_key, wish.names);
  if (!request) co_return Failure{io::AcmeFailure{request.error().what, std::nullopt}};
  parts_.challenges.begin(wish.names);
  auto chain = co_await parts_.order(label_of(wish.subject), *request);
  parts_.challenges.end(wish.names);
  if (!chain) co_return chain;
  const auto leaf = accept_chain(*chain, wish.private_key, wish.names, parts_.clock.now());
  if (!leaf) co_return Failure{io::AcmeFailure{"what the CA sent is refused: " + leaf.error().what, std::nullopt}};
  parts_.log.event(events::obtained, {{"subject", wish.subject}, {"issuer", leaf->issuer}, {"until", to_rfc3339(leaf->not_after)}});
  co_return chain;
}

void AcmeIssuer::tell_failure(const Wish& wish, const std::string& why, Instant next) {
  parts_.log.event(events::order_failed, {{"subject", wish.subject}, {"names", joined(wish.names)}, {"why", why}, {"next", to_rfc3339(next)}});
  parts_.alert("certificate " + wish.subject, why);
}

io::Task<> AcmeIssuer::run(Wish wish) {
  struct Running {
    std::map<std::string, int>& all;
    std::string names;
    ~Running() { all.erase(names); }
  } running{running_, joined(wish.names)};
  const auto allowed = co_await check_names(wish);
  if (!allowed) {
    held_[running.names] = {parts_.clock.now() + ask_caa_again, allowed.error().what};
    tell_failure(wish, allowed.error().what, parts_.clock.now() + ask_caa_again);
    co_return;
  }
  held_.erase(running.names);
  const auto id = co_await parts_.store.begin_order(running.names, parts_.clock.now());
  if (!id) co_return;  // the store tells of itself
  parts_.log.event(events::ordered, {{"subject", wish.subject}, {"names", running.names}});
  auto chain = co_await have_issued(wish);
  const Instant now = parts_.clock.now();
  if (chain) {
    types::StoredCertificate kept{wish.subject, wish.names, wish.private_key, *chain, "acme", now, "danewerk"};
    if (wish.subject.starts_with("key:")) kept.private_key.clear();  // it lies with the key
    const auto stored = co_await parts_.store.put(kept, std::nullopt);
    if (!stored) chain = Failure{io::AcmeFailure{stored.error().what, std::nullopt}};
  }
  const std::string words = chain ? std::string() : chain.error().words;
  const std::optional<Instant> not_before = chain ? std::nullopt : chain.error().not_before;
  const auto ended = co_await parts_.store.end_order(*id, now, words, not_before);
  static_cast<void>(ended);  // if not, it counts as cut off
  if (chain) {
    parts_.alert("certificate " + wish.subject, std::nullopt);
    co_return;
  }
  const auto rows = co_await parts_.store.orders(running.names);
  tell_failure(wish, words, rows ? issuance::next_order(facts_of(*rows), rules_.limits, rules_.spread, now).when : now);
}

io::Task<Result<void>> AcmeIssuer::add_name(types::DomainName name, types::AdminAct act) {
  if (!rules_.proves_by_http && parts_.challenges.method_for(name) == "http-01") {
    co_return fail(ErrorKind::denied, name.to_string() + " is not in our zone and http.listen is not set: the CA cannot be shown that it is ours");
  }
  const std::string subject = types::name_subject(name);
  CO_TRY(const auto there, co_await parts_.store.find(subject));
  if (there) co_return fail(ErrorKind::conflict, "there is a certificate for " + name.to_string() + " already, or it is being asked for");
  types::StoredCertificate fresh;
  fresh.subject = subject;
  fresh.names = {name};
  fresh.source = "acme";
  fresh.at = act.at;
  fresh.who = act.who;
  CO_TRY(fresh.private_key, io::generate_key(io::KeyAlgorithm::ecdsa_p256));
  CO_TRY_VOID(co_await parts_.store.put(fresh, act));
  quiet_until_.erase(subject);
  co_return co_await renew_names();
}

io::Task<Result<void>> AcmeIssuer::remove_name(types::DomainName name, types::AdminAct act) {
  const std::string subject = types::name_subject(name);
  CO_TRY_VOID(co_await parts_.store.erase(subject, std::move(act)));
  quiet_until_.erase(subject);
  parts_.alert("certificate " + subject, std::nullopt);
  co_return Result<void>{};
}

io::Task<Result<void>> AcmeIssuer::renew_names() {
  CO_TRY(const std::vector<std::string> subjects, co_await parts_.store.name_subjects());
  const Instant now = parts_.clock.now();
  CO_TRY(std::uint32_t ordered, co_await parts_.store.orders_since(now - std::chrono::hours(1)));
  for (const std::string& subject : subjects) {
    if (running_.size() >= most_at_once || ordered >= rules_.names_an_hour) break;  // the rest at a later turn; the edge's own keys go before
    const auto quiet = quiet_until_.find(subject);
    if (quiet != quiet_until_.end() && quiet->second > now) continue;
    const std::size_t before = running_.size();
    CO_TRY_VOID(co_await renew(subject));
    if (running_.size() > before) ++ordered;
  }
  co_return Result<void>{};
}

io::Task<Result<void>> AcmeIssuer::renew(std::string subject) {
  CO_TRY(const auto one, co_await parts_.store.find(subject));
  if (!one) co_return Result<void>{};
  Wish wish{one->subject, one->private_key, one->names, one->chain};
  const auto considered = co_await consider(std::move(wish));
  const Instant now = parts_.clock.now();
  if (!considered) {
    quiet_until_[subject] = now + rules_.check_names;
  } else if (const auto* wait = std::get_if<types::CertificateLater>(&*considered)) {
    quiet_until_[subject] = std::min(wait->ask_again, now + look_at_names_again);
  } else {
    quiet_until_[subject] = now + look_at_names_again;
  }
  co_return Result<void>{};
}

io::Task<> AcmeIssuer::keep_names() {
  while (true) {
    const auto swept = co_await parts_.challenges.sweep();
    const auto renewed = co_await renew_names();
    static_cast<void>(swept && renewed);  // of the store or the zone, which tell of themselves; again at the next turn
    co_await parts_.clock.sleep_for(rules_.check_names);
  }
}

}  // namespace danewerk::service
