"""Attacks on delivery against the shipped program: on STARTTLS, TLS, DNS, the resolver, and by mail itself.

    /usr/bin/python3 -m tests.lab.attacks --run build/lab-attacks      (as root, from the project's root)

One lab, with zones and hosts made for it (lab/lookup); then each case prints a line. Nothing in all of it may be sent in
clear: whatever any host hears outside TLS is a failure, whoever it belongs to. Exit 1 if any case fails.
The cases: attacks_starttls.py, attacks_mail.py, attacks_zones.py, attacks_resolver.py.
"""
import sys
from pathlib import Path

from lab.danewerk import TIMINGS
from lab.lookup.internet import Internet
from lab.lookup.judge import Case, faults_of, seen, settle
from lab.lookup.world import LookupWorld
from lab.net import Host, wait_until

from . import attacks_mail, attacks_resolver, attacks_starttls, attacks_zones, frame
from .bad_input import Bench, same_process
from .frame import Account, demand

PARTS = {"starttls": attacks_starttls.Starttls, "mail": attacks_mail.Mail, "zones": attacks_zones.Zones, "resolver": attacks_resolver.ResolverAttacks}


class Attacks(Bench):
    """Bench over a LookupWorld. Each part publishes in its constructor, on HOSTS of its own too, and attacks in run()."""

    def __init__(self, run_dir: Path, program: Path, parts: dict):
        Account.__init__(self)  # not Bench's: the world is another one
        self.parts_, self.parts = parts, {}
        self.next_number = 110
        self.world = LookupWorld(run_dir, program, self.fill_, TIMINGS)
        for name, number in [each for part in parts.values() for each in getattr(part, "HOSTS", {}).items()]:
            self.world.hosts[name] = Host(self.world.net, name, number, hostname=f"{name}.lab")
        self.danewerk = self.world.danewerk

    def fill_(self, internet: Internet) -> None:
        self.internet, self.zoo = internet, self.world.zoo
        self.parts = {name: part(self) for name, part in self.parts_.items()}

    def up(self) -> None:
        self.world.start_all()
        self.first_worker = self.worker()

    # -- publishing ----------------------------------------------------------------------------------------------

    def listener(self, mode: str) -> int:
        """A new address that behaves so."""
        self.zoo.modes[self.next_number] = mode
        self.next_number += 1
        return self.next_number - 1

    def destination(self, label: str, number: int, records: list[str] | None = None, zone: str = "nsec.lab.") -> str:
        """A signed domain whose MX host has this address and these TLSA records (the right one if none are given)."""
        domain, host = f"{label}.{zone}", f"mx.{label}.{zone}"
        self.internet.add(domain, "MX", f"10 {host}")
        self.internet.addresses(host, number)
        self.internet.add(f"_25._tcp.{host}", "TLSA", *(records or [self.internet.good]))
        return domain

    # -- looking -------------------------------------------------------------------------------------------------

    def no_leaks(self) -> str:
        """Nothing of any mail in clear, at any host, in all records since the start."""
        heard = 0
        for path in sorted(self.zoo.records_path.parent.glob("records*.jsonl")):
            self.zoo.records_path, now = path, self.zoo.records_path
            _, strange = seen(self.zoo.records(), [])
            heard += sum(r["event"] == "accepted" for r in self.zoo.records())
            self.zoo.records_path = now
            demand(not strange, f"mail in clear: {strange[:5]}")
        return f"0 octets of mail in clear over {heard} connections"

    def each_ends(self, cases: list[Case]) -> None:
        """Submits all, and reports each as a case of its own."""
        found = settle(self.world, cases, 120, self.note)
        witnesses, strange = seen(self.zoo.records(), cases)

        def one(case: Case) -> str:
            faults = faults_of(case, found[case.label], witnesses[case.label])
            demand(not faults, "; ".join(faults))
            return f"{found[case.label]['state']} {found[case.label].get('code', '')}"
        for case in cases:
            self.case(case.name, one, case)
        self.case("nothing in clear", self.no_leaks)
        demand(not strange, str(strange))

    def goes_out(self, cases: list[Case], assurance: str, seconds: float = 60) -> str:
        """All of `cases` are delivered by themselves, with this assurance or better."""
        better = {"encrypted": ("encrypted", "host_authenticated", "next_hop_authenticated")}.get(assurance, (assurance,))
        ids = {c.recipient: self.danewerk.ask("queue.list", which="all", recipient=c.recipient, limit=1)["messages"][0]["id"] for c in cases}

        def waiting() -> list[str]:
            return [queue_id for queue_id in ids.values() if self.danewerk.ask("queue.show", id=queue_id)["waiting"]]
        wait_until(lambda: not waiting(), f"{len(ids)} messages to go out by themselves", seconds, 0.5)
        for recipient, queue_id in ids.items():
            shown = self.danewerk.ask("queue.show", id=queue_id)["recipients"][0]
            demand(shown["state"] == "delivered" and shown["evidence"]["assurance"] in better, f"{recipient}: {shown['state']} {shown.get('what')}")
        return f"{len(ids)} messages"


def play(bench: Attacks, given) -> None:
    bench.up()
    for name in given.only or PARTS:
        bench.parts[name].run()
        bench.case(f"the mail process is still the first one after: {name}", same_process, bench)
    bench.section("The end")
    bench.case("nothing in clear, from first to last", bench.no_leaks)


def add_options(parser) -> None:
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; may be repeated")


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Attacks(given.run, given.program, PARTS), play, add_options))
