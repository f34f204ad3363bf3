#include "types/zone_change.h"

#include <algorithm>

namespace danewerk::types {
namespace {

void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

Bytes txt_rdata(const TxtRecord& record) {
  constexpr std::size_t longest = 255;  // RFC 1035 3.3: a character-string
  Bytes out;
  for (std::string_view rest : record.strings) {
    do {
      const std::string_view piece = rest.substr(0, longest);
      out.push_back(static_cast<std::uint8_t>(piece.size()));
      append(out, as_bytes(piece));
      rest.remove_prefix(piece.size());
    } while (!rest.empty());
  }
  if (out.empty()) out.push_back(0);  // a TXT record holds at least one string (RFC 1035 3.3.14)
  return out;
}

struct ToRdata {
  Bytes operator()(const IpAddress& address) const { return {address.bytes().begin(), address.bytes().end()}; }
  Bytes operator()(const MxRecord& mx) const {
    if (!mx.exchange) return {};
    Bytes out{static_cast<std::uint8_t>(mx.preference >> 8), static_cast<std::uint8_t>(mx.preference & 0xff)};
    append(out, to_wire(*mx.exchange));
    return out;
  }
  Bytes operator()(const TlsaRecord& tlsa) const { return tlsa.to_rdata(); }
  Bytes operator()(const TxtRecord& txt) const { return txt_rdata(txt); }
  Bytes operator()(const NameRecord& record) const { return to_wire(record.target); }
  Bytes operator()(const RawRecord& raw) const { return raw.rdata; }
};

}  // namespace

Bytes to_wire(const DomainName& name) {
  Bytes out;
  for (std::string_view label : name.labels()) {
    out.push_back(static_cast<std::uint8_t>(label.size()));
    append(out, as_bytes(label));
  }
  out.push_back(0);
  return out;
}

Bytes rdata_of(const RecordData& record) { return std::visit(ToRdata{}, record); }

RrSet RrSet::of(DomainName name, RecordType type, Ttl ttl, const std::vector<RecordData>& records) {
  RrSet set{std::move(name), type, ttl, {}};
  for (const RecordData& record : records) set.rdatas.push_back(rdata_of(record));
  return set;
}

RrSet RrSet::sorted() const {
  RrSet out = *this;  // RFC 4034 6.3: as left-justified octet strings, which is how vectors of octets compare
  std::sort(out.rdatas.begin(), out.rdatas.end());
  out.rdatas.erase(std::unique(out.rdatas.begin(), out.rdatas.end()), out.rdatas.end());
  return out;
}

bool RrSet::same_records(const RrSet& other) const {
  return name == other.name && type == other.type && sorted().rdatas == other.sorted().rdatas;
}

std::string RrSet::to_string() const {
  return name.to_string() + " " + std::to_string(ttl.count()) + " " + types::to_string(type) + " x" +
         std::to_string(rdatas.size());
}

}  // namespace danewerk::types
