// QueueId: the name of one message in our custody, from the moment its first octet is read.
//
// It goes into the Received header, the 250 reply, every log line and the spool file's name, so it must be known before
// the message is stored, be short, be readable over a telephone, and never be given twice. It is one 63-bit number: the
// millisecond it was assigned (44 bits, good until the year 2527) and a counter (19 bits); io/store hands them out in
// strictly rising order, so that age order is number order and new rows always land at the end of a B-tree.
//
// Written as 13 characters of Crockford's base 32 (no i, l, o, u), lower case: "1kf4d2v8q0g00".
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "base/result.h"

namespace danewerk::types {

class QueueId {
 public:
  static constexpr int counter_bits = 19;

  /// The least id that may be assigned at `instant` (which must lie after 1970; CHECKed).
  static QueueId first_at(Instant instant);
  /// `number` must be positive (CHECKed): what number() returned once.
  static QueueId from_number(std::int64_t number);
  /// 13 characters in either case. Error: malformed.
  static Result<QueueId> parse(std::string_view text);

  std::int64_t number() const noexcept { return number_; }
  /// To the millisecond, unless the clock was set back meanwhile: never earlier than the id before.
  Instant assigned_at() const noexcept;
  std::string to_string() const;

  friend auto operator<=>(const QueueId&, const QueueId&) = default;

 private:
  explicit QueueId(std::int64_t number) : number_(number) {}
  std::int64_t number_;
};

}  // namespace danewerk::types

template <>
struct std::hash<danewerk::types::QueueId> {
  std::size_t operator()(const danewerk::types::QueueId& id) const noexcept {
    return std::hash<std::int64_t>{}(id.number());
  }
};
