#include "service/probe/prober.h"

#include <algorithm>
#include <array>

#include "engine/dane/usability.h"
#include "engine/smtp/client_session.h"
#include "io/tls/certificate.h"
#include "io/tls/connection.h"
#include "io/tls/dane_verify.h"

namespace danewerk::service {
namespace {

namespace smtp = engine::smtp;
using types::Probe;
using types::ProbeAlgorithm;
using types::ProbeEnd;
using types::ProbeServerName;

/// OpenSSL's words for the alert of a server that has no key the client can verify.
constexpr std::string_view no_key_alert = "alert handshake failure";

dane::Selection selection_of(const types::TlsaSet& records) {
  std::vector<dane::RecordFact> facts;
  for (const types::TlsaRecord& record : records) facts.push_back({record, tls::inspect_association(record)});
  return dane::select_records(facts);
}

std::optional<types::Verdict> judge(const ::stack_st_X509* chain, const ProbeErrand& errand, Instant now) {
  if (errand.records.empty()) return std::nullopt;
  const dane::Selection selection = selection_of(errand.records);
  const types::TlsaSet usable = selection.usable();
  if (usable.empty()) return dane::all_unusable(selection);
  const types::TlsaBaseDomain base(errand.host);
  auto verdict = tls::verify_chain(chain, {usable, base, {}, now});
  if (verdict) return *std::move(verdict);
  types::Verdict failed;
  failed.failure = types::TlsFailure::validation_failure;
  failed.reason = verdict.error().what;
  return failed;
}

/// One conversation, as far as QUIT.
class Visit {
 public:
  Visit(io::Connection& connection, smtp::ClientOptions options, const io::Clock& clock, Probe& probe)
      : connection_(connection), session_(std::move(options), clock.now()), clock_(clock), probe_(probe) {}

  io::Task<> run(std::shared_ptr<const io::ClientContext> tls, const ProbeErrand& errand) {
    std::array<char, 4096> buffer;
    while (!over_) {
      while (auto event = over_ ? std::nullopt : session_.next()) {
        if (std::holds_alternative<smtp::NeedTls>(*event)) {
          co_await shake_hands(tls, errand);
        } else {
          take(*event);
        }
      }
      co_await flush();
      if (over_) break;
      connection_.expires_after(std::max(Duration{1}, session_.deadline() - clock_.now()));
      auto got = co_await connection_.read_some(buffer);
      if (got && *got > 0) {
        session_.received({buffer.data(), *got}, clock_.now());
      } else if (!got && got.error().kind == ErrorKind::timeout) {
        session_.tick(std::max(clock_.now(), session_.deadline()));
      } else {
        session_.peer_closed();
      }
    }
    connection_.shutdown();
  }

 private:
  void take(const smtp::ClientEvent& event) {
    if (std::holds_alternative<smtp::Ready>(event)) return session_.quit(clock_.now());
    over_ = true;
    if (const auto* failed = std::get_if<smtp::Failed>(&event)) note(*failed);
  }

  /// What goes wrong once there is a chain no longer matters.
  void note(const smtp::Failed& failed) {
    if (probe_.end == ProbeEnd::shook_hands) return;
    const auto* breakdown = std::get_if<smtp::Breakdown>(&failed.why);
    const auto* reply = std::get_if<types::Reply>(&failed.why);
    const bool no_tls = (breakdown && *breakdown == smtp::Breakdown::starttls_not_offered) || (reply && failed.phase == smtp::ClientPhase::starttls);
    probe_.end = no_tls ? ProbeEnd::no_starttls : ProbeEnd::smtp_failed;
    probe_.detail = std::string("at ") + smtp::to_string(failed.phase) + ": ";
    probe_.detail += reply ? "answered " + reply->to_string() : std::string(smtp::to_string(*breakdown));
  }

  io::Task<> flush() {
    const std::string out = session_.take_output();
    if (out.empty()) co_return;
    auto written = co_await connection_.write_all(out);
    if (!written) session_.peer_closed();
  }

  io::Task<> shake_hands(std::shared_ptr<const io::ClientContext> tls, const ProbeErrand& errand) {
    co_await flush();
    connection_.expires_after(std::max(Duration{1}, session_.deadline() - clock_.now()));
    const std::string server_name = probe_.server_name == ProbeServerName::sent ? errand.host.to_string() : "";
    auto info = co_await connection_.start_tls(std::move(tls), server_name, nullptr);
    if (!info) {
      probe_.end = ProbeEnd::handshake_failed;
      probe_.detail = info.error().what;
      over_ = true;
      co_return;
    }
    probe_.end = ProbeEnd::shook_hands;
    probe_.version = info->version;
    probe_.cipher = info->cipher;
    probe_.chain = tls::describe_chain(connection_.peer_certificates());
    probe_.verdict = judge(connection_.peer_certificates(), errand, clock_.now());
    session_.tls_established(clock_.now());
  }

  io::Connection& connection_;
  smtp::ClientSession session_;
  const io::Clock& clock_;
  Probe& probe_;
  bool over_ = false;
};

/// A host without an RSA key refuses a client that can verify nothing else, which is no fault of it while it has another key.
void tell_missing_keys(std::vector<Probe>& probes) {
  for (Probe& probe : probes) {
    if (probe.end != ProbeEnd::handshake_failed || probe.detail.find(no_key_alert) == std::string::npos) continue;
    const bool other = std::any_of(probes.begin(), probes.end(), [&probe](const Probe& one) {
      return one.address == probe.address && one.algorithm != probe.algorithm && one.end == ProbeEnd::shook_hands;
    });
    if (other) probe.end = ProbeEnd::no_such_key;
  }
}

}  // namespace

Result<std::unique_ptr<Prober>> Prober::create(ProbeManners manners, const io::Clock& clock) {
  std::unique_ptr<Prober> out(new Prober(std::move(manners), clock));
  TRY(out->ecdsa_, io::ClientContext::make(io::OfferedKeys::ecdsa));
  TRY(out->rsa_, io::ClientContext::make(io::OfferedKeys::rsa));
  return out;
}

io::Task<Probe> Prober::visit(const ProbeErrand& errand, Probe probe) const {
  const types::Endpoint to{probe.address, errand.port};
  auto dialed = co_await io::dial(to, std::nullopt, manners_.connect_timeout);
  if (!dialed) {
    probe.detail = dialed.error().what;
    co_return probe;
  }
  smtp::ClientOptions options;
  options.hello_name = manners_.hello_name;
  options.timeouts.greeting = options.timeouts.command = options.timeouts.handshake = manners_.reply_timeout;
  io::Connection connection(std::move(dialed->socket));
  Visit visit(connection, std::move(options), clock_, probe);
  std::shared_ptr<const io::ClientContext> tls = ecdsa_;
  if (probe.algorithm == ProbeAlgorithm::rsa) tls = rsa_;
  co_await visit.run(std::move(tls), errand);
  co_return probe;
}

io::Task<types::ProbeSight> Prober::probe(ProbeErrand errand) const {
  types::ProbeSight sight{errand.host, {}, {}};
  for (const types::IpAddress& address : errand.addresses) {
    bool reachable = true;
    for (const ProbeAlgorithm algorithm : {ProbeAlgorithm::ecdsa, ProbeAlgorithm::rsa}) {
      for (const ProbeServerName server_name : {ProbeServerName::sent, ProbeServerName::absent}) {
        if (server_name == ProbeServerName::absent && errand.server_name == ProbeErrand::ServerName::always) continue;
        Probe probe;
        probe.address = address;
        probe.algorithm = algorithm;
        probe.server_name = server_name;
        if (!manners_.filter.allows(address)) {
          probe.end = ProbeEnd::filtered;
          probe.detail = address.to_string() + " is not a public address; open its network in delivery.allow_networks if it may be used";
        } else if (!reachable) {
          probe.detail = sight.probes.back().detail;
        } else {
          probe = co_await visit(errand, std::move(probe));
          reachable = probe.end != ProbeEnd::not_connected;
        }
        sight.probes.push_back(std::move(probe));
      }
    }
  }
  tell_missing_keys(sight.probes);
  sight.at = clock_.now();
  co_return sight;
}

}  // namespace danewerk::service
