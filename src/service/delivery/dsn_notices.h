// DsnNotices: the notices of engine/dsn, with the original read from the store and the notice kept in it.
//
// A failure is told in the transaction that records it (QueueStore::record), so that there is no moment in which the mail is
// gone and nobody knows. Delay and success notices come with the schedule that calls for them. Where the host's own name has a key,
// notices are signed (RFC 6376): they are mail of ours like any other.
#pragma once

#include "engine/dkim/signer.h"
#include "service/delivery/deliver.h"

namespace danewerk::service {

class DsnNotices final : public NoticeWriter {
 public:
  /// `hop_of` says where mail to a domain goes: one of ours or the Internet. `signer` may be null.
  DsnNotices(io::QueueStore& queue, const io::Clock& clock, types::DomainName reporting_mta,
             std::function<types::HopKey(const types::MailDomain&)> hop_of, dkim::Signer* signer = nullptr)
      : queue_(queue), clock_(clock), reporting_mta_(std::move(reporting_mta)), hop_of_(std::move(hop_of)), signer_(signer) {}

  io::Task<Result<std::vector<io::Notice>>> notices(const types::DueRecipients& due, const types::DeliveryPlan& plan,
                                                    const std::vector<types::Attempt>& attempts,
                                                    const std::vector<RecipientEnd>& ends) override;

 private:
  io::Task<Result<std::string>> beginning_of(types::QueueId id);

  io::QueueStore& queue_;
  const io::Clock& clock_;
  types::DomainName reporting_mta_;
  std::function<types::HopKey(const types::MailDomain&)> hop_of_;
  dkim::Signer* signer_;
};

}  // namespace danewerk::service
