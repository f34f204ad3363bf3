// ScriptedResolver: a Resolver whose world is a written text. For tests, scenarios and `what if` of other parts.
//
// One line a record; '#' begins a comment. Names are absolute. The status says how the record's zone stands:
//
//   zone example.com secure                          # denials below are secure; without a zone line, insecure
//   example.com              MX    secure   10 mx.example.com
//   mx.example.com           A     secure   192.0.2.1
//   mx.example.com     300   AAAA  secure   2001:db8::1         # a TTL may stand before the type; default 3600
//   _25._tcp.mx.example.com  TLSA  secure   3 1 1 <hex>
//   _25._tcp.b.example.com   TLSA  secure   \# 1 ab             # RDATA as octets (RFC 3597 5), e.g. a truncated record
//   www.example.com          CNAME insecure host.example.net
//   *.w.example.com          A     secure   192.0.2.7           # wildcards answer as RFC 4592 says
//   example.com              TXT   secure   "v=STSv1; id=1;" "more"
//   bad.example.com          TLSA  servfail                     # or bogus timeout refused malformed too_large alias_loop
//   gone.example.com         *     timeout                      # every type of that name; also resolver_unfit, unreachable
//   empty.example.com        A     nodata                       # the name exists and has none; NXDOMAIN is the default
//
// It follows aliases as RES-07 says: insecure from the first insecure link on, an error at any link is the whole answer.
// What was asked is kept, in order, so that a test can say what must not have been asked (TL-02).
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "io/dns/resolver.h"
#include "io/runtime/clock.h"

namespace danewerk::io::dns {

class ScriptedResolver final : public Resolver {
 public:
  explicit ScriptedResolver(Clock& clock) : clock_(clock) {}

  /// Adds to the world. Error: malformed, with the line's number; the lines before it are in.
  Result<void> add(std::string_view text);
  /// Takes a name and type out of the world (all types where none is named): for worlds that change.
  void remove(const types::DomainName& name, std::optional<types::RecordType> type = std::nullopt);

  using Resolver::ask;
  Task<types::Lookup> ask(types::DnsQuestion question) override;
  /// The same without waiting.
  types::Lookup answer(const types::DnsQuestion& question) const;
  const std::vector<types::DnsQuestion>& asked() const noexcept { return asked_; }

 private:
  struct Node {
    types::DnssecStatus status = types::DnssecStatus::insecure;
    std::optional<types::LookupErrorKind> error;
    Ttl ttl{3600};
    std::vector<types::RecordData> records;
  };
  using Types = std::map<types::RecordType, Node>;

  Result<void> add_line(std::string_view line);
  Result<void> add_record(types::DomainName name, Ttl ttl, std::string_view type, std::string_view status, std::string_view data);
  const Types* types_at(const types::DomainName& name) const;
  bool exists(const types::DomainName& name) const;
  types::DnssecStatus zone_status(const types::DomainName& name) const;

  Clock& clock_;
  std::map<types::DomainName, Types> names_;
  std::map<types::DomainName, types::LookupErrorKind> failing_names_;
  std::map<types::DomainName, types::DnssecStatus> zones_;
  std::vector<types::DnsQuestion> asked_;
};

}  // namespace danewerk::io::dns
