// Admission: whose mail we take, for whom, and where it goes next. All policy of the edge is here.
//
// The Internet tries every way to make a mail server pass on mail that is not its business; one gap, and it sends spam in
// our name within hours. So the conversation asks, and never decides, and there are two answers to every question, each one
// small class: InboundAdmission (the MX: anybody may come, only accepted domains are served) and SubmissionAdmission (our
// own networks only, to anybody, from domains of ours).
//
// What is decided here about the open points of the standards:
// * A message belongs to one tenant. A recipient of another tenant gets 452 4.5.3 from the conversation: the sender sends
//   the rest in another message (as Exchange Online does for recipients of several regions).
// * Unknown mailboxes are not known yet: any local part of an accepted domain is taken, except those that ask the mailbox
//   host to pass the mail on: '%', '!' and '@' in a local part (RFC 5321 3.6.1 lets us refuse source routing of every kind).
//   A source route itself was dropped by the parser: its last domain decides (RFC 5321 4.1.1.3, appendix C).
// * postmaster (RFC 5321 4.5.1) without a domain, at one of our host names, or at the address the client reached us at, is
//   `postmaster` below; if that is not given or its domain is not accepted (any more): postmaster@ the domain that was
//   accepted first. While no domain is accepted at all there is nobody to read it: 451 4.3.0.
// * Mail with a null sender in a submission (RFC 6409 3.2: bounces of the mailbox host) belongs to the tenant of the domain
//   that was accepted first, of those not suspended.
// * A suspended tenant's submissions are refused with the code its suspension names; its inbound mail only where that is stopped too.
//   The sender's server keeps what is refused for now: nothing is lost by a suspension.
//
// HopKey: "route:" and the accepted domain, whose route is looked up when the message is delivered, so that a changed
// route holds for mail already queued; or the plain next-hop domain (or address literal) for the Internet.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "io/store/domain_store.h"
#include "service/edge/host_names.h"
#include "types/envelope.h"
#include "types/queued_message.h"
#include "types/reply.h"

namespace danewerk::service {

/// The recipient as it is stored, and where it goes.
struct Grant {
  types::Recipient recipient;
  types::HopKey hop;
  std::optional<types::TenantId> tenant;  ///< whose the message becomes, where the sender has not settled that
};

/// Thread safe. Errors are the replies to give.
class Admission {
 public:
  virtual ~Admission() = default;
  virtual types::Origin origin() const noexcept = 0;
  /// May this peer speak at all?
  virtual Result<void, types::Reply> peer(const types::IpAddress& peer) const = 0;
  /// The tenant the sender settles; nothing where the recipients do.
  virtual Result<std::optional<types::TenantId>, types::Reply> sender(const types::Sender& sender) const = 0;
  /// `local` is the address the client reached us at.
  virtual Result<Grant, types::Reply> recipient(const types::Recipient& recipient, const types::IpAddress& local) const = 0;
};

/// Who is ours, as both roles see it.
class House {
 public:
  using Snapshot = std::function<std::shared_ptr<const io::Domains>()>;
  House(Snapshot domains, HostNames names, std::optional<types::Mailbox> postmaster)
      : domains_(std::move(domains)), names_(std::move(names)), postmaster_(std::move(postmaster)) {}

  std::shared_ptr<const io::Domains> domains() const { return domains_(); }
  /// True for the mailboxes that must always be accepted (see above).
  bool is_our_postmaster(const types::ForwardPath& path, const types::IpAddress& local) const;
  /// Where their mail goes. Error: 451.
  Result<Grant, types::Reply> to_postmaster(types::Recipient recipient, const io::Domains& domains) const;
  /// The domain that was accepted first, of those that take mail and whose tenant is not suspended. One walk over all of them, then
  /// remembered while that holds.
  std::optional<types::AcceptedDomain> first_domain(const io::Domains& domains) const;

 private:
  Snapshot domains_;
  HostNames names_;
  std::optional<types::Mailbox> postmaster_;
  mutable std::mutex mutex_;
  mutable std::optional<types::DomainName> first_;
};

class InboundAdmission final : public Admission {
 public:
  explicit InboundAdmission(const House& house) : house_(house) {}
  types::Origin origin() const noexcept override { return types::Origin::inbound; }
  Result<void, types::Reply> peer(const types::IpAddress& peer) const override;
  Result<std::optional<types::TenantId>, types::Reply> sender(const types::Sender& sender) const override;
  Result<Grant, types::Reply> recipient(const types::Recipient& recipient, const types::IpAddress& local) const override;

 private:
  const House& house_;
};

class SubmissionAdmission final : public Admission {
 public:
  SubmissionAdmission(const House& house, std::vector<types::Network> networks) : house_(house), networks_(std::move(networks)) {}
  types::Origin origin() const noexcept override { return types::Origin::submission; }
  Result<void, types::Reply> peer(const types::IpAddress& peer) const override;
  Result<std::optional<types::TenantId>, types::Reply> sender(const types::Sender& sender) const override;
  Result<Grant, types::Reply> recipient(const types::Recipient& recipient, const types::IpAddress& local) const override;

 private:
  const House& house_;
  std::vector<types::Network> networks_;
};

}  // namespace danewerk::service
