#include "io/dns/packet.h"

#include <algorithm>

namespace danewerk::io::dns {
namespace {

using types::RecordType;

Failure<Error> bad_rdata(RecordType type, const std::string& why) {
  return fail(ErrorKind::malformed, types::to_string(type) + " record: " + why);
}

/// Length of the uncompressed name at the start of `rdata`; 0 where there is none.
std::size_t name_length(ByteView rdata) {
  if (rdata.empty()) return 0;
  const int length = knot_dname_wire_check(rdata.data(), rdata.data() + rdata.size(), nullptr);
  return length > 0 ? static_cast<std::size_t>(length) : 0;
}

Result<types::RecordData> read_address(RecordType type, ByteView rdata) {
  const std::size_t size = type == RecordType::a ? 4 : 16;
  if (rdata.size() != size) return bad_rdata(type, "holds " + std::to_string(rdata.size()) + " octets");
  return types::RecordData{types::IpAddress::from_bytes(rdata)};
}

Result<types::RecordData> read_mx(ByteView rdata) {
  constexpr std::size_t preference_size = 2;
  if (rdata.size() <= preference_size || name_length(rdata.subspan(preference_size)) != rdata.size() - preference_size) {
    return bad_rdata(RecordType::mx, "does not hold a preference and a name");
  }
  types::MxRecord mx;
  mx.preference = static_cast<std::uint16_t>(rdata[0] << 8 | rdata[1]);
  mx.exchange_text = name_text(rdata.data() + preference_size);
  if (auto name = types::DomainName::parse(mx.exchange_text)) mx.exchange = *std::move(name);
  return types::RecordData{std::move(mx)};
}

Result<types::RecordData> read_txt(ByteView rdata) {
  types::TxtRecord txt;
  while (!rdata.empty()) {
    const std::size_t length = rdata[0];
    if (length >= rdata.size()) return bad_rdata(RecordType::txt, "a string runs past its end");
    txt.strings.emplace_back(as_text(rdata.subspan(1, length)));
    rdata = rdata.subspan(1 + length);
  }
  if (txt.strings.empty()) return bad_rdata(RecordType::txt, "holds no string");
  return types::RecordData{std::move(txt)};
}

Result<types::RecordData> read_name_record(RecordType type, ByteView rdata) {
  if (rdata.empty() || name_length(rdata) != rdata.size()) return bad_rdata(type, "does not hold a name");
  TRY(types::DomainName target, read_name(rdata.data()));
  return types::RecordData{types::NameRecord{std::move(target)}};
}

/// EXTRA-TEXT is UTF-8 by RFC 8914 2, from a stranger: what is not printable ASCII becomes '?'.
std::string printable(ByteView text) {
  constexpr std::size_t longest = 255;
  std::string out(as_text(text.subspan(0, std::min(text.size(), longest))));
  while (!out.empty() && out.back() == '\0') out.pop_back();  // RFC 8914 2: may be terminated, against the rule
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

/// Behind the possibly compressed name at `at`; past the end of `wire` where it does not end.
std::size_t after_name(ByteView wire, std::size_t at) {
  while (at < wire.size() && wire[at] != 0) {
    if ((wire[at] & 0xc0) == 0xc0) return at + 2;
    at += 1U + wire[at];
  }
  return at + 1;
}

/// Gives every TLSA record of 0 to 3 octets the private type. Stops at the first thing that is not well formed: libknot
/// finds that too.
void hide_short_tlsa(std::span<std::uint8_t> wire) {
  constexpr std::size_t type_and_class = 4, before_rdata = 10, length_at = 8;
  std::size_t at = header_size;
  for (unsigned i = knot_wire_get_qdcount(wire.data()); i > 0; --i) at = after_name(wire, at) + type_and_class;
  unsigned records = knot_wire_get_ancount(wire.data());  // the authority and additional sections hold none we read
  for (; records > 0; --records) {
    at = after_name(wire, at);
    if (at + before_rdata > wire.size()) return;
    const std::uint16_t length = knot_wire_read_u16(wire.data() + at + length_at);
    const bool is_short = length <= longest_short_tlsa;
    if (is_short && knot_wire_read_u16(wire.data() + at) == KNOT_RRTYPE_TLSA) knot_wire_write_u16(wire.data() + at, short_tlsa_type);
    at += before_rdata + length;
  }
}

}  // namespace

Packet Packet::empty(std::uint16_t capacity) {
  knot_pkt_t* packet = knot_pkt_new(nullptr, capacity, nullptr);
  CHECK(packet != nullptr);
  return Packet(packet);
}

Result<Packet> Packet::parse(ByteView wire) {
  if (wire.size() < header_size) {
    return fail(ErrorKind::malformed, "DNS message of " + std::to_string(wire.size()) + " octets: no header");
  }
  if (wire.size() > largest_message) return fail(ErrorKind::malformed, "DNS message above 65535 octets");
  Packet packet = empty(static_cast<std::uint16_t>(wire.size()));
  std::copy(wire.begin(), wire.end(), packet->wire);
  packet->size = wire.size();
  if (knot_wire_get_qdcount(packet->wire) > 1) return fail(ErrorKind::malformed, "DNS message with several questions");
  hide_short_tlsa({packet->wire, packet->size});
  const int code = knot_pkt_parse(packet.get(), 0);
  if (code == KNOT_ETRAIL) return fail(ErrorKind::malformed, "DNS message with octets after its last record");
  if (code != KNOT_EOK) return fail(ErrorKind::malformed, std::string("DNS message: ") + knot_strerror(code));
  return packet;
}

std::string name_text(const knot_dname_t* name) {
  knot_dname_txt_storage_t text;
  if (knot_dname_to_str(text, name, sizeof text) == nullptr) return "?";
  std::string out = text;
  if (out.size() > 1 && out.back() == '.') out.pop_back();
  return out;
}

Result<types::DomainName> read_name(const knot_dname_t* name) { return types::DomainName::parse(name_text(name)); }

Result<types::RecordData> read_record(RecordType type, ByteView rdata) {
  switch (type) {
    case RecordType::a:
    case RecordType::aaaa: return read_address(type, rdata);
    case RecordType::mx: return read_mx(rdata);
    case RecordType::txt: return read_txt(rdata);
    case RecordType::tlsa: return types::RecordData{types::TlsaRecord::from_rdata(rdata)};
    case RecordType::cname:
    case RecordType::ns:
    case RecordType::dname: return read_name_record(type, rdata);
    default: return types::RecordData{types::RawRecord{Bytes(rdata.begin(), rdata.end())}};
  }
}

Result<std::vector<types::ExtendedError>> read_extended_errors(const knot_pkt_t* packet) {
  constexpr std::uint16_t ede_option = 15;  // RFC 8914 5.1
  constexpr std::size_t option_header = 4;
  constexpr std::size_t most = 16;
  std::vector<types::ExtendedError> out;
  if (packet->opt_rr == nullptr) return out;
  ByteView rest = rdata_view(*packet->opt_rr);
  while (!rest.empty()) {
    if (rest.size() < option_header) return fail(ErrorKind::malformed, "OPT record: an option without its header");
    const auto code = static_cast<std::uint16_t>(rest[0] << 8 | rest[1]);
    const auto length = static_cast<std::size_t>(rest[2] << 8 | rest[3]);
    rest = rest.subspan(option_header);
    if (length > rest.size()) return fail(ErrorKind::malformed, "OPT record: an option runs past its end");
    const ByteView data = rest.subspan(0, length);
    rest = rest.subspan(length);
    if (code != ede_option || out.size() == most) continue;
    if (data.size() < 2) return fail(ErrorKind::malformed, "OPT record: an extended error without its code");
    out.push_back({static_cast<std::uint16_t>(data[0] << 8 | data[1]), printable(data.subspan(2))});
  }
  return out;
}

std::string rcode_name(std::uint16_t rcode) {
  const knot_lookup_t* entry = knot_lookup_by_id(knot_rcode_names, rcode);
  return entry != nullptr ? entry->name : "RCODE " + std::to_string(rcode);
}

}  // namespace danewerk::io::dns
