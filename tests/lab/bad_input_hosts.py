"""Hosts that misbehave at TLS: no offer, broken handshakes, old versions, chains that do not parse, injected replies.

The record published for each host is right, so every failure is the host's: the message must wait with the code of the
case, no octet of it may go in clear, and it goes out by itself when the host mends (TLS-01, TL-11, CRT-01, attacks).
"""
import time

from lab import certs
from lab.hostile_hosts import HostileHost
from lab.net import wait_until

from .bad_input import Bench
from .frame import demand

# Mode, code while it lasts, words the operator must find in the queue's account.
WAITING = [
    ("garble", r"4\.7\.321", "starttls_not_offered"),
    ("refuse454", r"4\.7\.321", "454"),
    ("reset-after-220", r"4\.7\.321", "handshake"),
    ("inject", r"4\.7\.321", "injected_plaintext"),
    ("tls10only", r"4\.7\.321", "handshake"),
    ("421", r"4\.0\.0", "421 4.3.2"),  # RFC 2034 3: a greeting has no enhanced code, so its text is no code of ours
]


class Hosts:
    def __init__(self, bench: Bench):
        self.bench = bench
        self.host = HostileHost(bench.world, "wrongcert")
        self.queued: dict[str, str] = {}

    def waits_in(self, mode: str, code: str, words: str) -> str:
        delivered = self.host.delivered()
        self.host.mode(mode)
        since = self.bench.log_mark()
        self.queued[mode] = self.bench.send(f"{mode}@wrongcert.lab")
        recipient = self.bench.waits(self.queued[mode], code)
        demand(any(r["event"] == "accepted" and r["mode"] == mode for r in self.host.records()), "the host was not connected to in this mode")
        demand(words in recipient["what"], f"'{words}' is not in: {recipient['what']}")
        demand(self.host.delivered() == delivered, "the host was given the message")
        self.bench.no_leak(self.host)
        self.bench.logged(since, rf"delivery\.deferred.*{self.queued[mode]}")
        return f"waits with {recipient['code']}: {recipient['what']}"

    def expired(self) -> str:
        """CRT-01: under DANE-EE the dates are not looked at. Everything that waited goes out too, by itself."""
        self.host.mode("expired")
        queue_id = self.bench.send("expired@wrongcert.lab")
        said = self.bench.delivered(queue_id, "next_hop_authenticated")["what"]
        for waiting in self.queued.values():
            self.bench.delivered(waiting, "next_hop_authenticated")
        self.bench.no_leak(self.host)
        return said

    def slow(self) -> str:
        self.host.mode("slow delay=0.02")
        started = time.monotonic()
        queue_id = self.bench.send("slow@wrongcert.lab")
        self.bench.delivered(queue_id, "next_hop_authenticated", 90)
        self.bench.no_leak(self.host)
        return f"delivered in {time.monotonic() - started:.0f} s"


class BadChain:
    """The host `bogus`, honest but for a certificate in the middle of its chain that does not parse."""

    def __init__(self, bench: Bench):
        self.bench = bench
        self.host = HostileHost(bench.world, "bogus")
        self.folder = self.host.host.dir / "hostile"
        self.fine_chain = self.host.cert

    def start(self, module: str, chain) -> None:
        self.process = self.host.host.popen(
            ["/usr/bin/python3", "-m", module, "--listen", self.host.host.ipv4, "--listen", self.host.host.ipv6, "--name", self.host.name,
             "--key", self.host.key, "--cert", chain, "--records", self.host.records_path, "--control", self.host.control, "--mail-folder",
             self.host.mail], log=self.host.host.dir / "smtp_host.log", env={"PYTHONPATH": str(certs.peers.PROJECT)})
        self.host.host.await_port(25)

    def make_chain(self):
        others = []
        for name in ("middle", "top"):
            others.append(certs.self_issued(self.folder / "chain", f"{name}.bogus.lab").pem.read_text())
        path = self.folder / "chain.pem"
        path.write_text(self.fine_chain.read_text() + "".join(others))
        return path

    def waits(self) -> str:
        self.start("tests.lab.bad_chain_host", self.make_chain())
        self.queue_id = self.bench.send("chain@bogus.lab")
        recipient = self.bench.waits(self.queue_id, r"4\.7\.32[123]")
        demand(any(r["event"] == "spoiled" for r in self.host.records()), "no spoiled chain was sent: nothing was shown")
        demand(self.host.delivered() == 0, "the host was given the message")
        self.bench.no_leak(self.host)
        return f"waits with {recipient['code']}: {recipient['what']}"

    def mends(self) -> str:
        self.process.terminate()
        self.process.wait(10)
        wait_until(lambda: not self.host.host.listens(25), "the port to be free")
        self.start("lab.hostile.smtp_host", self.fine_chain)
        said = self.bench.delivered(self.queue_id, "next_hop_authenticated")["what"]
        self.bench.no_leak(self.host)
        return said


def run(bench: Bench) -> None:
    bench.section("Outbound: hosts that misbehave")
    hosts = Hosts(bench)
    hosts.host.start()
    for mode, code, words in WAITING:
        bench.case(f"a host that is {mode}", hosts.waits_in, mode, code, words)
    bench.case("an expired certificate of the right key, and all that waited", hosts.expired)
    bench.case("a host that dribbles", hosts.slow)
    chain = BadChain(bench)
    bench.case("a certificate that does not parse in the middle of the chain", chain.waits)
    bench.case("the chain is mended", chain.mends)
