// What a peer may still send of handshakes once the handshake is over: KeyUpdate, tickets, attempts to renegotiate. TLS-03.
//
// OpenSSL works through such records within one read for as long as there are any, and answers some of them; nothing else would
// run on that reactor meanwhile, no deadline either. So they are counted, and after a number no honest peer comes near the
// connection is read as if the peer had closed it.
#pragma once

#include <cstddef>

struct ssl_st;
struct ssl_ctx_st;

namespace danewerk::io {

/// An honest peer sends two tickets, or a KeyUpdate after millions of records.
constexpr std::size_t most_handshakes_after_the_handshake = 32;

/// Has every connection of this context counted.
void watch_for_handshake_floods(ssl_ctx_st* context);
/// This peer sent more.
bool floods_with_handshakes(const ssl_st* tls);

}  // namespace danewerk::io
