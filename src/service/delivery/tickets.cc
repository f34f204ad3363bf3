#include "service/delivery/tickets.h"

#include <algorithm>

namespace danewerk::service {
namespace {

/// Equal for terms that are equal for a ticket; addresses with many names have many hashes.
std::size_t hash_of(const LineTerms& terms) {
  const auto octets = terms.peer.address.bytes();
  const std::string_view address(reinterpret_cast<const char*>(octets.data()), octets.size());
  const std::size_t place = std::hash<std::string_view>{}(address) + static_cast<std::size_t>(terms.peer.port);
  const std::size_t name = terms.demand.sni ? std::hash<types::DomainName>{}(*terms.demand.sni) : 0;
  return place ^ (name * 0x9e3779b97f4a7c15ULL);
}

/// From which of our addresses it came, and what was said in EHLO, is nothing to a TLS session.
bool same_for_tls(const LineTerms& a, const LineTerms& b) {
  return a.peer == b.peer && a.protocol == b.protocol && a.level == b.level && a.demand == b.demand;
}

}  // namespace

Tickets::Index::iterator Tickets::look_up(const LineTerms& terms) {
  const auto [begin, end] = index_.equal_range(hash_of(terms));
  const auto found = std::find_if(begin, end, [&terms](const auto& entry) { return same_for_tls(entry.second->terms, terms); });
  return found == end ? index_.end() : found;
}

void Tickets::drop(Index::iterator at) {
  tickets_.erase(at->second);
  index_.erase(at);
}

io::TlsTicket Tickets::find(const LineTerms& wanted, Instant now) {
  const auto found = look_up(wanted);
  if (found == index_.end()) return nullptr;
  if (found->second->until <= now || io::lifetime(found->second->ticket) <= Duration::zero()) {
    drop(found);
    return nullptr;
  }
  tickets_.splice(tickets_.begin(), tickets_, found->second);
  return found->second->ticket;
}

void Tickets::keep(const LineTerms& terms, io::TlsTicket ticket, Instant now, Instant valid_until) {
  const Instant until = std::min(valid_until, now + io::lifetime(ticket));
  if (most_ == 0 || until <= now) return;
  forget(terms);
  if (tickets_.size() >= most_) drop(look_up(tickets_.back().terms));
  tickets_.push_front({terms, std::move(ticket), until});
  index_.emplace(hash_of(terms), tickets_.begin());
}

void Tickets::forget(const LineTerms& terms) {
  if (const auto found = look_up(terms); found != index_.end()) drop(found);
}

}  // namespace danewerk::service
