#include "engine/lifecycle/finding_kinds.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace danewerk::lifecycle {
namespace {

using enum types::Severity;
using types::Party;

constexpr std::array kinds{
    FindingKind{"control.unproven", error, Party::owner, "Nothing in the domain's DNS shows that its owner wants it here; no mail is taken for it.",
                "Publish the TXT record in the domain's own zone, then run `danewerk domain verify`."},
    FindingKind{"control.quarantined", error, Party::owner,
                "The domain left: for days its MX named other hosts and its TXT record was gone. Its mail is deferred until control is proven anew.",
                "If the domain is to stay, publish the TXT record, whose token is new, and run `danewerk domain verify`; else remove it."},
    FindingKind{"control.returned", error, Party::owner,
                "The MX of a domain in quarantine leads here again. That does not say whose the name is now, so that its mail stays deferred.",
                "Have this customer publish the TXT record; if the name is somebody else's now, run `danewerk domain remove` and add it for him."},
    FindingKind{"zone.unsigned", warning, Party::owner,
                "The domain's own zone is not signed, so its MX answer can be forged: senders authenticate our host, not the way to it.",
                "Sign the zone at its DNS host, and have the DS put into the parent zone."},
    FindingKind{"zone.bogus", error, Party::dns_host,
                "The domain's zone fails DNSSEC validation: every validating sender holds back its mail, or loses it.",
                "Have the DNS host repair signatures and DS; if it cannot be done at once, have the DS removed from the parent zone."},
    FindingKind{"zone.unanswered", warning, Party::dns_host, "The domain's name servers did not answer; nothing was concluded from that.",
                "Check the delegation and the name servers of the domain; the next look will tell."},
    FindingKind{"resolver.unfit", error, Party::us, "Our own resolver could not be asked or does not validate; nothing was concluded from that.",
                "See `danewerk status`; the domain has nothing to do with it."},
    FindingKind{"mx.missing", error, Party::owner, "The domain has no MX record, so that mail goes to its own address, if it has one.",
                "Publish the MX record."},
    FindingKind{"mx.null", error, Party::owner, "The domain says that it takes no mail (null MX, RFC 7505).", "Replace the null MX by the MX record."},
    FindingKind{"mx.elsewhere", error, Party::owner, "No MX record of the domain names our host: its mail goes elsewhere.", "Publish the MX record."},
    FindingKind{"mx.not-first", error, Party::owner, "Another host is preferred to ours, or equal to it: mail goes there, without our DANE.",
                "Give our host a lower number than every other host, then remove the others."},
    FindingKind{"mx.fallback", warning, Party::owner,
                "Other hosts stand behind ours: whoever keeps senders from reaching ours leads mail there, where no TLSA record may protect it.",
                "Remove the other MX records once the move is over."},
    FindingKind{"mx.alias", error, Party::owner, "An MX record leads to our host by an alias or by its address, so that the TLSA record is looked up "
        "elsewhere.",
                "Name our host itself in the MX record (RFC 5321 5.1 forbids aliases there)."},
    FindingKind{"mx.unreadable", warning, Party::owner, "An MX record names what cannot be a host.", "Remove or correct that record."},
    FindingKind{"host.missing", error, Party::us, "Our MX host for the domain has no address, or not those it should have.",
                "See `danewerk status`: the zone is not published as it should be."},
    FindingKind{"host.insecure", error, Party::us, "The addresses of our MX host are not signed as far as a stranger can see, so that senders do no DANE.",
                "Hand the DS record that `danewerk status` prints to the parent of the MX zone."},
    FindingKind{"host.bogus", error, Party::us, "Our own MX zone fails validation: senders that validate hold back all mail.",
                "See `danewerk status` for what each name server holds; compare the DS in the parent zone."},
    FindingKind{"host.unanswered", warning, Party::us, "The name servers of our own MX zone did not answer.", "See `danewerk status`."},
    FindingKind{"tlsa.missing", error, Party::us, "DANE is on and our host has no TLSA record: senders do no DANE.",
                "Wait for the negative TTL if DANE was just switched on; else see `danewerk status`."},
    FindingKind{"tlsa.present", notice, Party::us, "DANE is off and a TLSA record still answers for our host.",
                "Wait for the TTL if DANE was just switched off; mail is not at risk, for the record is right."},
    FindingKind{"tlsa.mismatch", error, Party::us, "A chain served at our address matches no TLSA record: senders that do DANE deliver nothing there.",
                "Roll back the certificate at that address, or publish its key and wait out the TTL before it serves."},
    FindingKind{"probe.unreachable", warning, Party::us, "Nobody could be reached at an address of our host.",
        "Start that edge, or take its address out of zone.mx_addresses."},
    FindingKind{"probe.no-starttls", error, Party::us, "STARTTLS was not offered at an address of our host: senders that do DANE deliver nothing there.",
                "Find what removes it: a proxy or an inspecting firewall before the edge, or an edge without a certificate."},
    FindingKind{"probe.failed", error, Party::us, "No TLS handshake came about at an address of our host.", "See the reason given, and that edge's log."},
    FindingKind{"certificate.expired", warning, Party::us, "A certificate we serve is past its time. DANE-EE does not mind; some large senders do.",
                "Renew it with the same key."},
    FindingKind{"certificate.expiring", warning, Party::us, "A certificate we serve ends soon.",
        "Renew it with the same key; see why that did not happen by itself."},
    FindingKind{"sts.host-not-named", error, Party::owner, "The domain's MTA-STS policy is in force and does not name our host: senders that obey it "
        "deliver nothing to us.",
                "Add our host to the policy, raise the id in the TXT record, and wait out max_age before the MX moves."},
    FindingKind{"sts.host-not-named-testing", warning, Party::owner, "The domain's MTA-STS policy, in testing, does not name our host.",
                "Add our host to the policy and raise the id in the TXT record."},
    FindingKind{"sts.unavailable", warning, Party::owner, "The domain announces an MTA-STS policy that cannot be had.",
                "Put the policy host right, or remove the _mta-sts TXT record."},
    FindingKind{"sts.absent", notice, Party::owner, "There is no MTA-STS policy; senders that do no DANE then protect nothing.",
                "Consider publishing one."},
    FindingKind{"tlsrpt.absent", notice, Party::owner, "There is no TLSRPT record, so nobody tells you of failed TLS.",
        "Publish one, if you can read the reports."},
    FindingKind{"tlsrpt.unreadable", warning, Party::owner, "The TLSRPT record cannot be read (RFC 8460 3): no reports will come.",
                "Publish exactly one record that begins with v=TLSRPTv1; and has a rua."},
};

}  // namespace

std::span<const FindingKind> finding_kinds() { return kinds; }

const FindingKind& finding_kind(std::string_view code) {
  const auto* found = std::find_if(kinds.begin(), kinds.end(), [code](const FindingKind& kind) { return kind.code == code; });
  CHECK(found != kinds.end());
  return *found;
}

}  // namespace danewerk::lifecycle
