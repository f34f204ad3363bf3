#include "app/config/readers.h"

#include <array>
#include <charconv>
#include <limits>

namespace danewerk::app {
namespace {

template <class T>
Result<const T*> expect(const ConfigValue& value, const char* what) {
  if (const T* held = std::get_if<T>(&value.value)) return held;
  return fail(ErrorKind::malformed, std::string("expected ") + what);
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

/// "15 min" -> 15 * factor. A text without a unit takes `bare`; 0 means that a unit is required.
Result<std::uint64_t> number_with_unit(std::string_view text, std::span<const Unit> units, std::uint64_t bare, const char* example) {
  const auto bad = [&] { return fail(ErrorKind::malformed, "'" + std::string(text) + "' is not understood; write it like " + example); };
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return bad();
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  std::uint64_t factor = unit.empty() ? bare : 0;
  for (const auto& [name, value] : units) {
    if (unit == name) factor = value;
  }
  if (factor == 0 || number > std::numeric_limits<std::int64_t>::max() / factor) return bad();
  return number * factor;
}

template <class T, class Parse>
Result<void> read_list(const ConfigValue& value, std::vector<T>& out, Parse parse) {
  TRY(const auto* items, expect<std::vector<std::string>>(value, "a list of strings"));
  std::vector<T> parsed;
  for (const std::string& item : *items) {
    TRY(T one, parse(item));
    parsed.push_back(std::move(one));
  }
  out = std::move(parsed);
  return {};
}

}  // namespace

Result<void> read_into(const ConfigValue& value, std::string& out) {
  TRY(const auto* text, expect<std::string>(value, "a string in quotes"));
  out = *text;
  return {};
}

Result<void> read_into(const ConfigValue& value, std::uint32_t& out) {
  TRY(const auto* number, expect<std::int64_t>(value, "a whole number"));
  if (*number < 0 || *number > std::numeric_limits<std::uint32_t>::max()) return fail(ErrorKind::malformed, "out of range");
  out = static_cast<std::uint32_t>(*number);
  return {};
}

Result<void> read_into(const ConfigValue& value, Duration& out) {
  static constexpr std::array<Unit, 9> units{{{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"m", 60'000}, {"h", 3'600'000},
                                              {"d", 86'400'000}, {"day", 86'400'000}, {"days", 86'400'000}, {"w", 604'800'000}}};
  TRY(const auto* text, expect<std::string>(value, "a duration in quotes, like \"15 min\""));
  TRY(const std::uint64_t milliseconds, number_with_unit(*text, units, 0, "\"250 ms\", \"30 s\", \"15 min\", \"4 h\" or \"2 d\""));
  out = Duration(static_cast<std::int64_t>(milliseconds));
  return {};
}

Result<void> read_into(const ConfigValue& value, ByteCount& out) {
  static constexpr std::array<Unit, 7> units{{{"B", 1}, {"KiB", 1U << 10}, {"MiB", 1U << 20}, {"GiB", 1U << 30},
                                              {"kB", 1000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}}};
  if (const auto* number = std::get_if<std::int64_t>(&value.value); number && *number >= 0) {
    out = ByteCount{static_cast<std::uint64_t>(*number)};
    return {};
  }
  TRY(const auto* text, expect<std::string>(value, "a size in quotes, like \"50 MiB\""));
  TRY(const std::uint64_t octets, number_with_unit(*text, units, 1, "\"64 KiB\" or \"50 MB\""));
  out = ByteCount{octets};
  return {};
}

Result<void> read_into(const ConfigValue& value, LogStyle& out) {
  TRY(const auto* text, expect<std::string>(value, "a string in quotes"));
  if (*text != "logfmt" && *text != "json") return fail(ErrorKind::malformed, "write \"logfmt\" or \"json\"");
  out = *text == "json" ? LogStyle::json : LogStyle::logfmt;
  return {};
}

Result<void> read_into(const ConfigValue& value, ChildOrExternal& out) {
  TRY(const auto* text, expect<std::string>(value, "a string in quotes"));
  if (*text != "child" && *text != "external") return fail(ErrorKind::malformed, "write \"child\" or \"external\"");
  out = *text == "child" ? ChildOrExternal::child : ChildOrExternal::external;
  return {};
}

Result<void> read_into(const ConfigValue& value, types::WaiverUse& out) {
  TRY(const auto* text, expect<std::string>(value, "a string in quotes"));
  if (*text != "honour" && *text != "ignore" && *text != "refuse") return fail(ErrorKind::malformed, R"(write "honour", "ignore" or "refuse")");
  out = *text == "honour" ? types::WaiverUse::honour : *text == "ignore" ? types::WaiverUse::ignore : types::WaiverUse::refuse;
  return {};
}

Result<void> read_into(const ConfigValue& value, EdgeProbe& out) {
  TRY(const auto* text, expect<std::string>(value, "a string in quotes"));
  if (*text != "on" && *text != "off") return fail(ErrorKind::malformed, "write \"on\" or \"off\"");
  out = *text == "on" ? EdgeProbe::on : EdgeProbe::off;
  return {};
}

Result<void> read_into(const ConfigValue& value, std::vector<types::KeyAlgorithm>& out) {
  std::vector<types::KeyAlgorithm> read;
  TRY_VOID(read_list(value, read, types::parse_key_algorithm));
  if (read.empty()) return fail(ErrorKind::malformed, "name at least one, like [\"ecdsa-p256\"]");
  for (std::size_t i = 0; i < read.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (types::line_of(read[i]) == types::line_of(read[j])) return fail(ErrorKind::malformed, "one ECDSA and one RSA algorithm at most");
    }
  }
  out = std::move(read);
  return {};
}

Result<void> read_into(const ConfigValue& value, Choice& out) {
  TRY(const auto* yes, expect<bool>(value, "true or false"));
  out = *yes ? Choice::yes : Choice::no;
  return {};
}

namespace {

Result<Webhook> parse_webhook(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorKind::malformed, "'" + std::string(text) + "' is not understood; write it like \"https://alerts.example.net/danewerk\"");
  };
  constexpr std::string_view scheme = "https://";
  if (!text.starts_with(scheme)) return bad();
  const std::string_view rest = text.substr(scheme.size());
  const std::string_view authority = rest.substr(0, rest.find('/'));
  const std::size_t colon = authority.find(':');
  Webhook out;
  TRY(out.host, types::DomainName::parse(authority.substr(0, colon)));
  if (out.host.is_root()) return bad();
  if (colon != std::string_view::npos) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), port);
    if (error != std::errc{} || end != authority.data() + authority.size() || port == 0) return bad();
    out.port = types::Port{port};
  }
  out.path = rest.size() > authority.size() ? std::string(rest.substr(authority.size())) : "/";
  for (const char c : out.path) {
    if (c <= 0x20 || c >= 0x7f || c == '#') return bad();
  }
  return out;
}

}  // namespace

Result<void> read_into(const ConfigValue& value, std::optional<Webhook>& out) {
  TRY(const auto* text, expect<std::string>(value, "a string in quotes"));
  out.reset();
  if (!text->empty()) {
    TRY(out, parse_webhook(*text));
  }
  return {};
}

Result<void> read_into(const ConfigValue& value, std::optional<types::Mailbox>& out) {
  TRY(const auto* text, expect<std::string>(value, "a string in quotes"));
  out.reset();
  if (!text->empty()) {
    TRY(out, types::Mailbox::parse(*text));
  }
  return {};
}

Result<void> read_into(const ConfigValue& value, KeepProofs& out) {
  TRY(const auto* text, expect<std::string>(value, "a string in quotes"));
  if (*text != "none" && *text != "dane") return fail(ErrorKind::malformed, "write \"none\" or \"dane\"");
  out = *text == "dane" ? KeepProofs::dane : KeepProofs::none;
  return {};
}

Result<void> read_into(const ConfigValue& value, CertificatesFrom& out) {
  TRY(const auto* text, expect<std::string>(value, "a string in quotes"));
  if (*text != "self" && *text != "acme" && *text != "files") return fail(ErrorKind::malformed, R"(write "self", "acme" or "files")");
  out = *text == "self" ? CertificatesFrom::self : *text == "acme" ? CertificatesFrom::acme : CertificatesFrom::files;
  return {};
}

Result<void> read_into(const ConfigValue& value, types::DomainName& out) {
  TRY(const auto* text, expect<std::string>(value, "a domain name in quotes"));
  if (text->empty()) {
    out = {};
    return {};
  }
  TRY(out, types::DomainName::parse(*text));
  return {};
}

Result<void> read_into(const ConfigValue& value, types::Endpoint& out) {
  TRY(const auto* text, expect<std::string>(value, "an address with port in quotes"));
  TRY(out, types::Endpoint::parse(*text));
  return {};
}

Result<void> read_into(const ConfigValue& value, std::vector<types::DomainName>& out) {
  return read_list(value, out, [](const std::string& item) { return types::DomainName::parse(item); });
}

Result<void> read_into(const ConfigValue& value, std::vector<types::Endpoint>& out) {
  return read_list(value, out, [](const std::string& item) { return types::Endpoint::parse(item); });
}

Result<void> read_into(const ConfigValue& value, std::vector<types::Network>& out) {
  return read_list(value, out, [](const std::string& item) { return types::Network::parse(item); });
}

Result<void> read_into(const ConfigValue& value, std::vector<types::IpAddress>& out) {
  return read_list(value, out, [](const std::string& item) { return types::IpAddress::parse(item); });
}

Result<void> read_into(const ConfigValue& value, std::vector<NameByAddress>& out) {
  // The address may stand before or after the equals sign: "ns1.example=192.0.2.1", "192.0.2.1=mx1.example".
  return read_list(value, out, [](const std::string& item) -> Result<NameByAddress> {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) return fail(ErrorKind::malformed, "'" + item + "': write \"name=address\"");
    const std::string left = item.substr(0, equals);
    const std::string right = item.substr(equals + 1);
    const bool address_first = types::IpAddress::parse(left).has_value();
    TRY(auto address, types::IpAddress::parse(address_first ? left : right));
    TRY(auto name, types::DomainName::parse(address_first ? right : left));
    return NameByAddress{address, std::move(name)};
  });
}

namespace {

Result<PoolSettings> read_pool(const ConfigTable& table) {
  PoolSettings pool;
  for (const auto& [name, value] : table.values) {
    if (name != "name" && name != "addresses") {
      return fail(ErrorKind::malformed, "line " + std::to_string(value.line) + ": a pool has no '" + name + "'; write name and addresses");
    }
    auto read = name == "name" ? read_into(value, pool.name) : read_into(value, pool.addresses);
    if (!read) return fail(ErrorKind::malformed, "line " + std::to_string(value.line) + ": " + name + ": " + read.error().what);
  }
  const std::string where = "line " + std::to_string(table.line) + ": ";
  if (pool.name.empty()) return fail(ErrorKind::malformed, where + "give the pool a name");
  if (pool.addresses.empty()) return fail(ErrorKind::malformed, where + "pool '" + pool.name + "' needs addresses like \"192.0.2.9=out9.example.net\"");
  return pool;
}

}  // namespace

Result<void> read_into(const ConfigValue& value, std::vector<PoolSettings>& out) {
  std::vector<PoolSettings> pools;
  const auto* none = std::get_if<std::vector<std::string>>(&value.value);
  if (none != nullptr && none->empty()) {
    out.clear();
    return {};
  }
  TRY(const auto* tables, expect<std::vector<ConfigTable>>(value, "tables: [[delivery.pool]]"));
  for (const ConfigTable& table : *tables) {
    TRY(PoolSettings pool, read_pool(table));
    for (const PoolSettings& earlier : pools) {
      if (earlier.name == pool.name) return fail(ErrorKind::malformed, "line " + std::to_string(table.line) + ": pool '" + pool.name + "' is there twice");
    }
    pools.push_back(std::move(pool));
  }
  out = std::move(pools);
  return {};
}

Result<void> read_into(const ConfigValue& value, std::vector<SecondarySettings>& out) {
  std::vector<SecondarySettings> secondaries;
  if (const auto* none = std::get_if<std::vector<std::string>>(&value.value); none != nullptr && none->empty()) {
    out.clear();
    return {};
  }
  TRY(const auto* tables, expect<std::vector<ConfigTable>>(value, "tables: [[zone.secondary]]"));
  for (const ConfigTable& table : *tables) {
    SecondarySettings one;
    bool addressed = false;
    for (const auto& [name, field] : table.values) {
      const std::string where = "line " + std::to_string(field.line) + ": ";
      if (name != "address" && name != "key_file") return fail(ErrorKind::malformed, where + "a secondary has no '" + name + "'; write address and key_file");
      auto read = name == "address" ? read_into(field, one.address) : read_into(field, one.key_file);
      if (!read) return fail(ErrorKind::malformed, where + name + ": " + read.error().what);
      addressed = addressed || name == "address";
    }
    const std::string where = "line " + std::to_string(table.line) + ": ";
    if (!addressed) return fail(ErrorKind::malformed, where + R"(a secondary needs its address, like "192.0.2.54:53")");
    for (const SecondarySettings& earlier : secondaries) {
      if (earlier.address == one.address) return fail(ErrorKind::malformed, where + one.address.to_string() + " is there twice");
    }
    secondaries.push_back(std::move(one));
  }
  out = std::move(secondaries);
  return {};
}

Result<void> read_into(const ConfigValue& value, Denial& out) {
  TRY(const auto* text, expect<std::string>(value, "a string in quotes"));
  if (*text != "nsec" && *text != "nsec3") return fail(ErrorKind::malformed, "write \"nsec\" or \"nsec3\"");
  out = *text == "nsec3" ? Denial::nsec3 : Denial::nsec;
  return {};
}

Result<void> read_into(const ConfigValue& value, types::Holding& out) {
  TRY(const auto* text, expect<std::string>(value, "wildcard, explicit or shared, in quotes"));
  TRY(out, types::parse_holding(*text));
  return {};
}

Result<void> read_into(const ConfigValue& value, std::vector<ShardHolding>& out) {
  return read_list(value, out, [](const std::string& item) -> Result<ShardHolding> {
    const std::size_t equals = item.find('=');
    std::uint16_t number = 0;
    bool is_shard = equals != std::string::npos && equals >= 2 && item.front() == 's';
    if (is_shard) {
      const auto read = std::from_chars(item.data() + 1, item.data() + equals, number);
      is_shard = read.ec == std::errc{} && read.ptr == item.data() + equals && number > 0;
    }
    if (!is_shard) {
      return fail(ErrorKind::malformed, "'" + item + "' is not understood; write it like \"s3=explicit\"");
    }
    TRY(const types::Holding holding, types::parse_holding(item.substr(equals + 1)));
    return ShardHolding{static_cast<std::uint16_t>(number - 1), holding};
  });
}

Result<void> read_into(const ConfigValue& value, std::vector<zone::KeyGroup>& out) { return read_list(value, out, zone::parse_key_group); }

types::MxPlan ZoneSettings::mx_plan() const {
  types::MxPlan out{name, {static_cast<std::uint16_t>(shards)}, std::vector<types::Holding>(shards, holding)};
  for (const ShardHolding& one : holding_by_shard) {
    if (one.index < out.holdings.size()) out.holdings[one.index] = one.holding;
  }
  return out;
}

}  // namespace danewerk::app
