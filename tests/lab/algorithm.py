"""The zone's DNSSEC algorithm is changed by a setting, and never for an instant does a validator fail. First: how a parent finds the first DS.

    /usr/bin/python3 -m tests.lab.algorithm --run build/lab-algorithm      (as root, from the project's root)

Exit 1 if the new algorithm does not come, the old one does not go, or any validated lookup meanwhile was not secure.
"""
import sys
import time
from pathlib import Path

from lab.danewerk import Danewerk
from lab.net import wait_until
from lab.zone_world import MX_ZONE, ZoneWorld

from . import frame
from .frame import Account, demand
from .primaries import PROBE, ZONE

OLD, NEW = "13", "15"  # ECDSAP256SHA256, ED25519
ELSEWHERE = "ns2.foreign.example"  # a name server of ours in another signed zone


class Algorithm(Account):
    def __init__(self, run_dir: Path, program: Path):
        super().__init__()
        self.world = ZoneWorld(run_dir, {})
        self.danewerk = Danewerk(self.world.hosts["danewerk"], program)
        host = self.danewerk.host
        self.names = f'["ns1.{ZONE}={host.ipv4}", "{ELSEWHERE}={host.ipv4}"]'
        self.danewerk.zone_settings = {"name_servers": self.names}
        self.lookups = 0

    def secure(self) -> None:
        """A stranger's resolver, whose caches run out every few seconds, must find the records secure."""
        answer = self.world.dig(PROBE, "TLSA")
        self.lookups += 1
        demand(" ad" in answer and "NOERROR" in answer, f"not secure after {self.lookups} lookups:\n{answer}")

    def keys(self) -> set[str]:
        answer = self.danewerk.host.run(["kdig", f"@{self.danewerk.host.ipv4}", "+short", ZONE, "DNSKEY"]).stdout
        return {line.split()[2] for line in answer.splitlines()}

    def wait_secure(self, condition, what: str):
        def look():
            self.secure()
            return condition()
        return wait_until(look, what, 120, 0.3)

    def ds(self) -> list[str]:
        return [record.split(" DS ", 1)[1] for record in self.danewerk.ask("zone.ds")["ds"]]

    def signals(self) -> list[dict]:
        return self.danewerk.ask("zone.ds").get("signalling", [])

    def signalling(self) -> None:
        """RFC 9615: what is printed, pasted into the other zone, is what our resolver then finds there."""
        printed = wait_until(self.signals, "the signalling records to be printed", 30, 0.2)
        demand([one["seen"] for one in printed] == ["missing"] * 2, f"expected CDS and CDNSKEY, both missing: {printed}")
        for one in printed:
            owner, ttl, _, kind, data = one["records"][0].split(" ", 4)
            demand(owner == f"_dsboot.{ZONE}._signal.{ELSEWHERE}.", f"not where RFC 9615 has it: {owner}")
            self.world.dns.set_rrset(owner, kind, 5, [data])
        wait_until(lambda: {one["seen"] for one in self.signals()} == {"there"}, "the records to be found", 30, 0.3)

    def run(self) -> None:
        begin = time.monotonic()
        self.world.up()
        self.world.dns.set_rrset(ELSEWHERE, "A", 5, [self.danewerk.host.ipv4])
        self.world.dns.set_rrset(MX_ZONE, "NS", 5, [f"ns1.{MX_ZONE}", f"{ELSEWHERE}."])
        self.danewerk.start()
        self.signalling()
        self.world.dns.set_ds(ZONE, wait_until(self.ds, "the DS to hand over", 30, 0.2))
        wait_until(lambda: self.world.serving(self.danewerk), "a key to serve", 90, 0.2)
        self.secure()
        self.danewerk.stop()
        self.danewerk.zone_settings = {"name_servers": self.names, "algorithm": '"ed25519"'}
        self.danewerk.start()
        new = self.wait_secure(lambda: [ds for ds in self.ds() if ds.split()[1] == NEW], "the DS of the new algorithm to be handed over")
        demand(self.keys() == {OLD, NEW}, f"both keys should be there now: {self.keys()}")
        self.world.dns.set_ds(ZONE, new)
        self.wait_secure(lambda: self.keys() == {NEW}, "the old key to leave")
        self.wait_secure(lambda: not self.danewerk.json("zone", "ds")["findings"], "the zone to be well")
        demand(self.world.serving(self.danewerk), "no key serves")
        print(f"algorithm {OLD} -> {NEW}, {self.lookups} lookups, all secure; {time.monotonic() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Algorithm(given.run, given.program), lambda lab, _: lab.run()))
