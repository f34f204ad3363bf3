"""Attacks by DNS: floods, forged answers, stale signatures, and zones made to keep a validator busy. RES-11, RES-15, RFC 4035 5.3.1.

What cannot be known is not known: the mail waits, nobody is connected to. What an attacker's zone costs must not be paid by
other people's mail: the time that a control load needs is measured without and with the traps.
"""
import os
import socket
import sys
from datetime import datetime
from pathlib import Path

from lab.hostile import trap_server
from lab.lookup.internet import FORBIDDEN, SERVERS
from lab.lookup.judge import Case
from lab.lookup.table import Expected
from lab.net import ipv4, ipv6, wait_until
from lab.zones import Zone

from .frame import demand

TRAP = 61
LOAD = 40  # messages of each kind in the measurement
UNKNOWN = Expected("none", "waiting", r"4\.7\.324")
HOUR = 3600


def noise(count: int, head: bytes, octets: int) -> list[bytes]:
    """TLSA data that nothing matches."""
    return [head + n.to_bytes(octets, "big") for n in range(1, count + 1)]


class Zones:
    HOSTS = {"trap": TRAP}

    def __init__(self, attacks):
        self.attacks, net = attacks, attacks.internet
        good = net.good
        self.cases = []
        net.addresses("mx.attacker.nsec.lab.", FORBIDDEN)
        net.addresses("mx.attacker2.nsec3.lab.", SERVERS["offered"])
        for host in ("mx.attacker.nsec.lab.", "mx.attacker2.nsec3.lab."):
            net.add(f"_25._tcp.{host}", "TLSA", good)
        net.add("f2.sickmx.lab.", "MX", f"10 mx.f2.{net.honest('f2')}")
        net.attack("f2.sickmx.lab.", "MX", "replace", ttl=5, data=["10 mx.attacker.nsec.lab."])
        self.cases.append(Case("f2", "a signed domain's MX answer forged: to a host with a valid TLSA record", "f2.sickmx.lab.", UNKNOWN))
        net.add("f3.choke.lab.", "MX", "10 mx.f3.choke.lab.")
        net.attack("f3.choke.lab.", "MX", "replace", ttl=5, data=["10 mx.attacker2.nsec3.lab."], unsigned=True)
        self.cases.append(Case("f3", "an unsigned domain's MX answer forged: the host is proven, the next hop is not (MX-07)", "f3.choke.lab.",
                               Expected("dane", "delivered", assurance="host_authenticated"), "mx.attacker2.nsec3.lab."))
        self.stale_and_trap(attacks)
        self.load(attacks)

    def stale_and_trap(self, attacks) -> None:
        """The zone made by hand: the trap, and domains with genuine signatures over TLSA sets of any size, valid until any time."""
        good = b"\x03\x01\x01" + bytes.fromhex(attacks.internet.digest)
        sets = [("ok.trap.lab.", trap_server.TXT, [b"\x02ok"], 86400)]
        proven = Expected("dane", "delivered", assurance="next_hop_authenticated")
        for label, name, records, expires, expected in [
                ("g0", "zone made by hand: a good TLSA set", [good], HOUR, proven),
                ("g1", "100 records, one of them right", [*noise(99, b"\x03\x01\x01", 32), good], HOUR, proven),
                ("g2", "a TLSA flood: 1,000 records, one of them right", [*noise(999, b"\x03\x01\x01", 32), good], HOUR, UNKNOWN),
                ("g3", "a TLSA set of 60 kB, one record of it right", [*noise(39, b"\x03\0\0", 1500), good], HOUR, UNKNOWN),
                ("g4", "replayed: a TLSA set whose signature ended ten minutes ago", [good], -600, UNKNOWN),
                ("g5", "replayed: a TLSA set whose signature ended two hours ago", [good], -2 * HOUR, UNKNOWN)]:
            host, number = f"mx.{label}.trap.lab.", SERVERS["offered"] if expected is proven else FORBIDDEN
            sets += [(f"{label}.trap.lab.", trap_server.MX, [b"\0\x0a" + trap_server.wire(host)], 86400),
                     (host, trap_server.A, [socket.inet_pton(socket.AF_INET, ipv4(number))], 86400),
                     (host, trap_server.AAAA, [socket.inet_pton(socket.AF_INET6, ipv6(number))], 86400),
                     (f"_25._tcp.{host}", trap_server.TLSA, records, expires)]
            self.cases.append(Case(label, name, f"{label}.trap.lab.", expected, host if expected is proven else ""))
        self.folder = attacks.zoo.keys_dir / "trap"
        ds = trap_server.make_trap("trap.lab.", self.folder, sets)
        attacks.internet.zones.append(Zone("trap.lab.", "lab.", TRAP, signed=False))
        attacks.internet.delegations.append(("trap.lab.", "DS", ds))

    def load(self, attacks) -> None:
        attacks.internet.zones.append(Zone("iter.lab.", "lab.", policy="nsec3-2500"))
        for at in range(LOAD):
            for kind in "qkvw":  # control load without and with the traps; harmless mail in their place
                attacks.destination(f"{kind}{at}", SERVERS["offered"])
            attacks.internet.add(f"u{at}.iter.lab.", "MX", f"10 mx.u{at}.iter.lab.")
            attacks.internet.addresses(f"mx.u{at}.iter.lab.", SERVERS["offered"])

    # -- the attacks -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        attacks = self.attacks
        attacks.section("Floods, forged and stale answers")
        host = attacks.world.hosts["trap"]
        log = host.dir / "trap.log"
        host.popen([sys.executable, trap_server.__file__, "trap.lab.", self.folder, ipv4(TRAP), ipv6(TRAP)], log=log)
        wait_until(lambda: log.exists() and "ready" in log.read_text(), "the trap's server")
        attacks.case("the trap is a trap", self.trap_is_sharp)
        attacks.each_ends(self.cases)
        attacks.case("nobody connected to where forged answers lead", self.nobody_there)
        attacks.section("Traps for validators, and other people's mail")
        attacks.case("other mail's delivery times are those without the traps", self.measured)
        attacks.case("mail to the trap waits, nobody connected", self.trapped)
        attacks.case("nothing in clear", attacks.no_leaks)

    def trap_is_sharp(self) -> str:
        """The chain to the zone holds, and its answers do not: otherwise nothing would be shown."""
        dig = self.attacks.world.dig
        demand(" ad" in dig("ok.trap.lab", "TXT"), "the lab's resolver does not validate ok.trap.lab:\n" + dig("ok.trap.lab", "TXT"))
        server = ipv4(TRAP)
        raw = self.attacks.world.hosts["resolver"].run(["kdig", f"@{server}", "+tcp", "+dnssec", "+noall", "+answer", "t0.trap.lab", "MX"]).stdout
        keys = self.attacks.world.hosts["resolver"].run(["kdig", f"@{server}", "+tcp", "+noall", "+answer", "trap.lab", "DNSKEY"]).stdout
        signatures, colliding = raw.count("RRSIG"), keys.count("DNSKEY") - keys.count("RRSIG")
        demand(signatures >= 300 and colliding >= 100, f"{signatures} signatures, {colliding} keys")
        demand("SERVFAIL" in dig("t-dig.trap.lab", "MX"), "an answer of the trap was believed")
        return f"{colliding} keys of one tag, {signatures} signatures: {signatures * colliding:,} to try for one answer"

    def nobody_there(self) -> str:
        there = [r for r in self.attacks.zoo.records() if r["event"] == "accepted" and r["local"] in (ipv4(FORBIDDEN), ipv6(FORBIDDEN))]
        demand(not there, f"{len(there)} connections")
        return "0 connections"

    def times(self, ids: dict[str, str]) -> list[float]:
        """Seconds from acceptance to delivery of each, all at the first attempt."""
        def ended(queue_id: str) -> float | None:
            shown = self.attacks.danewerk.ask("queue.show", id=queue_id)
            if shown["waiting"]:
                return None
            demand(shown["recipients"][0]["evidence"]["assurance"] == "next_hop_authenticated" and len(shown["attempts"]) == 1,
                   f"{shown['recipients'][0]['recipient']}: {shown['recipients'][0]['what']}")
            return (datetime.fromisoformat(shown["attempts"][0]["evidence"]["ended"]) - datetime.fromisoformat(shown["received"])).total_seconds()
        done: dict[str, float] = {}

        def all_done() -> bool:
            done.update({r: seconds for r, queue_id in ids.items() if r not in done and (seconds := ended(queue_id)) is not None})
            return len(done) == len(ids)
        wait_until(all_done, f"{len(ids)} messages of the control load", 60, 0.3)
        return sorted(done.values())

    def measured(self) -> str:
        world = self.attacks.world

        def domains(kind: str, zone: str) -> list[tuple[str, str]]:
            return [("load@contoso.lab", f"{kind}{at}@{kind}{at}.{zone}") for at in range(LOAD)]
        for harmless in "vw":  # the same load without the traps, or only the length of the queue would be measured
            world.submit(domains(harmless, "nsec.lab"))
        quiet = self.times(world.submit(domains("q", "nsec.lab")))
        spent = self.resolver_seconds()
        self.trapped_ids = world.submit(domains("t", "trap.lab"))
        self.slow_ids = world.submit(domains("u", "iter.lab"))
        beside = self.times(world.submit(domains("k", "nsec.lab")))

        def said(times: list[float]) -> str:
            return f"median {times[len(times) // 2]:.2f} s, p99 {times[-1]:.2f} s"
        spent = self.resolver_seconds() - spent
        # On an idle machine both are equal; what a shared one adds is allowed for, what a trapped validator would add is not.
        account = f"beside {2 * LOAD} harmless messages {said(quiet)}; beside {2 * LOAD} to traps {said(beside)}; " \
                  f"the resolver computed for {spent:.2f} s meanwhile"
        demand(beside[-1] <= 3 * quiet[-1] + 2.0, account)
        demand(spent < LOAD * 0.1, account)  # trying all keys with all signatures takes a second for each answer
        return account

    def resolver_seconds(self) -> float:
        """Processor time of Danewerk's resolver so far."""
        pid = next(pid for pid, command in self.attacks.processes() if command.split(" ")[0].endswith("unbound"))
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def trapped(self) -> str:
        danewerk = self.attacks.danewerk
        for recipient, queue_id in self.trapped_ids.items():
            shown = self.attacks.first_word(queue_id, 60)
            demand(shown["state"] == "waiting", f"{recipient}: {shown['state']}: {shown['what']}")
        self.nobody_there()
        codes = sorted({self.attacks.first_word(queue_id)["code"] for queue_id in self.trapped_ids.values()})
        dropped = danewerk.ask("queue.drop", ids=list(self.trapped_ids.values()), why="the trap was shown")["dropped"]
        demand(len(dropped) == LOAD, f"{len(dropped)} of {LOAD} messages were still waiting")
        return f"{LOAD} messages, " + ", ".join(codes)
