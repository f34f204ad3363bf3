// What the edge tells the operator: one row an event, from which the manual is printed.
//
// Every record carries the connection's id (conn), and the message's (queue) once there is one, so that "what happened to
// this mail" is one search. Everything a peer chose is escaped by io/log. Events that a stranger can cause at will and in
// any number (connections turned away, disk low) are logged at most once a second a reactor, with the number they stand for.
#pragma once

#include <span>

#include "types/log_event.h"

namespace danewerk::service::edge_events {

using types::LogEvent;
using types::LogLevel;

inline constexpr LogEvent listening{"edge.listening", LogLevel::info, "The edge accepts connections.", ""};
inline constexpr LogEvent stopped{"edge.stopped", LogLevel::info, "The edge has closed its last connection.", ""};
inline constexpr LogEvent accept_failed{"edge.accept_failed", LogLevel::error, "The system gave us no new connection.",
                                        "if it says too many open files, raise LimitNOFILE or lower edge.max_connections"};
inline constexpr LogEvent turned_away{"edge.turned_away", LogLevel::notice, "Connections were answered 421 or 554 at the door.",
                                      "raise edge.max_connections or edge.max_connections_per_peer if these peers are welcome"};
inline constexpr LogEvent accepted{"edge.message_accepted", LogLevel::info, "A message is durable and ours to deliver.", ""};
inline constexpr LogEvent refused{"edge.message_refused", LogLevel::notice, "A message was refused after its body began.", ""};
inline constexpr LogEvent abandoned{"edge.message_abandoned", LogLevel::info, "A message was not finished; nothing was promised.", ""};
inline constexpr LogEvent sender_refused{"edge.sender_refused", LogLevel::info, "A sender was refused.", ""};
inline constexpr LogEvent recipient_refused{"edge.recipient_refused", LogLevel::info, "A recipient was refused.", ""};
inline constexpr LogEvent store_failed{"edge.store_failed", LogLevel::error, "A message could not be stored; the peer was told to come back.",
                                       "the error names the part; 'danewerk queue list' shows whether the store answers"};
inline constexpr LogEvent disk_low{"edge.disk_low", LogLevel::warning, "New mail is answered 452: too little free disk.",
                                   "make room, or lower server.min_free_space"};
inline constexpr LogEvent tls_failed{"edge.tls_failed", LogLevel::notice, "A TLS handshake failed.", ""};
inline constexpr LogEvent tls_unavailable{"edge.tls_unavailable", LogLevel::error, "STARTTLS was answered 454: there is no certificate.",
                                          "see the publisher's records: it serves a key only once its TLSA record is seen"};
inline constexpr LogEvent injected{"edge.injected_plaintext", LogLevel::warning, "Octets stood behind STARTTLS; the connection was closed.",
                                   "somebody between the peer and us, or a broken peer (CVE-2011-0411)"};
inline constexpr LogEvent commands_refused{"edge.commands_refused", LogLevel::notice,
                                           "A peer's commands were malformed, out of order or too many; the first is shown.",
                                           "a broken or hostile client; its operator can be shown this line"};
inline constexpr LogEvent ended{"edge.connection_ended", LogLevel::info, "A connection ended otherwise than by QUIT.", ""};

/// All of them, for the manual.
inline constexpr LogEvent all[] = {listening,      stopped,           accept_failed, turned_away, accepted,   refused,
                                   abandoned,      sender_refused,    recipient_refused, store_failed, disk_low, tls_failed,
                                   tls_unavailable, injected,         commands_refused, ended};

}  // namespace danewerk::service::edge_events
