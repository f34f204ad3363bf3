"""MX hosts held in other ways than by a wildcard: an explicit shard, which is a zone of its own, and a shared one.

    /usr/bin/python3 -m tests.lab.holding --run build/lab-holding      (as root, from the project's root)

Three shards: s1 explicit, s2 shared, s3 wildcard. Domains come in by `domain import`; the mail process is killed while their hosts
are brought into the zone. A foreign Postfix that uses DANE delivers to a domain of s1 and to one of s2 and must say "Verified" of
each; the lab's resolver, which knows nothing of us, must find every answer secure, through the delegation that Danewerk wrote.
DANE is switched off and on for a domain of s1; a key is rolled, and what that changed in the zones is read at Knot. Exit 1 if any
case fails. Issue 4, point 4.
"""
import csv
import os
import re
import signal
import sys

from lab.danewerk import Danewerk
from lab.net import LabError, wait_until
from lab.world import MX_ZONE

from . import frame
from .bad_input import Bench
from .frame import demand

ZONE = MX_ZONE.rstrip(".")
EXPLICIT, SHARED = "contoso.lab", "fabrikam.lab"  # of s1 and s2: a hash decides, and `imported` looks whether it still does
EXPLICIT_HOST, SHARED_HOST = f"contoso-lab.s1.{ZONE}", f"mx.s2.{ZONE}"
MORE = 1500
AUTHENTIC = re.compile(r"Flags: [^;]*\bad\b")
KNOT = "/var/lib/danewerk/dns/knot.sock"
SETTINGS = 'shards = 3\nholding_by_shard = ["s1=explicit", "s2=shared"]\n'


class HoldingDanewerk(Danewerk):
    def config(self) -> str:
        return super().config().replace("[zone]\n", "[zone]\n" + SETTINGS)


class Holding:
    def __init__(self, bench: Bench):
        self.bench, self.world, self.danewerk = bench, bench.world, bench.danewerk

    # -- helpers -------------------------------------------------------------------------------------------------

    def hosts(self) -> dict:
        """What `status` says of the hosts; empty while the process is being started again."""
        try:
            return self.danewerk.ask("status")["zone"]["hosts"]
        except (LabError, OSError, ValueError):
            return {}

    def brought(self) -> dict:
        """Once no host waits. The count is of the keeper's last look: the log tells of the one after."""
        return wait_until(lambda: (said := self.hosts()) and said["waiting"] == 0 and said.get("held", {}).get(f"s1.{ZONE}", 0) >= self.in_explicit and said,
                          "every host to be in the zone", 60, 0.2)

    def secure(self, name: str, kind: str, words: str) -> str:
        said = self.world.dig(name, kind)
        demand(AUTHENTIC.search(said) and re.search(words, said), f"{name} {kind}: {said}")
        return said

    def sees(self, name: str, kind: str, words: str) -> str:
        """The same once caches have forgotten."""
        def look() -> str | None:
            said = self.world.dig(name, kind)
            return said if AUTHENTIC.search(said) and re.search(words, said) else None
        return wait_until(look, f"{name} {kind} to show {words}", 40, 0.5)

    def finger(self, host: str, words: str) -> str:
        done = self.world.foreign.host.run(["posttls-finger", "-c", "-l", "dane", "-L", "summary", f"[{host}]"], check=False,
                                           env={"MAIL_CONFIG": "/etc/postfix"})
        said = done.stdout + done.stderr
        demand(re.search(words, said), said)
        return re.search(words + ".*", said).group(0)

    def zone_records(self, zone: str) -> set[str]:
        """All that stands in a zone at the primary, without what DNSSEC adds."""
        text = self.danewerk.host.run(["knotc", "-s", KNOT, "zone-read", zone]).stdout
        lines = (re.sub(r"^\[[^]]*\] ", "", " ".join(line.split())) for line in text.splitlines())
        return {line for line in lines if line and not re.search(r" (SOA|RRSIG|NSEC|NSEC3|NSEC3PARAM|DNSKEY|CDS|CDNSKEY) ", line)}

    # -- cases ---------------------------------------------------------------------------------------------------

    def imported(self) -> str:
        rows = [[EXPLICIT, "contoso", f"lmtp:{self.world.hosts['mbox1'].ipv4}:24"], [SHARED, "fabrikam", f"smtp:{self.world.hosts['mbox2'].ipv4}:25"]]
        rows += [[f"customer{i}.example", f"tenant{i % 7}", "lmtp:192.0.2.1:24"] for i in range(MORE)]
        rows.insert(3, ["no domain!", "t", "lmtp:192.0.2.1:24"])
        path = self.danewerk.host.dir / "var/domains.csv"
        with open(path, "w", newline="") as file:
            csv.writer(file).writerows([["domain", "tenant", "route", "verified", "dane"], *[[*row, "yes", "yes"] for row in rows]])
        command = ("domain", "import", "/var/domains.csv", "--failures", "/var/failed.csv", "--why", "moved in")
        demand(f"would be added {MORE + 2:,}" in self.danewerk.run(*command, "--dry-run").stdout, "the dry run")
        demand(self.danewerk.ask("status")["domains"] == 0, "a dry run changed something")
        done = self.danewerk.run(*command)
        demand(done.returncode == 1 and f"added {MORE + 2:,}" in done.stdout and "failed 1" in done.stdout, done.stdout + done.stderr)
        with open(self.danewerk.host.dir / "var/failed.csv", newline="") as file:
            failed = list(csv.DictReader(file))
        demand([row["domain"] for row in failed] == ["no domain!"] and failed[0]["fault"], str(failed))
        pid, _ = self.bench.worker()
        os.kill(pid, signal.SIGKILL)  # hosts are on their way now
        wait_until(lambda: self.bench.worker()[0] not in (0, pid) and self.hosts(), "the mail process to be started again", 60, 0.1)
        again = self.danewerk.json("domain", "list")["domains"]
        listed = {d["domain"]: d["mx_host"] for d in again}
        demand(len(listed) == MORE + 2 and listed[EXPLICIT] == EXPLICIT_HOST and listed[SHARED] == SHARED_HOST, f"{listed.get(EXPLICIT)}, {listed.get(SHARED)}")
        self.in_explicit = sum(host.endswith(f".s1.{ZONE}") for host in listed.values())
        return done.stdout.splitlines()[0]

    def in_the_zone(self) -> str:
        held = self.brought()
        demand(held["held"] == {f"s1.{ZONE}": self.in_explicit}, f"{held}: a host outside the explicit shard has records of its own")
        records = self.zone_records(f"s1.{ZONE}")
        aliases = [r for r in records if f" CNAME _dane.s1.{ZONE}." in r]
        demand(len(aliases) == self.in_explicit, f"{len(aliases)} aliases for {self.in_explicit} hosts")
        messages = self.danewerk.log_lines("event=hosts.changed ")
        demand(len(messages) <= 12, f"{len(messages)} messages")
        mx_zone = self.zone_records(ZONE)
        demand(any(f"s1.{ZONE}." in r and " DS " in r for r in mx_zone), "no DS of the explicit shard")
        return f"{self.in_explicit} hosts in {len(messages)} messages; {len(mx_zone)} records in {ZONE}"

    def seen(self) -> str:
        self.secure(EXPLICIT_HOST, "AAAA", re.escape(self.danewerk.host.ipv6))
        said = self.secure(f"_25._tcp.{EXPLICIT_HOST}", "TLSA", r"TLSA\s+3 1 1 ")
        demand(f"_dane.s1.{ZONE}." in said, said)                                  # PUB-15
        self.secure(f"_tcp.{EXPLICIT_HOST}", "A", "status: NOERROR")               # PUB-11
        self.secure(f"_25._tcp.{SHARED_HOST}", "TLSA", r"TLSA\s+3 1 1 ")
        self.secure(f"nobody.s1.{ZONE}", "A", "status: NXDOMAIN")
        return next(line for line in said.splitlines() if "CNAME" in line and "RRSIG" not in line)

    def delivered(self, domain: str, host: str) -> str:
        before = len(self.world.foreign.log_lines(" status="))
        self.world.foreign.submit_bytes(f"From: a@foreign.example\nTo: ann@{domain}\nSubject: x\n\nx\n".encode(), "a@foreign.example", [f"ann@{domain}"])
        line = wait_until(lambda: self.world.foreign.log_lines(" status=")[before:], f"the message to {domain}", 40, 0.1)[0]
        demand("status=sent" in line, line)
        verified = [v for v in self.world.foreign.verified_connections() if f"to {host}[" in v]
        demand(verified, "no verified connection; Postfix says:\n" + "\n".join(self.world.foreign.log_lines("TLS connection")))
        return verified[0].split("smtp[", 1)[1]

    def dane_off(self) -> str:
        self.danewerk.command("domain", "disable-dane", EXPLICIT, "--why", "test")
        self.sees(f"_25._tcp.{EXPLICIT_HOST}", "TLSA", "status: (NXDOMAIN|NOERROR)(?s:(?!TLSA\\s+3 1 1).)*$")
        self.secure(EXPLICIT_HOST, "A", re.escape(self.danewerk.host.ipv4))
        return self.finger(EXPLICIT_HOST, "(Untrusted|Trusted|Anonymous) TLS connection established")

    def dane_on(self) -> str:
        self.danewerk.command("domain", "enable-dane", EXPLICIT, "--why", "test")
        self.sees(f"_25._tcp.{EXPLICIT_HOST}", "TLSA", r"TLSA\s+3 1 1 ")
        return self.finger(EXPLICIT_HOST, "Verified TLS connection established")

    def not_alone(self) -> str:
        """One host is for all domains of a shared shard."""
        done = self.danewerk.run("domain", "disable-dane", SHARED)
        demand(done.returncode == 1 and "shared" in done.stderr, done.stdout + done.stderr)
        return done.stderr.strip()

    def rolled(self) -> str:
        serving = {k["id"] for k in self.danewerk.ask("key.list")["keys"] if k["role"] == "serving"}
        before = {zone: self.zone_records(zone) for zone in (ZONE, f"s1.{ZONE}")}
        self.danewerk.command("key", "roll", "--why", "test")

        def is_over() -> bool:
            roles = {k["id"]: k["role"] for k in self.danewerk.ask("key.list")["keys"]}
            return sorted(roles.values()) == ["next", "serving"] and not serving & set(roles)
        wait_until(is_over, "the key to be replaced", 60, 0.3)
        wait_until(lambda: self.zone_records(f"s1.{ZONE}") != before[f"s1.{ZONE}"], "the zone to change", 10, 0.3)
        changed = {record.split(" ", 1)[0] for zone in before for record in before[zone] ^ self.zone_records(zone)}
        demand(changed == {f"_dane.s1.{ZONE}.", f"_25._tcp.{SHARED_HOST}.", f"*.s3.{ZONE}."}, f"changed: {sorted(changed)}")
        self.finger(EXPLICIT_HOST, "Verified TLS connection established")
        return "changed at " + ", ".join(sorted(changed))

    def removed(self) -> str:
        (self.danewerk.host.dir / "var/leaving").write_text("\n".join(f"customer{i}.example" for i in range(0, MORE, 50)))
        said = self.danewerk.command("domain", "bulk", "remove", "/var/leaving", "--at-once", "4", "--why", "left")
        left = self.danewerk.json("domain", "list")["domains"]
        self.in_explicit = sum(d["mx_host"].endswith(f".s1.{ZONE}") for d in left)
        wait_until(lambda: self.hosts().get("held") == {f"s1.{ZONE}": self.in_explicit}, "their hosts to leave", 30, 0.3)
        demand(sum("CNAME" in r for r in self.zone_records(f"s1.{ZONE}")) == self.in_explicit, "aliases were left behind")
        return said.strip()

    def other_plan(self) -> str:
        """Hosts in use are not held in another way by a change of settings: decision 0089."""
        path = self.danewerk.host.dir / "etc/lab/danewerk.toml"
        text, mark = path.read_text(), self.bench.log_mark()
        path.write_text(text.replace('"s1=explicit"', '"s1=wildcard"'))
        before = self.bench.worker()[0]
        os.kill(before, signal.SIGKILL)
        said = re.search("zone.holding_by_shard was changed: .*", self.bench.logged(mark, "zone.holding_by_shard was changed: ", 30)).group(0)
        demand('Set it back to zone.shards = 3' in said and '"s1=explicit", "s2=shared"' in said and ".example" in said, said)
        path.write_text(text)
        wait_until(lambda: self.hosts().get("held") == {f"s1.{ZONE}": self.in_explicit}, "the mail process to start by the plan as it was", 60, 0.2)
        return said[:200]

    def run(self) -> None:
        case = self.bench.case
        self.bench.section("In")
        case("imported, the bad row alone left out; the mail process is killed", self.imported)
        case("explicit hosts in filled messages, others cost no record", self.in_the_zone)
        self.world.dns.set_rrset(EXPLICIT, "MX", 5, [f"10 {EXPLICIT_HOST}."])
        self.world.dns.set_rrset(SHARED, "MX", 5, [f"10 {SHARED_HOST}."])
        wait_until(lambda: self.danewerk.log_lines("worker.edge_listens"), "Danewerk to serve", 90, 0.1)
        self.bench.section("Seen from outside")
        case("a resolver of others", self.seen)
        case("Postfix delivers to an explicit host", self.delivered, EXPLICIT, EXPLICIT_HOST)
        case("Postfix delivers to a shared host", self.delivered, SHARED, SHARED_HOST)
        self.bench.section("Changes")
        case("DANE off for one", self.dane_off)
        case("DANE on again", self.dane_on)
        case("a shared host's DANE is not one domain's", self.not_alone)
        case("a key is rolled: one RRset a shard", self.rolled)
        case("domains leave in bulk", self.removed)
        case("another plan is refused", self.other_plan)


def make(given) -> Bench:
    bench = Bench(given.run, given.program)
    bench.danewerk = HoldingDanewerk(bench.world.hosts["danewerk"], given.program)
    return bench


def play(bench: Bench, _) -> None:
    bench.world.up()
    bench.danewerk.start()
    wait_until(bench.danewerk.ds_records, "the zone's keys", 30)
    bench.world.dns.set_ds(MX_ZONE, bench.danewerk.ds_records())
    Holding(bench).run()


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, make, play))
