// What delivery tells the operator.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::service {

inline constexpr types::LogEvent delivered{"delivery.delivered", types::LogLevel::info, "A recipient's mail was handed over.", ""};
inline constexpr types::LogEvent deferred{"delivery.deferred", types::LogLevel::notice, "A recipient's mail waits.",
                                          "`danewerk queue show <queue>` gives the evidence."};
inline constexpr types::LogEvent failed{"delivery.failed", types::LogLevel::warning, "A recipient's mail will not be delivered; its sender is told.",
                                        "`danewerk queue show <queue>` gives the evidence."};
inline constexpr types::LogEvent notice_written{"delivery.notice", types::LogLevel::info,
                                                "A notice to a sender (failure, delay or success) was written and is queued.", ""};
inline constexpr types::LogEvent not_recorded{"delivery.not_recorded", types::LogLevel::error,
                                              "A result could not be stored; the message stays claimed until the next start.",
                                              "Look at the store's error and the disk; restart Danewerk when it is mended."};
inline constexpr types::LogEvent no_room_to_record{"delivery.no_room", types::LogLevel::warning,
                                                   "The disk is too full to note a result; it is tried again until there is room.",
                                                   "Make room on the store's disk; nothing need be restarted."};
inline constexpr types::LogEvent host_only{"delivery.mx_insecure", types::LogLevel::info,
                                           "The host is authenticated by DANE, but the MX record that named it is not signed.",
                                           "Nothing to do here; the destination could sign its zone."};

inline constexpr std::array delivery_events{delivered, deferred, failed, notice_written, not_recorded, no_room_to_record, host_only};

}  // namespace danewerk::service
