// Edge: the SMTP server. Connections in, durable messages out.
//
// One Edge is one role: the MX that the Internet talks to, or the submission service of our own hosts; the Admission given
// makes the difference. It listens on every reactor (the kernel spreads connections over them), and runs one Conversation a
// connection. It decides nothing about mail: the session knows the protocol, Admission the policy, the store what is safe.
//
// A DANE publisher must never answer without its certificate (RFC 7672 8.1, SNI-03): where `certificate` is given, start()
// refuses until it yields one, and STARTTLS always serves the current one, whatever name the client asks for (SNI-02); but hosts of ours
// with keys of their own get theirs (`by_name`).
//
// Stopping: no new connections; idle peers hear 421 4.3.2 at once, those in a message may finish it within `grace`; what is
// left then is cut off (nothing was promised to it).
//
// Slow peers: every phase has a deadline (engine/smtp/limits.h: 5 min a command, 2 min a handshake, 1 h a body); in a body at
// least 16 KiB must come in each 60 s of waiting (body_pace.h).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/dkim/signer.h"
#include "engine/smtp/limits.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/runtime/reactor.h"
#include "io/store/queue_store.h"
#include "io/tls/context_by_name.h"
#include "service/edge/admission.h"
#include "service/edge/body_pace.h"
#include "service/edge/door.h"
#include "service/edge/host_names.h"
#include "types/rules.h"

namespace danewerk::service {

/// What an Edge works with. All of it outlives the Edge and is thread safe.
struct EdgeParts {
  io::ReactorPool& reactors;
  io::Store& store;
  io::QueueStore& queue;
  const Admission& admission;
  Door& door;
  io::Clock& clock;
  io::Log& log;
  /// The TLS context to serve now; null while there is none. Empty function: STARTTLS is never offered.
  std::function<std::shared_ptr<const io::ServerContext>()> certificate;
  /// Called on a reactor after each accepted message: there is mail to deliver. May be empty.
  std::function<void()> accepted;
  /// Signs what comes in; null where nothing is to be signed. Only for submissions: relayed mail is not ours to sign.
  dkim::Signer* signer = nullptr;
  /// Instead of `certificate` for some names. Empty: for none.
  io::ContextByName by_name = nullptr;
};

struct EdgeRules {
  std::vector<types::Endpoint> listen;
  HostNames names;
  engine::smtp::Limits limits;
  engine::smtp::ServerTimeouts timeouts;
  BodyPace::Rule pace;
  std::uint32_t most_received = 100;  ///< Received lines; one more is a loop (RFC 5321 6.3)
  types::WaiverUse waivers = types::WaiverUse::honour;  ///< `refuse`: mail with TLS-Required: No is not taken here
};

class Edge {
 public:
  Edge(EdgeParts parts, EdgeRules rules);
  /// CHECKs that it was stopped, if it was started.
  ~Edge();
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  /// Listens and accepts. Errors: unavailable while there is no certificate; what Listener::open says; nothing listens then.
  Result<void> start();
  /// Where it listens; a configured port of 0 is replaced by the one given.
  const std::vector<types::Endpoint>& endpoints() const noexcept { return endpoints_; }
  /// See above; returns when the last connection is closed. The reactors must run; await it on any of them or elsewhere, and
  /// not from a task that may be cancelled.
  io::Task<> stop(Duration grace = std::chrono::seconds(30));

 private:
  class Shard;

  EdgeParts parts_;
  EdgeRules rules_;
  std::vector<types::Endpoint> endpoints_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace danewerk::service
