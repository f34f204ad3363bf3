#include "service/edge/conversation.h"

#include <algorithm>

#include "engine/smtp/reply_text.h"
#include "io/text/idna.h"
#include "service/edge/arrival.h"
#include "service/edge/edge_events.h"

namespace danewerk::service {
namespace {

using namespace engine::smtp;

constexpr Duration write_patience = std::chrono::minutes(5);  // RFC 5321 4.5.3.2.7
constexpr Duration farewell_patience = std::chrono::seconds(10);
constexpr Duration clock_grain{1};  // our clock counts whole milliseconds; the socket's deadline does not

ServerOptions session_options(const EdgeParts& parts, const EdgeRules& rules, const types::Endpoint& local) {
  return {rules.names.at(local.address).to_string(), parts.certificate ? StartTlsOffer::yes : StartTlsOffer::no,
          &io::to_a_labels, rules.limits, rules.timeouts};
}

}  // namespace

Conversation::Conversation(const EdgeParts& parts, const EdgeRules& rules, io::Accepted accepted, Door::Pass pass,
                           std::string id, std::span<char> buffer)
    : parts_(parts),
      rules_(rules),
      connection_(std::move(accepted.socket)),
      peer_(accepted.peer),
      local_(accepted.local),
      pass_(std::move(pass)),
      id_(std::move(id)),
      buffer_(buffer),
      session_(session_options(parts, rules, local_), parts.clock.now()),
      pace_(rules.pace) {}

io::Task<> Conversation::run() {
  while (open_) {
    if (winding_down_ && !std::exchange(shutting_down_, true)) session_.shut_down();
    while (auto request = session_.next()) {
      if (const auto* chunk = std::get_if<BodyChunk>(&*request)) {
        co_await take_body(chunk->octets);
      } else if (const auto* end = std::get_if<BodyEnd>(&*request)) {
        co_await end_body(end->size);
      } else if (std::holds_alternative<BodyAbandoned>(*request) || std::holds_alternative<Closed>(*request)) {
        note(*request);
      } else {
        session_.reply(decide(*request), parts_.clock.now());
      }
    }
    if (!co_await flush() || !open_) continue;
    if (handshake_due_) {
      co_await shake_hands();
    } else {
      co_await fill();
    }
  }
  connection_.shutdown();
}

void Conversation::wind_down() {
  winding_down_ = true;
  if (reading_) connection_.cancel();
}

io::Task<> Conversation::take_body(std::string_view octets) {
  if (!incoming_) co_return;
  const bool sound = !incoming_->store_error();
  co_await incoming_->take(octets, rules_.most_received);
  if (sound && incoming_->store_error()) log(edge_events::store_failed, {{"error", incoming_->store_error()->what}});
}

io::Task<> Conversation::end_body(ByteCount size) {
  const Instant now = parts_.clock.now();
  const auto octets = std::to_string(static_cast<std::uint64_t>(size));
  incoming_->complete(rules_.waivers);
  if (!incoming_->refusal()) {
    auto received = received_line({session_.peer_name(), peer_.address, rules_.names.at(local_.address), tls_, *incoming_->id(),
                                   incoming_->envelope(), now});
    auto arrival = arrival_of(peer_, local_, session_.peer_name(), tls_);
    co_await incoming_->store(parts_.queue, parts_.admission.origin(), std::move(received), std::move(arrival), now);
    if (incoming_->store_error()) log(edge_events::store_failed, {{"error", incoming_->store_error()->what}});
  }
  body_ = Body::none;
  if (const auto refusal = incoming_->refusal()) {
    log(edge_events::refused, {{"size", octets}, {"reply", refusal->to_string()}});
    session_.reply(Decision::say(*refusal), parts_.clock.now());
  } else {
    session_.reply(Decision::say(make_reply(250, {2, 0, 0}, "queued as " + incoming_->id()->to_string())), parts_.clock.now());
    ++messages_;
    types::LogFields fields{{"from", types::to_string(incoming_->envelope().sender.path)},
                            {"recipients", std::to_string(incoming_->envelope().recipients.size())},
                            {"size", octets},
                            {"tls", tls_ ? tls_->version : "none"}};
    if (!incoming_->signature().empty()) fields.push_back({"dkim", incoming_->signature()});
    log(edge_events::accepted, std::move(fields));
    if (parts_.accepted) parts_.accepted();
  }
  incoming_.reset();
}

/// False if the peer is gone: there is nothing to wait for then.
io::Task<bool> Conversation::flush() {
  std::string output = session_.take_output();
  output += std::exchange(last_words_, {});
  if (output.empty()) co_return true;
  connection_.expires_after(open_ ? write_patience : farewell_patience);
  const auto sent = co_await connection_.write_all(output);
  if (!sent) session_.peer_closed();
  co_return sent.has_value();
}

io::Task<> Conversation::shake_hands() {
  connection_.expires_after(session_.deadline() - parts_.clock.now());
  auto info = co_await connection_.accept_tls(std::move(handshake_due_), &parts_.by_name);
  handshake_due_.reset();
  if (info) {
    tls_ = TlsTrace{std::move(info->version), std::move(info->cipher)};
    session_.tls_established(parts_.clock.now());
    co_return;
  }
  log(edge_events::tls_failed, {{"error", info.error().what}});
  session_.peer_closed();
}

io::Task<> Conversation::fill() {
  if (winding_down_ != shutting_down_) co_return;  // asked for while we wrote
  const Instant before = parts_.clock.now();
  Duration patience = session_.deadline() - before;
  if (body_ == Body::coming) patience = std::min(patience, pace_.left());
  connection_.expires_after(patience + clock_grain);
  reading_ = true;
  const auto got = co_await connection_.read_some(buffer_);
  reading_ = false;
  arrived(got, parts_.clock.now() - before);
}

void Conversation::arrived(const Result<std::size_t>& got, Duration waited) {
  const Instant now = parts_.clock.now();
  const std::size_t octets = got ? *got : 0;
  if (body_ == Body::coming && !pace_.keeps(octets, waited)) {
    last_words_ = "421 4.4.2 the message comes too slowly\r\n";
    return session_.peer_closed();
  }
  if (octets > 0) return session_.received({buffer_.data(), octets}, now);
  if (!got && got.error().kind == ErrorKind::cancelled && winding_down_) return;
  if (!got && got.error().kind == ErrorKind::timeout) return session_.tick(now);
  session_.peer_closed();
}

Decision Conversation::decide(const Request& request) {
  if (const auto* given = std::get_if<SenderGiven>(&request)) return take_sender(given->sender);
  if (const auto* given = std::get_if<RecipientGiven>(&request)) return take_recipient(given->recipient);
  if (std::holds_alternative<BodyStart>(request)) return begin_body();
  if (std::holds_alternative<StartTlsGiven>(request)) return begin_tls();
  return Decision::accept();  // Connected: the Edge has looked at the peer before it made us
}

Decision Conversation::take_sender(const types::Sender& sender) {
  incoming_.reset();
  if (parts_.store.broken()) return Decision::say(make_reply(451, {4, 3, 0}, "no mail can be stored now, please come back"));
  if (auto room = parts_.store.has_room(sender.declared_size.value_or(ByteCount{0})); !room) {
    log(edge_events::disk_low, {{"error", room.error().what}});
    return Decision::say(make_reply(452, {4, 3, 1}, "no room for more mail now, please come back"));
  }
  auto tenant = parts_.admission.sender(sender);
  if (!tenant) {
    log(edge_events::sender_refused, {{"from", types::to_string(sender.path)}, {"reply", tenant.error().to_string()}});
    return Decision::say(std::move(tenant).error());
  }
  incoming_.emplace(sender, *std::move(tenant));
  return Decision::accept();
}

Decision Conversation::take_recipient(const types::Recipient& recipient) {
  auto grant = parts_.admission.recipient(recipient, local_.address);
  Result<void, types::Reply> added;
  if (grant) {
    added = incoming_->add(*std::move(grant));
  } else {
    added = Failure{std::move(grant).error()};
  }
  if (added) return Decision::accept();
  log(edge_events::recipient_refused, {{"from", types::to_string(incoming_->envelope().sender.path)},
                                       {"to", types::to_string(recipient.path)},
                                       {"reply", added.error().to_string()}});
  return Decision::say(std::move(added).error());
}

Decision Conversation::begin_tls() {
  handshake_due_ = parts_.certificate();
  if (handshake_due_) return Decision::accept();
  log(edge_events::tls_unavailable, {});
  return Decision::say(make_reply(454, {4, 7, 0}, "TLS is not available now"));
}

Decision Conversation::begin_body() {
  incoming_->begin_body(parts_.queue.begin(parts_.clock.now()), parts_.signer);
  body_ = Body::coming;
  pace_.begin();
  return Decision::accept();
}

void Conversation::note(const Request& request) {
  if (const auto* abandoned = std::get_if<BodyAbandoned>(&request)) {
    log(edge_events::abandoned, {{"reason", to_string(abandoned->reason)}});
    incoming_.reset();
    body_ = Body::none;
    return;
  }
  const CloseReason reason = std::get<Closed>(request).reason;
  open_ = false;
  handshake_due_.reset();
  if (const RefusedCommands& refused = session_.refused(); refused.count > 0) {
    log(edge_events::commands_refused,
        {{"count", std::to_string(refused.count)}, {"first", refused.line}, {"reply", refused.reply.to_string()}});
  }
  if (reason == CloseReason::injected_plaintext) log(edge_events::injected, {});
  if (reason != CloseReason::quit) log(edge_events::ended, {{"reason", to_string(reason)}, {"messages", std::to_string(messages_)}});
}

void Conversation::log(const types::LogEvent& event, types::LogFields fields) {
  types::LogFields all{{"conn", id_}, {"peer", peer_.address.to_string()}};
  if (incoming_ && incoming_->id()) all.push_back({"queue", incoming_->id()->to_string()});
  all.insert(all.end(), std::make_move_iterator(fields.begin()), std::make_move_iterator(fields.end()));
  parts_.log.event(event, std::move(all));
}

}  // namespace danewerk::service
