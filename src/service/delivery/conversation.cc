#include "service/delivery/conversation.h"

#include <array>

#include "engine/smtp/client_session.h"
#include "io/tls/connection.h"
#include "io/tls/certificate.h"
#include "io/tls/dane_verify.h"

namespace danewerk::service {
namespace {

namespace smtp = engine::smtp;
using types::AttemptEnd;
using types::Phase;

Phase phase_of(smtp::ClientPhase phase, bool encrypted) {
  switch (phase) {
    case smtp::ClientPhase::greeting: return Phase::greeting;
    case smtp::ClientPhase::hello: return encrypted ? Phase::ehlo_in_tls : Phase::ehlo;
    case smtp::ClientPhase::starttls: return Phase::starttls;
    case smtp::ClientPhase::handshake: return Phase::handshake;
    case smtp::ClientPhase::idle:
    case smtp::ClientPhase::reset:
    case smtp::ClientPhase::mail: return Phase::mail;
    case smtp::ClientPhase::rcpt: return Phase::recipients;
    case smtp::ClientPhase::data:
    case smtp::ClientPhase::body: return Phase::data;
    case smtp::ClientPhase::final_reply: return Phase::content;
    case smtp::ClientPhase::quit: return Phase::done;
  }
  return Phase::done;
}

smtp::TlsDemand demand_of(const Errand& errand, const types::Hop& hop) {
  if (errand.target.opening == types::Opening::plain) return smtp::TlsDemand::none;
  return hop.level == types::SecurityLevel::opportunistic ? smtp::TlsDemand::opportunistic : smtp::TlsDemand::required;
}

types::Extension extension_of(const types::EnhancedCode& code) {
  if (code.subject == 7) return types::Extension::requiretls;  // 5.7.30 not offered, 5.7.10 not over TLS
  if (code == types::EnhancedCode{5, 6, 7}) return types::Extension::smtputf8;
  if (code.subject == 6) return types::Extension::eight_bit_mime;
  return types::Extension::size;  // 5.3.4
}

std::vector<types::CertificateDigests> digests_of(const ::stack_st_X509* chain) {
  std::vector<types::CertificateDigests> out;
  for (const types::CertificateInfo& info : tls::describe_chain(chain)) out.push_back({info.sha256, info.spki_sha256});
  return out;
}

/// One attempt under way.
class Conversation {
 public:
  Conversation(Errand& errand, std::shared_ptr<const io::ClientContext> tls, const tls::TrustStore* trust, const io::Clock& clock, io::Connection connection,
               smtp::ClientOptions options, types::Attempt& attempt)
      : errand_(errand),
        hop_(errand.plan.hops.at(static_cast<std::size_t>(errand.target.hop))),
        tls_(std::move(tls)),
        trust_(trust),
        clock_(clock),
        connection_(std::move(connection)),
        session_(std::move(options), clock.now()),
        attempt_(attempt) {}

  io::Task<> run() {
    std::array<char, 8192> buffer;
    while (!over_) {
      while (auto event = session_.next()) co_await act_on(*event);
      co_await flush();
      if (over_) break;
      connection_.expires_after(std::max(Duration{1}, session_.deadline() - clock_.now()));
      auto got = co_await connection_.read_some(buffer);
      if (got && *got > 0) {
        session_.received({buffer.data(), *got}, clock_.now());
      } else if (!got && got.error().kind == ErrorKind::timeout) {
        session_.tick(std::max(clock_.now(), session_.deadline()));
      } else {
        if (!got) attempt_.detail = got.error().what;
        session_.peer_closed();
      }
    }
    connection_.shutdown();
  }

 private:
  io::Task<> act_on(const smtp::ClientEvent& event) {
    if (std::holds_alternative<smtp::NeedTls>(event)) {
      co_await shake_hands();
    } else if (const auto* ready = std::get_if<smtp::Ready>(&event)) {
      begin(*ready);
    } else if (const auto* recipient = std::get_if<smtp::RecipientResult>(&event)) {
      const Phase phase = recipient->phase == smtp::ClientPhase::final_reply ? Phase::content : Phase::recipients;
      attempt_.replies.push_back({errand_.indices.at(recipient->index), phase, recipient->reply});
    } else if (std::holds_alternative<smtp::NeedBody>(event)) {
      co_await send_body();
    } else if (const auto* result = std::get_if<smtp::MessageResult>(&event)) {
      conclude(*result);
    } else if (const auto* failed = std::get_if<smtp::Failed>(&event)) {
      if (!decided_) note_failure(*failed);
      co_await flush();
      over_ = true;
    } else {
      over_ = true;
    }
  }

  io::Task<> flush() {
    const std::string out = session_.take_output();
    if (out.empty()) co_return;
    if (mail_begun_ && !connection_.is_encrypted()) {
      attempt_.mail_octets_in_clear = ByteCount{static_cast<std::uint64_t>(attempt_.mail_octets_in_clear) + out.size()};
    }
    auto written = co_await connection_.write_all(out);
    if (!written) {
      attempt_.detail = written.error().what;
      session_.peer_closed();
    }
  }

  io::Task<> shake_hands() {
    co_await flush();
    attempt_.phase = Phase::handshake;
    connection_.expires_after(smtp::ClientTimeouts{}.handshake);
    const std::string server_name = hop_.sni ? hop_.sni->to_string() : "";
    auto info = co_await connection_.start_tls(tls_, server_name);
    if (!info) {
      settle(AttemptEnd::handshake_failed, Phase::handshake, info.error().what);
      over_ = true;
      co_return;
    }
    attempt_.channel = types::Channel::tls;
    attempt_.secured = clock_.now();
    attempt_.tls = types::TlsSession{info->version, info->cipher, info->resumed};
    const ::stack_st_X509* chain = connection_.peer_certificates();
    if (hop_.dane || hop_.pkix) attempt_.presented = digests_of(chain);
    if (hop_.dane && !judge_by_dane(chain)) co_return;
    if (hop_.pkix && !judge_by_pkix(chain)) co_return;
    session_.tls_established(clock_.now());
  }

  /// CRT-01 to CRT-09 through tls::verify_chain. False, and the conversation is over, if the hop's terms are not met.
  bool judge_by_dane(const ::stack_st_X509* chain) {
    const tls::DaneDemand demand{hop_.dane->usable, hop_.dane->base, hop_.dane->names, clock_.now()};
    auto verdict = tls::verify_chain(chain, demand);
    if (verdict) {
      attempt_.verdict = *std::move(verdict);
      if (hop_.level != types::SecurityLevel::dane || attempt_.verdict->is_authenticated()) return true;
      settle(AttemptEnd::not_authenticated, Phase::authenticate, attempt_.verdict->reason);
    } else if (hop_.level != types::SecurityLevel::dane) {
      return true;
    } else {
      settle(AttemptEnd::not_authenticated, Phase::authenticate, verdict.error().what);
    }
    over_ = true;
    return false;
  }

  /// STS-09, STS-13, RTL-03. False, and the conversation is over, if the certificate demanded is not there; that we cannot check is
  /// our own fault, never the host's.
  bool judge_by_pkix(const ::stack_st_X509* chain) {
    auto verdict = pkix_verdict(chain);
    if (verdict) attempt_.pkix = *verdict;
    if (hop_.pkix->force == types::PkixForce::audit || (verdict && verdict->is_authenticated())) return true;
    const AttemptEnd end = verdict ? AttemptEnd::not_authenticated : AttemptEnd::local_fault;
    settle(end, Phase::authenticate, verdict ? verdict->reason : verdict.error().what);
    over_ = true;
    return false;
  }

  Result<types::PkixVerdict> pkix_verdict(const ::stack_st_X509* chain) {
    if (trust_ == nullptr) return fail(ErrorKind::unavailable, "no trust store to verify certificates by; set delivery.trust_store");
    TRY(types::PkixVerdict verdict, tls::verify_pkix(*trust_, chain, hop_.pkix->names, clock_.now()));
    if (!verdict.is_authenticated() || hop_.pkix->also.empty()) return verdict;
    return tls::verify_pkix(*trust_, chain, hop_.pkix->also, clock_.now());
  }

  void begin(const smtp::Ready& ready) {
    attempt_.peer_name = ready.peer.server_name();
    if (decided_) return session_.quit(clock_.now());
    attempt_.phase = Phase::mail;
    auto begun = session_.begin_message(errand_.envelope, errand_.body.size(), clock_.now());
    if (begun) {
      mail_begun_ = true;
      return;
    }
    attempt_.missing = extension_of(begun.error().code);
    settle(AttemptEnd::extension_missing, Phase::mail, begun.error().why);
    session_.quit(clock_.now());
  }

  io::Task<> send_body() {
    attempt_.phase = Phase::data;
    errand_.body.rewind();
    while (true) {
      auto chunk = co_await errand_.body.next();
      if (!chunk) {
        settle(AttemptEnd::local_fault, Phase::data, chunk.error().what);
        over_ = true;
        co_return;
      }
      auto taken = chunk->empty() ? session_.end_body(clock_.now()) : session_.body(*chunk, clock_.now());
      connection_.expires_after(smtp::ClientTimeouts{}.body_block);
      co_await flush();
      if (!taken || chunk->empty()) break;
    }
    attempt_.phase = Phase::content;
  }

  void conclude(const smtp::MessageResult& result) {
    mail_begun_ = false;
    if (result.phase == smtp::ClientPhase::final_reply) {
      note_final_reply(result.reply);
      settle(AttemptEnd::completed, Phase::done, {});
    } else if (result.phase == smtp::ClientPhase::rcpt) {
      settle(AttemptEnd::completed, Phase::recipients, {});
    } else {
      attempt_.reply = result.reply;
      settle(AttemptEnd::refused, phase_of(result.phase, connection_.is_encrypted()), {});
    }
    session_.quit(clock_.now());
  }

  /// SMTP: the reply to the content is the last word for everybody who was accepted. LMTP: each had a word of its own.
  void note_final_reply(const types::Reply& reply) {
    if (errand_.protocol == types::RouteProtocol::lmtp) return;
    const auto at_rcpt = attempt_.replies;
    for (const types::RecipientReply& one : at_rcpt) {
      if (one.reply.is_positive()) attempt_.replies.push_back({one.recipient, Phase::content, reply});
    }
  }

  void note_failure(const smtp::Failed& failed) {
    const Phase phase = phase_of(failed.phase, connection_.is_encrypted());
    if (const auto* reply = std::get_if<types::Reply>(&failed.why)) {
      attempt_.reply = *reply;
      settle(phase == Phase::starttls ? AttemptEnd::starttls_refused : AttemptEnd::refused, phase, {});
      return;
    }
    const auto why = std::get<smtp::Breakdown>(failed.why);
    AttemptEnd end = AttemptEnd::protocol_error;
    if (why == smtp::Breakdown::starttls_not_offered) end = AttemptEnd::starttls_not_offered;
    if (why == smtp::Breakdown::timeout) end = AttemptEnd::timed_out;
    if (why == smtp::Breakdown::connection_lost) end = AttemptEnd::lost;
    if (why == smtp::Breakdown::bad_body) end = AttemptEnd::local_fault;
    const std::string detail = attempt_.detail.empty() ? smtp::to_string(why) : attempt_.detail;
    // After the whole content was written the peer may have taken it: that is Phase::content even if it never said so.
    settle(end, attempt_.phase == Phase::content ? Phase::content : phase, detail);
  }

  /// The first conclusion stands: what happens during QUIT changes nothing.
  void settle(AttemptEnd end, Phase phase, std::string detail) {
    if (decided_) return;
    decided_ = true;
    attempt_.end = end;
    attempt_.phase = phase;
    attempt_.detail = std::move(detail);
  }

  Errand& errand_;
  const types::Hop& hop_;
  std::shared_ptr<const io::ClientContext> tls_;
  const tls::TrustStore* trust_;
  const io::Clock& clock_;
  io::Connection connection_;
  smtp::ClientSession session_;
  types::Attempt& attempt_;
  bool mail_begun_ = false;
  bool decided_ = false;
  bool over_ = false;
};

/// Forward and reverse DNS of the address the peer sees should agree with what EHLO says (RFC 5321 4.1.4).
std::string hello_from(const ClientManners& manners, const types::IpAddress& local) {
  for (const auto& [address, name] : manners.names_by_address) {
    if (address == local) return name;
  }
  return manners.hello_name;
}

std::optional<types::IpAddress> source_for(const ClientManners& manners, const types::IpAddress& to) {
  for (const types::IpAddress& source : manners.source_addresses) {
    if (source.family() == to.family()) return source;
  }
  return std::nullopt;
}

}  // namespace

io::Task<types::Attempt> converse(const ClientManners& manners, std::shared_ptr<const io::ClientContext> tls, const io::Clock& clock,
                                  Errand errand) {
  const types::Hop& hop = errand.plan.hops.at(static_cast<std::size_t>(errand.target.hop));
  types::Attempt attempt;
  attempt.hop = errand.target.hop;
  attempt.peer = {errand.target.address, hop.port};
  attempt.opening = errand.target.opening;
  attempt.demanded = hop.level;
  attempt.started = clock.now();
  attempt.end = AttemptEnd::not_connected;
  if (!errand.to_own_route && !manners.filter.allows(errand.target.address)) {
    attempt.detail = errand.target.address.to_string() + " is not a public address; open its network in delivery.allow_networks if it may be used";
  } else {
    auto dialed = co_await io::dial(attempt.peer, source_for(manners, errand.target.address), manners.connect_timeout);
    if (dialed) {
      attempt.connected = clock.now();
      attempt.phase = Phase::greeting;
      smtp::ClientOptions options;
      options.hello_name = hello_from(manners, dialed->local.address);
      options.tls = demand_of(errand, hop);
      options.protocol = errand.protocol == types::RouteProtocol::lmtp ? smtp::Protocol::lmtp : smtp::Protocol::smtp;
      Conversation conversation(errand, std::move(tls), manners.trust.get(), clock, io::Connection(std::move(dialed->socket)), std::move(options), attempt);
      co_await conversation.run();
    } else {
      attempt.detail = dialed.error().what;
    }
  }
  attempt.ended = clock.now();
  co_return attempt;
}

}  // namespace danewerk::service
