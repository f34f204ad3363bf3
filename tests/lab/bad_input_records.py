"""Malformed and outsized TLSA sets, published in a signed zone, and mail to the hosts they stand for.

Each set has a domain of its own (cN.foreign.example, whose MX host is the hostile host `stripped` under another name), so
no cache has to be waited for. At first that host strips STARTTLS: whatever the set holds, the message must wait and not
one octet of it may be sent in clear. Then the host is honest, and the message goes out: authenticated where a usable
record matches, over TLS without authentication where none is usable (RFC 7672 2.2), not at all where the set could not
be looked up, or is larger than 100 records or 32 KiB (the TLSA flood). TL-09, TL-11, TL-12, CRT-08.
"""
import random
from dataclasses import dataclass, field

from lab.hostile_hosts import HostileHost
from lab.net import LabError
from lab.world import TTL

from .bad_input import Bench
from .frame import demand

ZONE = "foreign.example"
GOOD = "(the record of the host's key)"
UNUSABLE, DANE, UNKNOWN = "unusable", "dane", "lookup failed"


def noise(octets: int, seed: int) -> str:
    return random.Random(seed).randbytes(octets).hex()


@dataclass(frozen=True)
class TlsaSet:
    """`means`: what the set amounts to. `reason`: words that explain() must use about the first record."""
    name: str
    records: list[str] = field(hash=False)
    means: str
    reason: str = ""


SETS = [
    TlsaSet("SHA2-256 of 31 octets", ["3 1 1 " + noise(31, 1)], UNUSABLE, "31 octets"),
    TlsaSet("SHA2-256 of 33 octets", ["3 1 1 " + noise(33, 2)], UNUSABLE, "33 octets"),
    TlsaSet("SHA2-512 of 32 octets", ["3 1 2 " + noise(32, 3)], UNUSABLE, "32 octets"),
    TlsaSet("SHA2-256 of 1 octet", ["3 1 1 " + noise(1, 4)], UNUSABLE, "1 octets"),
    TlsaSet("RDATA of 3 octets", [r"\# 3 030101"], UNUSABLE, "no association data"),
    TlsaSet("RDATA of 2 octets", [r"\# 2 0301"], UNUSABLE, "at least 3"),
    TlsaSet("RDATA of 1 octet", [r"\# 1 03"], UNUSABLE, "at least 3"),
    TlsaSet("RDATA of 0 octets", [r"\# 0"], UNUSABLE, "at least 3"),
    TlsaSet("usages 0 and 1 only", ["0 1 1 " + noise(32, 5), "1 0 1 " + noise(32, 6)], UNUSABLE, "not for SMTP"),
    TlsaSet("usages 4 and 255", ["4 1 1 " + noise(32, 7), "255 1 1 " + noise(32, 8)], UNUSABLE, "not defined"),
    TlsaSet("unknown selector", ["3 2 1 " + noise(32, 9)], UNUSABLE, "selector 2"),
    TlsaSet("unknown matching type", ["3 1 3 " + noise(48, 10)], UNUSABLE, "matching type 3"),
    TlsaSet("Full(0) certificate that is garbage", ["3 0 0 " + noise(600, 11)], UNUSABLE, "does not read as a certificate"),
    TlsaSet("Full(0) key that is a cut-off SEQUENCE", ["3 1 0 30820122300d06092a864886f7"], UNUSABLE, "does not read as a public key"),
    TlsaSet("Full(0) trust anchor that is garbage", ["2 0 0 308204ff" + noise(300, 12)], UNUSABLE, "does not read as a certificate"),
    TlsaSet("garbage and a good record", ["3 1 1 " + noise(31, 13), "3 1 2 " + noise(32, 14), "0 0 0 00", "3 0 0 " + noise(50, 15), GOOD], DANE),
    TlsaSet("a good record among 99", ["3 1 1 " + noise(32, 100 + n) for n in range(98)] + [GOOD], DANE),
    TlsaSet("150 records, one of them good", ["3 1 1 " + noise(32, 300 + n) for n in range(149)] + [GOOD], UNKNOWN),
    TlsaSet("a set of 30 KB, 48 garbage certificates and a good record", ["3 0 0 " + noise(600, 500 + n) for n in range(48)] + [GOOD], DANE),
    TlsaSet("a set of 55 KB, 90 garbage certificates and a good record", ["3 0 0 " + noise(600, 600 + n) for n in range(90)] + [GOOD], UNKNOWN),
    TlsaSet("a set of 60 KB, all of it garbage", ["3 0 0 " + noise(1500, 700 + n) for n in range(40)], UNKNOWN),
]
ASSURANCE = {UNUSABLE: "encrypted", DANE: "next_hop_authenticated"}


class Records:
    def __init__(self, bench: Bench):
        self.bench = bench
        self.host = HostileHost(bench.world, "stripped")
        self.good = bench.world.certificates["mx.stripped.lab"].tlsa()
        self.published: dict[int, TlsaSet] = {}
        self.queued: dict[int, str] = {}

    def publish(self, number: int, tlsa: TlsaSet) -> None:
        dns, name = self.bench.world.dns, f"c{number}.{ZONE}"
        dns.set_rrset(name, "MX", TTL, [f"10 mx.{name}."])
        dns.set_rrset(f"mx.{name}", "A", TTL, [self.host.host.ipv4])
        dns.set_rrset(f"_25._tcp.mx.{name}", "TLSA", TTL, [self.good if r == GOOD else r for r in tlsa.records])

    def publish_all(self) -> None:
        for number, tlsa in enumerate(SETS, 1):
            try:
                self.publish(number, tlsa)
                self.published[number] = tlsa
            except LabError as error:
                self.bench.note(f"Knot refuses {tlsa.name}, so it could not be tested: {str(error).splitlines()[-1][-120:]}")

    # -- what is said --------------------------------------------------------------------------------------------

    def explained(self, number: int) -> str:
        """What `explain` demands of the host, and why; nothing is sent."""
        tlsa = self.published[number]
        shown = self.bench.danewerk.json("explain", f"c{number}.{ZONE}")
        host = shown["hosts"][0]
        if tlsa.means == UNKNOWN:
            demand("level" not in host and host["out"]["code"] == "4.7.324", f"expected no connection with 4.7.324, got {host.get('level')} {host.get('out')}")
            demand("larger than we take" in host["because"], f"because: {host['because']}")
            return f"no connection, {host['out']['code']}: {host['because']}"
        wanted = "dane" if tlsa.means == DANE else "encrypt"
        demand(wanted in host.get("level", "none") and "out" not in host, f"level {host.get('level')}, expected one of {wanted}: {host.get('because')}")
        used = [t["record"] for t in host["tlsa"] if t["used"]]
        demand((self.good in used) == (tlsa.means == DANE), f"used: {used}")
        demand(tlsa.means == DANE or not used, f"used: {used}")
        demand(tlsa.reason in host["tlsa"][0]["because"], f"expected '{tlsa.reason}' in '{host['tlsa'][0]['because']}'")
        why = host["tlsa"][0]["because"] if tlsa.means == UNUSABLE else f"{len(used)} of {len(host['tlsa'])} used"
        return f"{host['level']}; {why}"

    # -- what is done --------------------------------------------------------------------------------------------

    def stripped(self, number: int) -> str:
        """STARTTLS stripped: the message waits, with what the operator needs to see."""
        code = "4.7.324" if self.published[number].means == UNKNOWN else "4.7.321"
        recipient = self.bench.waits(self.queued[number], code.replace(".", r"\."))
        self.bench.no_leak(self.host)
        self.bench.logged(0, rf"delivery\.deferred.*{self.queued[number]}")
        return recipient["code"]

    def honest(self, number: int) -> str:
        tlsa = self.published[number]
        if tlsa.means == UNKNOWN:
            recipient = self.bench.waits(self.queued[number], r"4\.7\.324")
            demand(not [m for m in self.messages(number)], "the host was given the message")
            return "still waits with " + recipient["code"]
        recipient = self.bench.delivered(self.queued[number], ASSURANCE[tlsa.means])
        demand(len(self.messages(number)) == 1, f"the host has {len(self.messages(number))} copies")
        return recipient["evidence"]["assurance"]

    def repaired(self, number: int) -> str:
        """The set that was too large is mended: the message goes out by itself."""
        self.bench.world.dns.set_rrset(f"_25._tcp.mx.c{number}.{ZONE}", "TLSA", TTL, [self.good])
        return self.bench.delivered(self.queued[number], ASSURANCE[DANE])["evidence"]["assurance"]

    def messages(self, number: int) -> list[dict]:
        return [m for m in self.host.records() if m["event"] == "message" and any(f"@c{number}.{ZONE}" in r for r in m["recipients"])]

    def each(self, title: str, step) -> None:
        for number, tlsa in self.published.items():
            self.bench.case(f"{tlsa.name}, {title}", step, number)


def run(bench: Bench) -> None:
    bench.section("Outbound: malformed and outsized TLSA sets")
    records = Records(bench)
    records.host.start("strip")
    records.publish_all()
    records.each("explained", records.explained)
    for number in records.published:
        records.queued[number] = bench.send(f"victim@c{number}.{ZONE}")
    records.each("host strips STARTTLS", records.stripped)
    demand(records.host.connections() > 0, "the hostile host was never connected to: nothing was shown")
    records.host.mode("honest")
    records.each("honest host", records.honest)
    for number, tlsa in records.published.items():
        if tlsa.means == UNKNOWN:
            bench.case(f"{tlsa.name}, mended", records.repaired, number)
    bench.case("no mail in clear", lambda: records.bench.no_leak(records.host))

