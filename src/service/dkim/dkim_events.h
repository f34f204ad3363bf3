// What the signing of mail tells the operator.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::service::dkim_events {

inline constexpr types::LogEvent record_seen{"dkim.record_seen", types::LogLevel::notice,
                                             "The record of a signing key is in the DNS as it should be.", ""};
inline constexpr types::LogEvent record_amiss{"dkim.record_amiss", types::LogLevel::warning,
                                              "The record of a key that shall sign is not as it should be; the key does not sign.",
                                              "Publish what `danewerk dkim show` prints, or remove the key."};
inline constexpr types::LogEvent not_noted{"dkim.not_noted", types::LogLevel::warning, "What was seen of a key's record could not be stored.",
                                           "Look at the store's error."};
inline constexpr types::LogEvent key_unusable{"dkim.key_unusable", types::LogLevel::error, "A stored signing key cannot be used.",
                                              "Remove it and add a new one."};

inline constexpr std::array all{record_seen, record_amiss, not_noted, key_unusable};

}  // namespace danewerk::service::dkim_events
