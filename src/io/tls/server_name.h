// The name a client asks for in its first message (SNI, RFC 6066 3). Within io/tls only: for callbacks of OpenSSL's that run when that message has come.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <string_view>

namespace danewerk::io {

using ServerNameOctets = std::array<char, 255>;  // no name is longer

/// In lower case, in `into`; empty where none was sent, or none that is one.
std::string_view sent_server_name(SSL* tls, ServerNameOctets& into) noexcept;

}  // namespace danewerk::io
