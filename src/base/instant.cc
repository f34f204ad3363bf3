#include "base/instant.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace danewerk {
namespace {

using std::chrono::days;
using std::chrono::floor;

struct CivilTime {
  std::chrono::year_month_day date;
  std::chrono::weekday weekday;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> time;
};

CivilTime civil(Instant instant) {
  const auto day = floor<days>(instant);
  return {std::chrono::year_month_day{day}, std::chrono::weekday{day}, std::chrono::hh_mm_ss{instant - day}};
}

/// Reads exactly `count` digits from the front of `text` and removes them; -1 where they are not digits.
int take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// The fraction after the seconds, as milliseconds; further digits are read and dropped. -1 if it is not well formed.
int take_fraction(std::string_view& text) {
  if (!take(text, ".")) return 0;
  int milliseconds = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 3) milliseconds = milliseconds * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return -1;
  for (; digits < 3; ++digits) milliseconds *= 10;
  return milliseconds;
}

/// "Z" or "+hh:mm", as minutes east of UTC. Failure is shown by a value out of range.
int take_offset(std::string_view& text) {
  constexpr int invalid = 100'000;
  if (take(text, "Zz")) return 0;
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, "+-")) return invalid;
  const int hours = take_digits(text, 2);
  if (!take(text, ":")) return invalid;
  const int minutes = take_digits(text, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return invalid;
  return (west ? -1 : 1) * (hours * 60 + minutes);
}

Failure<Error> not_a_time(std::string_view text) {
  return fail(ErrorKind::malformed,
              "'" + std::string(text) + "' is not an RFC 3339 time; write it as 2026-11-23T15:04:05Z");
}

}  // namespace

// By hand: a delivery's evidence holds a dozen instants, and printf takes a microsecond for each.
std::string to_rfc3339(Instant instant) {
  const CivilTime c = civil(instant);
  const auto year = static_cast<unsigned>(std::clamp(static_cast<int>(c.date.year()), 0, 9999));
  std::string text = "0000-00-00T00:00:00";
  const auto put = [&text](std::size_t last, std::size_t digits, unsigned value) {
    for (std::size_t i = 0; i < digits; ++i, value /= 10) text[last - i] = static_cast<char>('0' + value % 10);
  };
  put(3, 4, year);
  put(6, 2, static_cast<unsigned>(c.date.month()));
  put(9, 2, static_cast<unsigned>(c.date.day()));
  put(12, 2, static_cast<unsigned>(c.time.hours().count()));
  put(15, 2, static_cast<unsigned>(c.time.minutes().count()));
  put(18, 2, static_cast<unsigned>(c.time.seconds().count()));
  if (const auto milliseconds = static_cast<unsigned>(c.time.subseconds().count()); milliseconds != 0) {
    text += ".000";
    put(22, 3, milliseconds);
  }
  text += 'Z';
  return text;
}

Result<Instant> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  std::string_view rest = text;
  const int y = take_digits(rest, 4);
  const bool dash1 = take(rest, "-");
  const int m = take_digits(rest, 2);
  const bool dash2 = take(rest, "-");
  const int d = take_digits(rest, 2);
  const bool separator = take(rest, "Tt ");
  const int hour = take_digits(rest, 2);
  const bool colon1 = take(rest, ":");
  const int minute = take_digits(rest, 2);
  const bool colon2 = take(rest, ":");
  const int second = take_digits(rest, 2);
  if (!dash1 || !dash2 || !separator || !colon1 || !colon2 || y < 0 || m < 0 || d < 0) return not_a_time(text);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return not_a_time(text);
  const int fraction = take_fraction(rest);
  const int offset = take_offset(rest);
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
  if (fraction < 0 || offset > 24 * 60 || !rest.empty() || !date.ok()) return not_a_time(text);
  return Instant{sys_days{date}} + hours{hour} + minutes{minute - offset} + seconds{second} + milliseconds{fraction};
}

std::string to_rfc5322(Instant instant) {
  static constexpr std::array<const char*, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CivilTime c = civil(instant);
  std::array<char, 64> out{};
  const int n = std::snprintf(out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000",
                              weekdays[c.weekday.c_encoding()], static_cast<unsigned>(c.date.day()),
                              months[static_cast<unsigned>(c.date.month()) - 1], static_cast<int>(c.date.year()),
                              static_cast<int>(c.time.hours().count()), static_cast<int>(c.time.minutes().count()),
                              static_cast<int>(c.time.seconds().count()));
  return {out.data(), static_cast<std::size_t>(n)};
}

std::string to_string(Duration duration) {
  const auto ms = duration.count();
  if (ms < 0) return "-" + to_string(-duration);
  if (ms < 1000) return std::to_string(ms) + " ms";
  const auto seconds = ms / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 2 * 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 48 * 3600) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

}  // namespace danewerk
