// Prober: goes to every address of a host, speaks SMTP up to the handshake, and brings home the chains.
//
// What a sender would meet can only be known by being one. So this is a sender that leaves before MAIL: greeting, EHLO,
// STARTTLS, handshake, EHLO, QUIT, once for each address, key algorithm (a client that can verify only ECDSA, one that can
// verify only RSA) and with and without a server name. Each chain is judged by tls::verify_chain, as delivery judges it.
//
// It knows neither domains nor keys: whoever asks says which host, which addresses and which records. It decides nothing.
//
// Where an address gives no connection once, its other probes are not tried. A handshake refused for want of a key of the
// algorithm is told apart from other failures only where the host shook hands with the other algorithm.
//
// RFC 7672 2.2, 3; design.md 9.7; field.md 4.2 "one of several IPs or keys wrong".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/net/dialer.h"
#include "io/runtime/clock.h"
#include "io/tls/context.h"
#include "types/probe_sight.h"
#include "types/tlsa_record.h"

namespace danewerk::service {

struct ProbeManners {
  std::string hello_name;
  io::AddressFilter filter{{}};  ///< our own addresses must be let through by whoever makes it
  Duration connect_timeout = std::chrono::seconds(10);
  Duration reply_timeout = std::chrono::seconds(20);
};

/// What to probe.
struct ProbeErrand {
  types::DomainName host;                    ///< the MX host: sent as SNI, and the TLSA base domain
  std::vector<types::IpAddress> addresses;
  types::Port port{25};
  types::TlsaSet records;                    ///< all of the host's; empty: the chains are only brought home
  /// `always`: of a host whose keys are shown to those alone who ask for it by name.
  enum class ServerName : std::uint8_t { with_and_without, always } server_name = ServerName::with_and_without;
};

class Prober {
 public:
  /// `clock` outlives it. Error: internal.
  static Result<std::unique_ptr<Prober>> create(ProbeManners manners, const io::Clock& clock);

  /// On any reactor; several may be under way. Never fails: failure is what the sight says.
  io::Task<types::ProbeSight> probe(ProbeErrand errand) const;

 private:
  Prober(ProbeManners manners, const io::Clock& clock) : manners_(std::move(manners)), clock_(clock) {}
  io::Task<types::Probe> visit(const ProbeErrand& errand, types::Probe probe) const;

  ProbeManners manners_;
  const io::Clock& clock_;
  std::shared_ptr<const io::ClientContext> ecdsa_, rsa_;
};

}  // namespace danewerk::service
