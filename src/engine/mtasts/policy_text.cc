#include "engine/mtasts/policy_text.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace danewerk::mtasts {
using namespace types;

namespace {

constexpr std::string_view record_version = "v=STSv1;";
constexpr std::size_t longest_id = 32;
constexpr std::size_t longest_name = 32;  // of a field
constexpr std::size_t most_patterns = 1000;

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// For a sentence: printable, and no longer than people read.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string out;
  for (const char c : text.substr(0, longest)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return "'" + out + (text.size() > longest ? "...'" : "'");
}

/// sts-ext-name of RFC 8461 3.1, sts-policy-ext-name of 3.2.
bool is_field_name(std::string_view name) {
  if (name.empty() || name.size() > longest_name || !is_alnum(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; });
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_id && std::all_of(text.begin(), text.end(), is_alnum);
}

std::optional<DomainName> below(const char* label, const DomainName& domain) {
  auto name = DomainName::parse(std::string(label) + "." + domain.to_string());
  if (!name || domain.is_root()) return std::nullopt;
  return *std::move(name);
}

/// The id of one record that begins with the version. Error: what is wrong with it.
Result<std::string> id_of(std::string_view record) {
  std::optional<std::string> id;
  record.remove_prefix(record_version.size());
  while (true) {
    const std::size_t end = record.find(';');
    const std::string_view field = trimmed(record.substr(0, end));
    const std::size_t equals = field.find('=');
    if (!field.empty() && (equals == std::string_view::npos || !is_field_name(field.substr(0, equals)))) {
      return fail(ErrorKind::malformed, "the record holds " + shown(field) + ", which is no field");
    }
    if (field.starts_with("id=") && !id) id = std::string(field.substr(3));  // the first counts
    if (end == std::string_view::npos) break;
    record.remove_prefix(end + 1);
  }
  if (!id) return fail(ErrorKind::malformed, "the record has no id");
  if (!is_id(*id)) return fail(ErrorKind::malformed, "the id " + shown(*id) + " is not 1 to 32 letters and digits");
  return *std::move(id);
}

RecordReading invalid(std::string note, Instant at) {
  RecordReading out;
  out.fault = StsFault{TlsFailure::sts_policy_invalid, note, at};
  out.note = std::move(note);
  return out;
}

/// A policy as its lines come in.
struct Draft {
  StsPolicy policy;
  std::set<std::string, std::less<>> seen;  // of the fields that count once
};

Result<void> take_max_age(Draft& draft, std::string_view value) {
  constexpr std::size_t most_digits = 10;
  std::uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc{} || end != value.data() + value.size() || value.size() > most_digits) {
    return fail(ErrorKind::malformed, "max_age " + shown(value) + " is not a number of 1 to 10 digits");
  }
  draft.policy.max_age = std::min(std::chrono::seconds(static_cast<std::int64_t>(seconds)), longest_max_age);
  return {};
}

Result<void> take_mode(Draft& draft, std::string_view value) {
  for (const StsPolicyMode mode : {StsPolicyMode::enforce, StsPolicyMode::testing, StsPolicyMode::none}) {
    if (value != to_string(mode)) continue;
    draft.policy.mode = mode;
    return {};
  }
  return fail(ErrorKind::malformed, "mode " + shown(value) + " is none of enforce, testing, none");
}

Result<void> take_field(Draft& draft, std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_field_name(name)) {
    return fail(ErrorKind::malformed, shown(line) + " does not read 'name: value'");
  }
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (name == "mx") {
    if (draft.policy.mx.size() == most_patterns) return fail(ErrorKind::malformed, "more than 1000 mx");
    TRY(StsMxPattern pattern, StsMxPattern::parse(value));
    draft.policy.mx.push_back(std::move(pattern));
    return {};
  }
  if (name != "version" && name != "mode" && name != "max_age") return {};  // STS-02: unknown ones are ignored
  if (!draft.seen.insert(std::string(name)).second) return {};              // STS-02: the first counts
  if (name == "mode") return take_mode(draft, value);
  if (name == "max_age") return take_max_age(draft, value);
  if (value != "STSv1") return fail(ErrorKind::malformed, "version " + shown(value) + " is not STSv1");
  return {};
}

}  // namespace

std::optional<DomainName> record_name(const DomainName& domain) { return below("_mta-sts", domain); }

std::optional<DomainName> policy_host(const DomainName& domain) { return below("mta-sts", domain); }

RecordReading read_record(const Lookup& lookup) {
  RecordReading out;
  if (!lookup) {
    out.note = std::string("lookup failed: ") + to_string(lookup.error().kind);
    if (!lookup.error().what.empty()) out.note += " (" + lookup.error().what + ")";
    out.fault = StsFault{TlsFailure::sts_policy_fetch_error, out.note, lookup.error().asked};
    return out;
  }
  if (lookup->status != DnssecStatus::secure && lookup->status != DnssecStatus::insecure) {
    out.note = std::string("the answer is ") + to_string(lookup->status);
    out.fault = StsFault{TlsFailure::sts_policy_fetch_error, out.note, lookup->asked};
    return out;
  }
  std::vector<std::string> records;
  for (const TxtRecord& record : lookup->value.all<TxtRecord>()) {
    std::string joined = record.joined();
    if (joined.starts_with(record_version)) records.push_back(std::move(joined));
  }
  if (records.empty()) {
    out.note = "no record";
    return out;
  }
  if (records.size() > 1) return invalid(std::to_string(records.size()) + " records, where one must be", lookup->asked);
  auto id = id_of(records.front());
  if (!id) return invalid(id.error().what, lookup->asked);
  out.id = *std::move(id);
  return out;
}

Result<StsPolicy> parse_policy(std::string_view body) {
  Draft draft;
  for (std::size_t number = 1; !body.empty(); ++number) {
    const std::size_t end = body.find('\n');
    std::string_view line = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trimmed(line);
    if (line.empty()) continue;
    if (auto taken = take_field(draft, line); !taken) {
      return fail(ErrorKind::malformed, "line " + std::to_string(number) + ": " + taken.error().what);
    }
  }
  for (const char* needed : {"version", "mode", "max_age"}) {
    if (!draft.seen.contains(needed)) return fail(ErrorKind::malformed, std::string("the policy has no ") + needed);
  }
  if (draft.policy.mx.empty() && draft.policy.mode != StsPolicyMode::none) {
    return fail(ErrorKind::malformed, "the policy names no mx");
  }
  return std::move(draft.policy);
}

}  // namespace danewerk::mtasts
