// CertificateSource: who certifies the edge's keys. The gate between "record seen everywhere" and "serve" (PUB-03, field.md:
// a renewed certificate whose key nobody published is what breaks DANE everywhere).
//
// A seam with one implementation here, SelfIssued, and others behind bridges that the app makes (as app/serve/sts_bridge.h):
// ACME, and certificates that the operator's own tool brings. How it is used, and what an implementation has to know:
//
//  * obtain() is asked for a key whose record every authoritative server shows, verified: as soon as that is so, long before
//    the key serves, so that an emergency finds its certificate at hand; and again `certificate_lead` before the end of the
//    certificate it has (standing_until). There are two keys a line (current and next), so two orders a line and renewal.
//  * It is called by one coroutine, one call at a time, and must answer within seconds, for the zone is not looked after
//    meanwhile. A source that needs longer (ACME) starts the work in a task group of its own and answers
//    CertificateLater; it is asked again at `ask_again`, and answers with what it then has. Asked twice for the same key,
//    it must not order twice. The same call may be repeated after a crash: what must survive, the source keeps itself.
//  * An Error is a failure, with words for people; it is told once, raised as an alert, and asked again after
//    `Timing::ask_source_again`. What serves goes on serving.
//  * Whatever comes back is refused unless its leaf's key is the ordered key, whose record is published, it is valid now, and
//    it names the hosts of every shard. A refused chain is an error like any other.
//  * Until the source has answered for the first time a key has a certificate that we issued ourselves. It is served only
//    where nothing else can be (the first start, a compromised key), or where the one obtained is about to end: under
//    DANE-EE it is as good (RFC 7671 5.1), and mail goes on.
//
// PublisherStatus tells which keys wait for a source; PublisherParts::source is where the app puts it in.
#pragma once

#include <string>

#include "io/runtime/clock.h"
#include "io/runtime/task.h"
#include "types/certificate_order.h"

namespace danewerk::service {

class CertificateSource {
 public:
  virtual ~CertificateSource() = default;
  /// For people and the store: "self-issued", "acme", "files". A key whose certificate came from a source of another name
  /// is asked for anew.
  virtual std::string name() const = 0;
  virtual io::Task<Result<types::CertificateAnswer>> obtain(types::CertificateOrder order) = 0;
};

/// Issues by itself, at once.
class SelfIssued final : public CertificateSource {
 public:
  SelfIssued(Duration life, const io::Clock& clock) : life_(life), clock_(clock) {}
  std::string name() const override { return self_issued_name; }
  io::Task<Result<types::CertificateAnswer>> obtain(types::CertificateOrder order) override;

  static constexpr const char* self_issued_name = "self-issued";

 private:
  Duration life_;
  const io::Clock& clock_;
};

/// What every chain must pass, whatever its source. Error: refused, saying what is wrong with it.
Result<void> check_issued(const std::string& chain, const types::CertificateOrder& order, Instant now);

}  // namespace danewerk::service
