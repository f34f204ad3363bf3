"""Two groups of shards with keys of their own, under a Postfix that insists on DANE and sends to a domain of each without a pause.

    /usr/bin/python3 -m tests.lab.key_groups --run build/lab-key-groups      (as root, from the project's root)

Danewerk begins as hosters have it today, with one set of keys for three shards. Then s1 becomes a group, `pilot`: it begins with copies
of the common keys and replaces them by its own; then its keys are rolled. Judge is Postfix's log (dane-only, through the lab's
caching resolver): each connection to either domain "Verified", no deferral. In the zone only the records of s1 may change. openssl
shows what is served for which name, and that a session of one group is none of the other's. At the end the groups are changed in a way
that would contradict caches: Danewerk says so and does not serve. Issue 4, point 5.
"""
import re
import sys
import threading

from lab import postfix
from lab.danewerk import Danewerk
from lab.net import LabError, wait_until
from lab.world import MX_ZONE

from . import frame
from .bad_input import Bench
from .frame import demand

ZONE = MX_ZONE.rstrip(".")
PILOT, OTHER = f"contoso-lab.s1.{ZONE}", f"fabrikam-lab.s2.{ZONE}"  # a hash decides; `up` looks whether it still does
TIMINGS = {"zone.tlsa_ttl": "1 s", "zone.negative_ttl": "1 s", "zone.check_interval": "1 s"}
PATIENCE = 90


class Sender(threading.Thread):
    """A message to a domain of each group in turn; each is awaited. `between` is held while one is under way."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.between, self.ending, self.sent, self.fault = world, threading.Lock(), threading.Event(), 0, ""

    def run(self) -> None:
        try:
            while not self.ending.wait(0.1):
                with self.between:
                    self.send(("contoso.lab", "fabrikam.lab")[self.sent % 2])
        except LabError as error:
            self.fault = str(error)

    def send(self, domain: str) -> None:
        text = f"From: a@foreign.example\nTo: ann@{domain}\nSubject: message {self.sent + 1}\n\nx\n".encode()
        self.world.foreign.submit_bytes(text, "a@foreign.example", [f"ann@{domain}"])
        self.sent += 1
        wait_until(lambda: len(self.world.foreign.log_lines(" status=")) >= self.sent, f"message {self.sent} to be sent", PATIENCE, 0.05)


class KeyGroups:
    def __init__(self, bench: Bench):
        self.bench, self.world, self.danewerk = bench, bench.world, bench.danewerk
        self.sender = Sender(self.world)

    def up(self) -> None:
        self.world.foreign.extra_ = postfix.FOREIGN_CF.replace("smtp_tls_security_level = dane\n", "smtp_tls_security_level = dane-only\n")
        self.world.up()
        self.danewerk.zone_settings["shards"] = "3"
        self.danewerk.start()
        for domain, host, route in (("contoso.lab", PILOT, f"lmtp:{self.world.hosts['mbox1'].ipv4}:24"),
                                    ("fabrikam.lab", OTHER, f"smtp:{self.world.hosts['mbox2'].ipv4}:25")):
            self.danewerk.command("domain", "add", domain, "--tenant", domain.split(".")[0], "--route", route, "--why", "test")
            self.world.dns.set_rrset(domain, "MX", 2, [f"10 {host}."])
        listed = {d["domain"]: d["mx_host"] for d in self.danewerk.json("domain", "list")["domains"]}
        demand(listed == {"contoso.lab": PILOT, "fabrikam.lab": OTHER}, str(listed))
        wait_until(self.danewerk.ds_records, "the zone's keys", PATIENCE)
        self.world.dns.set_ds(MX_ZONE, self.danewerk.ds_records())
        wait_until(lambda: self.danewerk.log_lines("worker.edge_listens"), "Danewerk to serve", PATIENCE, 0.1)

    # -- what is looked at ---------------------------------------------------------------------------------------

    def keys(self, group: str) -> dict[str, str]:
        """Role -> id. Empty while the process is being started."""
        try:
            return {key["role"]: key["id"] for key in self.danewerk.ask("key.list", group=group)["keys"]}
        except (LabError, OSError, ValueError):
            return {}

    def settled(self, group: str, unlike: set[str] = frozenset()) -> dict[str, str]:
        """Once a key serves, one is next, none waits to leave, and none is one of `unlike`."""
        def look():
            keys = self.keys(group)
            return keys if set(keys) == {"serving", "next"} and not unlike & set(keys.values()) else None
        return wait_until(look, f"the keys of {group} to be settled", PATIENCE, 0.2)

    def records(self, shard: str) -> set[str]:
        """The TLSA set at the primary, as everybody gets it."""
        said = self.danewerk.host.run(["kdig", f"@{self.danewerk.host.ipv4}", "+short", f"_25._tcp.any.{shard}.{ZONE}", "TLSA"]).stdout
        return {line.replace(" ", "").lower() for line in said.splitlines() if line.strip()}

    def served(self, name: str) -> str:
        """The `3 1 1` of what an edge shows who asks for this name."""
        shown = self.openssl(f"-servername {name}" if name else "-noservername", "openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r")
        return "311" + (re.search(r"[0-9a-f]{64}", shown) or [""])[0]

    def openssl(self, options: str, then: str = "cat") -> str:
        """Ends by itself: TLS 1.3 sends its tickets after the handshake, before anything is answered to QUIT."""
        line = f"(sleep 0.3; printf 'QUIT\\r\\n'; sleep 0.3) | openssl s_client -connect {self.danewerk.host.ipv4}:25 -starttls smtp -ign_eof {options} 2>&1 | {then}"
        return self.world.foreign.host.run(["sh", "-c", line], check=False).stdout

    # -- cases ---------------------------------------------------------------------------------------------------

    def one_set(self) -> str:
        demand(self.records("s1") == self.records("s2") and len(self.records("s1")) == 2, f"{self.records('s1')}, {self.records('s2')}")
        wait_until(lambda: self.sender.sent >= 4, "some messages", PATIENCE, 0.1)
        return f"{self.sender.sent} messages so far"

    def split(self) -> str:
        common, records = self.settled("default"), self.records("s1")
        with self.sender.between:
            self.danewerk.stop()
            self.danewerk.zone_settings["key_groups"] = '["pilot=s1"]'
            mark = self.bench.log_mark()
            self.danewerk.start()
            said = self.bench.logged(mark, "publisher.groups_changed", PATIENCE)
            self.bench.logged(mark, "worker.edge_listens", PATIENCE)
            demand(self.keys("pilot")["serving"] == common["serving"] + "-pilot", f"{self.keys('pilot')} does not begin with {common}")
            demand(self.served(PILOT) in records and self.served(OTHER) in records, "what is served is not in the zone")
            asked = self.danewerk.command("key", "compromised", common["next"], "--why", "only asking")
            demand(f"with its copy {common['next']}-pilot of the group pilot" in asked, asked)
        own = self.settled("pilot", {key + "-pilot" for key in common.values()})
        demand(self.settled("default") == common, f"the default group's keys changed: {self.keys('default')}")
        demand(self.records("s2") == records, "records of another shard were changed")
        demand(not self.records("s1") & records and len(self.records("s1")) == 2, f"s1 still holds {self.records('s1') & records}")
        demand("copies of 2 keys" in said, said)
        return f"{', '.join(own.values())} are its own"

    def by_name(self) -> str:
        pilot, other = self.served(PILOT), self.served(OTHER)
        demand(pilot in self.records("s1") and other in self.records("s2") and pilot != other, f"{pilot}, {other}")
        demand(self.served("") == other and self.served("elsewhere.example") == other, "no name, or a foreign one: the default group's")
        return "each name has its group's key, none and others the default group's"

    def sessions(self) -> str:
        """RFC 6066 3: no resumption under another group's name."""
        told = []
        for version in ("-tls1_3", "-tls1_2"):
            self.openssl(f"{version} -servername {PILOT} -sess_out /var/session.{version}")
            again = self.openssl(f"{version} -servername {PILOT} -sess_in /var/session.{version}")
            other = self.openssl(f"{version} -servername {OTHER} -sess_in /var/session.{version}")
            demand("Reused, TLS" in again, f"{version}: a session is not resumed under its own name:\n{again}")
            demand("New, TLS" in other and "Reused, TLS" not in other, f"{version}: a session of one group was taken for the other:\n{other}")
            told.append(version.lstrip("-"))
        return ", ".join(told)

    def rolled(self) -> str:
        before, others, records = self.settled("pilot"), self.settled("default"), {s: self.records(s) for s in ("s1", "s2", "s3")}
        said = self.danewerk.command("key", "roll", "--group", "pilot", "--dry-run")
        demand("nothing is changed" in said and before["serving"] in said and others["serving"] not in said, said)
        said = self.danewerk.command("key", "roll", "--group", "pilot", "--why", "a trial")
        demand(before["serving"] in said and others["serving"] not in said, said)
        after = self.settled("pilot", {before["serving"]})
        demand(after["serving"] == before["next"], f"{before} became {after}")
        demand(self.settled("default") == others, "the default group's keys changed")
        changed = {shard for shard in records if self.records(shard) != records[shard]}
        demand(changed == {"s1"}, f"changed: {changed}")
        demand(self.served(OTHER) in records["s2"] and self.served(PILOT) in self.records("s1"), "what is served is not in the zone")
        return f"{before['serving']} gave way to {after['serving']}; only s1's records changed"

    def told(self) -> str:
        listed = self.danewerk.command("key", "list")
        demand("group pilot: s1\n" in listed and "group default: s2 s3\n" in listed and "(group pilot)" in listed, listed)
        done = self.danewerk.run("key", "list", "--group", "plot")
        demand(done.returncode == 1 and "there is default, pilot" in done.stderr, done.stderr)
        metrics = self.danewerk.command("metrics")
        demand('danewerk_keys{group="pilot",algorithm="ecdsa-p256",phase="serving"} 1' in metrics, metrics)
        diff = self.danewerk.command("zone", "diff")
        demand("holds what it should" in diff, diff)
        for domain in ("contoso.lab", "fabrikam.lab"):  # probed with the name of its own host
            status = self.danewerk.ask("domain.status", domain=domain)
            wrong = [finding for check in status["checks"] for finding in check["findings"] if finding["severity"] == "error"]
            demand(not wrong and "dane_live" in str(status["facts"]), f"{domain}: {wrong}, {status['facts']}")
        return "list, metrics, zone, domain status"

    def postfix_log(self) -> str:
        self.sender.ending.set()
        self.sender.join(PATIENCE)
        demand(not self.sender.fault, self.sender.fault)
        connections = [line for line in self.world.foreign.log_lines("TLS connection established to ")]
        clear = [line for line in connections if "Verified TLS connection" not in line]
        demand(not clear, "not verified: " + "\n".join(clear))
        waited = [line for line in self.world.foreign.log_lines(" status=") if " status=sent" not in line]
        demand(not waited, "not sent at once: " + "\n".join(waited[:5]))
        to = {host: sum(f"to {host}[" in line for line in connections) for host in (PILOT, OTHER)}
        demand(min(to.values()) >= self.sender.sent // 2, f"{to} for {self.sender.sent} messages")
        return f"{self.sender.sent} messages, {len(connections)} connections to both, all verified, none deferred"

    def refused(self) -> str:
        """A shard may not come to keys that its senders do not know."""
        records = self.records("s1")
        self.danewerk.stop()
        self.danewerk.zone_settings["key_groups"] = '[]'
        mark = self.bench.log_mark()
        try:
            self.danewerk.start(5)
        except LabError:
            pass
        said = self.bench.logged(mark, "zone.key_groups: s1 would go from", PATIENCE)
        demand("BEGIN CERTIFICATE" not in self.openssl(f"-servername {PILOT}"), "it serves")
        demand("Put it back as it was" in said, said)
        self.danewerk.process.terminate()
        self.danewerk.process.wait(PATIENCE)
        self.danewerk.zone_settings["key_groups"] = '["trial=s1"]'  # another name is no other group
        mark = self.bench.log_mark()
        self.danewerk.start()
        self.bench.logged(mark, "worker.edge_listens", PATIENCE)
        demand(self.records("s1") == records and self.served(PILOT) in records, "a new name changed the keys")
        return said.split("what=", 1)[-1][:120]

    def run(self) -> None:
        case = self.bench.case
        self.bench.section("Postfix sends, dane-only")
        self.sender.start()
        case("one set of keys for all", self.one_set)
        case("s1 becomes a group", self.split)
        case("what is served for which name", self.by_name)
        case("sessions stay within a group", self.sessions)
        case("the group's key is rolled", self.rolled)
        case("what people are told", self.told)
        case("Postfix's log", self.postfix_log)
        self.bench.section("Groups that would contradict caches")
        case("refused in plain words; a new name is taken", self.refused)


def make(given) -> Bench:
    bench = Bench(given.run, given.program)
    bench.danewerk = Danewerk(bench.world.hosts["danewerk"], given.program, TIMINGS)
    return bench


def play(bench: Bench, _) -> None:
    groups = KeyGroups(bench)
    groups.up()
    groups.run()


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, make, play))
