#include "service/delivery/dsn_notices.h"

#include "engine/dsn/notice.h"
#include "engine/smtp/message_id_reader.h"

namespace danewerk::service {
namespace {

/// The recipients that failed and whose sender wants to know (SMTP-06, SMTP-09).
std::vector<dsn::Told> told_of(const types::DueRecipients& due, const std::vector<RecipientEnd>& ends) {
  types::Envelope envelope{due.sender, {}};
  std::vector<dsn::Happened> happened;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    envelope.recipients.push_back(due.recipients[i].recipient);
    if (ends[i].outcome.disposition != types::Disposition::failed) continue;
    happened.push_back({types::RecipientIndex{static_cast<std::uint32_t>(i)}, dsn::Event::failed});
  }
  std::vector<dsn::Told> told;
  for (const dsn::Due& one : dsn::wanted(envelope, happened, dsn::DelayByDefault::silent)) {
    const RecipientEnd& end = ends.at(static_cast<std::size_t>(one.recipient));
    dsn::Told& entry = told.emplace_back();
    entry.recipient = envelope.recipients.at(static_cast<std::size_t>(one.recipient));
    entry.action = one.action;
    entry.outcome = end.outcome;
    entry.round = 0;
    entry.rounds_tried = end.rounds_tried;
    entry.gave_up_as = end.gave_up_as;
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

}  // namespace

io::Task<Result<std::string>> DsnNotices::beginning_of(types::QueueId id) {
  CO_TRY(io::BodyReader body, co_await queue_.open_body(id));
  std::string out;
  while (out.size() < dsn::Limits{}.header) {
    CO_TRY(std::string_view chunk, co_await body.next());
    if (chunk.empty()) break;
    out += chunk;
  }
  co_return out;
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
  CO_TRY(input.original, co_await beginning_of(due.id));
  const dsn::Notice notice = dsn::compose(input);
  CO_TRY_VOID(co_await body.append(notice.message));
  out.push_back({message_for(due, notice, hop_of_(notice.recipient.domain()), now), std::move(body)});
  co_return out;
}

}  // namespace danewerk::service
