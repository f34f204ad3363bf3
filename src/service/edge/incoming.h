// Incoming: one message on its way in, from MAIL to the answer after its last octet.
//
// It collects what the conversation was told and holds the store's writer; what it keeps in memory is the envelope and the
// writer's one buffer, whatever the size of the message. It also remembers the first fault of the body (a loop, a store that
// failed): the rest of the body is then read and dropped, because SMTP gives us no way to say so earlier, and the fault is
// the reply at its end. Once stored() was called the message is the queue's.
//
// RFC 5321 6.1 (responsibility), 6.3 (loops), 4.5.3.1.10; RFC 8689 4.1; conformance SMTP-02, SMTP-06, RTL-02.
#pragma once

#include <optional>
#include <string>

#include "engine/dkim/signer.h"
#include "engine/smtp/message_id_reader.h"
#include "engine/smtp/tls_required.h"
#include "io/store/queue_store.h"
#include "service/edge/admission.h"
#include "service/edge/received.h"
#include "types/rules.h"

namespace danewerk::service {

class Incoming {
 public:
  /// `tenant` is given where the sender settles it.
  Incoming(types::Sender sender, std::optional<types::TenantId> tenant)
      : tenant_(std::move(tenant)), settled_by_(tenant_ ? SettledBy::sender : SettledBy::recipients) {
    envelope_.sender = std::move(sender);
  }

  /// Error: 452 4.5.3 if the recipient belongs to another tenant than those before.
  Result<void, types::Reply> add(Grant grant);

  void begin_body(io::BodyWriter writer, dkim::Signer* signer) {
    id_ = writer.id();
    writer_.emplace(std::move(writer));
    if (signer) signing_ = signer->begin(tenant_);
  }
  /// The next octets of the body; faults are kept for refusal().
  io::Task<> take(std::string_view octets, std::uint32_t most_received);
  /// The body is complete: what its header says about TLS becomes the message's tag (RFC 8689 4.1), or the refusal.
  void complete(types::WaiverUse waivers);
  /// The id the store has given it; nothing before begin_body().
  const std::optional<types::QueueId>& id() const noexcept { return id_; }
  /// The error of the store, if that is why refusal() refuses.
  const std::optional<Error>& store_error() const noexcept { return store_error_; }
  /// The reply to a body that cannot be accepted; nothing if all is well so far.
  std::optional<types::Reply> refusal() const;

  const types::Envelope& envelope() const noexcept { return envelope_; }

  /// Whose signature the stored message bears, or why none; empty where nobody was to sign.
  const std::string& signature() const noexcept { return signature_; }

  /// Hands the message over; `received` is the Received line, on top of which the signature goes, `arrival` for the trace. The
  /// error is kept as store_error().
  io::Task<> store(io::QueueStore& queue, types::Origin origin, std::string received, std::string arrival, Instant now);

 private:
  void store_failed(Error error);

  types::Envelope envelope_;
  std::vector<types::HopKey> hops_;
  std::optional<types::TenantId> tenant_;
  enum class SettledBy : std::uint8_t { sender, recipients } settled_by_;
  std::optional<io::BodyWriter> writer_;
  std::optional<types::QueueId> id_;
  ReceivedCounter received_;
  engine::smtp::TlsRequiredField tls_required_;
  std::unique_ptr<dkim::Signing> signing_;
  std::string signature_;
  engine::smtp::MessageIdReader message_id_;
  std::optional<Error> store_error_;
  bool loops_ = false;
  bool waiver_refused_ = false;
};

}  // namespace danewerk::service
