"""Cases beside the matrix: what DANE says about certificates and records, and zones of unusual make. RFC 6698, 7671, 7672.

Each is a domain of its own, a record set, a chain that the host shows, and the expected end, written by hand. The tables
below are the cases; the code under them publishes.
"""
from ..net import ipv4, ipv6
from ..zones import Zone
from .authority import Authority, self_issued, tlsa
from .internet import FORBIDDEN, SERVERS, UNSIGNED, Internet
from .judge import Case
from .table import Expected

PROVEN = Expected("dane", "delivered", assurance="next_hop_authenticated")
HOST_PROVEN = Expected("dane", "delivered", assurance="host_authenticated")
ENCRYPTED = Expected("encrypted", "delivered", assurance="encrypted")
ANY = Expected("any", "delivered", assurance="encrypted")
MISMATCH = Expected("dane", "waiting", "4.7.323")
WRONG_NAME = Expected("dane", "waiting", "4.7.325")
EXPIRED = Expected("dane", "waiting", "4.7.322")
NO_TLS = Expected("dane", "waiting", "4.7.321")
UNKNOWN = Expected("none", "waiting", "4.7.324")
WRONG = {0: "de" * 91, 1: "de" * 32, 2: "de" * 64}

# name, rule, chain that the host shows, TLSA records as (usage, selector, matching, of), expected. `of`: a chain, "wrong", or raw text.
CERTIFICATES = [
    ("3 1 1", "CRT-01", "ee", ["3 1 1 ee"], PROVEN),
    ("3 1 2", "CRT-07", "ee", ["3 1 2 ee"], PROVEN),
    ("3 1 0", "CRT-07", "ee", ["3 1 0 ee"], PROVEN),
    ("3 0 1", "CRT-07", "ee", ["3 0 1 ee"], PROVEN),
    ("3 0 2", "CRT-07", "ee", ["3 0 2 ee"], PROVEN),
    ("3 0 0", "CRT-07", "ee", ["3 0 0 ee"], PROVEN),
    ("one of three matches", "CRT-09", "ee", ["3 1 1 wrong", "3 1 1 ee", "3 0 1 wrong"], PROVEN),
    ("agility: good 3 1 1, wrong 3 1 2", "CRT-08", "ee", ["3 1 1 ee", "3 1 2 wrong"], MISMATCH),
    ("agility: good 3 1 0, wrong 3 1 2", "CRT-08", "ee", ["3 1 0 ee", "3 1 2 wrong"], PROVEN),
    ("agility: wrong 3 1 1, good 3 1 2", "CRT-08", "ee", ["3 1 1 wrong", "3 1 2 ee"], PROVEN),
    ("agility is by selector: good 3 0 1, wrong 3 1 2", "CRT-08", "ee", ["3 0 1 ee", "3 1 2 wrong"], PROVEN),
    ("agility is by usage: good 3 1 1, wrong 2 1 2", "CRT-08", "ee", ["3 1 1 ee", "2 1 2 wrong"], PROVEN),
    ("agility after usability: good 3 1 1, 3 1 2 too short", "CRT-08, TL-12", "ee", ["3 1 1 ee", r"\# 7 03010200112233"], PROVEN),
    ("DANE-EE expired", "CRT-01", "ee-expired", ["3 1 1 ee-expired"], PROVEN),
    ("DANE-EE not valid yet", "CRT-01", "ee-early", ["3 0 1 ee-early"], PROVEN),
    ("DANE-EE self-signed for other names", "CRT-01", "ee-other", ["3 1 1 ee-other"], PROVEN),
    ("DANE-EE issued by an authority, other names", "CRT-01", "ta-other", ["3 1 1 ta-other"], PROVEN),
    ("RSA and ECDSA published, host shows ECDSA", "CRT-12", "ee", ["3 1 1 ee", "3 1 1 rsa"], PROVEN),
    ("RSA and ECDSA published, host shows RSA", "CRT-12", "rsa", ["3 1 1 ee", "3 1 1 rsa"], PROVEN),
    ("only ECDSA published, host shows RSA", "CRT-12", "rsa", ["3 1 1 ee"], MISMATCH),
    ("usages 0 and 1 only", "TL-12", "ee", ["0 0 1 ee", "1 1 1 ee"], ENCRYPTED),
    ("selector 9 only", "TL-12", "ee", ["3 9 1 wrong"], ENCRYPTED),
    ("matching type 9 only", "TL-12", "ee", ["3 1 9 wrong"], ENCRYPTED),
    ("digest of the wrong length only", "TL-12", "ee", [r"\# 7 03010100112233"], ENCRYPTED),
    ("DANE-TA 2 0 1, the host's name", "CRT-02, CRT-05", "ta-host", ["2 0 1 authority"], PROVEN),
    ("DANE-TA 2 1 1, the host's name", "CRT-02", "ta-host", ["2 1 1 authority"], PROVEN),
    ("DANE-TA 2 0 2, the host's name", "CRT-07", "ta-host", ["2 0 2 authority"], PROVEN),
    ("DANE-TA, the next hop's name", "CRT-05", "ta-nexthop", ["2 0 1 authority"], PROVEN),
    ("DANE-TA, a wildcard for the host's name", "CRT-06", "ta-wildcard", ["2 0 1 authority"], PROVEN),
    ("DANE-TA, a wildcard one label short", "CRT-06", "ta-short", ["2 0 1 authority"], WRONG_NAME),
    ("DANE-TA, another name", "CRT-05", "ta-other", ["2 0 1 authority"], WRONG_NAME),
    ("DANE-TA, expired", "CRT-02", "ta-expired", ["2 0 1 authority"], EXPIRED),
    ("DANE-TA 2 0 0, the authority only in DNS", "CRT-03", "ta-bare", ["2 0 0 authority"], PROVEN),
    ("DANE-TA 2 1 0, the authority's key only in DNS", "CRT-03", "ta-bare", ["2 1 0 authority"], PROVEN),
    ("DANE-TA 2 0 1, the authority nowhere to be had", "CRT-03", "ta-bare", ["2 0 1 authority"], MISMATCH),
    ("DANE-TA of the leaf itself", "CRT-04", "ta-host", ["2 1 1 ta-host"], MISMATCH),
    ("DANE-TA of another authority", "CRT-02", "ta-host", ["2 0 1 stranger"], MISMATCH),
    ("DANE-TA fails by name, DANE-EE matches", "CRT-09", "ta-other", ["2 0 1 authority", "3 1 1 ta-other"], PROVEN),
]


class Cases:
    """build() publishes all and returns the cases. `zoo` is given a chain and an address for each kind of host."""

    def __init__(self, internet: Internet, zoo):
        self.net, self.zoo = internet, zoo
        self.folder = zoo.keys_dir / "chains"
        self.authority = Authority(self.folder, "authority")
        self.certs = {"authority": self.authority.cert, "stranger": Authority(self.folder, "stranger").cert}
        self.next_number = 110
        self.cases: list[Case] = []

    def build(self) -> list[Case]:
        self.fixed_chains()
        for number, row in enumerate(CERTIFICATES):
            self.certificate(f"d{number}", *row)
        self.reference_names()
        self.many_hosts()
        self.demanded_certificates()
        self.strange_zones()
        self.case("p0", "somebody else's server: Postfix (TL-11 a)", "foreign.example.", PROVEN)
        return self.cases

    def case(self, label: str, name: str, domain: str, expected: Expected, sni: str = "") -> None:
        self.cases.append(Case(label, name, domain, expected, sni))

    # -- chains and the addresses that show them ----------------------------------------------------------------

    def listener(self, chain: str, mode: str = "honest") -> int:
        """A new address of the zoo that shows `chain`."""
        self.zoo.modes[self.next_number] = f"{mode} chain={chain}"
        self.next_number += 1
        return self.next_number - 1

    def add_chain(self, name: str, made: tuple) -> None:
        self.zoo.chains[name] = made
        self.certs[name] = made[1]

    def fixed_chains(self) -> None:
        self.add_chain("ee", (self.zoo.keys.key, self.zoo.keys.cert))
        self.add_chain("ee-expired", self_issued(self.folder, "ee-expired", ["zoo.lab"], begins=-60, ends=-30))
        self.add_chain("ee-early", self_issued(self.folder, "ee-early", ["zoo.lab"], begins=30, ends=60))
        self.add_chain("ee-other", self_issued(self.folder, "ee-other", ["somebody.else.example"]))
        self.add_chain("rsa", self_issued(self.folder, "rsa", ["zoo.lab"], kind="rsa"))
        self.add_chain("ta-other", self.authority.leaf("ta-other", ["mx.somebody.else.example"]))
        self.addresses = {chain: self.listener(chain) for chain in self.zoo.chains}

    def address(self, chain: str, host: str, domain: str) -> int:
        """Where a host shows this chain; those with names in them are made for the case."""
        if chain in self.addresses:
            return self.addresses[chain]
        host, domain = host.rstrip("."), domain.rstrip(".")
        parent = host.split(".", 1)[1]
        names = {"ta-host": host, "ta-nexthop": domain, "ta-wildcard": f"*.{parent}", "ta-short": "*.lab", "ta-expired": host,
                 "ta-bare": host}[chain]
        own = f"{chain}-{self.next_number}"
        self.add_chain(own, self.authority.leaf(own, [names], days=-1 if chain == "ta-expired" else 30, with_authority=chain != "ta-bare"))
        self.certs[chain] = self.certs[own]
        return self.listener(own)

    def record(self, text: str) -> str:
        if text.startswith("\\"):
            return text
        usage, selector, matching, of = text.split()
        if of == "wrong":
            return f"{usage} {selector} {matching} " + WRONG.get(int(matching), "de" * 20)
        return tlsa(self.certs[of], int(usage), int(selector), int(matching))

    def certificate(self, label: str, name: str, rule: str, chain: str, records: list[str], expected: Expected) -> None:
        zone = self.net.honest(label)
        domain, host = f"{label}.{zone}", f"mx.{label}.{zone}"
        self.net.add(domain, "MX", f"10 {host}")
        self.net.addresses(host, self.address(chain, host, domain))
        self.net.add(f"_25._tcp.{host}", "TLSA", *map(self.record, records))
        self.case(label, f"{name} ({rule})", domain, expected, host)

    # -- reference names ------------------------------------------------------------------------------------------

    def reference_names(self) -> None:
        """RFC 7672 3.2.2, CRT-05: which names a certificate under DANE-TA may carry, and which it may not."""
        for label, name, names, insecure, alias, expected in [
                ("r0", "next hop an alias, its own name", "r0.nsec.lab", False, True, PROVEN),
                ("r1", "next hop an alias, the expanded name", "r1-m.nsec3.lab", False, True, PROVEN),
                ("r2", "MX insecure, the host's name", "mx.r2.nsec.lab", True, False, HOST_PROVEN),
                ("r3", "MX insecure, the next hop's name does not count", "r3.plain.lab", True, False, WRONG_NAME)]:
            domain = f"{label}.plain.lab." if insecure else f"{label}.nsec.lab."
            holder, host = f"{label}-m.nsec3.lab." if alias else domain, f"mx.{label}.nsec.lab."
            if alias:
                self.net.add(domain, "CNAME", holder)
            self.net.add(holder, "MX", f"10 {host}")
            self.add_chain(f"names-{label}", self.authority.leaf(f"names-{label}", [names]))
            self.net.addresses(host, self.listener(f"names-{label}"))
            self.net.add(f"_25._tcp.{host}", "TLSA", self.record("2 0 1 authority"))
            self.case(label, f"DANE-TA, {name} (CRT-05, RFC 7672 3.2.2)", domain, expected, host)

    # -- several addresses, several hosts ---------------------------------------------------------------------------

    def many_hosts(self) -> None:
        """A host that fails is left for the next address, the next host; then the mail waits. RFC 7672 2.2, 5321 5.1."""
        good, wrong, stripped = SERVERS["offered"], SERVERS["wrong certificate"], SERVERS["absent"]
        for label, name, hosts, expected in [
                ("m0", "two addresses, one shows a wrong certificate", [[wrong, good]], PROVEN),
                ("m1", "two addresses, one strips STARTTLS", [[stripped, good]], PROVEN),
                ("m2", "two addresses, both wrong: wait", [[wrong, stripped]], Expected("dane", "waiting", "4.7.32[13]")),
                ("m3", "first host wrong, second right", [[wrong], [good]], PROVEN),
                ("m4", "first host strips, second right", [[stripped], [good]], PROVEN),
                ("m5", "three hosts wrong: wait", [[wrong], [wrong], [wrong]], MISMATCH)]:
            domain = f"{label}.nsec.lab."
            for preference, numbers in enumerate(hosts):
                host = f"mx{preference}.{label}.nsec.lab."
                self.net.add(domain, "MX", f"{10 + preference} {host}")
                self.net.add(host, "A", *map(ipv4, numbers))
                self.net.add(host, "AAAA", *map(ipv6, numbers))
                self.net.add(f"_25._tcp.{host}", "TLSA", self.net.good)
            self.case(label, f"{name} (TL-11)", domain, expected)
        self.two_hosts("m6", "first host's TLSA bogus, second right (TL-09)", "bogus", "usable", "offered", PROVEN)
        self.two_hosts("m7", "first host out, second without TLSA strips: in clear, as if alone (TL-11 c)", "servfail", "absent", "absent",
                       Expected("any", "delivered", assurance="cleartext"))
        self.two_hosts("m8", "first host out, second promises TLS and strips: wait", "servfail", "usable", "absent", NO_TLS)

    def demanded_certificates(self) -> None:
        """A host that wants a certificate of the client refuses when the client has finished the handshake (RFC 8446 4.4.2.4): no TLS."""
        number = self.listener("ee", "mutual")
        for label, name, promises, expected in [("m9", "TLSA: wait", True, NO_TLS),
                                                ("m10", "no TLSA: in clear (TL-11 c)", False, Expected("any", "delivered", assurance="cleartext"))]:
            host = f"mx.{label}.nsec.lab."
            self.net.add(f"{label}.nsec.lab.", "MX", f"10 {host}")
            self.net.addresses(host, number)
            if promises:
                self.net.add(f"_25._tcp.{host}", "TLSA", self.net.good)
            self.case(label, f"a host that demands a client's certificate, {name}", f"{label}.nsec.lab.", expected)

    def two_hosts(self, label: str, name: str, first: str, second: str, server: str, expected: Expected) -> None:
        hosts = [self.net.host(f"{label}-1", "secure", first, FORBIDDEN), self.net.host(f"{label}-2", "secure", second, SERVERS[server])]
        self.net.add(f"{label}.nsec.lab.", "MX", *(f"{10 + at} {host}" for at, host in enumerate(hosts)))
        self.case(label, name, f"{label}.nsec.lab.", expected)

    # -- zones ----------------------------------------------------------------------------------------------------

    def strange_zones(self) -> None:
        good, net = SERVERS["offered"], self.net

        def mail(label: str, name: str, host: str, expected: Expected, sni: str = "", zone: str = "nsec.lab.") -> None:
            net.add(f"{label}.{zone}", "MX", f"10 {host}")
            self.case(label, name, f"{label}.{zone}", expected, sni)

        for label, zone in (("z0", "nsec.lab."), ("z1", "nsec3.lab.")):
            net.addresses(f"mx.{label}.{zone}", good)
            net.add(f"*.mx.{label}.{zone}", "TLSA", net.good)
            mail(label, f"a wildcard TLSA in {zone} (TL-08)", f"mx.{label}.{zone}", PROVEN, f"mx.{label}.{zone}")
        net.addresses("*.wild.nsec3.lab.", good)
        net.add("*.wild.nsec3.lab.", "TLSA", net.good)
        mail("z2", "one wildcard for address and TLSA of any host (RFC 4592)", "any.wild.nsec3.lab.", PROVEN, "any.wild.nsec3.lab.")
        for label, last, expected in (("z3", "nsec.lab.", PROVEN), ("z4", "plain.lab.", ANY)):
            net.addresses(f"mx.{label}.nsec.lab.", good)
            net.add(f"_25._tcp.mx.{label}.nsec.lab.", "CNAME", f"{label}-t.nsec3.lab.")
            net.add(f"{label}-t.nsec3.lab.", "CNAME", f"_25._tcp.shared.{last}")
            mail(label, f"TLSA behind two aliases, the last in {last} (TL-08, RES-07)", f"mx.{label}.nsec.lab.", expected)
        net.addresses("mx-z5.dt.nsec3.lab.", good)
        net.add("_25._tcp.mx-z5.dt.nsec3.lab.", "TLSA", net.good)
        mail("z5", "a host below a DNAME: the expanded name is the base (RES-10, TL-05)", "mx-z5.dn.nsec.lab.", PROVEN, "mx-z5.dt.nsec3.lab.")
        net.addresses("mx.z6.sick.lab.", good)
        net.add("_25._tcp.mx.z6.sick.lab.", "TLSA", net.good, *(f"3 1 1 {n:064x}" for n in range(40)))
        net.attack("_25._tcp.mx.z6.sick.lab.", "TLSA", "oversize", limit=1232)
        mail("z6", "41 TLSA records, UDP answers above 1232 octets lost: TCP (RES-06)", "mx.z6.sick.lab.", PROVEN, "mx.z6.sick.lab.")
        net.addresses("mx.z7.sick.lab.", FORBIDDEN)
        net.add("_25._tcp.mx.z7.sick.lab.", "TLSA", net.good)
        net.attack("_25._tcp.mx.z7.sick.lab.", "TLSA", "drop")
        mail("z7", "a server that is silent on TLSA only (TL-09)", "mx.z7.sick.lab.", UNKNOWN)
        self.compact_denial(mail)
        self.iterations(mail)
        self.unknown_algorithm(mail)

    def compact_denial(self, mail) -> None:
        """RES-18, RFC 9824: "no such name" told as "no such type" of a name that seems to exist, signed at the moment of the question."""
        self.net.zones.append(Zone("compact.lab.", "lab.", UNSIGNED, policy="online"))
        for label, name, expected in (("z8", "TLSA there", PROVEN), ("z9", "no TLSA", ANY)):
            self.net.addresses(f"mx.{label}.compact.lab.", SERVERS["offered"])
            if expected is PROVEN:
                self.net.add(f"_25._tcp.mx.{label}.compact.lab.", "TLSA", self.net.good)
            mail(label, f"compact denial: {name} (RES-18)", f"mx.{label}.compact.lab.", expected, zone="compact.lab.")

    def iterations(self, mail) -> None:
        """RES-15, RFC 9276 3.2: a denial with 2,500 iterations counts as insecure; what is there is as good as ever."""
        self.net.zones.append(Zone("iter.lab.", "lab.", policy="nsec3-2500"))
        for label, name, expected in (("z10", "TLSA there", PROVEN), ("z11", "no TLSA", ANY)):
            self.net.addresses(f"mx.{label}.iter.lab.", SERVERS["offered"])
            if expected is PROVEN:
                self.net.add(f"_25._tcp.mx.{label}.iter.lab.", "TLSA", self.net.good)
            mail(label, f"NSEC3 with 2,500 iterations: {name} (RES-15)", f"mx.{label}.iter.lab.", expected)

    def unknown_algorithm(self, mail) -> None:
        """RES-13: signed with an algorithm nobody knows counts as not signed, so mail flows."""
        self.net.zone("nsec.lab.").records.append(("odd.nsec.lab.", "DS", "1 200 2 " + "ab" * 32))
        self.net.zones.append(Zone("odd.nsec.lab.", "nsec.lab.", UNSIGNED, signed=False))
        self.net.addresses("mx.odd.nsec.lab.", SERVERS["offered"])
        self.net.add("_25._tcp.mx.odd.nsec.lab.", "TLSA", "3 1 1 " + "d0" * 32)
        mail("z12", "a zone whose DS names an unknown algorithm (RES-13)", "mx.odd.nsec.lab.", ANY)


