"""A hidden primary with secondaries: our Knot, with NSD and another Knot that get the zone by TSIG-signed transfers.

    /usr/bin/python3 -m tests.lab.secondaries --run build/lab-secondaries      (as root, from the project's root)

Both are asked like every name server, so a secondary that is behind holds the gate: shown by freezing one over a rollover. Then the
parent gets a DS that no key answers to, and a name server of its own: both must be told, with the remedy, as alerts. Exit 1 if any fails.
"""
import sys
import time
from pathlib import Path

from lab.danewerk import Danewerk
from lab.name_servers import TRANSFER_KEY, KnotSecondary, Nsd, key_text
from lab.net import wait_until
from lab.zone_world import MX_ZONE, ZoneWorld

from . import frame
from .frame import Account, demand
from .primaries import PROBE, ZONE

KEY_FILE = "/etc/lab/transfer.tsig"
KEY_LIFE = 5  # seconds
TIMINGS = {"zone.tlsa_ttl": "2 s", "zone.negative_ttl": "2 s", "zone.check_interval": "1 s"}
SECONDARY = '[[zone.secondary]]\naddress = "{address}:53"\nkey_file = "' + KEY_FILE + '"\n'


class Secondaries(Account):
    def __init__(self, run_dir: Path, program: Path):
        super().__init__()
        self.world = ZoneWorld(run_dir, {"ns-one": ["nsd", "dns"], "ns-two": ["dns"]})
        self.nsd, self.knot = Nsd(self.world.hosts["ns-one"]), KnotSecondary(self.world.hosts["ns-two"])
        self.servers = {f"ns1.{MX_ZONE}": self.nsd.host, f"ns2.{MX_ZONE}": self.knot.host}
        self.danewerk = Danewerk(self.world.hosts["danewerk"], program, TIMINGS)
        v4 = self.danewerk.host.ipv4
        names = ", ".join(f'"{name.rstrip(".")}={address}"' for name, host in self.servers.items() for address in (host.ipv4, host.ipv6))
        self.danewerk.zone_settings = {"listen": f'["{v4}:53"]', "name_servers": f"[{names}]", "servers": "[]", "key_life": f'"{KEY_LIFE} s"',
                                       "denial": '"nsec3"'}
        self.danewerk.zone_tables = "".join(SECONDARY.format(address=host.ipv4) for host in self.servers.values())

    def up(self) -> None:
        self.world.up()
        self.world.delegate(self.servers)
        path = self.danewerk.host.dir / "etc/lab/transfer.tsig"
        path.write_text(key_text(TRANSFER_KEY))
        path.chmod(0o644)
        for secondary in (self.nsd, self.knot):
            secondary.begin(self.danewerk.host)
        self.danewerk.start()

    def zone(self) -> dict:
        return self.danewerk.ask("zone.status")

    def server(self, address: str) -> dict:
        return next(s for s in self.zone()["servers"] if s["server"].startswith(address))

    def looks_again(self, times: int) -> None:
        """Until the publisher has looked at all servers so often; it plans its next step anew each time."""
        for _ in range(times):
            before = self.danewerk.ask("status")["zone"]["next"]["when"]
            wait_until(lambda: self.danewerk.ask("status")["zone"]["next"]["when"] != before, "the publisher to look again", 60, 0.2)

    # -- the cases -----------------------------------------------------------------------------------------------

    def serves(self) -> str:
        ds = wait_until(self.danewerk.ds_records, "the DS to hand over", 30, 0.2)
        self.world.dns.set_ds(ZONE, ds)
        first = wait_until(lambda: self.world.serving(self.danewerk), "a key to serve", 90, 0.2)
        for secondary in (self.nsd, self.knot):
            demand(len(secondary.dig(PROBE, "TLSA").splitlines()) == 2, f"{secondary.host.name} does not show current and next")
            demand(secondary.dig(ZONE, "NSEC3PARAM") == "1 0 0 -", f"{secondary.host.name} shows NSEC3PARAM {secondary.dig(ZONE, 'NSEC3PARAM')}")
        refused = self.nsd.host.run(["kdig", f"@{self.danewerk.host.ipv4}", "+tcp", "AXFR", ZONE], check=False)
        demand("TLSA" not in refused.stdout, "our Knot gave the zone to somebody without the key")
        return first

    def one_behind_holds_the_gate(self, first: str) -> str:
        self.knot.knotc("zone-freeze", ZONE)
        second = wait_until(lambda: (now := self.world.serving(self.danewerk)) != first and now, "the first rollover", KEY_LIFE + 60, 0.2)
        address = self.knot.host.ipv4

        def held() -> str | None:
            why = self.danewerk.ask("status")["zone"]["next"]["why"]
            return why if f"{address}:53 (without it)" in why else None
        why = wait_until(held, "the gate to wait for the secondary that is behind", KEY_LIFE + 60, 0.2)
        behind, well = self.server(address), self.server(self.nsd.host.ipv4)
        demand(behind["lacks"] and "lacks" not in well and behind["serial"] < well["serial"], f"zone status does not show who is behind: {behind} {well}")
        demand(any(f["code"] == "zone.server_behind" and f["subject"].startswith(address) for f in self.zone()["findings"]), "no finding for it")
        self.looks_again(2)  # held, not merely late
        demand(self.world.serving(self.danewerk) == second, "a key served that one secondary lacks")
        self.knot.knotc("zone-thaw", ZONE)
        self.knot.knotc("zone-refresh", ZONE)
        wait_until(lambda: self.world.serving(self.danewerk) != second, "the next key to serve once the secondary has caught up", 90, 0.2)
        return why

    def alert(self, subject: str) -> dict | None:
        return next((a for a in self.danewerk.ask("status")["alerts"] if a["subject"].startswith(subject)), None)

    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.zone()["findings"]}

    def delegation_faults(self) -> str:
        good = self.danewerk.ds_records()
        wrong = ["4711 13 2 " + "AB" * 32]
        self.world.dns.set_rrset(MX_ZONE, "NS", 5, [*self.servers, "ns3.elsewhere.lab."])
        self.world.dns.set_ds(ZONE, good + wrong)
        wait_until(lambda: {"zone.ds_without_key", "zone.name_servers_differ"} <= self.codes(), "both to be told", 60, 0.3)
        self.world.dns.set_ds(ZONE, wrong)
        told = wait_until(lambda: self.alert("zone.ds_mismatch"), "the DS mismatch to be told", 60, 0.3)
        demand(good[0].split()[3].lower() in told["what"].lower(), f"the alert does not say what the parent must hold: {told}")
        shown = self.danewerk.json("zone", "ds")
        demand(shown["findings"][0]["code"] == "zone.ds_mismatch" and "4711" in shown["parent"]["ds"][0], f"zone ds does not tell: {shown}")
        self.world.dns.set_ds(ZONE, good)
        self.world.dns.set_rrset(MX_ZONE, "NS", 5, list(self.servers))
        wait_until(lambda: not self.alert("zone."), "the alerts to clear", 60, 0.3)
        return told["what"]

    def more_logs(self) -> list[Path]:
        return [server.host.dir / "server.log" for server in (self.nsd, self.knot)]

    def run(self) -> None:
        begin = time.monotonic()
        first = self.serves()
        print(f"serves {first} after {time.monotonic() - begin:.0f} s", flush=True)
        print(f"held: {self.one_behind_holds_the_gate(first)}", flush=True)
        print(f"told: {self.delegation_faults()}", flush=True)
        print(self.danewerk.command("zone", "status"))
        print(f"{time.monotonic() - begin:.0f} s", flush=True)


def play(lab: Secondaries, _) -> None:
    lab.up()
    lab.run()


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Secondaries(given.run, given.program), play))
