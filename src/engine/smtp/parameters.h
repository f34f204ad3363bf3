// The parameters of MAIL and RCPT: "SIZE=1000 BODY=8BITMIME RET=HDRS".
//
// Parsed before the path, because SMTPUTF8 decides how the path reads. A keyword given twice is refused (RFC 3461 4 asks
// it of the DSN parameters; for the others two answers would be no answer). Internal to the grammar.
#pragma once

#include <string_view>

#include "engine/smtp/grammar.h"

namespace danewerk::engine::smtp {

/// Everything of MAIL except the path. Error: the reply to send.
Result<types::Sender, types::Reply> parse_mail_parameters(std::string_view text, const Dialect& dialect);
/// Everything of RCPT except the path. Error: the reply to send.
Result<types::Recipient, types::Reply> parse_rcpt_parameters(std::string_view text, const Dialect& dialect);

}  // namespace danewerk::engine::smtp
