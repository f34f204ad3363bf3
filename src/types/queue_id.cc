#include "types/queue_id.h"

namespace danewerk::types {
namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t length = 13;

}  // namespace

QueueId QueueId::first_at(Instant instant) {
  const std::int64_t ms = instant.time_since_epoch().count();
  CHECK(ms > 0 && ms < (std::int64_t{1} << (63 - counter_bits)));
  return QueueId(ms << counter_bits);
}

QueueId QueueId::from_number(std::int64_t number) {
  CHECK(number > 0);
  return QueueId(number);
}

Result<QueueId> QueueId::parse(std::string_view text) {
  const std::string shown(text.substr(0, 40));
  if (text.size() != length) {
    return fail(ErrorKind::malformed, "'" + shown + "' is not a queue id: it must have 13 characters");
  }
  std::uint64_t number = 0;
  for (char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    const std::size_t digit = alphabet.find(lower);
    if (digit == std::string_view::npos || (number >> 58) != 0) {
      return fail(ErrorKind::malformed, "'" + shown + "' is not a queue id: '" + c + "' does not belong there");
    }
    number = number << 5 | digit;
  }
  if (number == 0 || number >> 63 != 0) return fail(ErrorKind::malformed, "'" + shown + "' is not a queue id we give");
  return QueueId(static_cast<std::int64_t>(number));
}

Instant QueueId::assigned_at() const noexcept { return Instant{Duration{number_ >> counter_bits}}; }

std::string QueueId::to_string() const {
  std::string text(length, '0');
  std::uint64_t rest = static_cast<std::uint64_t>(number_);
  for (std::size_t i = length; i-- > 0; rest >>= 5) text[i] = alphabet[rest & 31];
  return text;
}

}  // namespace danewerk::types
