// Conversation: one connection. It moves octets between the peer and the session, and the session's questions to those
// who know the answer: Admission (who, to whom), the store (is there room, is it durable), the certificate.
//
// The buffer that octets are read into belongs to the reactor and is shared by all its conversations: between the moment octets
// are in it and the moment the session has taken them there is no suspension point, so no other conversation can run. An
// idle connection costs no read buffer.
//
// Replies are sent when the session has nothing more to ask and wants input: the answers to a pipelined group leave in one
// write (RFC 2920 3.2). While the store makes a message durable or a chunk is being written, nothing is read: TCP slows the peer.
//
// STARTTLS: the 220 goes out, then OpenSSL is put on the socket; the session holds no octet by then (CVE-2011-0411, TLS-06).
#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/smtp/server_session.h"
#include "io/net/listener.h"
#include "io/tls/connection.h"
#include "service/edge/edge.h"
#include "service/edge/incoming.h"

namespace danewerk::service {

class Conversation {
 public:
  /// `id` names the connection in the log; `buffer` is the reactor's.
  Conversation(const EdgeParts& parts, const EdgeRules& rules, io::Accepted accepted, Door::Pass pass, std::string id,
               std::span<char> buffer);

  /// The whole of it; returns when the connection is closed.
  io::Task<> run();
  /// On the same reactor: finish the message under way, if any, then 421.
  void wind_down();

 private:
  io::Task<> take_body(std::string_view octets);
  io::Task<> end_body(ByteCount size);
  io::Task<bool> flush();
  io::Task<> shake_hands();
  io::Task<> fill();
  void arrived(const Result<std::size_t>& got, Duration waited);

  engine::smtp::Decision decide(const engine::smtp::Request& request);
  engine::smtp::Decision take_sender(const types::Sender& sender);
  engine::smtp::Decision take_recipient(const types::Recipient& recipient);
  engine::smtp::Decision begin_tls();
  engine::smtp::Decision begin_body();
  void note(const engine::smtp::Request& request);
  void log(const types::LogEvent& event, types::LogFields fields);

  const EdgeParts& parts_;
  const EdgeRules& rules_;
  io::Connection connection_;
  types::Endpoint peer_;
  types::Endpoint local_;
  Door::Pass pass_;
  std::string id_;
  std::span<char> buffer_;
  engine::smtp::ServerSession session_;
  BodyPace pace_;
  std::optional<Incoming> incoming_;
  std::shared_ptr<const io::ServerContext> handshake_due_;
  std::optional<TlsTrace> tls_;
  enum class Body : std::uint8_t { none, coming } body_ = Body::none;
  bool open_ = true;
  bool reading_ = false;
  bool winding_down_ = false;   // asked for
  bool shutting_down_ = false;  // and the session knows
  std::string_view last_words_;
  std::uint32_t messages_ = 0;
};

}  // namespace danewerk::service
