"""Keys are changed three times under a Postfix that insists on DANE and sends without a pause: every message arrives verified.

    /usr/bin/python3 -m tests.lab.rollover --run build/lab-rollover      (as root, from the project's root)

The foreign Postfix (dane-only, through the lab's caching Unbound) sends message after message, at least one a second, to a tenant
whose MX host stands behind a balancer (lab/front.py) on another host; the zone has a second name server there, which can be
behind or lose its signatures. ECDSA and RSA are served side by side. Meanwhile:

    first     ECDSA is rolled while the second server is behind: the key after it must wait; the mail process is killed when a key
              has begun to serve and when the old record has left the zone
    second    RSA is rolled while the second server signs nothing: nothing is changed until it does; killed when keys are made. The process
              comes back with ACME as the source of its certificates, and there is no CA
    third     both are rolled, one after the other: each waits for the certificate of the key to come, and says so, until Pebble answers;
              killed when a certificate is ordered, when the zone has changed, and when the record was seen everywhere

Killed is the mail process, by SIGKILL, as soon as no message is between the two servers; it is started again by its supervisor, which waits
twice as long each time: 31 s for the six.
Judge is Postfix's log: each connection "Verified", no deferral; and the mailbox holds every message. At the end openssl finds both
chains at the published address, each matching a record.
"""
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

from lab import postfix
from lab.danewerk import Danewerk
from lab.net import LabError, wait_until
from lab.world import MX_ZONE

from . import frame
from .acme_world import ACME, AcmeWorld
from .bad_input import Bench
from .frame import demand

FRONT = Path(__file__).resolve().parent.parent.parent / "lab/front.py"
TIMINGS = {"zone.tlsa_ttl": "1 s", "zone.negative_ttl": "1 s", "zone.check_interval": "1 s"}
PATIENCE = 90


class FrontedDanewerk(Danewerk):
    """Its MX hosts' address is the balancer's, and the zone has a second name server."""

    def __init__(self, host, front, program: Path):
        super().__init__(host, program, TIMINGS)
        self.front = front
        self.acme = ""

    def config(self) -> str:
        zone = MX_ZONE.rstrip(".")
        text = re.sub(r"mx_addresses = .*", f'mx_addresses = ["{self.front.ipv4}"]\nkey_algorithms = ["ecdsa-p256", "rsa-2048"]', super().config())
        text = text.replace('name_servers = [', f'name_servers = ["ns2.{zone}={self.front.ipv4}", ')
        return text.replace('servers = ["' + self.host.ipv4, f'servers = ["{self.front.ipv4}:53", "{self.host.ipv4}') + self.acme

    def certify_by_acme(self) -> None:
        """From when the mail process is started the next time."""
        self.acme = '\n[certificates]\nsource = "acme"\n' + ACME.format(program="/usr/bin/uacme")
        (self.host.dir / "etc/lab/danewerk.toml").write_text(self.config())


class Sender(threading.Thread):
    """Message after message; each is awaited. `between` is held while one is under way."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.between, self.ending, self.sent, self.fault = world, threading.Lock(), threading.Event(), 0, ""
        self.slowest = 0.0

    def run(self) -> None:
        try:
            while not self.ending.wait(0.1):
                with self.between:
                    began = time.monotonic()
                    self.send()
                    self.slowest = max(self.slowest, time.monotonic() - began)
        except LabError as error:
            self.fault = str(error)

    def send(self) -> None:
        text = f"From: a@foreign.example\nTo: ann@contoso.lab\nSubject: message {self.sent + 1}\n\nx\n".encode()
        self.world.foreign.submit_bytes(text, "a@foreign.example", ["ann@contoso.lab"])
        self.sent += 1
        wait_until(lambda: len(self.world.foreign.log_lines(" status=")) >= self.sent, f"message {self.sent} to be sent", PATIENCE, 0.05)


class Rollover:
    def __init__(self, bench: Bench):
        self.bench, self.world, self.danewerk = bench, bench.world, bench.danewerk
        self.control = self.front.dir / "front.mode"
        self.sender = Sender(self.world)
        self.kills = 0

    @property
    def front(self):
        return self.world.hosts["attacker"]

    def up(self) -> None:
        self.world.foreign.extra_ = postfix.FOREIGN_CF.replace("smtp_tls_security_level = dane\n", "smtp_tls_security_level = dane-only\n")
        self.world.up()
        self.world.trust_ca(self.danewerk)
        self.name_server("fresh")
        log = self.front.dir / "front.log"
        front = self.front.popen([sys.executable, FRONT, self.front.ipv4, "--edge", self.danewerk.host.ipv4, "--primary",
                                  self.danewerk.host.ipv4, "--control", self.control], log=log)
        wait_until(lambda: front.poll() is not None or "ready" in log.read_text(), "the balancer")
        self.danewerk.start()
        self.danewerk.command("domain", "add", "contoso.lab", "--tenant", "contoso", "--route", f"lmtp:{self.world.hosts['mbox1'].ipv4}:24", "--why", "test")
        wait_until(self.danewerk.ds_records, "the zone's keys", PATIENCE)
        self.world.dns.set_ds(MX_ZONE, self.danewerk.ds_records())
        wait_until(lambda: len(self.serving()) == 2, "both keys to serve", PATIENCE, 0.1)
        self.settled()

    # -- what is looked at ---------------------------------------------------------------------------------------

    def keys(self) -> list[dict]:
        """Empty while the process is being started again."""
        try:
            return self.danewerk.ask("key.list")["keys"]
        except (LabError, OSError, ValueError):
            return []

    def serving(self) -> dict[str, str]:
        return {key["algorithm"]: key["id"] for key in self.keys() if key["role"] == "serving"}

    def settled(self) -> None:
        """Two keys a line and no record that waits to leave."""
        wait_until(lambda: sorted(k["role"] for k in self.keys()) == ["next", "next", "serving", "serving"], "every change to be over", PATIENCE, 0.1)

    # -- what is done to it --------------------------------------------------------------------------------------

    def name_server(self, mode: str) -> None:
        fresh = self.control.with_suffix(".new")
        fresh.write_text(mode)
        os.replace(fresh, self.control)

    def kill_at(self, event: str, mark: int) -> None:
        """SIGKILL for the mail process when it has said this, and no message is under way."""
        self.bench.logged(mark, re.escape(event), PATIENCE)
        with self.sender.between:
            pid, _ = self.bench.worker()
            os.kill(pid, signal.SIGKILL)
            self.kills += 1
            wait_until(lambda: self.bench.worker()[0] not in (0, pid) and self.keys(), "the mail process to be started again", PATIENCE, 0.05)

    def roll(self, *algorithm: str) -> None:
        self.danewerk.command("key", "roll", *algorithm, "--why", "test")

    # -- the three times -----------------------------------------------------------------------------------------

    def one_behind(self) -> str:
        before, mark = self.serving(), self.bench.log_mark()
        self.name_server("behind")
        said = self.danewerk.command("key", "roll", "--algorithm", "ecdsa", "--dry-run")
        demand("nothing is changed" in said and self.serving() == before, f"a dry run: {said}")
        self.roll("--algorithm", "ecdsa")
        self.kill_at("publisher.serving", mark)
        demand(self.serving()["rsa-2048"] == before["rsa-2048"], "the other line was touched")
        self.kill_at("publisher.key_withdrawn", mark)
        fresh = wait_until(lambda: [k for k in self.keys() if k["role"] == "next" and "seen_everywhere" not in k and "published" in k], "a next key that waits", PATIENCE, 0.1)
        demand(self.serving()["ecdsa-p256"] != before["ecdsa-p256"], "the key was not changed")
        self.name_server("fresh")
        self.settled()
        return f"{fresh[0]['id']} waited for the second name server"

    def unsigned(self) -> str:
        before, mark = self.serving(), self.bench.log_mark()
        self.name_server("unsigned")
        self.bench.logged(mark, "publisher.server_faulty", PATIENCE)
        self.roll("--algorithm", "rsa")
        looks = self.danewerk.ask("status")["zone"]
        demand(looks["serving"] and self.serving() == before, "a key was changed although a server signs nothing")
        wait_until(lambda: "unverified" in self.danewerk.command("key", "list"), "the list to say so", PATIENCE, 0.2)
        self.name_server("fresh")
        self.danewerk.certify_by_acme()
        self.kill_at("publisher.key_made", mark)
        demand(self.serving()["rsa-2048"] != before["rsa-2048"], "the key was not changed")
        return "nothing was changed until it signed again"

    def both(self) -> str:
        before, mark = self.serving(), self.bench.log_mark()
        self.roll()
        wait_until(lambda: "waiting for the certificate of key" in self.danewerk.command("key", "list"), "the roll to wait for a certificate", PATIENCE, 0.2)
        failure = self.bench.logged(0, "certificate.order_failed", PATIENCE)
        demand(self.serving() == before, "a key was changed without the certificate of the next")
        self.world.ca.start()
        self.bench.logged(mark, "certificate.obtained", PATIENCE)
        mark = self.bench.log_mark()
        for event in ("certificate.ordered", "publisher.zone_changed", "publisher.record_seen"):
            self.kill_at(event, mark)
            mark = self.bench.log_mark()
        wait_until(lambda: not set(before.values()) & {k["id"] for k in self.keys()} and self.keys(), "both keys to be gone", PATIENCE, 0.2)
        self.settled()
        words = re.search('why="?([^"]*)', failure).group(1)[:50]
        return f"both waited while the CA was down ({words}); {self.kills} kills in all"

    def asked_only(self, key: str) -> str:
        """Empty until the process has looked at the servers since it was started."""
        said = self.danewerk.command("key", "compromised", key, "--why", "only asking")
        return said if ", when its signature ends" in said else ""

    def refusals(self) -> str:
        done = self.danewerk.run("key", "compromised", "never", "--why", "x")
        demand(done.returncode == 1 and "there is no key" in done.stderr, done.stderr)
        key = self.serving()["ecdsa-p256"]
        said = wait_until(lambda: self.asked_only(key), "the cost of a theft to be known: a look at the servers", PATIENCE, 0.2)
        demand("To go on, say --yes" in said and "takes over" in said, said)
        demand(self.serving()["ecdsa-p256"] == key, "asking was acting")
        return said.splitlines()[1].strip()

    # -- the judge -----------------------------------------------------------------------------------------------

    def arrived(self) -> set[str]:
        return {message.header("Subject") for message in self.world.mbox1.messages()}

    def postfix_log(self) -> str:
        self.sender.ending.set()
        self.sender.join(PATIENCE)
        demand(not self.sender.fault, self.sender.fault)
        connections = [line for line in self.world.foreign.log_lines("TLS connection established to ")]
        clear = [line for line in connections if "Verified TLS connection" not in line]
        demand(not clear, "not verified: " + "\n".join(clear))
        statuses = self.world.foreign.log_lines(" status=")
        waited = [line for line in statuses if " status=sent" not in line]
        demand(not waited, "not sent at once: " + "\n".join(waited[:5]))
        demand(len(connections) >= self.sender.sent, f"{len(connections)} connections for {self.sender.sent} messages")
        wait_until(lambda: len(self.arrived()) >= self.sender.sent, "the last to arrive", PATIENCE, 0.2)
        twice = len(self.world.mbox1.messages()) - self.sender.sent  # killed between the mailbox's "250" and our noting it
        return f"{self.sender.sent} messages, {len(connections)} connections, all verified, none deferred, {twice} came twice; the slowest took {self.sender.slowest:.1f} s"

    def both_chains(self) -> str:
        records = self.world.dig(f"_25._tcp.contoso-lab.s1.{MX_ZONE}", "TLSA", "+short").lower().replace(" ", "")
        for kind, algorithms in (("id-ecPublicKey", "ECDSA+SHA256"), ("rsaEncryption", "RSA-PSS+SHA256")):
            shown = self.world.foreign.host.run(["sh", "-c", f"""
                openssl s_client -connect {self.front.ipv4}:25 -starttls smtp -sigalgs {algorithms} </dev/null 2>/dev/null > /tmp/chain.$$
                openssl x509 -in /tmp/chain.$$ -noout -issuer; openssl x509 -in /tmp/chain.$$ -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r
                rm /tmp/chain.$$"""]).stdout
            digest = re.search(r"[0-9a-f]{64}", shown)
            demand(digest and "311" + digest.group(0) in records, f"{kind}: {shown} is in no record of {records}")
            demand("Pebble" in shown, f"{kind}: its certificate is not of the CA: {shown}")
        return "ECDSA and RSA, each by the client's wish, with the CA's certificates"


def make(given) -> Bench:
    bench = Bench(given.run, given.program, AcmeWorld)
    bench.danewerk = FrontedDanewerk(bench.world.hosts["danewerk"], bench.world.hosts["attacker"], given.program)
    return bench


def play(bench: Bench, _) -> None:
    rollover = Rollover(bench)
    rollover.up()
    bench.section("Postfix sends, dane-only")
    rollover.sender.start()
    bench.case("first: a name server is behind", rollover.one_behind)
    bench.case("second: a name server signs nothing", rollover.unsigned)
    bench.case("third: both lines", rollover.both)
    bench.case("what is only asked changes nothing", rollover.refusals)
    bench.case("Postfix's log and the mailbox", rollover.postfix_log)
    bench.case("both chains match", rollover.both_chains)


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, make, play))
