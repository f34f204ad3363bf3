// UnboundControl: telling our own Unbound child something over its control socket. And the lookup past caches.
//
// "Is it visible to the world?" cannot be asked of a cache. What really works with Unbound 1.17, tried against it:
//   flush_zone NAME   drops every RRset, message and key at and below NAME, negative answers included. The next question
//                     fetches records, DS and DNSKEY again and validates anew. Costs one walk over the cache. Taken.
//   flush NAME        leaves TLSA alone (it knows A, AAAA, NS, SOA, MX, ... only).
//   flush_type        leaves the NSEC records from which aggressive-nsec goes on denying a name just added.
//   an unused name below a wildcard would bypass the cache, but says nothing about names that are no wildcard.
// With another validating resolver there is no such socket: wait out the TTL, or ask the servers (server_query.h).
//
// The socket is a path (`control-interface: /run/.../unbound.ctl`); then Unbound speaks plain text on it, no TLS.
#pragma once

#include <string>

#include "io/dns/stub_resolver.h"

namespace danewerk::io::dns {

class UnboundControl {
 public:
  explicit UnboundControl(std::string socket_path, Duration deadline = std::chrono::seconds(5))
      : path_(std::move(socket_path)), deadline_(deadline) {}

  /// One command, e.g. "status"; what Unbound answers. Errors: unavailable, timeout, refused (it answers "error ...").
  Task<Result<std::string>> run(std::string command) const;
  /// The same for commands that answer a list, which may be empty: "list_insecure".
  Task<Result<std::string>> list(std::string command) const;
  Task<Result<void>> flush_zone(types::DomainName zone) const;

 private:
  Task<Result<std::string>> converse(std::string command) const;

  std::string path_;
  Duration deadline_;
};

/// Flushes `zone` at the resolver and in our own cache, then asks: the answer was fetched and validated after this call
/// began (unless the resolver was just fetching the same). A failed flush is LookupErrorKind::unreachable.
Task<types::Lookup> ask_uncached(StubResolver& resolver, const UnboundControl& control, types::DomainName zone,
                                 types::DnsQuestion question);

}  // namespace danewerk::io::dns
