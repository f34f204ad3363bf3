"""MTA-STS policies that Danewerk hosts, from the first record to the last, seen with other people's eyes.

    /usr/bin/python3 -m tests.lab.mta_sts_hosting --run build/lab-mta-sts-hosting      (as root, from the project's root)

Pebble issues the certificates (HTTP-01 for mta-sts.contoso.lab, DNS-01 for the edge), the owner's records are set in the lab's DNS as the
commands print them, and what is served is fetched with Python's own TLS and looked at with openssl; what is announced is asked of the
name server and of the lab's Unbound. A watcher reads text and id the whole time: an id whose text is not served yet fails the test.
Each case prints a line. Exit 1 if any fails. RFC 8461; STS-P1 to STS-P5.

`--names 10000` puts so many policies and certificates into the store besides, and says what serving them costs (not part of CI).
"""
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

from lab.net import LabError, wait_until
from lab.world import MX_ZONE

from . import frame
from .acme import CLIENT, CertifiedDanewerk
from .acme_world import AcmeWorld
from .frame import Account, demand

DOMAIN, OTHER = "contoso.lab", "fabrikam.lab"
HOST = f"mta-sts.{DOMAIN}"
ZONE = MX_ZONE.rstrip(".")
EDGE = f"contoso-lab.s1.{ZONE}"
RECORD = f"contoso-lab._mta-sts.{ZONE}"
PATIENCE = 60
SETTINGS = """
[https]
listen = ["{v4}:443", "[{v6}]:443"]

[domains]
move_interval = "{move}"
look_interval = "{look}"
"""
HANDSHAKES = """
import socket, ssl, sys, threading, time
address, names, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
context = ssl._create_unverified_context()
done, end = [0] * 8, time.monotonic() + seconds
def shake(worker):
    at = worker
    while time.monotonic() < end:
        name = f"mta-sts.d{at % names}.many.lab"
        with socket.create_connection((address, 443), 30) as plain, context.wrap_socket(plain, server_hostname=name) as line:
            line.sendall(f"GET /.well-known/mta-sts.txt HTTP/1.1\\r\\nHost: {name}\\r\\nConnection: close\\r\\n\\r\\n".encode())
            got = line.recv(4096)
            assert got.startswith(b"HTTP/1.1 200") and f"mx: d{at % names}-many-lab".encode() in got, got
        done[worker] += 1
        at += 8
workers = [threading.Thread(target=shake, args=(i,)) for i in range(8)]
[w.start() for w in workers]
[w.join() for w in workers]
print(sum(done))
"""
FETCH = """
import http.client, ssl, sys
host, address = sys.argv[1:3]
context = ssl.create_default_context(cafile="/etc/pebble.pem")
class Pinned(http.client.HTTPSConnection):
    def connect(self):
        import socket
        self.sock = context.wrap_socket(socket.create_connection((address, 443), 10), server_hostname=host)
connection = Pinned(host)
connection.request("GET", sys.argv[3] if len(sys.argv) > 3 else "/.well-known/mta-sts.txt", headers={"Host": sys.argv[4]} if len(sys.argv) > 4 else {})
reply = connection.getresponse()
print(reply.status, reply.getheader("Content-Type"))
print(reply.read().decode(), end="")
"""


class HostingDanewerk(CertifiedDanewerk):
    source = "self"
    move_interval, look_interval = "1 s", "2 s"

    def config(self) -> str:
        return super().config() + SETTINGS.format(v4=self.host.ipv4, v6=self.host.ipv6, move=self.move_interval, look=self.look_interval)


class Watcher(threading.Thread):
    """Asks the name server for the id, then the policy host for the text, again and again: whoever sees an id gets its text."""

    def __init__(self, test):
        super().__init__(daemon=True)
        self.test, self.ending, self.pairs, self.broken = test, threading.Event(), [], []

    def run(self) -> None:
        while not self.ending.wait(0.1):
            seen, text = self.test.id_in_zone(), self.test.text()
            if seen and text and (not self.pairs or self.pairs[-1] != (seen, text)):
                self.pairs.append((seen, text))

    def stop(self) -> str:
        self.ending.set()
        self.join(30)
        latest: dict[str, str] = {}
        for seen, text in self.pairs:  # the text may change before the id does, never after it
            if seen in latest:
                continue
            latest[seen] = text
        texts = list(latest.values())
        repeated = [text for before, text in zip(texts, texts[1:]) if before == text]
        demand(not repeated, f"an id was announced while the text before it was served: {repeated}")
        demand(len(texts) >= 4, f"too few changes were seen: {self.pairs}")
        return f"{len(texts)} ids, each with its own text from its first sight on"


class Hosting(Account):
    def __init__(self, run_dir: Path, program: Path):
        super().__init__()
        self.world = AcmeWorld(run_dir)
        self.host, self.foreign = self.world.hosts["danewerk"], self.world.hosts["foreign"]
        self.danewerk = HostingDanewerk(self.host, program)
        self.ca = self.world.ca
        self.watcher = Watcher(self)

    def up(self) -> None:
        self.world.up()
        self.world.trust_ca(self.danewerk)
        client = self.host.dir / "var/client"
        client.mkdir()
        (client / "uacme").write_text(CLIENT)
        (client / "uacme").chmod(0o755)
        self.world.dns.set_rrset("mx1.hoster.example", "A", 5, [self.host.ipv4])
        self.ca.start()
        self.danewerk.more_roots = self.ca.root()
        (self.foreign.dir / "etc/pebble.pem").write_text(self.ca.root())
        (self.foreign.dir / "var/fetch.py").write_text(FETCH)
        self.danewerk.start()
        for domain in (DOMAIN, OTHER):
            self.danewerk.command("domain", "add", domain, "--tenant", domain.split(".")[0], "--route", "lmtp:10.77.0.40:24", "--why", "test")
        wait_until(self.danewerk.ds_records, "the zone's keys", PATIENCE)
        self.world.dns.set_ds(MX_ZONE, self.danewerk.ds_records())
        wait_until(lambda: self.danewerk.log_lines("worker.edge_listens"), "Danewerk to serve", 90, 0.1)

    # -- what strangers see ----------------------------------------------------------------------------------------

    def fetch(self, *more: str) -> str:
        return self.foreign.run(["/usr/bin/python3", "/var/fetch.py", HOST, self.host.ipv4, *more], check=False).stdout

    def text(self) -> str:
        got = self.fetch()
        return got.split("\n", 1)[1] if got.startswith("200 text/plain") else ""

    def id_in_zone(self) -> str:
        return self.id_of(self.foreign_dig(f"@{self.host.ipv4}", RECORD))

    def foreign_dig(self, *question: str) -> str:
        return self.world.hosts["resolver"].run(["kdig", "+time=5", "+retry=1", *question, "TXT"], check=False).stdout

    @staticmethod
    def id_of(answer: str) -> str:
        found = re.search(r'"v=STSv1; id=(\w+);"', answer)
        return found.group(1) if found else ""

    def handshake(self, *options: str) -> str:
        done = self.foreign.run(["sh", "-c", f"openssl s_client -connect {self.host.ipv4}:443 {' '.join(options)} </dev/null 2>&1"], check=False)
        return done.stdout

    def status(self) -> dict:
        return self.danewerk.json("mta-sts", "status", DOMAIN)

    def settled(self, mode: str, until=lambda status: True) -> dict:
        shown: dict = {}

        def look() -> bool:
            shown.clear()
            shown.update(self.status())
            return shown["settled"] and shown["served"]["mode"] == mode and until(shown)
        try:
            wait_until(look, f"mode {mode} to be settled", PATIENCE, 0.3)
        except LabError as error:
            raise LabError(f"{error}; it says: {shown.get('why')}, {shown.get('served')}") from None
        demand(f"mode: {mode}\n" in self.text(), f"what is fetched: {self.text()}")
        demand(self.id_in_zone() == shown["served"]["id"], f"the zone shows {self.id_in_zone()}, served is {shown['served']}")
        return shown

    # -- the cases -----------------------------------------------------------------------------------------------

    def tried(self) -> str:
        said = self.danewerk.command("mta-sts", "enable", DOMAIN, "--dry-run")
        demand("nothing is changed" in said and f"{HOST}. 3600 IN CNAME mta-sts.{ZONE}." in said and f"CNAME {RECORD}." in said, said)
        demand(not self.danewerk.json("mta-sts", "list")["policies"], "a dry run left something")
        refused = self.danewerk.run("mta-sts", "enable", DOMAIN, "--mode", "enforce")
        demand(refused.returncode == 1 and "mode enforce would stop mail" in refused.stderr and "key" in refused.stderr, f"{refused}")
        return refused.stderr.strip()[:150]

    def enabled(self) -> str:
        before = self.danewerk.json("mta-sts", "enable", DOMAIN, "--why", "test")
        demand("does not lead here" in before["why"], before["why"])
        demand("unrecognized name" in self.handshake("-servername", HOST), "a name without a certificate is served")
        self.watcher.start()
        self.world.dns.set_rrset(HOST, "CNAME", 5, [f"mta-sts.{ZONE}."])
        wait_until(lambda: self.danewerk.log_lines("mta_sts.policy_announced"), "the policy to be announced", PATIENCE, 0.2)
        waiting = self.status()
        demand(not waiting["settled"] and "_mta-sts.contoso.lab does not show id" in waiting["why"], waiting["why"])
        self.world.dns.set_rrset(f"_mta-sts.{DOMAIN}", "CNAME", 5, [f"{RECORD}."])
        status = self.settled("testing")
        demand(status["served"]["mx"] == [EDGE], f"{status['served']}")
        demand(self.id_of(self.world.dig(f"_mta-sts.{DOMAIN}", "TXT")) == status["served"]["id"], "the lab's resolver sees another id")
        return self.text().replace("\n", " | ")

    def names(self) -> str:
        shown = self.handshake("-servername", HOST, "-verify_return_error", "-CAfile", "/etc/pebble.pem", "-verify_hostname", HOST)
        demand("Verify return code: 0 (ok)" in shown, shown[-600:])
        for name in ("-servername mta-sts.fabrikam.lab", "-servername www.contoso.lab", "-noservername"):
            demand("unrecognized name" in self.handshake(name), f"{name} is served")
        demand("unrecognized name" in self.handshake("-tls1_2", "-servername", "elsewhere.example"), "TLS 1.2 is served another name")
        demand(self.fetch("/.well-known/mta-sts.txt", "mta-sts.fabrikam.lab").startswith("404"), "another Host is served")
        demand(self.fetch("/").startswith("404"), "another path is served")
        return "its own name by a public certificate; others, and none, are refused in the handshake"

    def our_own_client(self) -> str:
        status = self.danewerk.json("domain", "status", DOMAIN)
        checks = {check["check"]: check for check in status["checks"]}
        seen = checks.get("mta-sts", {})
        demand(seen.get("state") == "passed", f"{seen}")
        return f"our own MTA-STS client: {seen.get('state')}"

    def restarted(self) -> str:
        """By a public CA from now on; what was served and announced stands as it was."""
        before = self.status()["served"]
        demand(self.danewerk.stop() == 0, "it did not stop well")
        self.danewerk.source = "acme"
        self.danewerk.start()
        after = self.settled("testing")["served"]
        demand(after["id"] == before["id"] and after["since"] == before["since"], f"{before} became {after}")
        wait_until(lambda: "enforce_refused" not in self.status(), "the edge to serve certificates of the CA", 90, 0.5)
        return f"id {after['id']} as before; the edge's certificate is a public one now"

    def enforced(self) -> str:
        self.danewerk.command("mta-sts", "set-mode", DOMAIN, "enforce", "--max-age", "300s", "--why", "test")
        status = self.settled("enforce")
        demand(len(status["may_be_held"]) == 2, f"the text before it is forgotten: {status['may_be_held']}")
        return self.text().replace("\n", " | ")

    def in_step(self) -> str:
        """A further MX host: seen, named before it may be relied on, and not taken out while the MX names it."""
        self.world.dns.set_rrset(DOMAIN, "MX", 5, [f"10 {EDGE}.", "20 mx.fabrikam.lab."])
        wait_until(lambda: any(f["code"] == "mta-sts.mx-not-named" for f in self.status()["findings"]), "the finding", PATIENCE, 0.5)
        refused = self.danewerk.run("mta-sts", "set-mode", DOMAIN, "enforce", "--max-age", "400s")
        demand(refused.returncode == 1 and "mx.fabrikam.lab" in refused.stderr, f"{refused}")
        self.danewerk.command("mta-sts", "set-mode", DOMAIN, "enforce", "--max-age", "300s", "--mx", "mx.fabrikam.lab", "--why", "test")
        named = self.settled("enforce", lambda s: "mx.fabrikam.lab" in s["served"]["mx"])
        demand(not named["findings"], f"{named['findings']}")
        self.danewerk.command("mta-sts", "set-mode", DOMAIN, "enforce", "--max-age", "300s", "--no-mx", "--why", "test")
        demand("mx: mx.fabrikam.lab" in self.text(), "a host that the MX names left the policy")
        self.world.dns.set_rrset(DOMAIN, "MX", 5, [f"10 {EDGE}."])
        demand("mx.fabrikam.lab" in self.settled("enforce")["served"]["mx"], "a host that caches may hold left the policy")
        return "named as long as an MX record may be remembered"

    def unseen(self) -> str:
        """What no sender can have seen goes at once, and leaves nothing behind."""
        self.danewerk.command("mta-sts", "enable", OTHER)
        self.danewerk.command("mta-sts", "disable", OTHER)
        def listed() -> list[str]:
            return [one["domain"] for one in self.danewerk.json("mta-sts", "list")["policies"]]
        wait_until(lambda: OTHER not in listed(), f"{OTHER} to be gone", PATIENCE, 0.3)
        return "gone at once"

    def leaving(self) -> str:
        before = self.status()["served"]["id"]
        said = self.danewerk.json("mta-sts", "disable", DOMAIN, "--why", "test")
        demand(said["free_at"] > said["withdrawn"], f"{said}")
        wait_until(lambda: self.id_in_zone() not in ("", before), "senders to be told", PATIENCE, 0.2)
        demand("mode: none\n" in self.text() and "max_age: 86400\n" in self.text(), self.text())
        status = self.status()
        demand("senders may hold an earlier policy until" in status["why"], status["why"])
        return status["why"]

    def left(self) -> str:
        """The setting is taken away while senders may hold the policy."""
        path = self.host.dir / "etc/lab/danewerk.toml"
        path.write_text(path.read_text().replace("[https]\nlisten", "[https]\n# listen"))
        os.kill(mail_process(self), signal.SIGKILL)

        def told() -> str:
            try:
                return next((one["what"] for one in self.danewerk.ask("status")["alerts"] if one["subject"] == "mta-sts hosting"), "")
            except (LabError, OSError, ValueError):  # it is being started again
                return ""
        said = wait_until(told, "the alert", PATIENCE, 0.2)
        demand(f"for 1 domain ({DOMAIN}), 1 in mode enforce" in said and "https.listen is not set" in said and "mta-sts disable" in said, said)
        return said


def insert_names(database: Path, names: int) -> None:
    """As if they had been enabled and certified: one real chain for all of them, for what costs is that each is read and kept."""
    with sqlite3.connect(database) as store:
        key, chain = store.execute("SELECT private_key, chain FROM certificate WHERE subject = ?", (f"name:{HOST}",)).fetchone()
        now, ever = int(time.time() * 1000), "x'00000000000000000000'"
        columns = [row[1] for row in store.execute("PRAGMA table_info(accepted_domain)")]
        chosen = ", ".join("?" if name == "domain" else name for name in columns)
        for at in range(names):
            domain = f"d{at}.many.lab"
            store.execute(f"INSERT INTO accepted_domain SELECT {chosen} FROM accepted_domain WHERE domain = '{DOMAIN}'", (domain,))
            store.execute("INSERT INTO certificate VALUES(?,?,?,?,'acme',?,'test')", (f"name:mta-sts.{domain}", f"mta-sts.{domain}", key, chain, now))
            store.execute("INSERT INTO hosted_policy VALUES(?,?,1,86400,'',NULL,NULL)", (domain, now))
            store.execute("INSERT INTO hosted_policy_version VALUES(?,?,1,?,86400,?,?,?)", (domain, str(now), f"d{at}-many-lab.s1.{ZONE}", now, now, now))


def measure(test: Hosting, names: int, seconds: float = 20) -> str:
    """What `names` policies cost: memory of the mail process, and its CPU time for a handshake with its answer."""
    demand(test.danewerk.stop() == 0, "it did not stop well")
    databases = list((test.host.dir / "var/lib/danewerk/mail").glob("*.sqlite"))
    demand(len(databases) == 1, f"{databases}")
    insert_names(databases[0], names)
    (test.foreign.dir / "var/handshakes.py").write_text(HANDSHAKES)
    test.danewerk.move_interval = test.danewerk.look_interval = "1 h"  # each is looked at once
    test.danewerk.start()
    began = time.monotonic()

    def looked_at() -> bool:
        policies = test.danewerk.json("mta-sts", "list")["policies"]
        return len(policies) >= names and all(one["why"] for one in policies)
    wait_until(looked_at, f"{names} policies to be looked at", 600, 2)
    looks = time.monotonic() - began
    wait_until(lambda: "edge_listens" in test.danewerk.log.read_text().rsplit("worker.started", 1)[-1], "the edge", 90, 0.5)
    pid = mail_process(test)
    before, cpu = resident(pid), cpu_seconds(pid)
    done = int(test.foreign.run(["/usr/bin/python3", "/var/handshakes.py", test.host.ipv4, str(names), str(seconds)], timeout=seconds + 120).stdout)
    spent = cpu_seconds(pid) - cpu
    return (f"{names} names: the first look at each took {looks:.0f} s in all; {before} MiB before, {resident(pid)} MiB after {done} handshakes with {min(done, names)} names in {seconds:.0f} s "
            f"({done / seconds:.0f}/s, {spent / done * 1e6:.0f} us CPU of the whole process each)")


def mail_process(test: Hosting) -> int:
    pids = subprocess.run([*test.world.net.ip, "netns", "pids", test.host.namespace], text=True, capture_output=True, check=True).stdout.split()
    return next(int(pid) for pid in pids if b"--worker" in Path(f"/proc/{pid}/cmdline").read_bytes())


def resident(pid: int) -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) // 1024


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def play(test: Hosting, given) -> None:
    test.up()
    for name, case in (("tried", test.tried), ("enabled", test.enabled), ("names", test.names), ("our own client", test.our_own_client),
                       ("restarted, with a public CA", test.restarted), ("enforced", test.enforced), ("in step with the MX", test.in_step),
                       ("never seen", test.unseen), ("leaving", test.leaving), ("body before id", test.watcher.stop)):
        test.case(name, case)
    if given.names:
        test.note(measure(test, given.names))
    else:
        test.case("left without a server", test.left)


def add_options(parser) -> None:
    parser.add_argument("--names", type=int, default=0, help="measure with so many more policies")


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Hosting(given.run, given.program), play, add_options))
