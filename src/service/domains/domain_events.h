// What the watch over domains tells the operator.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::service::domain_events {

inline constexpr types::LogEvent finding_begun{"domain.finding", types::LogLevel::warning, "A look at a domain found something wrong.",
                                               "`danewerk domain status` says whose it is to put right, and how."};
inline constexpr types::LogEvent finding_over{"domain.finding_over", types::LogLevel::notice, "What was wrong with a domain is over.", ""};
inline constexpr types::LogEvent verified{"domain.verified", types::LogLevel::notice, "Control of a domain is proven: its mail is taken.", ""};
inline constexpr types::LogEvent dane_live{"domain.dane_live", types::LogLevel::notice,
                                           "DANE works for a domain: its record was seen, and every chain at every address matches.", ""};
inline constexpr types::LogEvent quarantined{"domain.quarantined", types::LogLevel::warning, "A domain has left: its mail is deferred from now on.",
                                             "Only its TXT record with the new token ends this (`danewerk domain status`); it is removed after "
                                             "domains.remove_after, unless its MX leads here again."};
inline constexpr types::LogEvent released{"domain.released", types::LogLevel::notice, "A domain is out of quarantine: its mail is taken again.", ""};
inline constexpr types::LogEvent removed{"domain.removed", types::LogLevel::warning, "A domain that left was removed.", ""};
inline constexpr types::LogEvent not_noted{"domain.not_noted", types::LogLevel::warning, "What a look showed could not be written down.",
                                           "Look at the store's error and the disk; the next look tries again."};

inline constexpr std::array all{finding_begun, finding_over, verified, dane_live, quarantined, released, removed, not_noted};

}  // namespace danewerk::service::domain_events
