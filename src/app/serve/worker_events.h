// What the mail process as a whole tells the operator.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::app {

inline constexpr types::LogEvent worker_started{"worker.started", types::LogLevel::info, "The mail process runs.", ""};
inline constexpr types::LogEvent worker_stopping{"worker.stopping", types::LogLevel::info, "The mail process stops; messages under way may finish.", ""};
inline constexpr types::LogEvent edge_listens{"worker.edge_listens", types::LogLevel::info, "The edge accepts connections.", ""};
inline constexpr types::LogEvent edge_failed{"worker.edge_failed", types::LogLevel::error, "The edge cannot listen.",
                                             "Free the address: it is tried again every 2 seconds. Or change edge.listen or submission.listen, and restart."};
inline constexpr types::LogEvent group_not_served{"worker.group_not_served", types::LogLevel::error,
                                                  "Port 25 opens although this group of shards has no certificate that may be served yet: handshakes that "
                                                  "name its hosts are refused, and senders come again.",
                                                  "See `danewerk key list --group` for what it waits for."};
inline constexpr types::LogEvent resolver_fit{"resolver.fit", types::LogLevel::notice, "The resolver validates: lookups are believed.", ""};
inline constexpr types::LogEvent resolver_unfit{"resolver.unfit", types::LogLevel::error,
                                                "The resolver is not to be believed: every lookup counts as failed, and mail waits.",
                                                "Look at the resolver's process, its trust anchor, and the clock."};
inline constexpr types::LogEvent store_swept{"store.swept", types::LogLevel::warning, "Opening the store found leftovers or losses.",
                                             "Missing bodies mean a damaged disk: look at it."};

inline constexpr types::LogEvent prune_failed{"store.prune_failed", types::LogLevel::warning, "Old history could not be removed.",
                                              "Look at the store's error and the disk."};

inline constexpr types::LogEvent connector_unreadable{"connector.unreadable", types::LogLevel::error,
                                                      "A stored connector cannot be read: mail that it may be meant for waits.",
                                                      "Set it anew with `danewerk connector set`, or remove it."};

inline constexpr types::LogEvent no_trust_store{"worker.no_trust_store", types::LogLevel::error,
                                                "Certificates cannot be verified: mail to destinations that demand it waits.",
                                                "Install ca-certificates, or name another file in delivery.trust_store, and start again."};

inline constexpr std::array worker_events{worker_started, worker_stopping, edge_listens, edge_failed, group_not_served, resolver_fit, resolver_unfit,
                                          store_swept, prune_failed, connector_unreadable, no_trust_store};

}  // namespace danewerk::app
