"""Somebody else's primary: the shipped program fills the zone by RFC 2136 with TSIG, reads back, serves, and rolls once.

    /usr/bin/python3 -m tests.lab.primaries bind|pdns|knot --run build/lab-bind      (as root, from the project's root)

BIND 9.18, PowerDNS 4.7, and Knot 3.2 with its entry-point key away, configured as docs/operate/external-primary.md and dnssec-keys.md say. First what goes wrong in practice: a zone that is not
signed, a TSIG key that the server does not know, one with another secret, one without rights, a record of somebody else at a name we
want. Each must be told with its remedy, and nothing may be half published. Then publication, service, a rollover, and the records of others untouched. Exit 1 if any fails.
"""
import sys
import time
from pathlib import Path

from lab.danewerk import Danewerk
from lab.name_servers import IDLE_KEY, UPDATE_KEY, Bind, KnotPrimary, PowerDns, key_text, update_as_operator
from lab.net import wait_until
from lab.zone_world import MX_ZONE, ZoneWorld

from . import frame
from .frame import Account, demand

ZONE = MX_ZONE.rstrip(".")
STAR, PROBE = f"*.s1.{ZONE}", f"_25._tcp.contoso-lab.s1.{ZONE}"
KEY_FILE = "/etc/lab/update.tsig"
KEY_LIFE = 6  # seconds
TIMINGS = {"zone.tlsa_ttl": "2 s", "zone.check_interval": "1 s"}
NO_RIGHTS = "REFUSED: the key may not make this change"
# What each server says, in the words of ours.
WORDS = {
    "bind": {"unknown_key": "BADKEY", "wrong_secret": "BADSIG", "no_rights": NO_RIGHTS},
    "pdns": {"unknown_key": "REFUSED, as PowerDNS does", "wrong_secret": "REFUSED, as PowerDNS does", "no_rights": NO_RIGHTS},
    "knot": {"unknown_key": "BADKEY", "wrong_secret": "BADSIG", "no_rights": "BADKEY: it does not know the key for this zone"},
}


class Primaries(Account):
    def __init__(self, kind: str, run_dir: Path, program: Path):
        super().__init__()
        self.world = ZoneWorld(run_dir, {"ns-one": ["dns"] if kind == "knot" else [kind, "dns"]})
        host = self.world.hosts["ns-one"]
        self.primary = {"bind": Bind, "pdns": PowerDns, "knot": KnotPrimary}[kind](host)
        self.says = WORDS[kind]
        self.servers = {f"ns1.{MX_ZONE}": host}
        self.danewerk = Danewerk(self.world.hosts["danewerk"], program, TIMINGS)
        self.danewerk.zone_settings = {
            "mode": '"external"', "update_address": f'"{host.ipv4}:53"', "update_key_file": f'"{KEY_FILE}"', "servers": f'["{host.ipv4}:53"]',
            "name_servers": f'["ns1.{ZONE}={host.ipv4}"]', "key_life": f'"{KEY_LIFE} s"'}

    def up(self) -> None:
        self.world.up()
        self.world.delegate(self.servers)
        self.primary.begin(self.servers)

    def give_key(self, text: str) -> None:
        path = self.danewerk.host.dir / "etc/lab/update.tsig"
        path.write_text(text)
        path.chmod(0o644)

    def fault(self) -> str:
        return (self.danewerk.ask("status").get("zone") or {}).get("fault", "")

    def refused_for(self, key: str, words: str) -> str:
        """Starts with this key; the fault must say `words`."""
        self.give_key(key)
        self.danewerk.start()
        fault = wait_until(self.fault, "the update to be refused", 40, 0.2)
        demand(words in fault and str(self.primary.host.ipv4) in fault, f"the fault does not say '{words}' and where: {fault}")
        demand(not self.primary.dig(STAR, "TLSA"), "something was published")
        self.danewerk.stop()
        return fault

    # -- the cases -----------------------------------------------------------------------------------------------

    def unsigned(self) -> str:
        """Only where the lab's primary begins so."""
        said = "(signed from the beginning)"
        if not self.primary.dig(ZONE, "DNSKEY") and isinstance(self.primary, PowerDns):
            self.give_key(key_text(UPDATE_KEY))
            self.danewerk.start()
            found = wait_until(lambda: self.finding("zone.unsigned"), "the unsigned zone to be told", 30, 0.2)
            demand("sign the zone" in found["remedy"], f"the remedy is missing: {found}")
            demand(not self.primary.dig(STAR, "TLSA"), "something was published into an unsigned zone")
            self.danewerk.stop()
            said = f"{found['evidence']}. {found['remedy']}"
        self.primary.sign()
        wait_until(lambda: self.primary.dig(ZONE, "DNSKEY"), "the primary to sign the zone", 30, 0.2)
        return said

    def unknown_key(self) -> str:
        return self.refused_for(key_text("nobody.hoster.example"), self.says["unknown_key"])

    def wrong_secret(self) -> str:
        return self.refused_for(key_text(UPDATE_KEY, "another secret"), self.says["wrong_secret"])

    def no_rights(self) -> str:
        return self.refused_for(key_text(IDLE_KEY), self.says["no_rights"])

    def foreign_record(self) -> str:
        update_as_operator(self.primary, f"update add {STAR} 5 A 10.77.0.99\nupdate add theirs.{ZONE} 5 TXT \"theirs\"")
        self.give_key(key_text(UPDATE_KEY))
        self.danewerk.start()
        fault = wait_until(lambda: "10.77.0.99" in self.fault() and self.fault(), "the conflict to be told", 40, 0.2)
        demand(f"{STAR} A" in fault and "zone adopt" in fault, f"the conflict does not say what, where and what to do: {fault}")
        demand(not self.primary.dig(STAR, "TLSA") and not self.primary.dig(STAR, "AAAA"), "half was published beside the conflict")
        planned = self.danewerk.json("zone", "apply", "--dry-run")
        demand(planned["conflicts"][0]["foreign"] == ["10.77.0.99"], f"the dry run does not name the foreign record: {planned}")
        demand(any(line.startswith(f"+ {STAR}. 2 TLSA 3 1 1 ") for line in planned["changes"]), f"the dry run does not show the change: {planned}")
        refused = self.danewerk.run("zone", "apply")
        demand(refused.returncode == 1 and "10.77.0.99" in refused.stderr, f"apply did not fail for it: {refused.stderr}")
        self.danewerk.command("zone", "adopt", STAR, "A")
        wait_until(lambda: self.primary.dig(STAR, "A") == self.danewerk.host.ipv4, "the adopted name to be changed", 40, 0.2)
        return fault

    def serves(self) -> str:
        ds = wait_until(self.danewerk.ds_records, "the DS to hand over", 20, 0.2)
        self.world.dns.set_ds(ZONE, ds)
        first = wait_until(lambda: self.world.serving(self.danewerk), "a key to serve", 90, 0.2)
        records = self.primary.dig(PROBE, "TLSA").splitlines()
        demand(len(records) >= 2, f"expected current and next at the primary: {records}")
        return first

    def rolls(self, first: str) -> str:
        second = wait_until(lambda: (now := self.world.serving(self.danewerk)) != first and now, "the next key to serve", KEY_LIFE + 90, 0.2)
        wait_until(lambda: not any(first in line for line in self.known_keys()), "the old key to leave", 60, 0.2)
        return second

    def known_keys(self) -> list[str]:
        return [key["id"] for key in self.danewerk.ask("status")["zone"]["keys"]]

    def mail_comes_verified(self) -> None:
        self.danewerk.command("domain", "add", "contoso.lab", "--tenant", "contoso", "--route", "lmtp:10.77.0.40:24", "--why", "test")
        self.world.foreign.submit_bytes(b"From: bob@foreign.example\r\nSubject: zone\r\n\r\nx\r\n", "bob@foreign.example", ["anna@contoso.lab"])
        wait_until(lambda: [line for line in self.world.foreign.verified_connections() if "contoso-lab" in line], "a verified connection in Postfix's log", 60, 0.2)

    def nothing_of_others_touched(self) -> None:
        demand(self.primary.dig(f"theirs.{ZONE}", "TXT") == '"theirs"', "the record of somebody else is gone")

    def findings(self) -> list[dict]:
        return self.danewerk.ask("zone.status")["findings"]

    def finding(self, code: str) -> dict | None:
        return next((finding for finding in self.findings() if finding["code"] == code), None)

    def more_logs(self) -> list[Path]:
        return [self.primary.host.dir / "server.log"]

    def run(self) -> None:
        begin = time.monotonic()
        for case in (self.unsigned, self.unknown_key, self.wrong_secret, self.no_rights, self.foreign_record):
            said = case()
            print(f"{time.monotonic() - begin:.0f} s {case.__name__}: {said}", flush=True)
        first = self.serves()
        print(f"serves {first} after {time.monotonic() - begin:.0f} s", flush=True)
        self.mail_comes_verified()
        second = self.rolls(first)
        self.nothing_of_others_touched()
        demand(not self.findings(), f"findings in a zone that is well: {self.danewerk.command('zone', 'status')}")
        print(self.danewerk.command("zone", "status"))
        print(f"rolled to {second}; {time.monotonic() - begin:.0f} s", flush=True)


def play(lab: Primaries, _) -> None:
    lab.up()
    lab.run()


def add_options(parser) -> None:
    parser.add_argument("kind", choices=["bind", "pdns", "knot"])


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Primaries(given.kind, given.run, given.program), play, add_options))
