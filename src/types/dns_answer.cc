#include "types/dns_answer.h"

namespace danewerk::types {

std::string to_string(RecordType type) {
  switch (type) {
    case RecordType::a: return "A";
    case RecordType::ns: return "NS";
    case RecordType::cname: return "CNAME";
    case RecordType::soa: return "SOA";
    case RecordType::mx: return "MX";
    case RecordType::txt: return "TXT";
    case RecordType::aaaa: return "AAAA";
    case RecordType::dname: return "DNAME";
    case RecordType::ds: return "DS";
    case RecordType::rrsig: return "RRSIG";
    case RecordType::nsec: return "NSEC";
    case RecordType::dnskey: return "DNSKEY";
    case RecordType::nsec3: return "NSEC3";
    case RecordType::nsec3param: return "NSEC3PARAM";
    case RecordType::tlsa: return "TLSA";
    case RecordType::cds: return "CDS";
    case RecordType::cdnskey: return "CDNSKEY";
    case RecordType::caa: return "CAA";
  }
  return "TYPE" + std::to_string(static_cast<unsigned>(type));
}

std::string DnsQuestion::to_string() const { return name.to_string() + " " + types::to_string(type); }

std::string TxtRecord::joined() const {
  std::string out;
  for (const std::string& s : strings) out += s;
  return out;
}

const char* to_string(LookupErrorKind kind) noexcept {
  switch (kind) {
    case LookupErrorKind::bogus: return "bogus";
    case LookupErrorKind::server_failure: return "server_failure";
    case LookupErrorKind::refused: return "refused";
    case LookupErrorKind::timeout: return "timeout";
    case LookupErrorKind::malformed: return "malformed";
    case LookupErrorKind::too_large: return "too_large";
    case LookupErrorKind::alias_loop: return "alias_loop";
    case LookupErrorKind::resolver_unfit: return "resolver_unfit";
    case LookupErrorKind::unreachable: return "unreachable";
  }
  return "server_failure";
}

}  // namespace danewerk::types
