// Verifier: whose signatures a message bears, and whether they hold. For reports that come by mail (RFC 8460 3), and for tests.
//
// Feed it the message as it streams; it keeps the header and two hashes. Each signature is then judged by itself, against its key in
// the DNS; the first few count, so that a message full of signatures costs no more than that. A key that cannot be looked up is
// `undecided`, never a failure and never a pass.
//
// RFC 6376 6.1; RFC 8301; RFC 8460 3 (keys with s=tlsrpt); RFC 8463.
#pragma once

#include <string>
#include <vector>

#include "engine/dkim/signature.h"
#include "io/dns/resolver.h"
#include "io/tls/signing_key.h"

namespace danewerk::service {

enum class DkimVerdict : std::uint8_t { passed, failed, undecided };

struct JudgedSignature {
  DkimVerdict verdict = DkimVerdict::failed;
  std::string domain;                 ///< d=, as far as it could be read
  std::string selector;
  std::vector<std::string> headers;   ///< h=
  dkim::Testing testing = dkim::Testing::no;
  std::string reason;                 ///< why not passed; empty if it did
};

class Verifier {
 public:
  void feed(std::string_view octets);
  /// Once, at the message's end. One entry a signature, in the order they stand; at most eight.
  io::Task<std::vector<JudgedSignature>> finish(io::dns::Resolver& resolver, dkim::Service service, Instant now);

 private:
  struct Body {
    explicit Body(dkim::Canonical kind) : form(kind) {}
    dkim::BodyForm form;
    io::Sha256Stream hash;
    io::Sha256 digest{};
  };
  io::Task<JudgedSignature> judge(io::dns::Resolver& resolver, dkim::HeaderField field, dkim::Service service, Instant now);

  dkim::HeaderReader header_;
  std::vector<dkim::HeaderField> fields_;
  Body simple_{dkim::Canonical::simple};
  Body relaxed_{dkim::Canonical::relaxed};
  std::string canonical_;
};

}  // namespace danewerk::service
