#include "engine/lifecycle/wishes.h"

#include <algorithm>

#include "engine/zone/host_nodes.h"

namespace danewerk::lifecycle {
namespace {

Failure<Error> not_yet(const Expectation& expected, const std::string& why) { return fail(ErrorKind::refused, "domain " + expected.domain.to_string()
    + ": " + why); }

void switch_on(types::Wish& wish, Instant now) {
  if (!wish.is_on()) wish.asked = std::max(now, wish.withdrawn ? *wish.withdrawn + Duration{1} : now);
}

void switch_off(types::Wish& wish, Instant now) {
  if (wish.is_on()) wish.withdrawn = std::max(now, *wish.asked);
}

}  // namespace

Result<types::DomainFacts> ask(Ask what, types::DomainFacts facts, const MxView& mx, const Expectation& expected, Instant now) {
  const std::string name = expected.domain.to_string();
  if (expected.host.is_root()) return fail(ErrorKind::unavailable, "there is no MX zone here; set zone.name");
  const bool on = what == Ask::enable_dnssec || what == Ask::enable_dane;
  if (on && facts.quarantined) return not_yet(expected, out_of_quarantine(expected.domain));
  if (on && !facts.verified) return not_yet(expected, "control is not proven; first: danewerk domain verify " + name);
  switch (what) {
    case Ask::enable_dnssec: switch_on(facts.dnssec, now); break;
    case Ask::enable_dane:
      if (!facts.dnssec.is_on()) return not_yet(expected, "DANE rests on DNSSEC; first: danewerk domain enable-dnssec " + name);
      switch_on(facts.dane, now);
      break;
    case Ask::disable_dane:
      switch_off(facts.dane, now);
      facts.dane_live = {};
      break;
    case Ask::disable_dnssec:
      if (facts.dane.is_on()) return not_yet(expected, "DANE is on; first: danewerk domain disable-dane " + name);
      if (mx.place >= MxView::Place::behind) {
        std::string seen;
        for (const std::string& line : mx.lines) seen += (seen.empty() ? "" : "; ") + line;
        return not_yet(expected, "its MX still names our host, which would be gone; first put the MX back, and wait out its TTL. Seen: " + seen);
      }
      if (!mx.is_known() && facts.mx_here) return not_yet(expected, "its MX could not be looked up, and named our host when it was seen last; try again");
      switch_off(facts.dnssec, now);
      break;
  }
  return facts;
}

std::string out_of_quarantine(const types::DomainName& domain) {
  const std::string name = domain.to_string();
  return "it is in quarantine, which only the TXT record with its new token ends: danewerk domain verify " + name +
         " shows it and looks for it; if the name is somebody else's now: danewerk domain remove " + name + ", then add it for him";
}

std::vector<std::string> zone_diff(const types::DomainFacts& before, const types::DomainFacts& after, const Expectation& expected,
                                   const types::TlsaSet& records) {
  const auto rank = [](types::HostWish wish) { return static_cast<int>(wish); };
  const int from = rank(zone::answered(expected.holding, zone::need_of(before))), to = rank(zone::answered(expected.holding, zone::need_of(after)));
  std::vector<std::string> out;
  const std::string sign = to > from ? "+ " : "- ";
  const auto passes = [&](types::HostWish wish) { return std::min(from, to) < rank(wish) && rank(wish) <= std::max(from, to); };
  if (passes(types::HostWish::plain)) {
    for (const types::IpAddress& address : expected.addresses) {
      const char* type = address.family() == types::IpAddress::Family::v4 ? " A " : " AAAA ";
      out.push_back(sign + expected.host.to_string() + "." + type + address.to_string());
    }
  }
  if (passes(types::HostWish::dane)) {
    for (const types::TlsaRecord& record : records) out.push_back(sign + "_25._tcp." + expected.host.to_string() + ". TLSA " + record.to_string());
  }
  return out;
}

const char* to_string(Ask what) noexcept {
  switch (what) {
    case Ask::enable_dnssec: return "enable-dnssec";
    case Ask::enable_dane: return "enable-dane";
    case Ask::disable_dane: return "disable-dane";
    case Ask::disable_dnssec: return "disable-dnssec";
  }
  return "";
}

}  // namespace danewerk::lifecycle
