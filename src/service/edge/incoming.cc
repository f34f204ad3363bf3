#include "service/edge/incoming.h"

#include "engine/smtp/reply_text.h"

namespace danewerk::service {

using engine::smtp::make_reply;

Result<void, types::Reply> Incoming::add(Grant grant) {
  if (!tenant_) tenant_ = grant.tenant;
  CHECK(tenant_.has_value());  // an Admission that leaves it to the recipients names it with each
  if (settled_by_ == SettledBy::recipients && grant.tenant != tenant_) {
    return Failure{make_reply(452, {4, 5, 3}, "this recipient needs a message of its own, please send another")};
  }
  envelope_.recipients.push_back(std::move(grant.recipient));
  hops_.push_back(std::move(grant.hop));
  return {};
}

io::Task<> Incoming::take(std::string_view octets, std::uint32_t most_received) {
  if (loops_ || store_error_) co_return;
  received_.feed(octets);
  tls_required_.feed(octets);
  message_id_.feed(octets);
  if (received_.count() > most_received) {  // SMTP-06, RFC 5321 6.3
    loops_ = true;
    writer_.reset();
    co_return;
  }
  if (signing_) signing_->feed(octets);
  auto kept = co_await writer_->append(octets);
  if (!kept) store_failed(std::move(kept).error());
}

void Incoming::complete(types::WaiverUse waivers) {
  tls_required_.finish();
  if (envelope_.sender.require_tls == types::RequireTls::yes || !tls_required_.waives()) return;  // RTL-02
  envelope_.sender.require_tls = types::RequireTls::waived;
  waiver_refused_ = waivers == types::WaiverUse::refuse;
  if (waiver_refused_) writer_.reset();
}

std::optional<types::Reply> Incoming::refusal() const {
  if (loops_) return make_reply(554, {5, 4, 6}, "this message has passed too many servers: a mail loop");
  if (waiver_refused_) return make_reply(550, {5, 7, 1}, "mail with TLS-Required: No is not taken here, by the operator's rule");
  if (!store_error_) return std::nullopt;
  if (store_error_->kind == ErrorKind::limit) return make_reply(452, {4, 3, 1}, "no room for this message now, please come back");
  return make_reply(451, {4, 3, 0}, "the message could not be stored, please come back");
}

io::Task<> Incoming::store(io::QueueStore& queue, types::Origin origin, std::string received, std::string arrival, Instant now) {
  if (signing_) {
    dkim::Signed made = signing_->finish({}, now);
    signature_ = std::move(made.what);
    received.insert(0, made.fields);
  }
  types::NewMessage message{*tenant_, origin, envelope_, std::move(hops_), now, now, std::move(received), message_id_.id(), std::move(arrival)};
  auto stored = co_await queue.accept(std::move(message), *std::move(writer_));
  writer_.reset();
  if (!stored) store_failed(std::move(stored).error());
}

void Incoming::store_failed(Error error) {
  store_error_ = std::move(error);
  writer_.reset();
}

}  // namespace danewerk::service
