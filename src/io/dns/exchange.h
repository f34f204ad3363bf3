// exchange(): one DNS question to one server and the reply that belongs to it, as octets.
//
// UDP from a socket of its own, connected, on a port the kernel picks at random: datagrams from elsewhere never arrive,
// and a forger must guess port and id (RFC 5452). What does not belong to the query is passed over and the wait goes on.
// A truncated reply is asked for again over TCP (RFC 7766 5). Without an answer the query is sent again on the same
// socket at doubling intervals, so that a late first reply still counts. There is no end to it: callers set the deadline
// with within().
//
// Errors: unavailable (nobody listens there, the connection broke), malformed (a TCP reply that does not belong).
#pragma once

#include "base/bytes.h"
#include "io/runtime/task.h"
#include "types/dns_answer.h"
#include "types/ip_address.h"

namespace danewerk::io::dns {

struct DnsQuery {
  types::Endpoint server;
  std::uint16_t id = 0;
  types::DnsQuestion question;
  Bytes wire;
  Duration retransmit = std::chrono::seconds(2);  ///< until the first repetition
};

/// UDP, then TCP if the reply was truncated.
Task<Result<Bytes>> exchange(DnsQuery query);

/// TCP from the start; any message, so the reply is only read, not compared with a question.
Task<Result<Bytes>> exchange_tcp(types::Endpoint server, Bytes message);

/// An operation that was cancelled reports an error code like any other. That must not pass for "unreachable": where the
/// task is being cancelled, awaiting anything unwinds it, and within() says timeout.
Task<> unwind_if_cancelled();

}  // namespace danewerk::io::dns
