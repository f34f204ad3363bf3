// TestDnsServer: a DNS server on a loopback port, for tests. What it says is the test's own function, called for every
// message that comes in; it may say nothing, several things, or nonsense.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "base/bytes.h"
#include "io/runtime/task_group.h"
#include "types/ip_address.h"

namespace danewerk::io::dns {

class TestDnsServer {
 public:
  enum class Transport { udp, tcp };
  using Handler = std::function<std::vector<Bytes>(ByteView query, Transport transport)>;

  /// Takes a free port of 127.0.0.1 or ::1, the same for UDP and TCP.
  TestDnsServer(Executor executor, const char* address, Handler handler)
      : handler_(std::move(handler)), udp_(executor), tcp_(executor), group_(executor, "test-dns-server") {
    const auto ip = boost::asio::ip::make_address(address);
    for (;;) {
      tcp_ = Acceptor(executor, boost::asio::ip::tcp::endpoint(ip, 0));
      udp_ = UdpSocket(executor);
      udp_.open(ip.is_v4() ? boost::asio::ip::udp::v4() : boost::asio::ip::udp::v6());
      boost::system::error_code error;
      udp_.bind(boost::asio::ip::udp::endpoint(ip, tcp_.local_endpoint().port()), error);
      if (!error) break;
    }
    endpoint_ = {*types::IpAddress::parse(address), types::Port{tcp_.local_endpoint().port()}};
    group_.spawn("udp", serve_udp());
    group_.spawn("tcp", serve_tcp());
  }

  const types::Endpoint& endpoint() const { return endpoint_; }
  Task<> stop() {
    group_.stop();
    co_await group_.join();
    udp_.close();
    tcp_.close();
  }

 private:
  using UdpSocket = boost::asio::basic_datagram_socket<boost::asio::ip::udp, Executor>;
  using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;

  Task<> serve_udp() {
    Bytes buffer(65536);
    for (;;) {
      boost::asio::ip::udp::endpoint from;
      auto [error, size] = co_await udp_.async_receive_from(boost::asio::buffer(buffer), from, quiet);
      if (error) continue;
      for (const Bytes& reply : handler_(ByteView(buffer).subspan(0, size), Transport::udp)) {
        boost::system::error_code ignored;
        udp_.send_to(boost::asio::buffer(reply), from, 0, ignored);
      }
    }
  }

  Task<> serve_tcp() {
    for (;;) {
      TcpSocket peer(group_.executor());
      auto [error] = co_await tcp_.async_accept(peer, quiet);
      if (!error) group_.spawn("peer", serve_peer(std::move(peer)));
    }
  }

  Task<> serve_peer(TcpSocket peer) {
    std::array<std::uint8_t, 2> length{};
    auto [no_length, two] = co_await boost::asio::async_read(peer, boost::asio::buffer(length), quiet);
    Bytes query(static_cast<std::size_t>(length[0] << 8 | length[1]));
    auto [cut, size] = co_await boost::asio::async_read(peer, boost::asio::buffer(query), quiet);
    if (no_length || cut) co_return;
    for (const Bytes& reply : handler_(query, Transport::tcp)) {
      Bytes framed{static_cast<std::uint8_t>(reply.size() >> 8), static_cast<std::uint8_t>(reply.size())};
      framed.insert(framed.end(), reply.begin(), reply.end());
      auto [unsent, written] = co_await boost::asio::async_write(peer, boost::asio::buffer(framed), quiet);
      static_cast<void>(written);
      if (unsent) co_return;
    }
    static_cast<void>(two + size);
  }

  Handler handler_;
  UdpSocket udp_;
  Acceptor tcp_;
  types::Endpoint endpoint_;
  TaskGroup group_;
};

}  // namespace danewerk::io::dns
