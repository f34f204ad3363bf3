#include "service/delivery/conversation.h"

#include <algorithm>
#include <array>

#include "engine/policy/terms.h"
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

/// Octets of a body that are worth a write of their own: the most a TLS record holds (RFC 8446 5.1).
constexpr std::size_t one_write = 16 * 1024;

smtp::TlsDemand demand_of(const Errand& errand, const types::Hop& hop) {
  if (errand.target.opening == types::Opening::plain) return smtp::TlsDemand::none;
  return hop.level == types::SecurityLevel::opportunistic ? smtp::TlsDemand::opportunistic : smtp::TlsDemand::required;
}

bool is_ascii(std::string_view octets) {
  return std::none_of(octets.begin(), octets.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

types::Extension extension_of(const types::EnhancedCode& code) {
  if (code.subject == 7) return types::Extension::requiretls;  // 5.7.30 not offered, 5.7.10 not over TLS
  if (code == types::EnhancedCode{5, 6, 7}) return types::Extension::smtputf8;
  if (code.subject == 6) return types::Extension::eight_bit_mime;
  return types::Extension::size;  // 5.3.4
}

/// What a conversation needs besides its errand and its line.
struct Surroundings {
  std::shared_ptr<const io::ClientContext> tls;
  const tls::TrustStore* trust;  ///< null: hosts at `verified` are a fault of ours
  const io::Clock& clock;
  Tickets* tickets;  ///< null: none is offered
};

/// One errand under way on one line, new or rested.
class Conversation {
 public:
  Conversation(Errand& errand, Surroundings around, Line& line, types::Attempt& attempt)
      : errand_(errand),
        hop_(errand.plan.hops.at(static_cast<std::size_t>(errand.target.hop))),
        around_(std::move(around)),
        clock_(around_.clock),
        line_(line),
        connection_(line.connection),
        session_(line.session),
        attempt_(attempt),
        rested_(line.messages > 0) {}

  io::Task<> run() {
    std::array<char, 8192> buffer;
    if (rested_) co_await begin_message();
    while (!over_ && !resting_) {
      while (auto event = session_.next()) co_await act_on(*event);
      co_await flush();
      if (over_ || resting_) break;
      connection_.expires_after(std::max(Duration{1}, session_.deadline() - clock_.now()));
      auto got = co_await connection_.read_some(buffer);
      if (got && *got > 0) {
        session_.received({buffer.data(), *got}, clock_.now());
      } else if (!got && got.error().kind == ErrorKind::timeout) {
        session_.tick(std::max(clock_.now(), session_.deadline()));
      } else if (!got && got.error().kind == ErrorKind::refused && attempt_.tls && session_.phase() == smtp::ClientPhase::hello) {
        refuse_handshake(got.error().what);
      } else {
        if (!got) attempt_.detail = got.error().what;
        session_.peer_closed();
      }
    }
    keep_ticket();
  }

  /// It failed by what was kept from earlier, before any of the content was sent: try without.
  bool is_stale() const noexcept { return stale_; }
  /// The connection is good for another message.
  bool is_resting() const noexcept { return resting_ && !over_; }

 private:
  io::Task<> act_on(const smtp::ClientEvent& event) {
    if (std::holds_alternative<smtp::NeedTls>(event)) {
      co_await shake_hands();
    } else if (const auto* ready = std::get_if<smtp::Ready>(&event)) {
      co_await begin(*ready);
    } else if (const auto* recipient = std::get_if<smtp::RecipientResult>(&event)) {
      const Phase phase = recipient->phase == smtp::ClientPhase::final_reply ? Phase::content : Phase::recipients;
      attempt_.replies.push_back({errand_.indices.at(recipient->index), phase, recipient->reply});
    } else if (std::holds_alternative<smtp::NeedBody>(event)) {
      co_await send_body();
    } else if (const auto* result = std::get_if<smtp::MessageResult>(&event)) {
      conclude(*result);
    } else if (const auto* failed = std::get_if<smtp::Failed>(&event)) {
      if (!decided_) stale_ = rested_ && attempt_.replies.empty() && attempt_.phase < Phase::data;
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
    const io::TlsTicket offered = around_.tickets != nullptr ? around_.tickets->find(line_.terms, clock_.now()) : nullptr;
    auto info = co_await connection_.start_tls(around_.tls, server_name, offered);
    if (!info) {
      if (offered) discard_ticket();
      settle(AttemptEnd::handshake_failed, Phase::handshake, info.error().what);
      over_ = true;
      co_return;
    }
    attempt_.channel = types::Channel::tls;
    attempt_.secured = clock_.now();
    attempt_.tls = types::TlsSession{info->version, info->cipher, info->resumed};
    const ::stack_st_X509* chain = connection_.peer_certificates();
    if (hop_.dane || hop_.pkix) attempt_.presented = tls::digest_chain(chain);
    if ((hop_.dane && !judge_by_dane(chain)) || (hop_.pkix && !judge_by_pkix(chain))) {
      if (info->resumed) discard_ticket();
      co_return;
    }
    session_.tls_established(clock_.now());
  }

  /// In TLS 1.3 a server's alert about our half (that it demands a certificate of us, say) comes when we are through: where the first
  /// reply should be (RFC 8446 4.4.2.4). It is the handshake that failed, as it would have in TLS 1.2.
  void refuse_handshake(const std::string& why) {
    if (attempt_.tls && attempt_.tls->resumed) discard_ticket();
    attempt_.channel = types::Channel::cleartext;
    attempt_.secured.reset();
    attempt_.tls.reset();
    settle(AttemptEnd::handshake_failed, Phase::handshake, "after the TLS handshake: " + why);
    over_ = true;
  }

  /// A session that cannot be resumed here, or whose chain no longer satisfies: the peer may well satisfy by a full handshake.
  void discard_ticket() {
    around_.tickets->forget(line_.terms);
    stale_ = true;
  }

  /// TLS-04: only of a connection whose terms were met.
  void keep_ticket() {
    if (around_.tickets == nullptr || rested_ || !ready_ || !connection_.is_encrypted()) return;
    around_.tickets->keep(line_.terms, connection_.ticket(), clock_.now(), errand_.plan.valid_until);
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
    if (around_.trust == nullptr) return fail(ErrorKind::unavailable, "no trust store to verify certificates by; set delivery.trust_store");
    TRY(types::PkixVerdict verdict, tls::verify_pkix(*around_.trust, chain, hop_.pkix->names, clock_.now()));
    if (!verdict.is_authenticated() || hop_.pkix->also.empty()) return verdict;
    return tls::verify_pkix(*around_.trust, chain, hop_.pkix->also, clock_.now());
  }

  io::Task<> begin(const smtp::Ready& ready) {
    attempt_.peer_name = ready.peer.server_name();
    if (decided_) {
      session_.quit(clock_.now());
      co_return;
    }
    ready_ = true;
    line_.proof = attempt_;
    co_await begin_message();
  }

  io::Task<> begin_message() {
    attempt_.phase = Phase::mail;
    ++line_.messages;
    use_offers();
    co_await declare_what_it_holds();
    if (over_) co_return;
    auto begun = session_.begin_message(errand_.envelope, errand_.body.size(), clock_.now());
    if (begun) {
      mail_begun_ = true;
      attempt_.require_tls = errand_.envelope.sender.require_tls;
      co_return;
    }
    attempt_.missing = extension_of(begun.error().code);
    settle(AttemptEnd::extension_missing, Phase::mail, begun.error().why);
    resting_ = true;
  }

  /// BODY=8BITMIME and SMTPUTF8 say what a message may hold, and some senders say them of every message. Where the host lacks the
  /// extension the content decides: what is ASCII to the last octet needs neither, and is not returned for it (decision 0096).
  io::Task<> declare_what_it_holds() {
    types::Sender& sender = errand_.envelope.sender;
    const smtp::Capabilities& peer = session_.peer();
    const bool can_8bit = peer.has(smtp::Extension::eight_bit_mime);
    const bool lacks_8bit = sender.body == types::BodyKind::eight_bit_mime && !can_8bit;
    const bool lacks_utf8 = sender.utf8 == types::Smtputf8::yes && !(can_8bit && peer.has(smtp::Extension::smtputf8));
    if (!lacks_8bit && !lacks_utf8) co_return;
    errand_.body.rewind();
    while (true) {
      auto chunk = co_await errand_.body.next();
      if (!chunk) {
        settle(AttemptEnd::local_fault, Phase::mail, chunk.error().what);
        over_ = true;
        co_return;
      }
      if (chunk->empty()) break;
      if (!is_ascii(*chunk)) co_return;
    }
    if (lacks_8bit) sender.body = types::BodyKind::seven_bit;
    sender.utf8 = types::Smtputf8::no;  // begin_message() looks at the addresses itself
  }

  /// Before each message: who answers the sender (RFC 3461 5.2.1), and whether REQUIRETLS can be said (RFC 8689 2, 5).
  void use_offers() {
    const smtp::Capabilities& peer = session_.peer();
    attempt_.dsn = peer.has(smtp::Extension::dsn) ? types::DsnOffer::offered : types::DsnOffer::absent;
    const bool is_wished = errand_.require_tls_if_possible == types::RequireTls::yes;
    const bool may = connection_.is_encrypted() && policy::meets_requiretls(hop_) && peer.has(smtp::Extension::requiretls);
    errand_.envelope.sender.require_tls = is_wished && may ? types::RequireTls::yes : errand_.plan.demands.require_tls;
  }

  /// The head, a small body and its end go out in one write: each costs a packet, and the peer a wakening.
  io::Task<> send_body() {
    attempt_.phase = Phase::data;
    errand_.body.rewind();
    std::size_t unsent = 0;
    while (true) {
      auto chunk = co_await errand_.body.next();
      if (!chunk) {
        settle(AttemptEnd::local_fault, Phase::data, chunk.error().what);
        over_ = true;
        co_return;
      }
      auto taken = chunk->empty() ? session_.end_body(clock_.now()) : session_.body(*chunk, clock_.now());
      unsent += chunk->size();
      const bool is_last = !taken || chunk->empty();
      if (!is_last && unsent < one_write) continue;
      unsent = 0;
      connection_.expires_after(smtp::ClientTimeouts{}.body_block);
      co_await flush();
      if (is_last) break;
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
      // A host may take only so many messages a connection: its "not now" to MAIL is believed on a new one only.
      stale_ = rested_ && result.phase == smtp::ClientPhase::mail && result.reply.is_transient();
      attempt_.reply = result.reply;
      settle(AttemptEnd::refused, phase_of(result.phase, connection_.is_encrypted()), {});
    }
    resting_ = true;
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
    std::string detail = attempt_.detail.empty() ? smtp::to_string(why) : attempt_.detail;
    if (!session_.offence().empty()) detail += " (" + session_.offence() + ")";
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
  Surroundings around_;
  const io::Clock& clock_;
  Line& line_;
  io::Connection& connection_;
  smtp::ClientSession& session_;
  types::Attempt& attempt_;
  const bool rested_;
  bool stale_ = false;
  bool ready_ = false;
  bool resting_ = false;
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

/// Where this errand sets out from: the address of the destination's rule, else the pool's; nothing where the system may choose.
/// Error: the pool that was named cannot serve here.
Result<std::optional<SourceAddress>> source_for(const ClientManners& manners, const Errand& errand) {
  const types::IpAddress& to = errand.target.address;
  for (const types::IpAddress& source : errand.source_addresses) {
    if (source.family() == to.family()) return std::optional(SourceAddress{source, ""});
  }
  const SourcePool* pool = errand.to_own_route ? nullptr : manners.pool_by_name(errand.pool.empty() ? default_pool : errand.pool);
  if (pool != nullptr) {
    auto source = address_for(*pool, errand.tenant, to.family());
    if (source) return source;
    return fail(ErrorKind::not_found, "source pool '" + pool->name + "' has no address to reach " + to.to_string() + " from");
  }
  if (!errand.pool.empty()) return fail(ErrorKind::not_found, "there is no source pool '" + errand.pool + "' in the configuration (delivery.pool)");
  for (const types::IpAddress& source : manners.source_addresses) {
    if (source.family() == to.family()) return std::optional(SourceAddress{source, ""});
  }
  return std::optional<SourceAddress>{};
}

/// All that converse() works with, so that its parts need no long lists of arguments.
struct Undertaking {
  const ClientManners& manners;
  Surroundings around;
  Lines* lines;
  Errand& errand;
  const types::Hop& hop;
  LineTerms terms;
};

types::Attempt attempt_of(const Undertaking& under, const types::Attempt& proof) {
  types::Attempt attempt = proof;
  attempt.hop = under.errand.target.hop;
  attempt.peer = under.terms.peer;
  attempt.opening = under.errand.target.opening;
  attempt.demanded = under.hop.level;
  attempt.started = under.around.clock.now();
  return attempt;
}

/// The names an errand wants on a certificate may be other than those its line was judged for.
bool satisfies_names(const Undertaking& under, Line& line) {
  if (line.terms.names == under.terms.names || !under.hop.dane) return true;
  const types::DaneTerms& dane = *under.hop.dane;
  const tls::DaneDemand demand{dane.usable, dane.base, dane.names, under.around.clock.now()};
  auto verdict = tls::verify_chain(line.connection.peer_certificates(), demand);
  if (!verdict || (under.hop.level == types::SecurityLevel::dane && !verdict->is_authenticated())) return false;
  line.terms.names = under.terms.names;
  line.proof.verdict = *std::move(verdict);
  return true;
}

std::unique_ptr<Line> rested_line(const Undertaking& under) {
  if (under.lines == nullptr) return nullptr;
  auto line = under.lines->take(under.terms);
  if (line == nullptr || satisfies_names(under, *line)) return line;
  under.lines->keep(std::move(line));
  return nullptr;
}

/// A new connection; `attempt` says why where there is none.
io::Task<std::unique_ptr<Line>> new_line(const Undertaking& under, types::Attempt& attempt) {
  const io::Clock& clock = under.around.clock;
  auto dialed = co_await io::dial(under.terms.peer, under.terms.source, under.manners.connect_timeout);
  if (!dialed) {
    // Our own address that is not there says nothing about the peer.
    if (dialed.error().kind == ErrorKind::denied) attempt.end = AttemptEnd::local_fault;
    attempt.detail = dialed.error().what;
    co_return nullptr;
  }
  attempt.connected = clock.now();
  attempt.phase = Phase::greeting;
  smtp::ClientOptions options;
  options.hello_name = under.terms.hello_name.empty() ? hello_from(under.manners, dialed->local.address) : under.terms.hello_name;
  options.tls = demand_of(under.errand, under.hop);
  options.protocol = under.errand.protocol == types::RouteProtocol::lmtp ? smtp::Protocol::lmtp : smtp::Protocol::smtp;
  io::Connection connection(std::move(dialed->socket));
  co_return std::make_unique<Line>(under.terms, std::move(connection), std::move(options), clock.now());
}

/// What becomes of the connection behind an attempt.
io::Task<> lay_down(const Undertaking& under, std::unique_ptr<Line> line, bool resting, bool stale) {
  if (!resting) {
    line->connection.shutdown();
  } else if (under.lines == nullptr) {
    const Instant now = under.around.clock.now();
    const smtp::ClientTimeouts timeouts;
    co_await say_goodbye(std::move(line), now, timeouts.quit);
  } else if (stale) {
    under.lines->dismiss(std::move(line));
  } else {
    under.lines->keep(std::move(line));
  }
}

/// On a rested line, then on a new one with a resumed session, then with nothing: as far as each is to be had and goes stale.
io::Task<types::Attempt> run_errand(Undertaking under, types::Attempt fresh) {
  std::unique_ptr<Line> line = rested_line(under);
  ByteCount in_clear{};  // on lines that went stale; counted all the same
  for (int tries = 1;; ++tries) {
    types::Attempt attempt = attempt_of(under, line ? line->proof : fresh);
    if (line) attempt.messages_before = line->messages;
    if (!line) line = co_await new_line(under, attempt);
    attempt.ended = under.around.clock.now();
    if (!line) co_return attempt;
    Conversation conversation(under.errand, under.around, *line, attempt);
    co_await conversation.run();
    attempt.ended = under.around.clock.now();
    const bool stale = conversation.is_stale();
    const bool resting = conversation.is_resting();
    co_await lay_down(under, std::move(line), resting, stale);
    in_clear = ByteCount{static_cast<std::uint64_t>(in_clear) + static_cast<std::uint64_t>(attempt.mail_octets_in_clear)};
    attempt.mail_octets_in_clear = in_clear;
    if (!stale) co_return attempt;
    if (tries == 2) under.around.tickets = nullptr;
  }
}

}  // namespace

io::Task<types::Attempt> converse(const ClientManners& manners, std::shared_ptr<const io::ClientContext> tls, const io::Clock& clock,
                                  Errand errand, Reuse reuse) {
  const types::Hop& hop = errand.plan.hops.at(static_cast<std::size_t>(errand.target.hop));
  Undertaking under{manners, {std::move(tls), manners.trust.get(), clock, reuse.tickets}, reuse.lines, errand, hop,
                    terms_of(hop, errand.target.address, errand.target.opening, errand.protocol)};
  types::Attempt attempt = attempt_of(under, {});
  attempt.end = AttemptEnd::not_connected;
  attempt.ended = attempt.started;
  const auto source = source_for(manners, errand);
  if (!errand.to_own_route && !manners.filter.allows(errand.target.address)) {
    attempt.detail = errand.target.address.to_string() + " is not a public address; open its network in delivery.allow_networks if it may be used";
  } else if (!source) {
    attempt.end = AttemptEnd::local_fault;
    attempt.detail = source.error().what;
  } else {
    if (*source) under.terms.source = (*source)->address;
    if (*source) under.terms.hello_name = (*source)->hello_name;
    attempt = co_await run_errand(std::move(under), std::move(attempt));
  }
  co_return attempt;
}

}  // namespace danewerk::service
