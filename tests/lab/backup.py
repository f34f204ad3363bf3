"""Backup beside the running program, a rollover, and a restore of the older state: no key may serve that caches contradict.

    /usr/bin/python3 -m tests.lab.backup --run build/lab-backup      (as root, from the project's root)

With the built-in name server, whose zones (one shard is a zone of its own) go back as well, so that only the wait protects. A foreign Postfix with DANE mandatory in
all but name (the domain is secure) sends before and after. Exit 1 if any of it fails.
"""
import re
import sys
import time
from datetime import datetime
from pathlib import Path

from lab.danewerk import Danewerk
from lab.net import wait_until
from lab.zone_world import ZoneWorld

from . import frame
from .frame import Account, demand
from .primaries import ZONE

KEY_LIFE, TTL = 6, 2  # seconds
TIMINGS = {"zone.tlsa_ttl": f"{TTL} s", "zone.negative_ttl": f"{TTL} s", "zone.check_interval": "1 s"}
PLACE = "/var/backups/one"


class BackupAndRestore(Account):
    def __init__(self, run_dir: Path, program: Path):
        super().__init__()
        self.world = ZoneWorld(run_dir, {})
        self.danewerk = Danewerk(self.world.hosts["danewerk"], program, TIMINGS)
        self.danewerk.zone_settings = {"key_life": f'"{KEY_LIFE} s"', "shards": "2", "holding_by_shard": '["s2=explicit"]'}

    def shard_keys(self) -> set[str]:
        return set(self.danewerk.host.run(["kdig", f"@{self.danewerk.host.ipv4}", "+short", f"s2.{ZONE}", "DNSKEY"]).stdout.split("\n"))

    def serves(self, other_than: str = "") -> str:
        return wait_until(lambda: (now := self.world.serving(self.danewerk)) != other_than and now, "a key to serve", 90, 0.2)

    def verified(self) -> int:
        return len([line for line in self.world.foreign.verified_connections() if "contoso-lab" in line])

    def mail_arrives_verified(self) -> None:
        before = self.verified()
        self.world.foreign.submit_bytes(b"From: bob@foreign.example\r\nSubject: zone\r\n\r\nx\r\n", "bob@foreign.example", ["anna@contoso.lab"])
        wait_until(lambda: self.verified() > before, "a verified connection in Postfix's log", 60, 0.2)

    def refused(self, words: str, *arguments: str) -> None:
        done = self.danewerk.run(*arguments)
        demand(done.returncode == 1 and words in done.stderr, f"danewerk {' '.join(arguments)}: exit {done.returncode}: {done.stdout}{done.stderr}")

    def instants(self, event: str, since: int) -> dict[str, datetime]:
        """key -> when the event was logged, in the log from line `since` on."""
        found = {}
        for line in self.danewerk.log_lines()[since:]:
            if f"event={event} " in line or f" {event} " in line:
                at, key = re.search(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line), re.search(r"key=(\S+)", line)
                found.setdefault(key[1], datetime.fromisoformat(at[0].replace("Z", "+00:00")))
        return found

    def run(self) -> None:
        begin = time.monotonic()
        self.world.up()
        self.danewerk.start()
        self.world.dns.set_ds(ZONE, ds := wait_until(self.danewerk.ds_records, "the DS to hand over", 30, 0.2))
        first = self.serves()
        self.danewerk.command("domain", "add", "contoso.lab", "--tenant", "contoso", "--route", "lmtp:10.77.0.40:24", "--why", "test")
        self.mail_arrives_verified()
        shard_keys = self.shard_keys()
        demand(len(shard_keys) > 1, "the shard that is a zone of its own shows no key")
        print(self.danewerk.command("backup", PLACE).strip())
        self.refused("is not empty", "backup", PLACE)
        waiting = self.danewerk.json("queue", "list")["counts"]["messages"]
        second = self.serves(first)
        wait_until(lambda: first not in [k["id"] for k in self.danewerk.ask("status")["zone"]["keys"]], "the first key to be erased", 60, 0.2)
        self.mail_arrives_verified()  # the world's caches hold the second key and its successor now
        self.refused("in use by process", "restore", PLACE)
        self.danewerk.stop()
        self.refused("is newer than the backup", "restore", PLACE)
        print(self.danewerk.command("restore", PLACE, "--over-newer").strip())
        lines = len(self.danewerk.log_lines())
        self.danewerk.start()
        third = self.serves()
        seen, serving = self.instants("publisher.record_seen", lines), self.instants("publisher.serving", lines)
        waited = (serving[third] - seen[third]).total_seconds()
        demand(third not in (first, second), "a key of before serves again")
        demand(waited >= 2 * TTL - 1, f"key {third} served {waited} s after it was seen, not {2 * TTL}")
        demand(self.shard_keys() == shard_keys, "the key of the shard's own zone did not come back")
        demand(self.danewerk.ds_records() == ds, "the zone's own key did not come back")
        demand(self.danewerk.json("queue", "list")["counts"]["messages"] == waiting, "the mail that waited did not come back")
        self.mail_arrives_verified()
        print(f"{first} -> {second}; restored: {third} served after {waited:.0f} s; {time.monotonic() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: BackupAndRestore(given.run, given.program), lambda lab, _: lab.run()))
