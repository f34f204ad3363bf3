// Line: a connection to a mail host on which more than one message may travel, and what was proven when it was made.
//
// Without lines every message pays for TCP, STARTTLS and a full handshake, which is most of what a delivery costs. With
// them arises the danger that a message travels on a connection that never met its own terms. So a line carries the terms
// it was made for, and an errand takes it only if its own terms are served by these: the same address, port, protocol,
// source and EHLO name, the same SNI, the same TLSA base domain and usable set, the same of whatever else its hop demands,
// at the same level or one that holds more. The terms are compared as a whole with what is no demand blanked out: a demand
// that is added to Hop later is compared without anybody thinking of it here.
//
// Reference names are the exception: many domains share a host, each with names of its own. They are compared apart, and
// where they differ the chain that the peer presented is judged again, for the errand's own names.
//
// Invariant: a line in clear serves nothing but `opportunistic`; one on which anything is unsettled, or the peer said what
// nobody asked for, is no line.
//
// RFC 5321 4.1.4 (several transactions on one connection), RFC 7672 2.2; TLS-04.
#pragma once

#include <memory>

#include "engine/smtp/client_session.h"
#include "io/tls/connection.h"
#include "types/accepted_domain.h"
#include "types/attempt.h"

namespace danewerk::service {

/// What a hop demands of a connection to one of its addresses; `made` is of a connection, `wanted` of an errand.
struct LineTerms {
  types::Endpoint peer;
  types::RouteProtocol protocol = types::RouteProtocol::smtp;
  types::Opening opening = types::Opening::starttls;
  std::optional<types::IpAddress> source;  ///< none: the system chose
  std::string hello_name;                  ///< of the source; empty: by our end's address
  types::SecurityLevel level = types::SecurityLevel::opportunistic;
  types::Hop demand;                       ///< without what is no demand on a connection, and without names and level
  std::vector<types::ReferenceName> names;

  friend bool operator==(const LineTerms&, const LineTerms&) = default;
};

/// `source` and `hello_name` are left to the caller.
LineTerms terms_of(const types::Hop& hop, const types::IpAddress& address, types::Opening opening, types::RouteProtocol protocol);

/// Everything `wanted` demands but its names was proven by meeting `made`.
bool serves(const LineTerms& made, const LineTerms& wanted);

struct Line {
  Line(LineTerms for_terms, io::Connection opened, engine::smtp::ClientOptions options, Instant now)
      : terms(std::move(for_terms)), connection(std::move(opened)), session(std::move(options), now) {}

  LineTerms terms;
  io::Connection connection;
  engine::smtp::ClientSession session;
  types::Attempt proof;        ///< the attempt that made it, as it stood when the peer was ready for its first message
  std::uint32_t messages = 0;  ///< begun and settled on it
};

/// QUIT, and the answer to it for as long as `patience` lasts; then closed.
io::Task<> say_goodbye(std::unique_ptr<Line> line, Instant now, Duration patience);

}  // namespace danewerk::service
