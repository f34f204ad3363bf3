#include "io/tls/handshake_flood.h"

#include <openssl/ssl.h>

namespace danewerk::io {
namespace {

/// Where a connection's count of such records stands, in place of a pointer.
int count_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// Sees every record that arrives. TLS 1.3 hides the type of a record within it; before, it stands in its header.
void watch_records(int writing, int, int kind, const void* octets, std::size_t length, SSL* tls, void*) {
  if (writing != 0 || (kind != SSL3_RT_HEADER && kind != SSL3_RT_INNER_CONTENT_TYPE) || length == 0) return;
  if (*static_cast<const unsigned char*>(octets) != SSL3_RT_HANDSHAKE || SSL_is_init_finished(tls) != 1) return;
  const std::size_t count = reinterpret_cast<std::size_t>(SSL_get_ex_data(tls, count_index())) + 1;
  SSL_set_ex_data(tls, count_index(), reinterpret_cast<void*>(count));
  // OpenSSL reads such records one after the other as long as there are any, before it returns: this ends its loop.
  if (count > most_handshakes_after_the_handshake) SSL_set_shutdown(tls, SSL_RECEIVED_SHUTDOWN);
}

}  // namespace

void watch_for_handshake_floods(SSL_CTX* context) { SSL_CTX_set_msg_callback(context, &watch_records); }

bool floods_with_handshakes(const SSL* tls) {
  return reinterpret_cast<std::size_t>(SSL_get_ex_data(tls, count_index())) > most_handshakes_after_the_handshake;
}

}  // namespace danewerk::io
