#include "io/dns/update_message.h"

#include <algorithm>

#include "io/dns/packet.h"

namespace danewerk::io::dns {
namespace {

using types::DomainName;

constexpr std::uint16_t class_in = 1, class_none = 254, class_any = 255, type_any = 255, type_soa = 6;

Failure<UpdateError> update_failure(UpdateErrorKind kind, std::string what) { return {UpdateError{kind, std::move(what)}}; }

/// Writes one message: header, the zone, then records; owner names within the zone are compressed to it.
class UpdateWriter {
 public:
  UpdateWriter(std::uint16_t id, const DomainName& zone) : zone_(zone) {
    constexpr std::uint16_t opcode_update = 5U << 11;  // RFC 2136 1.3; every other bit zero (DDNS-01)
    for (const std::uint16_t word : {id, opcode_update, std::uint16_t{1}, std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}}) u16(word);
    raw(types::to_wire(zone));
    u16(type_soa);
    u16(class_in);
  }
  void record(const DomainName& owner, std::uint16_t type, std::uint16_t rr_class, Ttl ttl, ByteView rdata) {
    name(owner);
    u16(type);
    u16(rr_class);
    u16(static_cast<std::uint16_t>(ttl.count() >> 16));
    u16(static_cast<std::uint16_t>(ttl.count() & 0xffff));
    u16(static_cast<std::uint16_t>(rdata.size()));
    raw(rdata);
    ++records_;
  }
  /// Ends a section: 1 prerequisites, 2 updates.
  void end_section(std::size_t section) {
    wire_[4 + section * 2] = static_cast<std::uint8_t>(records_ >> 8);
    wire_[5 + section * 2] = static_cast<std::uint8_t>(records_ & 0xff);
    too_many_ = too_many_ || records_ > 0xffff;
    records_ = 0;
  }
  bool too_many() const noexcept { return too_many_; }
  Bytes take() { return std::move(wire_); }

 private:
  void u16(std::uint16_t value) {
    wire_.push_back(static_cast<std::uint8_t>(value >> 8));
    wire_.push_back(static_cast<std::uint8_t>(value & 0xff));
  }
  void raw(ByteView more) { wire_.insert(wire_.end(), more.begin(), more.end()); }
  void name(const DomainName& owner) {
    const Bytes full = types::to_wire(owner);
    if (zone_.is_root()) return raw(full);
    const std::size_t zone_size = types::to_wire(zone_).size();
    raw(ByteView(full).subspan(0, full.size() - zone_size));
    u16(static_cast<std::uint16_t>(0xc000 | header_size));  // RFC 1035 4.1.4: the zone's name follows the header
  }

  const DomainName& zone_;
  Bytes wire_;
  std::size_t records_ = 0;
  bool too_many_ = false;
};

struct WritePrerequisite {  // RFC 2136 2.4
  UpdateWriter& out;
  void operator()(const types::RrSetIs& p) const {
    for (const Bytes& rdata : p.set.rdatas) out.record(p.set.name, static_cast<std::uint16_t>(p.set.type), class_in, Ttl{0}, rdata);
  }
  void operator()(const types::RrSetExists& p) const { out.record(p.name, static_cast<std::uint16_t>(p.type), class_any, Ttl{0}, {}); }
  void operator()(const types::RrSetAbsent& p) const { out.record(p.name, static_cast<std::uint16_t>(p.type), class_none, Ttl{0}, {}); }
  void operator()(const types::NameInUse& p) const { out.record(p.name, type_any, class_any, Ttl{0}, {}); }
  void operator()(const types::NameFree& p) const { out.record(p.name, type_any, class_none, Ttl{0}, {}); }
};

struct WriteDeletion {  // RFC 2136 2.5
  UpdateWriter& out;
  void operator()(const types::DeleteRrSet& d) const { out.record(d.name, static_cast<std::uint16_t>(d.type), class_any, Ttl{0}, {}); }
  void operator()(const types::DeleteName& d) const { out.record(d.name, type_any, class_any, Ttl{0}, {}); }
  void operator()(const types::DeleteRecord& d) const { out.record(d.name, static_cast<std::uint16_t>(d.type), class_none, Ttl{0}, d.rdata); }
};

struct OwnerName {
  const DomainName& operator()(const types::RrSetIs& part) const { return part.set.name; }
  template <class Part>
  const DomainName& operator()(const Part& part) const {
    return part.name;
  }
};

Result<void, UpdateError> check_set(const types::RrSet& set, const char* role) {
  if (set.rdatas.empty()) {
    return update_failure(UpdateErrorKind::invalid_change, std::string(role) + " " + set.to_string() + " holds no record");
  }
  for (const Bytes& rdata : set.rdatas) {
    if (rdata.empty() || rdata.size() > largest_message) {
      return update_failure(UpdateErrorKind::invalid_change, std::string(role) + " " + set.to_string() + " holds a record of " +
                                                                 std::to_string(rdata.size()) + " octets");
    }
  }
  return {};
}

Result<void, UpdateError> check_owner(const DomainName& name, const DomainName& zone) {
  if (name.is_within(zone)) return {};
  return update_failure(UpdateErrorKind::not_in_zone, name.to_string() + " does not lie in zone " + zone.to_string());
}

Result<void, UpdateError> check_change(const types::ZoneChange& change) {
  for (const auto& part : change.prerequisites) {
    TRY_VOID(check_owner(std::visit(OwnerName{}, part), change.zone));
    if (const auto* exact = std::get_if<types::RrSetIs>(&part)) TRY_VOID(check_set(exact->set, "prerequisite"));
  }
  for (const auto& part : change.deletes) TRY_VOID(check_owner(std::visit(OwnerName{}, part), change.zone));
  for (const auto& set : change.adds) {
    TRY_VOID(check_owner(set.name, change.zone));
    TRY_VOID(check_set(set, "addition"));
  }
  return {};
}

/// libknot's view of a key; points into `key` and its own copies.
struct KnotKey {
  explicit KnotKey(const TsigKey& key) : name(types::to_wire(key.name)), secret(key.secret) {
    const auto algorithm = key.algorithm == TsigAlgorithm::hmac_sha256   ? DNSSEC_TSIG_HMAC_SHA256
                           : key.algorithm == TsigAlgorithm::hmac_sha384 ? DNSSEC_TSIG_HMAC_SHA384
                                                                         : DNSSEC_TSIG_HMAC_SHA512;
    view = {algorithm, name.data(), {secret.size(), secret.data()}};
  }
  KnotKey(const KnotKey&) = delete;
  KnotKey& operator=(const KnotKey&) = delete;
  Bytes name;
  Bytes secret;
  knot_tsig_key_t view{};
};

/// RFC 8945 5.2.3: with BADTIME the server's own time lies in the other data, 48 bits.
std::string server_time(const knot_rrset_t* tsig) {
  constexpr std::size_t time_size = 6;
  if (knot_tsig_rdata_other_data_length(tsig) != time_size) return "unknown";
  const std::uint8_t* octets = knot_tsig_rdata_other_data(tsig);
  std::uint64_t seconds = 0;
  for (std::size_t i = 0; i < time_size; ++i) seconds = seconds << 8 | octets[i];
  constexpr std::uint64_t year_9999 = 253'402'300'800ULL;
  if (seconds >= year_9999) return "absurd";
  return to_rfc3339(Instant{} + std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

Failure<UpdateError> tsig_failure(std::uint16_t error, const knot_rrset_t* tsig, const TsigKey& key) {
  const std::string which = "TSIG key " + key.name.to_string() + ": the server says ";
  switch (error) {
    case KNOT_RCODE_BADSIG: return update_failure(UpdateErrorKind::bad_signature, which + "BADSIG: the secrets differ");
    case KNOT_RCODE_BADKEY:
      return update_failure(UpdateErrorKind::bad_key, which + "BADKEY: it does not know the key for this zone, or not with " +
                                                          to_string(key.algorithm));
    case KNOT_RCODE_BADTIME:
      return update_failure(UpdateErrorKind::bad_time, which + "BADTIME: its clock says " + server_time(tsig) + "; set the clocks right");
    case KNOT_RCODE_BADTRUNC: return update_failure(UpdateErrorKind::bad_truncation, which + "BADTRUNC");
    default: return update_failure(UpdateErrorKind::bad_reply, which + "TSIG error " + std::to_string(error));
  }
}

/// RFC 2136 2.2; DDNS-04.
Result<void, UpdateError> by_rcode(std::uint8_t rcode) {
  const std::string says = "the server says " + rcode_name(rcode);
  switch (rcode) {
    case KNOT_RCODE_NOERROR: return {};
    case KNOT_RCODE_NXDOMAIN: return update_failure(UpdateErrorKind::prerequisite_failed, says + ": a name that should be there is not");
    case KNOT_RCODE_YXDOMAIN: return update_failure(UpdateErrorKind::prerequisite_failed, says + ": a name that should be free is in use");
    case KNOT_RCODE_NXRRSET: return update_failure(UpdateErrorKind::prerequisite_failed, says + ": an RRset is not what it should be");
    case KNOT_RCODE_YXRRSET: return update_failure(UpdateErrorKind::prerequisite_failed, says + ": an RRset that should be absent is there");
    case KNOT_RCODE_NOTAUTH: return update_failure(UpdateErrorKind::not_authoritative, says + ": it does not hold the zone, or will not take the key for it");
    case KNOT_RCODE_NOTZONE: return update_failure(UpdateErrorKind::not_in_zone, says);
    case KNOT_RCODE_REFUSED: return update_failure(UpdateErrorKind::refused, says + ": the key may not make this change");
    case KNOT_RCODE_NOTIMPL: return update_failure(UpdateErrorKind::not_implemented, says);
    case KNOT_RCODE_FORMERR: return update_failure(UpdateErrorKind::format_error, says);
    default: return update_failure(UpdateErrorKind::server_failure, says);
  }
}

}  // namespace

const char* to_string(UpdateErrorKind kind) noexcept {
  switch (kind) {
    case UpdateErrorKind::prerequisite_failed: return "prerequisite_failed";
    case UpdateErrorKind::not_authoritative: return "not_authoritative";
    case UpdateErrorKind::not_in_zone: return "not_in_zone";
    case UpdateErrorKind::refused: return "refused";
    case UpdateErrorKind::server_failure: return "server_failure";
    case UpdateErrorKind::not_implemented: return "not_implemented";
    case UpdateErrorKind::format_error: return "format_error";
    case UpdateErrorKind::bad_key: return "bad_key";
    case UpdateErrorKind::bad_signature: return "bad_signature";
    case UpdateErrorKind::bad_time: return "bad_time";
    case UpdateErrorKind::bad_truncation: return "bad_truncation";
    case UpdateErrorKind::unsigned_reply: return "unsigned_reply";
    case UpdateErrorKind::bad_reply: return "bad_reply";
    case UpdateErrorKind::too_large: return "too_large";
    case UpdateErrorKind::invalid_change: return "invalid_change";
    case UpdateErrorKind::unreachable: return "unreachable";
    case UpdateErrorKind::timeout: return "timeout";
  }
  return "server_failure";
}

bool UpdateError::is_retryable() const noexcept {
  return kind == UpdateErrorKind::server_failure || kind == UpdateErrorKind::not_implemented || kind == UpdateErrorKind::unreachable ||
         kind == UpdateErrorKind::timeout;
}

bool UpdateError::may_have_happened() const noexcept {
  return kind == UpdateErrorKind::timeout || kind == UpdateErrorKind::unreachable || kind == UpdateErrorKind::unsigned_reply ||
         kind == UpdateErrorKind::bad_reply;
}

Result<SignedUpdate, UpdateError> build_update(std::uint16_t id, const types::ZoneChange& change, const TsigKey& key) {
  TRY_VOID(check_change(change));
  UpdateWriter writer(id, change.zone);
  for (const auto& part : change.prerequisites) std::visit(WritePrerequisite{writer}, part);
  writer.end_section(1);
  for (const auto& part : change.deletes) std::visit(WriteDeletion{writer}, part);
  for (const auto& set : change.adds) {
    for (const Bytes& rdata : set.rdatas) writer.record(set.name, static_cast<std::uint16_t>(set.type), class_in, set.ttl, rdata);
  }
  writer.end_section(2);
  const bool too_many = writer.too_many();
  SignedUpdate out{writer.take(), Bytes(digest_size(key.algorithm)), id};
  KnotKey knot_key(key);
  std::size_t size = out.wire.size();
  const std::size_t room = knot_tsig_wire_size(&knot_key.view);
  if (too_many || size + room > largest_message) {
    return update_failure(UpdateErrorKind::too_large, "the change to zone " + change.zone.to_string() + " makes a message of " +
                                                          std::to_string(size + room) + " octets: split it");
  }
  out.wire.resize(size + room);
  std::size_t mac_size = out.mac.size();
  const int code = knot_tsig_sign(out.wire.data(), &size, out.wire.size(), nullptr, 0, out.mac.data(), &mac_size, &knot_key.view, 0, 0);
  if (code != KNOT_EOK) return update_failure(UpdateErrorKind::invalid_change, std::string("TSIG: ") + knot_strerror(code));
  out.wire.resize(size);
  out.mac.resize(mac_size);
  return out;
}

Result<void, UpdateError> read_update_reply(ByteView wire, const SignedUpdate& update, const TsigKey& key) {
  auto packet = Packet::parse(wire);
  if (!packet) return update_failure(UpdateErrorKind::bad_reply, packet.error().what);
  const std::uint8_t* header = (*packet)->wire;
  const std::uint8_t rcode = knot_wire_get_rcode(header);
  if (knot_wire_get_id(header) != update.id || !knot_wire_get_qr(header) || knot_wire_get_opcode(header) != KNOT_OPCODE_UPDATE) {
    return update_failure(UpdateErrorKind::bad_reply, "what came back is no reply to our update (" + rcode_name(rcode) + ")");
  }
  const knot_rrset_t* tsig = (*packet)->tsig_rr;
  if (tsig == nullptr) {  // DDNS-07: whatever it says, it may be anybody's
    std::string what = "the reply is not signed; it says " + rcode_name(rcode);
    if (rcode == KNOT_RCODE_NOTAUTH) what += ", as a server does that does not hold the zone";
    if (rcode == KNOT_RCODE_REFUSED) {
      what += ", as PowerDNS does where it does not know the TSIG key " + key.name.to_string() + " or has another secret for it";
    }
    return update_failure(UpdateErrorKind::unsigned_reply, what);
  }
  if (!knot_tsig_rdata_is_ok(tsig)) return update_failure(UpdateErrorKind::bad_reply, "the reply's TSIG record is malformed");
  const std::uint16_t error = knot_tsig_rdata_error(tsig);
  // RFC 8945 5.3.2: a server that could not check our signature cannot sign. It is an error anyhow, so nothing is lost
  // by believing which.
  if (error != 0 && knot_tsig_rdata_mac_length(tsig) == 0) return tsig_failure(error, tsig, key);
  const KnotKey knot_key(key);
  const int code = knot_tsig_client_check(tsig, (*packet)->wire, (*packet)->size, update.mac.data(), update.mac.size(), &knot_key.view, 0);
  if (code != KNOT_EOK) {
    return update_failure(UpdateErrorKind::bad_reply, "the reply's signature does not hold (" + std::string(knot_strerror(code)) +
                                                          "); it says " + rcode_name(rcode));
  }
  if (error != 0) return tsig_failure(error, tsig, key);
  return by_rcode(rcode);
}

}  // namespace danewerk::io::dns
