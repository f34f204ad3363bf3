"""What must become of a message in every cell of the lookup matrix: written by hand from RFC 7672, as tables to be read.

A cell is one MX answer x one address answer x one TLSA answer x one way the host then behaves. The program's own engine is
not asked here: a table computed by the code under test would agree with all its mistakes. Read the four tables in order:
each says what its stage leads to, and a stage that ends the matter makes the later ones irrelevant. `lab/matrix --table`
prints them, and every cell with its expected end.

Terms: what the host is bound to before the first connection. dane: TLS, matched by a record (RFC 7672 2.2 a). encrypted: TLS,
whoever answers (2.2 b). any: TLS if it can be had, else in clear (2.2 c). none: no connection at all (2.1.2, 2.2 d).
"""
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Mx:
    """`leads`: hosts, implicit (the domain itself is the host), or the end: waiting, failed. `sure`: is the way to the host signed."""
    leads: str
    sure: bool
    code: str
    rule: str


MX = {
    # answer to the MX question       leads to     signed  code       rule
    "secure":                    Mx("hosts",    True,  "",        "MX-01"),
    "insecure":                  Mx("hosts",    False, "",        "MX-07: DANE of the host still counts, the next hop stays unproven"),
    "bogus":                     Mx("waiting",  False, "4.7.324", "MX-05, RFC 7672 2.1.2: an error delays, never falls back"),
    "servfail":                  Mx("waiting",  False, "4.4.312", "MX-05"),
    "nodata":                    Mx("implicit", True,  "",        "MX-02, RFC 5321 5.1"),
    "nxdomain":                  Mx("failed",   True,  "5.1.2",   "MX-01"),
    "null":                      Mx("failed",   True,  "5.1.10",  "MX-03, RFC 7505"),
    "null and other":            Mx("hosts",    True,  "",        "MX-03: the entry . is ignored"),
    "CNAME secure":              Mx("hosts",    True,  "",        "MX-01, RES-07"),
    "CNAME insecure":            Mx("hosts",    False, "",        "RES-07: the first unsigned link makes all insecure"),
    "CNAME loop":                Mx("waiting",  False, "4.4.312", "RES-09"),
    "DNAME":                     Mx("hosts",    True,  "",        "RES-10"),
}


@dataclass(frozen=True)
class Address:
    """`bases`: whose TLSA records may apply, in order: E the expanded name, O the original. `end`: found, waiting, failed."""
    end: str
    bases: str
    code: str
    rule: str


ADDRESS = {
    # answer to the A and AAAA questions       ends      bases  code       rule
    "secure":                    Address("found",   "O",  "",        "TL-04"),
    "insecure":                  Address("found",   "",   "",        "TL-02: TLSA is not asked for; its server may choke on it"),
    "bogus":                     Address("waiting", "",   "4.7.324", "TL-02a: A is bogus, AAAA would do, the host is out"),
    "absent":                    Address("failed",  "",   "5.4.4",   "TL-03"),
    "CNAME to secure":           Address("found",   "EO", "",        "TL-05"),
    "CNAME to insecure":         Address("found",   "O",  "",        "TL-06, RES-08: the first link is signed"),
    "insecure CNAME":            Address("found",   "",   "",        "TL-06: the first link is not"),
    "CNAME to error":            Address("waiting", "",   "4.7.324", "RES-07, RFC 7672 2.1.3"),
}

TLSA = {
    # answer to the TLSA question         means                      rule
    "usable":                            ("dane",      "TL-11 a"),
    "all unusable":                      ("encrypted", "TL-11 b"),
    "mixed":                             ("dane",      "TL-12: the unusable ones are dropped first"),
    "absent":                            ("next",      "TL-11 c, RES-04"),
    "at the original name only":         ("dane at O", "TL-05, TL-08, TL-10"),
    "insecure":                          ("next",      "TL-13"),
    "bogus":                             ("none",      "TL-09"),
    "servfail":                          ("none",      "TL-09"),
    "timeout":                           ("none",      "TL-09"),
    "CNAME secure":                      ("dane",      "TL-08: the base stays the name before the alias"),
    "CNAME insecure":                    ("next",      "TL-08"),
}

# What the host does, and what becomes of the message, by terms: delivered over TLS (with proof or without), in clear, or waiting.
SERVER = {
    #                     dane                     encrypted             any
    "offered":           ("delivered proven",     "delivered encrypted", "delivered encrypted"),
    "absent":            ("waiting 4.7.321",      "waiting 4.7.321",     "delivered in clear"),
    "454":               ("waiting 4.7.321",      "waiting 4.7.321",     "delivered in clear"),
    "handshake fails":   ("waiting 4.7.321",      "waiting 4.7.321",     "delivered in clear"),
    "wrong certificate": ("waiting 4.7.323",      "delivered encrypted", "delivered encrypted"),
}
TERMS = ("dane", "encrypted", "any")


@dataclass(frozen=True)
class Cell:
    """One of each table; "-" where an earlier stage has ended the matter (see `reduced`)."""
    mx: str
    address: str
    tlsa: str
    server: str

    def __str__(self) -> str:
        return f"MX {self.mx} / address {self.address} / TLSA {self.tlsa} / STARTTLS {self.server}"


@dataclass(frozen=True)
class Expected:
    """`state`: delivered, waiting or failed, with `code` unless delivered; `assurance` in evidence.md's words if delivered.
    `base`: E or O, whose name the handshake asks for (SNI-01), where DANE or its floor applies."""
    terms: str
    state: str
    code: str = ""
    assurance: str = ""
    base: str = ""
    rule: str = ""

    @property
    def in_clear(self) -> bool:
        """May octets of the mail pass outside TLS? Nowhere else may even one."""
        return self.assurance == "cleartext"

    def words(self) -> str:
        return f"{self.terms:<9} {self.state} {self.code or self.assurance}"


def terms(cell: Cell) -> tuple[str, str, str]:
    """(terms, base, rule) once MX and address answers have left a host with addresses."""
    rule = ADDRESS[cell.address].rule
    for base in ADDRESS[cell.address].bases:
        means, rule = TLSA[cell.tlsa]
        if means == "dane at O":
            means = "dane" if base == "O" else "next"
        if means != "next":
            return means, base, rule
    return "any", "", rule


def expect(cell: Cell) -> Expected:
    mx = MX[cell.mx]
    if mx.leads not in ("hosts", "implicit"):
        return Expected("none", mx.leads, mx.code, rule=mx.rule)
    address = ADDRESS[cell.address]
    if address.end != "found":
        return Expected("none", address.end, address.code, rule=address.rule)
    bound, base, rule = terms(cell)
    if bound == "none":
        return Expected("none", "waiting", "4.7.324", rule=rule)
    state, _, rest = SERVER[cell.server][TERMS.index(bound)].partition(" ")
    if state == "waiting":
        return Expected(bound, state, rest, base=base, rule=rule)
    proven = "next_hop_authenticated" if signed_way(cell) else "host_authenticated"  # MX-07
    return Expected(bound, state, assurance={"proven": proven, "encrypted": "encrypted", "in clear": "cleartext"}[rest], base=base, rule=rule)


def signed_way(cell: Cell) -> bool:
    """Where the domain is its own host, what makes its address insecure makes its MX answer insecure too."""
    if MX[cell.mx].leads == "implicit":
        return cell.address in ("secure", "CNAME to secure")
    return MX[cell.mx].sure


def reduced(cell: Cell) -> Cell:
    """The cell without what is never looked at: two cells that reduce to the same are the same test."""
    if MX[cell.mx].leads not in ("hosts", "implicit"):
        return replace(cell, address="-", tlsa="-", server="-")
    if ADDRESS[cell.address].end != "found":
        return replace(cell, tlsa="-", server="-")
    if ADDRESS[cell.address].bases and terms(cell)[0] == "none":
        return replace(cell, server="-")
    return cell


def all_cells() -> list[Cell]:
    return [Cell(mx, address, tlsa, server) for mx in MX for address in ADDRESS for tlsa in TLSA for server in SERVER]


def as_text() -> str:
    """The tables, and every cell that differs, for people."""
    lines = ["MX answer         leads to   signed  code     rule"]
    lines += [f"{name:<17} {k.leads:<10} {'yes' if k.sure else 'no':<7} {k.code:<8} {k.rule}" for name, k in MX.items()]
    lines += ["", "address answer    ends       bases   code     rule"]
    lines += [f"{name:<17} {k.end:<10} {k.bases or '-':<7} {k.code:<8} {k.rule}" for name, k in ADDRESS.items()]
    lines += ["", "TLSA answer                means      rule"]
    lines += [f"{name:<26} {means:<10} {rule}" for name, (means, rule) in TLSA.items()]
    lines += ["", "STARTTLS           " + "".join(f"{word:<21}" for word in TERMS)]
    lines += [f"{name:<18} " + "".join(f"{end:<21}" for end in ends) for name, ends in SERVER.items()]
    distinct = sorted({reduced(cell): expect(cell) for cell in all_cells()}.items(), key=lambda item: str(item[0]))
    lines += ["", f"{len(all_cells())} cells, {len(distinct)} of them different:"]
    lines += [f"{str(cell):<105} {expected.words()}" for cell, expected in distinct]
    return "\n".join(line.rstrip() for line in lines) + "\n"
