// HandMade: DNS messages put together octet by octet, for tests. It shares nothing with the code under test, and it can
// be wrong in every way a peer can be wrong.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace danewerk::io::dns {

class HandMade {
 public:
  static constexpr std::uint16_t qr = 0x8000, tc = 0x0200, rd = 0x0100, ra = 0x0080, ad = 0x0020;

  HandMade(std::uint16_t id, std::uint16_t flags) { u16(id).u16(flags).u16(0).u16(0).u16(0).u16(0); }

  HandMade& u8(unsigned value) {
    bytes_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  HandMade& u16(unsigned value) { return u8(value >> 8 & 0xff).u8(value & 0xff); }
  HandMade& u32(std::uint32_t value) { return u16(value >> 16).u16(value & 0xffff); }
  HandMade& raw(ByteView more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return *this;
  }
  HandMade& name(std::string_view text) { return raw(wire_name(text)); }
  /// Sets one of the four counts of the header: 0 questions, 1 answers, 2 authority, 3 additional.
  HandMade& count(std::size_t section, unsigned value) {
    bytes_[4 + section * 2] = static_cast<std::uint8_t>(value >> 8);
    bytes_[5 + section * 2] = static_cast<std::uint8_t>(value & 0xff);
    return *this;
  }
  HandMade& more(std::size_t section) {
    return count(section, (bytes_[4 + section * 2] << 8 | bytes_[5 + section * 2]) + 1U);
  }
  HandMade& question(std::string_view text, unsigned type) { return more(0).name(text).u16(type).u16(1); }
  HandMade& rr(std::size_t section, std::string_view owner, unsigned type, std::uint32_t ttl, ByteView rdata) {
    return more(section).name(owner).u16(type).u16(1).u32(ttl).u16(static_cast<unsigned>(rdata.size())).raw(rdata);
  }
  HandMade& opt(ByteView options, unsigned extended_rcode = 0) {
    return more(3).u8(0).u16(41).u16(1232).u32(extended_rcode << 24 | 0x8000U).u16(static_cast<unsigned>(options.size())).raw(options);
  }
  const Bytes& bytes() const { return bytes_; }

  static Bytes wire_name(std::string_view text) {
    Bytes out;
    while (!text.empty() && text != ".") {
      const std::size_t end = std::min(text.find('.'), text.size());
      out.push_back(static_cast<std::uint8_t>(end));
      out.insert(out.end(), text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    out.push_back(0);
    return out;
  }
  static Bytes extended_error(unsigned code, std::string_view text) {
    Bytes out{0, 15, static_cast<std::uint8_t>((text.size() + 2) >> 8), static_cast<std::uint8_t>(text.size() + 2),
              static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code)};
    out.insert(out.end(), text.begin(), text.end());
    return out;
  }
  static Bytes soa(std::uint32_t serial, std::uint32_t minimum) {
    HandMade out(0, 0);
    out.bytes_.clear();
    return out.name("ns.test").name("hostmaster.test").u32(serial).u32(3600).u32(600).u32(86400).u32(minimum).bytes();
  }
  static Bytes mx(unsigned preference, std::string_view host) {
    HandMade out(0, 0);
    out.bytes_.clear();
    return out.u16(preference).name(host).bytes();
  }
  static Bytes rrsig(unsigned covered, unsigned labels, std::uint32_t ttl, std::uint32_t expiration, std::uint32_t inception) {
    HandMade out(0, 0);
    out.bytes_.clear();
    return out.u16(covered).u8(13).u8(labels).u32(ttl).u32(expiration).u32(inception).u16(4711).name("test").raw(Bytes(64, 7)).bytes();
  }

 private:
  Bytes bytes_;
};

}  // namespace danewerk::io::dns
