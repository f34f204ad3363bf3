// Packet: a DNS message in libknot's hands. Internal to io/dns: included by .cc files here and by nothing else.
//
// libknot checks the outer form of a message (counts, name compression, record lengths, one OPT, one TSIG). It lets
// empty RDATA of any type through, because DNS UPDATE needs that; whoever reads RDATA must check its length.
// TLSA records of 0 to 3 octets it would refuse together with the whole message; Packet::parse hides them from it behind
// a private type (is_short_tlsa), because they matter: an unusable TLSA record still demands TLS (RFC 7672 2.2).
// With parsing, names are brought to lower case (RFC 4034 6.2) and the TSIG is taken off the wire.
#pragma once

#include <memory>
#include <string>

extern "C" {  // libknot's headers do not say so themselves
#include <libknot/libknot.h>
}

#include "base/bytes.h"
#include "base/result.h"
#include "types/dns_answer.h"

namespace danewerk::io::dns {

constexpr std::size_t header_size = 12;             // RFC 1035 4.1.1
constexpr std::uint16_t edns_udp_size = 1232;       // DNS flag day 2020: below every path MTU in use
constexpr std::uint16_t largest_message = 65535;

class Packet {
 public:
  /// An empty message with room for `capacity` octets.
  static Packet empty(std::uint16_t capacity);
  /// Error: malformed, saying what is wrong with the message.
  static Result<Packet> parse(ByteView wire);

  knot_pkt_t* get() const noexcept { return packet_.get(); }
  knot_pkt_t* operator->() const noexcept { return packet_.get(); }
  Bytes wire() const { return {packet_->wire, packet_->wire + packet_->size}; }

 private:
  struct Free {
    void operator()(knot_pkt_t* packet) const noexcept { knot_pkt_free(packet); }
  };
  explicit Packet(knot_pkt_t* packet) : packet_(packet) {}
  std::unique_ptr<knot_pkt_t, Free> packet_;
};

/// The single record of an RRset as libknot's parser makes them (one RRset a record).
inline ByteView rdata_view(const knot_rrset_t& rr) {
  if (rr.rrs.count == 0) return {};
  return {rr.rrs.rdata->data, rr.rrs.rdata->len};
}

constexpr std::uint16_t short_tlsa_type = 0xff34;  // private use, RFC 6895 3.1
constexpr std::size_t longest_short_tlsa = 3;

/// A TLSA record that libknot was kept from seeing; its RDATA is as received.
inline bool is_short_tlsa(const knot_rrset_t& rr) {
  return rr.type == short_tlsa_type && rdata_view(rr).size() <= longest_short_tlsa;
}

/// An uncompressed name as text, escaped where it must be; "." for the root.
std::string name_text(const knot_dname_t* name);

/// Error: malformed, where the name is none that mail can use.
Result<types::DomainName> read_name(const knot_dname_t* name);

/// RDATA as the record it is. Error: malformed, naming type and fault.
Result<types::RecordData> read_record(types::RecordType type, ByteView rdata);

/// Every extended error of the OPT record (RFC 8914), at most 16, texts made printable. Error: malformed.
Result<std::vector<types::ExtendedError>> read_extended_errors(const knot_pkt_t* packet);

/// "SERVFAIL", "NXDOMAIN", or "RCODE 4095".
std::string rcode_name(std::uint16_t rcode);

}  // namespace danewerk::io::dns
