"""STARTTLS stripped in every form, replies injected before TLS, and TLS talked down: TL-11, TLS-01, TLS-02, TLS-05, TLS-06, TLS-09.

Each attack is made on a host that promises DANE, and on one whose records are all unusable, where TLS is owed though nobody is
authenticated. The mail waits, with a code that says so; when the attacker is gone it goes out by itself, over TLS.
"""
from lab.lookup.authority import self_issued, tlsa
from lab.lookup.judge import Case
from lab.lookup.table import Expected
from lab.net import LabError

from .frame import demand

STRIPPED = "4.7.321"
# What the attacker does (lab/hostile/modes.py), and the code that must come of it.
ATTACKS = [("strip", STRIPPED), ("garble", STRIPPED), ("refuse454", STRIPPED), ("refuse501", STRIPPED), ("reset-after-220", STRIPPED),
           ("close-after-220", STRIPPED), ("garbage-after-220", STRIPPED), ("inject", STRIPPED), ("tls10only", STRIPPED), ("tls11only", STRIPPED),
           ("anonymous", STRIPPED), ("null", STRIPPED)]
DANE, UNUSABLE = "DANE", "all unusable"


class Starttls:
    def __init__(self, attacks):
        self.attacks = attacks
        net = attacks.internet
        self.cases = []
        folder = attacks.zoo.keys_dir / "weak"
        attacks.zoo.chains["weak768"] = self_issued(folder, "weak768", ["zoo.lab"], kind="rsa768")
        attacks.zoo.chains["weak1024"] = self_issued(folder, "weak1024", ["zoo.lab"], kind="rsa1024")
        attacks.zoo.chains["rsa"] = self_issued(folder, "rsa", ["zoo.lab"], kind="rsa")
        for number, (mode, code) in enumerate(ATTACKS):
            address = attacks.listener(mode)
            for kind, records in ((DANE, [net.good]), (UNUSABLE, [f"1 1 1 {net.digest}"])):
                label = f"s{number}{'d' if kind == DANE else 'u'}"
                terms = "dane" if kind == DANE else "encrypted"
                self.cases.append(Case(label, f"{mode}, {kind}", attacks.destination(label, address, records), Expected(terms, "waiting", code)))
        self.weak(attacks)
        attacks.destination("early", attacks.listener("early-requiretls"))

    def weak(self, attacks) -> None:
        """The record matches, and the key is too weak to mean anything; or the key exchange keeps no secret once the key is out. Keys
        of 1024 bits are met and taken (the floor in io/tls/certificate.h): not to deliver to them would put mail in nobody's hands."""
        for label, name, mode, chain, expected in (
                ("weak0", "a 768-bit RSA key that the record names", "honest", "weak768", Expected("dane", "waiting", r"4\.7\.32[0-9]")),
                ("weak1", "static RSA key exchange only", "static", "rsa", Expected("dane", "waiting", STRIPPED)),
                ("weak2", "a 1024-bit RSA key that the record names", "honest", "weak1024", Expected("dane", "delivered", assurance="next_hop_authenticated"))):
            address = attacks.listener(f"{mode} chain={chain}")
            records = [tlsa(attacks.zoo.chains[chain][1], 3, 1, 1)]
            self.cases.append(Case(label, name, attacks.destination(label, address, records), expected))

    def run(self) -> None:
        attacks = self.attacks
        attacks.section("STARTTLS stripped, replies injected, TLS talked down")
        attacks.each_ends(self.cases)
        attacks.case("REQUIRETLS offered before TLS only counts for nothing (TLS-06, RFC 8689)", self.early_requiretls)
        attacks.zoo.change({number: mode if mode.startswith(("honest", "static")) else "honest" for number, mode in attacks.zoo.modes.items()})
        stripped = [case for case in self.cases if case.label.startswith("s")]
        attacks.case("the attackers gone, mail to DANE hosts goes out by itself, authenticated",
                     lambda: attacks.goes_out([c for c in stripped if c.label.endswith("d")], "next_hop_authenticated"))
        attacks.case("and to the others, over TLS", lambda: attacks.goes_out([c for c in stripped if c.label.endswith("u")], "encrypted"))
        for case in self.cases:
            if case.label.startswith("weak") and case.expected.state == "waiting":
                attacks.case(f"still waits: {case.name}", self.still_waits, case)

    def early_requiretls(self) -> str:
        danewerk = self.attacks.danewerk
        body = b"From: anna@contoso.lab\r\nTo: early@early.nsec.lab\r\nSubject: early\r\n\r\nWritten by a test.\r\n"
        queue_id = danewerk.ask("send", body, **{"from": "anna@contoso.lab", "to": ["early@early.nsec.lab"], "require_tls": True})["id"]
        recipient = self.attacks.first_word(queue_id)
        demand(recipient["state"] == "failed" and recipient["code"] == "5.7.30", f"{recipient['state']} {recipient.get('code')}: {recipient.get('what')}")
        if any("early@" in str(r.get("recipients")) for r in self.attacks.zoo.records() if r["event"] == "message"):
            raise LabError("the host was given the message")
        return recipient["what"]

    def still_waits(self, case: Case) -> str:
        shown = self.attacks.danewerk.ask("queue.list", which="queued", recipient=case.recipient)["messages"]
        demand(len(shown) == 1, "it is not in the queue any more")
        return self.attacks.danewerk.ask("queue.show", id=shown[0]["id"])["recipients"][0]["what"]
