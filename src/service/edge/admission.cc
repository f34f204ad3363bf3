#include "service/edge/admission.h"

#include <algorithm>
#include <tuple>

#include "engine/smtp/reply_text.h"

namespace danewerk::service {
namespace {

using engine::smtp::make_reply;

Failure<types::Reply> refuse(int code, types::EnhancedCode enhanced, const std::string& text) {
  return Failure{make_reply(code, enhanced, text)};
}

bool is_postmaster(std::string_view local_part) {
  static constexpr std::string_view name = "postmaster";
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; };
  return std::equal(local_part.begin(), local_part.end(), name.begin(), name.end(), same);
}

/// A local part that asks the next host to pass the mail on: user%other, other!user, "user@other".
bool asks_for_relaying(std::string_view local_part) { return local_part.find_first_of("%!@") != std::string_view::npos; }

types::HopKey route_of(const types::DomainName& domain) { return {"route:" + domain.to_string()}; }

Failure<types::Reply> no_relaying(const types::Mailbox& mailbox) {
  return refuse(550, {5, 7, 1}, "<" + mailbox.to_string() + ">: we do not pass on mail for this address");
}

/// The refusal of a submission while the tenant is suspended.
std::optional<types::Reply> no_sending(const io::Domains& domains, const types::TenantId& tenant) {
  const types::Suspension* suspension = domains.suspension(tenant);
  if (!suspension) return std::nullopt;
  if (suspension->new_mail == types::Suspension::NewMail::refuse) return make_reply(550, {5, 7, 1}, "sending is suspended for this customer");
  return make_reply(450, {4, 7, 1}, "sending is suspended for this customer, please come back");
}

/// The same for its inbound mail, where that is stopped too. 2.1: the mailbox is disabled.
std::optional<types::Reply> no_receiving(const io::Domains& domains, const types::TenantId& tenant) {
  const types::Suspension* suspension = domains.suspension(tenant);
  if (!suspension || suspension->inbound == types::Suspension::Inbound::continues) return std::nullopt;
  if (suspension->new_mail == types::Suspension::NewMail::refuse) return make_reply(550, {5, 2, 1}, "this mailbox takes no mail");
  return make_reply(450, {4, 2, 1}, "this mailbox takes no mail for now, please come back");
}

/// No proof of control yet, or gone away: the owner may put it right while senders try again.
std::optional<types::Reply> not_taken(const types::AcceptedDomain& domain) {
  if (types::takes_mail(domain.facts)) return std::nullopt;
  const char* why = domain.facts.quarantined ? "> has to prove anew that it belongs here" : "> is not in service here yet";
  return make_reply(450, {4, 7, 1}, "<" + domain.domain.to_string() + why + ", please come back later");
}

}  // namespace

bool House::is_our_postmaster(const types::ForwardPath& path, const types::IpAddress& local) const {
  const auto* mailbox = std::get_if<types::Mailbox>(&path);
  if (!mailbox) return true;  // RFC 5321 4.5.1: bare "postmaster"
  if (!is_postmaster(mailbox->local_part())) return false;
  if (const auto* address = std::get_if<types::IpAddress>(&mailbox->domain())) return *address == local;
  return names_.contains(std::get<types::DomainName>(mailbox->domain()));
}

Result<Grant, types::Reply> House::to_postmaster(types::Recipient recipient, const io::Domains& domains) const {
  if (postmaster_) {
    const auto* name = std::get_if<types::DomainName>(&postmaster_->domain());
    if (const auto* domain = name ? domains.find(*name) : nullptr) {
      recipient.path = *postmaster_;
      return Grant{std::move(recipient), route_of(*name), domain->tenant};
    }
  }
  const auto first = first_domain(domains);
  if (!first) return refuse(451, {4, 3, 0}, "no mailbox for postmaster yet, please come back");
  recipient.path = types::Mailbox("postmaster", first->domain);
  return Grant{std::move(recipient), route_of(first->domain), first->tenant};
}

std::optional<types::AcceptedDomain> House::first_domain(const io::Domains& domains) const {
  const std::lock_guard guard(mutex_);
  if (first_) {
    const auto* known = domains.find(*first_);
    if (known && types::takes_mail(known->facts) && !domains.suspension(known->tenant)) return *known;
  }
  auto all = domains.list(std::nullopt);
  std::erase_if(all, [&domains](const auto& domain) { return !types::takes_mail(domain.facts) || domains.suspension(domain.tenant) != nullptr; });
  const auto first = std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.created_at, a.domain) < std::tie(b.created_at, b.domain);
  });
  if (first == all.end()) return std::nullopt;
  first_ = first->domain;
  return *first;
}

Result<void, types::Reply> InboundAdmission::peer(const types::IpAddress&) const { return {}; }

Result<std::optional<types::TenantId>, types::Reply> InboundAdmission::sender(const types::Sender&) const {
  return std::optional<types::TenantId>{};
}

Result<Grant, types::Reply> InboundAdmission::recipient(const types::Recipient& recipient, const types::IpAddress& local) const {
  const auto domains = house_.domains();
  if (house_.is_our_postmaster(recipient.path, local)) return house_.to_postmaster(recipient, *domains);
  const auto& mailbox = std::get<types::Mailbox>(recipient.path);
  const auto* name = std::get_if<types::DomainName>(&mailbox.domain());
  const auto* domain = name ? domains->find(*name) : nullptr;
  if (!domain || asks_for_relaying(mailbox.local_part())) return no_relaying(mailbox);
  if (auto refusal = not_taken(*domain)) return Failure{*std::move(refusal)};
  if (auto refusal = no_receiving(*domains, domain->tenant)) return Failure{*std::move(refusal)};
  return Grant{recipient, route_of(*name), domain->tenant};
}

Result<void, types::Reply> SubmissionAdmission::peer(const types::IpAddress& peer) const {
  const auto holds = [&](const types::Network& network) { return network.contains(peer); };
  if (std::any_of(networks_.begin(), networks_.end(), holds)) return {};
  return refuse(554, {5, 7, 1}, "this service is for hosts of our own");
}

Result<std::optional<types::TenantId>, types::Reply> SubmissionAdmission::sender(const types::Sender& sender) const {
  const auto domains = house_.domains();
  if (!sender.path) {
    const auto first = house_.first_domain(*domains);
    if (first) return std::optional(first->tenant);
    return refuse(451, {4, 3, 0}, "no domain is served yet, please come back");
  }
  const auto* name = std::get_if<types::DomainName>(&sender.path->domain());
  const auto* domain = name ? domains->find(*name) : nullptr;
  if (domain) {
    if (auto refusal = not_taken(*domain)) return Failure{*std::move(refusal)};
    if (auto refusal = no_sending(*domains, domain->tenant)) return Failure{*std::move(refusal)};
    return std::optional(domain->tenant);
  }
  return refuse(550, {5, 7, 1}, "<" + sender.path->to_string() + ">: we do not send for this domain");
}

Result<Grant, types::Reply> SubmissionAdmission::recipient(const types::Recipient& recipient, const types::IpAddress& local) const {
  const auto domains = house_.domains();
  if (house_.is_our_postmaster(recipient.path, local)) return house_.to_postmaster(recipient, *domains);
  const auto& mailbox = std::get<types::Mailbox>(recipient.path);
  const auto* name = std::get_if<types::DomainName>(&mailbox.domain());
  const auto* ours = name ? domains->find(*name) : nullptr;
  if (ours && asks_for_relaying(mailbox.local_part())) return no_relaying(mailbox);
  if (auto refusal = ours ? not_taken(*ours) : std::nullopt) return Failure{*std::move(refusal)};
  if (auto refusal = ours ? no_receiving(*domains, ours->tenant) : std::nullopt) return Failure{*std::move(refusal)};
  return Grant{recipient, ours ? route_of(*name) : types::HopKey{types::to_string(mailbox.domain())}, std::nullopt};
}

}  // namespace danewerk::service
