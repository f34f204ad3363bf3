// ProbeSight: what stood behind a host's addresses when somebody went there and shook hands.
//
// A TLSA record is right or wrong only together with the certificate that is served, and a host serves more than one: at each
// of its addresses another machine may answer, and each may hold an ECDSA and an RSA chain of which a client gets one by the
// algorithms it offers. A check that connects once sees one of them, and the sender that gets the other sees a mismatch
// (field.md 4.2). So a probe goes to every address, with each algorithm alone, with the server name and without, and
// writes down what came.
//
// Nothing here judges more than the one handshake: whether the sight is good is for who asked (engine/lifecycle of a domain,
// engine/rollover of a key), and there is nothing of domains or of keys in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/instant.h"
#include "types/certificate_info.h"
#include "types/domain_name.h"
#include "types/ip_address.h"
#include "types/verdict.h"

namespace danewerk::types {

/// Which signature algorithms the client offered, and so which chain it could be given.
enum class ProbeAlgorithm : std::uint8_t { ecdsa, rsa };
enum class ProbeServerName : std::uint8_t { sent, absent };

enum class ProbeEnd : std::uint8_t {
  shook_hands,     ///< a chain was presented
  no_such_key,     ///< TLS works there, but the host has no key of this algorithm: fine, if it has another
  not_connected,   ///< no TCP connection; says nothing about TLS
  filtered,        ///< not a public address, and its network is not opened: nothing was tried
  no_starttls,     ///< SMTP without STARTTLS: what a downgrade looks like
  smtp_failed,     ///< another answer than SMTP expects, silence, or an end in the middle
  handshake_failed,
};

struct Probe {
  IpAddress address;
  ProbeAlgorithm algorithm = ProbeAlgorithm::ecdsa;
  ProbeServerName server_name = ProbeServerName::sent;
  ProbeEnd end = ProbeEnd::not_connected;
  std::string detail;                 ///< one sentence where it is not shook_hands
  std::string version, cipher;        ///< of TLS
  CertificateChain chain;             ///< as sent, leaf first
  std::optional<Verdict> verdict;     ///< against the records that were given; nothing where none were
};

struct ProbeSight {
  DomainName host;
  Instant at{};               ///< when the last of them ended
  std::vector<Probe> probes;  ///< by address, algorithm, server name
};

inline const char* to_string(ProbeAlgorithm algorithm) noexcept { return algorithm == ProbeAlgorithm::ecdsa ? "ECDSA" : "RSA"; }
inline const char* to_string(ProbeServerName name) noexcept { return name == ProbeServerName::sent ? "with SNI" : "without SNI"; }
inline const char* to_string(ProbeEnd end) noexcept {
  switch (end) {
    case ProbeEnd::shook_hands: return "shook-hands";
    case ProbeEnd::no_such_key: return "no-such-key";
    case ProbeEnd::not_connected: return "not-connected";
    case ProbeEnd::filtered: return "filtered";
    case ProbeEnd::no_starttls: return "no-starttls";
    case ProbeEnd::smtp_failed: return "smtp-failed";
    case ProbeEnd::handshake_failed: return "handshake-failed";
  }
  return "smtp-failed";
}

}  // namespace danewerk::types
