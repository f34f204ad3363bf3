"""The lab's zones as data: which exist, who serves them, what they hold at the start.

All are signed ECDSAP256SHA256 with NSEC and chained by DS from the root, except attacker.lab, which is
delegated without DS. Every TTL and every SOA minimum is 5 seconds, so that a change is visible to all
resolvers within 5 seconds and a wrong one is soon forgotten.
"""
from dataclasses import dataclass, field

from .addresses import ATTACKED, LEAVES, NUMBERS, TAMPER
from .net import ipv4, ipv6

TTL = 5
MX_ZONE = "mx.hoster.example."  # Danewerk's own: served by its Knot on host danewerk


@dataclass
class Zone:
    """A zone served by host dns. `server` is the last group of its name server's addresses."""
    name: str
    parent: str | None
    server: int = LEAVES
    signed: bool = True
    policy: str = "lab"  # of lab/knot.py: how it is signed
    records: list[tuple[str, str, str]] = field(default_factory=list)  # owner, type, data
    update_key: str = ""  # hmac-sha256:name:base64 of who may change MX and TXT records by RFC 2136; empty: nobody

    def under(self, label: str) -> str:
        return f"{label}." if self.name == "." else f"{label}.{self.name}"

    @property
    def tamperable(self) -> bool:
        return self.server == TAMPER

    def text(self, delegations: list["Zone"], ds: dict[str, str]) -> str:
        """The zone file, with NS, glue and DS for the zones delegated from here."""
        server = self.under("ns1")
        rows = [(self.name, "SOA", f"{server} hostmaster.{self.name.lstrip('.')} 1 3600 600 86400 {TTL}"),
                (self.name, "NS", server), (server, "A", ipv4(self.server)), (server, "AAAA", ipv6(self.server))]
        for child in delegations:
            glue = child.under("ns1")
            rows += [(child.name, "NS", glue), (glue, "A", ipv4(child.server)), (glue, "AAAA", ipv6(child.server))]
            if child.name in ds:
                rows.append((child.name, "DS", ds[child.name]))
        return "".join(f"{owner} {TTL} IN {kind} {data}\n" for owner, kind, data in rows + self.records)


def host_records(name: str, number: int) -> list[tuple[str, str, str]]:
    return [(name, "A", ipv4(number)), (name, "AAAA", ipv6(number))]


def tenant(name: str, shard_label: str) -> Zone:
    return Zone(name, "lab.", records=[(name, "MX", f"10 {shard_label}.s1.{MX_ZONE}")])


def all_zones(tlsa: dict[str, str]) -> list[Zone]:
    """Every zone, parents first. `tlsa`: MX host name (no final dot) -> TLSA data published at _25._tcp below it."""
    top = NUMBERS["dns"]
    hoster = Zone("hoster.example.", "example.", records=[
        ("hoster.example.", "MX", f"10 hoster-example.s1.{MX_ZONE}"),
        (MX_ZONE, "NS", f"ns1.{MX_ZONE}"), *host_records(f"ns1.{MX_ZONE}", NUMBERS["danewerk"]),
        *host_records("danewerk.hoster.example.", NUMBERS["danewerk"]),
        *host_records("mbox1.hoster.example.", NUMBERS["mbox1"]),
        *host_records("mbox2.hoster.example.", NUMBERS["mbox2"])])
    foreign = Zone("foreign.example.", "example.", records=[
        ("foreign.example.", "MX", "10 mx1.foreign.example."),
        *host_records("mx1.foreign.example.", NUMBERS["foreign"]),
        ("_25._tcp.mx1.foreign.example.", "TLSA", tlsa["mx1.foreign.example"])])
    attacked = [Zone(f"{n}.lab.", "lab.", TAMPER, records=[
        (f"{n}.lab.", "MX", f"10 mx.{n}.lab."), *host_records(f"mx.{n}.lab.", NUMBERS[n]),
        (f"_25._tcp.mx.{n}.lab.", "TLSA", tlsa[f"mx.{n}.lab"])]) for n in ATTACKED]
    attacker = Zone("attacker.lab.", "lab.", TAMPER, signed=False, records=[
        ("attacker.lab.", "MX", "10 mx.attacker.lab."), *host_records("mx.attacker.lab.", NUMBERS["attacker"])])
    return [Zone(".", None, top), Zone("example.", ".", top), Zone("lab.", ".", top), hoster, foreign,
            tenant("contoso.lab.", "contoso-lab"), tenant("fabrikam.lab.", "fabrikam-lab"), *attacked, attacker]


def absolute(name: str) -> str:
    return name.lower() if name.endswith(".") else name.lower() + "."


def zone_of(name: str, zones: list[Zone]) -> Zone:
    """The zone among `zones` that holds `name`: the longest one it ends with."""
    name = absolute(name)
    holding = [z for z in zones if z.name in (".", name) or name.endswith("." + z.name)]
    return max(holding, key=lambda z: 0 if z.name == "." else len(z.name))
