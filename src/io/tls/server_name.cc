#include "io/tls/server_name.h"

#include <span>

namespace danewerk::io {
namespace {

std::size_t number_at(std::span<const unsigned char> octets, std::size_t at) { return static_cast<std::size_t>(octets[at]) << 8 | octets[at + 1]; }

}  // namespace

/// RFC 6066 3: a list of (type, name); the one name of type host_name.
std::string_view sent_server_name(SSL* tls, ServerNameOctets& into) noexcept {
  const unsigned char* octets = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(tls, TLSEXT_TYPE_server_name, &octets, &size) != 1) return {};
  const std::span<const unsigned char> extension(octets, size);
  if (size < 5 || number_at(extension, 0) != size - 2 || extension[2] != TLSEXT_NAMETYPE_host_name) return {};
  const std::size_t length = number_at(extension, 3);
  if (length == 0 || length > size - 5 || length > into.size()) return {};
  for (std::size_t i = 0; i < length; ++i) {
    const unsigned char c = extension[5 + i];
    into[i] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return {into.data(), length};
}

}  // namespace danewerk::io
