// Tickets: TLS sessions of one reactor that later connections on the same terms may resume.
//
// A full handshake is most of the CPU time of a message that has a connection to itself. A session resumed skips the
// certificate, and with it everything that was to be verified: it is only as good as the verification of the connection it
// comes from. So a ticket is kept under the terms that connection met (address, port, SNI, TLSA base domain and usable set,
// whatever else the hop demands, and the level), is offered only for exactly these, and the chain kept with it is judged
// again for the errand at hand, at the errand's time, by the function that judges live chains. A TLSA set that changed is
// another key: the old ticket is never found again. OpenSSL's own cache is not used: it knows nothing of policies.
//
// A ticket is kept no longer than the peer honours it, nor beyond the life of the plan it was made under.
//
// Bounded; the least recently used goes first. One reactor only: OpenSSL writes into a session while it is resumed.
// RFC 8446 2.2, RFC 5077, RFC 9325 3.4; TLS-04.
#pragma once

#include <list>
#include <unordered_map>

#include "service/delivery/line.h"

namespace danewerk::service {

class Tickets {
 public:
  /// `most` of 0: nothing is kept, every handshake is a full one.
  explicit Tickets(std::size_t most) : most_(most) {}

  /// One to offer to that peer on those terms; null if there is none.
  io::TlsTicket find(const LineTerms& wanted, Instant now);
  /// In place of an earlier one for the same terms. `valid_until` is the plan's. Null, or one that ends now, is not kept.
  void keep(const LineTerms& terms, io::TlsTicket ticket, Instant now, Instant valid_until);
  /// It did no good.
  void forget(const LineTerms& terms);
  std::size_t size() const noexcept { return tickets_.size(); }

 private:
  struct Kept {
    LineTerms terms;
    io::TlsTicket ticket;
    Instant until;
  };
  using Order = std::list<Kept>;  // the most recently used in front
  using Index = std::unordered_multimap<std::size_t, Order::iterator>;
  Index::iterator look_up(const LineTerms& terms);
  void drop(Index::iterator at);

  std::size_t most_;
  Order tickets_;
  Index index_;
};

}  // namespace danewerk::service
