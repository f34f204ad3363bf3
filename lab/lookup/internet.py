"""The zones in which the cells of the matrix are true: real ones, signed by Knot, and sick where a cell wants it so.

    nsec.lab    signed, denial by NSEC            nsec3.lab   signed, denial by NSEC3: names are dealt out to both
    sick.lab    signed, behind the tamper proxy   plain.lab   not signed
    sickmx.lab  the same, for MX answers: a server that knows host and domain would add the host's good addresses to its MX answer
    choke.lab   not signed, behind the proxy: its server fails on TLSA questions, which therefore nobody may ask
    _tcp.<base>, where a TLSA set has to be insecure below a signed host: delegated without DS; and where no answer may ever
    come: delegated, with DS, to a server that reads and says nothing

`Internet` only collects records and attacks; LookupWorld (world.py) serves them.
"""
from ..addresses import LEAVES, TAMPER
from ..net import ipv4, ipv6
from ..zones import Zone
from .table import MX, Cell

UNSIGNED = 14   # a further number of host dns: the server of all that is not signed
SILENT = 60     # a host whose port 53 swallows everything
# The listening host's addresses, by what a cell says of STARTTLS; FORBIDDEN is published where nobody may connect.
SERVERS = {"offered": 101, "absent": 102, "454": 103, "handshake fails": 104, "wrong certificate": 105}
FORBIDDEN = 106
MODES = {101: "honest", 102: "strip", 103: "refuse454", 104: "tls10only", 105: "wrongcert", FORBIDDEN: "honest"}
SICK = ("bogus", "servfail", "timeout")


class Internet:
    """`zones` to serve and `rules` for the proxy; `good`: the TLSA data of the listening hosts' key."""

    def __init__(self, good: str):
        self.good = good
        self.digest = good.split()[3]
        self.zones = [Zone("nsec.lab.", "lab.", LEAVES), Zone("nsec3.lab.", "lab.", LEAVES, policy="nsec3"),
                      Zone("sick.lab.", "lab.", TAMPER), Zone("sickmx.lab.", "lab.", TAMPER),
                      Zone("plain.lab.", "lab.", UNSIGNED, signed=False), Zone("choke.lab.", "lab.", TAMPER, signed=False)]
        self.rules: list[dict] = []
        self.delegations: list[tuple[str, str, str]] = []  # further records of lab., like the DS of a zone that is made by hand
        self.expanded: dict[str, str] = {}  # host -> what it is an alias of
        for zone in ("nsec.lab.", "plain.lab."):
            self.add(f"_25._tcp.shared.{zone}", "TLSA", good)
        self.add("dn.nsec.lab.", "DNAME", "dt.nsec3.lab.")
        for zone in ("nsec.lab.", "nsec3.lab.", "sick.lab."):
            self.addresses(f"silent.{zone}", SILENT)

    # -- records -----------------------------------------------------------------------------------------------

    def zone(self, name: str) -> Zone:
        """The zone that holds `name` (with its final dot)."""
        return max((z for z in self.zones if name == z.name or name.endswith("." + z.name)), key=lambda z: len(z.name))

    def add(self, name: str, kind: str, *data: str) -> None:
        self.zone(name).records += [(name, kind, each) for each in data]

    def addresses(self, name: str, number: int) -> None:
        self.add(name, "A", ipv4(number))
        self.add(name, "AAAA", ipv6(number))

    def attack(self, name: str, kind: str, action: str, **more) -> None:
        self.rules.append({"name": name, "type": kind, "action": action, **more})

    def honest(self, label: str) -> str:
        """One of the signed zones, by the label: half the names get each kind of denial."""
        return ("nsec.lab.", "nsec3.lab.")[sum(label.encode()) % 2]

    # -- a host, by its address and TLSA answers ------------------------------------------------------------------

    def host(self, label: str, address: str, tlsa: str, number: int) -> str:
        """Publishes a host that answers as the cell wants; returns its name. At TLSA names that may not count lies a decoy."""
        sick = tlsa in ("bogus", "servfail")
        signed = "sick.lab." if sick else self.honest(label)
        unsigned = "choke.lab." if tlsa in SICK else "plain.lab."
        if address in ("secure", "insecure", "bogus", "absent"):
            zone = {"insecure": unsigned, "bogus": "sick.lab."}.get(address, signed)
            name = f"{label}.{zone}"
            if address == "absent":
                self.add(name, "TXT", '"no address here"')
            else:
                self.addresses(name, number)
            if address == "bogus":
                self.attack(name, "A", "break")
            self.tlsa(name, tlsa, number)
            return name
        return self.alias(label, address, tlsa, number, signed, unsigned)

    def alias(self, label: str, address: str, tlsa: str, number: int, signed: str, unsigned: str) -> str:
        if address == "CNAME to secure":
            name, target = f"{label}.{self.honest(label)}", f"{label}-e.{signed}"
            self.tlsa(target, "absent" if tlsa == "at the original name only" else tlsa, number)
            if tlsa == "at the original name only":
                self.tlsa(name, tlsa, number)
            elif tlsa in ("usable", "all unusable", "mixed", "CNAME secure", *SICK):
                self.decoy(name)
        elif address == "CNAME to insecure":
            name, target = f"{label}.{signed}", f"{label}-e.plain.lab."
            self.tlsa(name, tlsa, number)
            self.decoy(target)
        elif address == "insecure CNAME":
            name, target = f"{label}.{unsigned}", f"{label}-e.{self.honest(label)}"
            self.tlsa(name, tlsa, number)
            self.decoy(target)
        else:
            name, target = f"{label}.{self.honest(label)}", f"{label}-e.sick.lab."
            self.attack(target, "A", "break")
            self.attack(target, "AAAA", "break")
        self.add(name, "CNAME", target)
        self.expanded[name] = target
        self.addresses(target, number)
        return name

    def decoy(self, base: str) -> None:
        """A well-formed record that no host of the lab can match: whoever uses it does not deliver."""
        self.add(f"_25._tcp.{base}", "TLSA", "3 1 1 " + "d0" * 32)

    def tlsa(self, base: str, kind: str, number: int) -> None:
        owner, zone = f"_25._tcp.{base}", self.zone(base)
        if kind in ("usable", "at the original name only", "bogus", "servfail"):
            self.add(owner, "TLSA", self.good)
            if kind in SICK:
                self.attack(owner, "TLSA", "break" if kind == "bogus" and zone.signed else "servfail")
        elif kind == "all unusable":
            self.add(owner, "TLSA", f"1 1 1 {self.digest}", "3 1 9 aabb")
        elif kind == "mixed":
            self.add(owner, "TLSA", f"0 1 1 {self.digest}", self.good, "3 1 9 aabb")
        elif kind == "insecure" and zone.signed:
            self.zones.append(Zone(f"_tcp.{base}", zone.name, UNSIGNED, signed=False, records=[(owner, "TLSA", self.good)]))
        elif kind == "insecure":
            self.add(owner, "TLSA", self.good)
        elif kind == "timeout" and zone.signed:
            self.add(f"_tcp.{base}", "NS", f"silent.{zone.name}")
            self.add(f"_tcp.{base}", "DS", "1 13 2 " + "ab" * 32)
        elif kind == "timeout":
            self.add(owner, "TLSA", self.good)
            self.attack(owner, "TLSA", "drop")
        elif kind in ("CNAME secure", "CNAME insecure"):
            self.add(owner, "CNAME", "_25._tcp.shared." + ("nsec.lab." if kind == "CNAME secure" else "plain.lab."))

    # -- a domain, by its MX answer -------------------------------------------------------------------------------

    def domain(self, label: str, mx: str, host: str) -> str:
        """Publishes a domain whose mail goes to `host`; returns its name. Not for `nodata`, where the domain is the host."""
        honest = f"{label}.{self.honest(label)}"
        exchange = f"10 {host}"
        if mx in ("secure", "null", "null and other"):
            self.add(honest, "MX", *{"secure": [exchange], "null": ["0 ."], "null and other": ["0 .", exchange]}[mx])
            return honest
        if mx in ("bogus", "servfail"):
            self.add(f"{label}.sickmx.lab.", "MX", exchange)
            self.attack(f"{label}.sickmx.lab.", "MX", "break" if mx == "bogus" else "servfail")
            return f"{label}.sickmx.lab."
        if mx == "insecure":
            self.add(f"{label}.plain.lab.", "MX", exchange)
            return f"{label}.plain.lab."
        if mx == "DNAME":
            self.add(f"{label}.dt.nsec3.lab.", "MX", exchange)
            return f"{label}.dn.nsec.lab."
        if mx == "nxdomain":
            return honest
        name = f"{label}.plain.lab." if mx == "CNAME insecure" else honest
        self.add(name, "CNAME", f"{label}-m.{self.zone(honest).name}")
        if mx == "CNAME loop":
            self.add(f"{label}-m.{self.zone(honest).name}", "CNAME", name)
        else:
            self.add(f"{label}-m.{self.zone(honest).name}", "MX", exchange)
        return name

    def cell(self, number: int, cell: Cell, connects: bool, hosts: dict) -> tuple[str, str]:
        """Publishes all of a cell; returns its domain and its host's name. `hosts` remembers those that cells share."""
        at = SERVERS[cell.server] if connects else FORBIDDEN
        if MX[cell.mx].leads == "implicit":
            name = self.host(f"c{number}", cell.address, cell.tlsa, at)
            return name, name
        key = (cell.address, cell.tlsa, at)
        if key not in hosts:
            hosts[key] = self.host(f"h{len(hosts)}", *key)
        return self.domain(f"c{number}", cell.mx, hosts[key]), hosts[key]
