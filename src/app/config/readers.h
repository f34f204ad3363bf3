// How a ConfigValue becomes each kind of setting. An error says what was expected and shows an example.
#pragma once

#include "app/config/settings.h"
#include "app/config/value.h"

namespace danewerk::app {

Result<void> read_into(const ConfigValue& value, std::string& out);
Result<void> read_into(const ConfigValue& value, std::uint32_t& out);
/// "250 ms", "30s", "15 min", "4h", "2d"; a unit is required.
Result<void> read_into(const ConfigValue& value, Duration& out);
/// "64 KiB", "50 MB", "1GiB"; a bare whole number is octets.
Result<void> read_into(const ConfigValue& value, ByteCount& out);
Result<void> read_into(const ConfigValue& value, Choice& out);
Result<void> read_into(const ConfigValue& value, LogStyle& out);
Result<void> read_into(const ConfigValue& value, ChildOrExternal& out);
Result<void> read_into(const ConfigValue& value, types::WaiverUse& out);
Result<void> read_into(const ConfigValue& value, EdgeProbe& out);
/// At most one of each line.
Result<void> read_into(const ConfigValue& value, std::vector<types::KeyAlgorithm>& out);
Result<void> read_into(const ConfigValue& value, KeepProofs& out);
/// Empty: none.
Result<void> read_into(const ConfigValue& value, std::optional<Webhook>& out);
Result<void> read_into(const ConfigValue& value, std::optional<types::Mailbox>& out);
Result<void> read_into(const ConfigValue& value, CertificatesFrom& out);
Result<void> read_into(const ConfigValue& value, types::DomainName& out);
Result<void> read_into(const ConfigValue& value, types::Endpoint& out);
Result<void> read_into(const ConfigValue& value, std::vector<types::DomainName>& out);
Result<void> read_into(const ConfigValue& value, std::vector<types::Endpoint>& out);
Result<void> read_into(const ConfigValue& value, std::vector<types::Network>& out);
Result<void> read_into(const ConfigValue& value, std::vector<types::IpAddress>& out);
Result<void> read_into(const ConfigValue& value, std::vector<NameByAddress>& out);
Result<void> read_into(const ConfigValue& value, std::vector<PoolSettings>& out);
Result<void> read_into(const ConfigValue& value, std::vector<SecondarySettings>& out);
Result<void> read_into(const ConfigValue& value, Denial& out);
Result<void> read_into(const ConfigValue& value, types::Holding& out);
Result<void> read_into(const ConfigValue& value, std::vector<ShardHolding>& out);
Result<void> read_into(const ConfigValue& value, std::vector<zone::KeyGroup>& out);

}  // namespace danewerk::app
