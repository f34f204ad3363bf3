// DsnNotices: the notices of engine/dsn, with the original read from the store and the notice kept in it.
//
// A failure is told in the transaction that records it (QueueStore::record), so that there is no moment in which the mail is
// gone and nobody knows; delay and success likewise, so that neither is told twice. Whether somebody is to be told is
// dsn::wanted's, in which words dsn::compose's. The original goes back whole only where the sender asked with RET=FULL, it is
// small, and it is 7-bit: a notice must not get stuck at a server where a plain one would pass (decision 0056). Where the host's
// own name has a key, notices are signed (RFC 6376): they are mail of ours like any other.
#pragma once

#include "engine/dkim/signer.h"
#include "engine/dsn/notice.h"
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
  io::Task<Result<void>> read_original(const types::DueRecipients& due, dsn::DsnInput& input);

  io::QueueStore& queue_;
  const io::Clock& clock_;
  types::DomainName reporting_mta_;
  std::function<types::HopKey(const types::MailDomain&)> hop_of_;
  dkim::Signer* signer_;
};

}  // namespace danewerk::service
