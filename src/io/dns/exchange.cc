#include "io/dns/exchange.h"

#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "io/dns/message.h"
#include "io/runtime/together.h"

namespace danewerk::io::dns {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using UdpSocket = asio::basic_datagram_socket<asio::ip::udp, Executor>;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

constexpr std::size_t largest_datagram = 4096;  // we advertise 1232; RFC 6891 6.2.5 names 4096 as the usual most

asio::ip::address to_asio(const types::IpAddress& address) {
  const auto bytes = address.bytes();
  if (address.family() == types::IpAddress::Family::v4) {
    asio::ip::address_v4::bytes_type v4{};
    std::copy(bytes.begin(), bytes.end(), v4.begin());
    return asio::ip::address_v4(v4);
  }
  asio::ip::address_v6::bytes_type v6{};
  std::copy(bytes.begin(), bytes.end(), v6.begin());
  return asio::ip::address_v6(v6);
}

Failure<Error> no_contact(const types::Endpoint& server, const char* transport, const error_code& error) {
  return fail(ErrorKind::unavailable, std::string("DNS server ") + server.to_string() + " over " + transport + ": " + error.message());
}

/// The next datagram that belongs to the query.
Task<Result<Bytes>> receive_reply(UdpSocket& socket, const DnsQuery& query) {
  Bytes buffer(largest_datagram);
  for (;;) {
    auto [error, size] = co_await socket.async_receive(asio::buffer(buffer), quiet);
    if (error) co_await unwind_if_cancelled();
    if (error) co_return no_contact(query.server, "UDP", error);
    if (!belongs_to(ByteView(buffer).subspan(0, size), query.id, query.question)) continue;
    buffer.resize(size);
    co_return std::move(buffer);
  }
}

Task<Result<Bytes>> exchange_udp(const DnsQuery& query) {
  UdpSocket socket(co_await asio::this_coro::executor);
  const asio::ip::udp::endpoint server(to_asio(query.server.address), static_cast<std::uint16_t>(query.server.port));
  error_code error;
  socket.open(server.protocol(), error);
  if (!error) socket.connect(server, error);  // binds to a random port of the kernel's choice
  if (error) co_return no_contact(query.server, "UDP", error);
  for (Duration wait = query.retransmit;; wait *= 2) {
    socket.send(asio::buffer(query.wire), 0, error);
    if (error && error != asio::error::would_block) co_return no_contact(query.server, "UDP", error);
    auto reply = co_await within(wait, receive_reply(socket, query));
    if (reply || reply.error().kind != ErrorKind::timeout) co_return reply;
  }
}

}  // namespace

Task<> unwind_if_cancelled() { co_return; }

Task<Result<Bytes>> exchange_tcp(types::Endpoint server, Bytes message) {
  TcpSocket socket(co_await asio::this_coro::executor);
  const asio::ip::tcp::endpoint endpoint(to_asio(server.address), static_cast<std::uint16_t>(server.port));
  auto [refused] = co_await socket.async_connect(endpoint, quiet);
  if (refused) co_await unwind_if_cancelled();
  if (refused) co_return no_contact(server, "TCP", refused);
  Bytes framed{static_cast<std::uint8_t>(message.size() >> 8), static_cast<std::uint8_t>(message.size() & 0xff)};
  framed.insert(framed.end(), message.begin(), message.end());
  auto [unsent, written] = co_await asio::async_write(socket, asio::buffer(framed), quiet);
  if (unsent) co_await unwind_if_cancelled();
  if (unsent) co_return no_contact(server, "TCP", unsent);
  std::array<std::uint8_t, 2> length{};
  auto [no_length, two] = co_await asio::async_read(socket, asio::buffer(length), quiet);
  if (no_length) co_await unwind_if_cancelled();
  if (no_length) co_return no_contact(server, "TCP", no_length);
  Bytes reply(static_cast<std::size_t>(length[0] << 8 | length[1]));
  auto [cut, size] = co_await asio::async_read(socket, asio::buffer(reply), quiet);
  if (cut) co_await unwind_if_cancelled();
  if (cut) co_return no_contact(server, "TCP", cut);
  static_cast<void>(written + two + size);
  co_return std::move(reply);
}

Task<Result<Bytes>> exchange(DnsQuery query) {
  CO_TRY(Bytes reply, co_await exchange_udp(query));
  if (!is_truncated(reply)) co_return std::move(reply);
  CO_TRY(Bytes whole, co_await exchange_tcp(query.server, query.wire));
  if (!belongs_to(whole, query.id, query.question)) {
    co_return fail(ErrorKind::malformed, "DNS server " + query.server.to_string() + " over TCP: the reply is to another question");
  }
  co_return std::move(whole);
}

}  // namespace danewerk::io::dns
