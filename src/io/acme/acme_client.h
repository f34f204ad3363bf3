// AcmeClient: has a real ACME client (uacme) get a certificate for a key that the client never sees.
//
// ACME is a protocol of its own, with CAs that change it; speaking it is somebody else's program (docs/decisions/0080). It gets a
// signing request and a hook, keeps its account key in a directory of ours, and is bounded in time and in what we keep of its words.
// The program runs as the mail user, without rights of its own, and writes only where that user may (Landlock).
//
// `home` holds   private/key.pem   the account's key: whoever has it can have certificates made in our name
//                hook              how the client calls back: `danewerk acme-hook ...`; written anew each time
//                orders/LABEL.csr  LABEL-cert.pem   of the order that runs
//
// One order at a time: the second waits for the first. RFC 8555.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/acme/client_words.h"
#include "io/runtime/clock.h"
#include "io/runtime/task.h"

namespace danewerk::io {

struct AcmeSettings {
  std::string program = "/usr/bin/uacme";
  std::string directory;             ///< the CA's directory URL
  std::string contact;               ///< mail address of the account; may be empty
  std::string external_account;      ///< "KEYID:KEY" (RFC 8555 7.3.4); may be empty
  std::string home;
  std::vector<std::string> hook;     ///< argv of what answers challenges; METHOD TYPE IDENT TOKEN AUTH are appended
  Duration deadline = std::chrono::minutes(10);
};

class AcmeClient {
 public:
  AcmeClient(AcmeSettings settings, const Clock& clock);
  /// Kills the client if it runs, and waits for its end.
  ~AcmeClient();
  AcmeClient(const AcmeClient&) = delete;
  AcmeClient& operator=(const AcmeClient&) = delete;

  /// The chain, PEM, as the CA gave it: nobody has looked yet whose key it is for. `label`: letters, digits, '-', '.'. The wait cannot
  /// be cancelled, but see stop().
  Task<Result<std::string, AcmeFailure>> order(std::string label, std::string request_pem);
  /// For another thread: the client under way is killed, no other is started.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace danewerk::io
