"""The lab with the zones of the matrix, one host that plays all the servers, one name server that says nothing, and Danewerk.

Danewerk runs with its defaults but for the lab's root and networks, for waits of an hour, so that each message is tried once,
and for 60 deliveries at a time, because the proxy on the wire is slow. What came of it is read from its queue, on the control
socket, and from what the hosts recorded.
"""
import re
import socket
import sys
import threading
from pathlib import Path

from .. import certs
from ..addresses import LEAVES, NUMBERS, TAMPER
from ..danewerk import Danewerk
from ..dns import Dns
from ..hostile.certificate import make_host_keys
from ..hostile.recorder import read_records
from ..hostile_hosts import SMTP_HOST
from ..inside import socket_inside
from ..net import Host, LabError, Net, ipv4, ipv6, wait_until
from ..world import World
from .internet import MODES, SILENT, UNSIGNED, Internet

ONE_TRY = {f"delivery.{name}": "1 h" for name in ("first_retry", "max_retry", "policy_first_retry", "policy_max_retry")}
SWALLOW = """\
import socket, time
held = []
for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        s = socket.socket(family, kind)
        if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((address, 53))
        if kind == socket.SOCK_STREAM: s.listen(512)
        held.append(s)
while True: time.sleep(3600)
"""


class Zoo:
    """The host that plays all servers: an address a behaviour, one recorder. `chains`: name -> (key, certificates)."""

    def __init__(self, host: Host, keys_dir: Path):
        self.host, self.keys_dir = host, keys_dir
        self.chains: dict[str, tuple[Path, Path]] = {}
        self.modes = dict(MODES)
        self.records_path = host.dir / "zoo/records.jsonl"

    def make_keys(self) -> str:
        """Returns the TLSA data of the right key."""
        self.keys = make_host_keys(self.keys_dir, ["zoo.lab"])
        return certs.Certificate(self.keys.key, self.keys.cert, certs.spki_sha256(self.keys.cert)).tlsa()

    def start(self) -> None:
        folder = self.records_path.parent
        folder.mkdir(parents=True, exist_ok=True)
        listen = [part for number, mode in self.modes.items() for address in (ipv4(number), ipv6(number)) for part in ("--listen", f"{address}={mode}")]
        chains = [part for name, (key, cert) in self.chains.items() for part in ("--chain", f"{name}={key},{cert}")]
        log = self.host.dir / "smtp_host.log"
        self.process_ = self.host.popen([sys.executable, SMTP_HOST, *listen, *chains, *self.keys.options(), "--name", "zoo.lab", "--records", self.records_path,
                                   "--control", folder / "mode", "--mail-folder", folder / "mail"], log=log)
        self.host.await_port(25, process=self.process_, log=log)

    def change(self, modes: dict[int, str]) -> None:
        """Ends, and begins again with these modes and fresh records: what was heard until now stays in the old file."""
        self.process_.terminate()
        self.process_.wait(20)
        self.modes = modes
        self.records_path = self.records_path.with_name(f"records-{self.records_path.stat().st_mtime_ns}.jsonl")
        self.start()

    def records(self) -> list[dict]:
        return read_records(self.records_path)


class LookupWorld(World):
    """`fill(internet)` publishes before the servers start. Attributes beyond World's: internet, zoo, danewerk."""

    def __init__(self, run_dir: Path, program: Path, fill, timings: dict[str, str] | None = None):
        self.internet: Internet | None = None
        self.fill_ = fill
        Net(run_dir).clean()
        super().__init__(run_dir)
        modes = sorted(set(MODES) | set(range(107, 180)))
        self.hosts["zoo"] = Host(self.net, "zoo", modes[0], hostname="zoo.lab", resolvers=[ipv4(11)], more_numbers=modes[1:])
        self.hosts["silent"] = Host(self.net, "silent", SILENT, hostname="silent.lab", resolvers=[ipv4(11)])
        self.danewerk = Danewerk(self.hosts["danewerk"], program, {**ONE_TRY, **(timings or {})}, zone=False, delivery="max_concurrent = 60\n")
        self.zoo = Zoo(self.hosts["zoo"], self.run_dir / "zoo-keys")

    def make_host_(self, name: str, number: int) -> Host:
        host = super().make_host_(name, number)
        if name == "dns":
            host.numbers = [NUMBERS["dns"], TAMPER, LEAVES, UNSIGNED]
        return host

    def zones_(self):
        zones = super().zones_()
        if self.internet:
            next(zone for zone in zones if zone.name == "lab.").records += self.internet.delegations
            zones += self.internet.zones
        return zones

    def make_dns_(self) -> Dns:
        dns = Dns(self.hosts["dns"], self.zones_(), {UNSIGNED: "unsigned"})
        dns.first_rules = self.internet.rules if self.internet else []
        return dns

    def make_certificates_(self) -> None:
        super().make_certificates_()
        self.internet = Internet(self.zoo.make_keys())
        self.fill_(self.internet)

    def start_all(self) -> None:
        """Brings up everything; returns when Danewerk's lookups work."""
        self.up()
        self.hosts["silent"].popen([sys.executable, "-c", SWALLOW], log=self.hosts["silent"].dir / "silent.log")
        self.zoo.start()
        self.danewerk.start()
        self.danewerk.command("domain", "add", "contoso.lab", "--tenant", "contoso", "--route", f"lmtp:{self.hosts['mbox1'].ipv4}:24", "--why", "lab")
        wait_until(lambda: self.known("foreign.example"), "Danewerk's resolver to validate", 60, 0.2)

    def known(self, domain: str) -> bool:
        shown = self.danewerk.ask("explain", subject=domain)
        return all(question["state"] == "secure" for question in shown["questions"]) and any("level" in host for host in shown["hosts"])

    # -- mail ----------------------------------------------------------------------------------------------------

    def submit(self, envelopes: list[tuple[str, str]], lanes: int = 4) -> dict[str, str]:
        """Hands in one message for each (sender, recipient) on the submission port; returns recipient -> queue id."""
        ids: dict[str, str] = {}
        failures: list[BaseException] = []

        def lane(part: list[tuple[str, str]]) -> None:
            try:
                with Submission(self.hosts["danewerk"]) as line:
                    for sender, recipient in part:
                        ids[recipient] = line.send(sender, recipient, f"From: {sender}\r\nTo: {recipient}\r\nSubject: lab\r\n\r\nWritten by a test.\r\n")
            except (OSError, LabError) as error:
                failures.append(error)
        threads = [threading.Thread(target=lane, args=(envelopes[at::lanes],)) for at in range(lanes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise LabError(f"submission failed: {failures[0]}")
        return ids

    def settled(self, queue_id: str) -> dict | None:
        """The message's one recipient, once it was tried."""
        recipient = self.danewerk.ask("queue.show", id=queue_id)["recipients"][0]
        return recipient if recipient["attempts"] > 0 or recipient["state"] != "waiting" else None


class Submission:
    """One connection to Danewerk's submission port, from inside its host."""

    def __init__(self, host: Host):
        self.socket_ = socket_inside(host, socket.AF_INET)
        self.socket_.settimeout(60)
        self.socket_.connect(("127.0.0.1", 587))
        self.heard_ = self.socket_.makefile("rb")
        self.reply_()
        self.say("EHLO lab.example")

    def __enter__(self) -> "Submission":
        return self

    def __exit__(self, *_) -> None:
        self.heard_.close()
        self.socket_.close()

    def reply_(self) -> str:
        lines = []
        while not lines or lines[-1][3:4] == "-":
            line = self.heard_.readline().decode()
            if not line:
                raise LabError("submission: the connection ended")
            lines.append(line.rstrip())
        return "\n".join(lines)

    def say(self, line: str, wanted: str = "2") -> str:
        self.socket_.sendall(line.encode() + b"\r\n")
        reply = self.reply_()
        if not reply.startswith(wanted):
            raise LabError(f"submission: {line.splitlines()[0][:80]!r} was answered {reply}")
        return reply

    def send(self, sender: str, recipient: str, text: str) -> str:
        self.say(f"MAIL FROM:<{sender}>")
        self.say(f"RCPT TO:<{recipient}>")
        self.say("DATA", "3")
        reply = self.say(text + ".")
        return re.search(r"queued as (\S+)", reply)[1]
