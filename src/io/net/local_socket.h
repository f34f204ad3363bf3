// Local sockets: how the program on the command line talks to the one that serves, on one machine.
//
// A socket file's permissions decide who may connect; the kernel says who did. Nothing here crosses a network.
#pragma once

#include <sys/types.h>

#include <string>

#include "io/net/socket.h"

namespace danewerk::io {

struct LocalPeer {
  Socket socket;
  uid_t uid = 0;
};

class LocalListener {
 public:
  /// Replaces a leftover file of that name; the file gets mode 0660. Errors: denied, unavailable, naming the path.
  static Result<LocalListener> open(Executor executor, const std::string& path);
  Task<Result<LocalPeer>> accept();

 private:
  explicit LocalListener(Socket socket) : socket_(std::move(socket)) {}
  Socket socket_;
};

/// Blocking, for a command: a connected descriptor. Errors: unavailable (nobody serves there), denied; both name the path.
Result<int> connect_local(const std::string& path);

}  // namespace danewerk::io
