#include "service/delivery/dsn_notices.h"

#include <algorithm>

#include "engine/dsn/mime.h"
#include "engine/smtp/message_id_reader.h"

namespace danewerk::service {
namespace {

/// The recipients of whom the sender wants to know (SMTP-06, SMTP-09).
std::vector<dsn::Told> told_of(const types::DueRecipients& due, const std::vector<RecipientEnd>& ends) {
  types::Envelope envelope{due.sender, {}};
  std::vector<dsn::Happened> happened;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    envelope.recipients.push_back(due.recipients[i].recipient);
    auto event = ends[i].event;
    if (ends[i].outcome.disposition == types::Disposition::failed) event = dsn::Event::failed;
    if (event) happened.push_back({types::RecipientIndex{static_cast<std::uint32_t>(i)}, *event});
  }
  std::vector<dsn::Told> told;
  for (const dsn::Due& one : dsn::wanted(envelope, happened, dsn::DelayByDefault::tell)) {
    const RecipientEnd& end = ends.at(static_cast<std::size_t>(one.recipient));
    dsn::Told& entry = told.emplace_back();
    entry.recipient = envelope.recipients.at(static_cast<std::size_t>(one.recipient));
    entry.action = one.action;
    entry.outcome = end.outcome;
    entry.round = 0;
    entry.rounds_tried = end.rounds_tried;
    entry.gave_up_as = end.gave_up_as;
    if (one.action == dsn::Action::delayed) {
      entry.next_try = end.next_try;
      entry.retry_until = end.given_up_at;
    }
  }
  return told;
}

types::NewMessage message_for(const types::DueRecipients& due, const dsn::Notice& notice, types::HopKey hop, Instant now) {
  types::NewMessage message{due.tenant, types::Origin::notice, {}, {std::move(hop)}, now, now, {}};
  message.envelope.sender.path = notice.reverse_path;
  message.envelope.sender.utf8 = notice.needs_utf8;
  message.envelope.sender.body = notice.body;
  message.envelope.sender.require_tls = notice.require_tls;
  engine::smtp::MessageIdReader message_id;
  message_id.feed(notice.message);
  message.message_id = message_id.id();
  types::Recipient recipient{notice.recipient, {}, {}};
  recipient.notify.specified = true;
  recipient.notify.never = true;
  message.envelope.recipients.push_back(std::move(recipient));
  return message;
}

/// RFC 3461 4.3, 6.2; RTL-05.
bool may_return_whole(const types::DueRecipients& due, const dsn::DsnInput& input) {
  const bool failure = std::any_of(input.told.begin(), input.told.end(), [](const dsn::Told& told) { return told.action == dsn::Action::failed; });
  return failure && due.sender.dsn_return == types::DsnReturn::full && due.sender.require_tls != types::RequireTls::yes &&
         due.size <= ByteCount{input.limits.message};
}

}  // namespace

io::Task<Result<void>> DsnNotices::read_original(const types::DueRecipients& due, dsn::DsnInput& input) {
  const bool whole = may_return_whole(due, input);
  CO_TRY(io::BodyReader body, co_await queue_.open_body(due.id));
  while (whole || input.original.size() < input.limits.header) {
    CO_TRY(std::string_view chunk, co_await body.next());
    if (chunk.empty()) break;
    input.original += chunk;
  }
  if (whole && dsn::makeup_of(input.original) == dsn::Makeup::seven_bit) input.extent = dsn::Extent::whole;
  co_return Result<void>{};
}

io::Task<Result<std::vector<io::Notice>>> DsnNotices::notices(const types::DueRecipients& due, const types::DeliveryPlan& plan,
                                                              const std::vector<types::Attempt>& attempts,
                                                              const std::vector<RecipientEnd>& ends) {
  std::vector<io::Notice> out;
  std::vector<dsn::Told> told = told_of(due, ends);
  if (told.empty()) co_return out;
  const Instant now = clock_.now();
  io::BodyWriter body = queue_.begin(now);
  dsn::DsnInput input;
  input.id = body.id().to_string();
  input.reporting_mta = reporting_mta_;
  input.queue_id = due.id.to_string();
  input.sender = due.sender;
  input.arrived = due.received_at;
  input.now = now;
  input.rounds.push_back({plan, attempts});
  input.told = std::move(told);
  CO_TRY_VOID(co_await read_original(due, input));
  const dsn::Notice notice = dsn::compose(input);
  CO_TRY_VOID(co_await body.append(notice.message));
  types::NewMessage message = message_for(due, notice, hop_of_(notice.recipient.domain()), now);
  if (const auto signing = signer_ ? signer_->begin(std::nullopt) : nullptr) {
    signing->feed(notice.message);
    message.prepended = signing->finish({}, now).fields;
  }
  out.push_back({std::move(message), std::move(body)});
  co_return out;
}

}  // namespace danewerk::service
