"""The place where servers are compared: one lab host with its own network, files, resolver and sinks.

Everything runs on the loopback of one network namespace (lab/net.py), so nothing of the machine is touched and
no bridge stands between the parties: the same kernel path for every server. The namespace's /var lies on the
disk of the run directory, so an fsync is a real one.

    127.0.0.1:53      Unbound, validating; 127.0.0.53:53 Knot with one signed zone, the root, that holds every name
    127.0.0.2:2525    the plain sink that inbound mail is relayed to
    127.3.0.1..:25    the TLS sinks: dN.bench.test has MX mxN.bench.test, 127.3.0.0 + N + 1, TLSA 3 1 1 of their key;
                      one certificate for all, since DANE-EE looks at no name (RFC 7672 3.1.1)
"""
import contextlib
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import threading
from pathlib import Path

from cpu import CpuMeter
from lab import certs
from lab.net import Host, LabError, Net, wait_until

PLAIN_SINK = ("127.0.0.2", 2525)
TLS_SINK = "127.3.0.1"
IN_DOMAINS = 100  # recipient domains of inbound runs
CLONE_NEWNET = 0x40000000

KNOT_CONF = """\
server:
  rundir: /run/knot
  user: knot:knot
  listen: 127.0.0.53@53
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
- target: stderr
  any: warning
database:
  storage: /var/lib/knot
  journal-db-max-size: 64M
  kasp-db-max-size: 16M
  timer-db-max-size: 16M
policy:
- id: bench
  single-type-signing: on
  algorithm: ecdsap256sha256
  cds-cdnskey-publish: none
zone:
- domain: .
  storage: /var/lib/knot
  file: root.zone
  zonefile-sync: -1
  dnssec-signing: on
  dnssec-policy: bench
"""

UNBOUND_CONF = """\
server:
  username: "unbound"
  chroot: ""
  directory: "/var/lib/unbound"
  pidfile: "/run/unbound.pid"
  use-syslog: no
  num-threads: 1
  interface: 127.0.0.1
  access-control: 127.0.0.0/8 allow
  root-hints: "/etc/lab/root.hints"
  trust-anchor-file: "/etc/lab/root.key"
  module-config: "validator iterator"
  local-zone: "test." nodefault
  do-not-query-localhost: no
  do-ip6: no
  trust-anchor-signaling: no
  msg-cache-size: 64m
  rrset-cache-size: 128m
  root-key-sentinel: no
remote-control:
  control-enable: no
"""


class MeteredHost(Host):
    """A lab host whose daemons may be started inside a CPU meter."""

    meter: CpuMeter | None = None

    def popen(self, arguments, **more):
        if self.meter is not None:
            more.setdefault("preexec_fn", self.meter.enter)
        process = super().popen(arguments, **more)
        if self.meter is not None:
            self.meter.follow(process.pid)
        return process


class Sink:
    """One sink process and a control connection to it (SMTP, XSTAT and XRESET)."""

    def __init__(self, stage: "Stage", name: str, arguments: list[str], address: tuple[str, int]):
        self.stage_, self.name = stage, name
        log = stage.host.dir / f"{name}.log"
        log.unlink(missing_ok=True)  # or the word of an earlier sink would be taken for this one's
        self.process_ = stage.host.popen([stage.tools / "sink", *arguments], log=log)
        wait_until(lambda: "ready" in log.read_text() or self.process_.poll() is not None, f"the sink {name}")
        if self.process_.poll() is not None:
            raise LabError(f"sink {name}: {log.read_text().strip()}")
        self.wire_ = stage.connect(address).makefile("rwb")
        self.wire_.readline()

    def ask(self, verb: str) -> str:
        self.wire_.write(verb.encode() + b"\r\n")
        self.wire_.flush()
        return self.wire_.readline().decode()[4:]

    def reset(self) -> None:
        self.ask("XRESET")

    def counts(self) -> dict:
        return json.loads(self.ask("XSTAT"))

    def await_messages(self, number: int, seconds: float) -> dict:
        """Waits for `number` different messages; LabError with the counts if they do not come."""
        try:
            wait_until(lambda: self.counts()["distinct_ids"] >= number, f"{number} messages", seconds, every=0.05)
        except LabError as error:
            raise LabError(f"sink {self.name}: {error}; it has {self.counts()}") from None
        return self.counts()

    def connections(self) -> dict:
        """Since its start: connections, handshakes, resumed."""
        log = self.stage_.host.dir / f"{self.name}.log"
        before = len(log.read_text().splitlines())
        self.process_.send_signal(signal.SIGUSR1)
        wait_until(lambda: len(log.read_text().splitlines()) > before and log.read_text().endswith("\n"), f"the counts of {self.name}")
        said = json.loads(log.read_text().splitlines()[-1])
        return {name: said[name] for name in ("connections", "handshakes", "resumed")}

    def stop(self) -> dict:
        """Ends it; returns what it printed last."""
        self.wire_.close()
        self.process_.terminate()
        self.process_.wait(10)
        return json.loads((self.stage_.host.dir / f"{self.name}.log").read_text().splitlines()[-1])


class Stage:
    """Attributes: host (lab.net.Host), tools (directory of load, sink, canned, handshake), certificate, domains."""

    def __init__(self, run_dir: Path, tools: Path, domains: int):
        self.net = Net(run_dir)
        self.tools, self.domains = tools, domains
        self.host = MeteredHost(self.net, "bench", 10, hostname="mail.bench.test", trees=["dns", "postfix"],
                                resolvers=["127.0.0.1"])
        self.resolver_meter: CpuMeter | None = None
        self.tools_meter = CpuMeter("tools")  # the generator and the sinks
        self.certificate: certs.Certificate | None = None

    def up(self) -> None:
        self.net.begin()
        for folder in ("etc/knot", "etc/postfix", "etc/unbound"):
            (self.host.dir / folder).mkdir(parents=True)
        self.net.up([self.host])
        self.certificate = certs.self_issued(self.net.run_dir / "certs", "mail.bench.test", ("*.bench.test",))

    def down(self) -> None:
        self.net.clean()
        for meter in (self.tools_meter, self.resolver_meter):
            if meter is not None:
                meter.close()

    def zone(self) -> str:
        rows = [". 3600 IN SOA ns. hostmaster. 1 3600 600 86400 3600", ". 3600 IN NS ns.", "ns. 3600 IN A 127.0.0.53"]
        for n in range(self.domains):
            third, fourth = divmod(n + 1, 256)
            rows += [f"d{n}.bench.test. 3600 IN MX 10 mx{n}.bench.test.",
                     f"mx{n}.bench.test. 3600 IN A 127.{3 + third // 256}.{third % 256}.{fourth}",
                     f"_25._tcp.mx{n}.bench.test. 3600 IN TLSA {self.certificate.tlsa()}"]
        return "\n".join(rows) + "\n"

    def start_dns(self) -> None:
        """Knot with the signed zone and a validating Unbound, once; returns when a TLSA answer carries AD."""
        if self.resolver_meter is not None:
            return
        host = self.host
        host.run(["install", "-d", "-o", "knot", "-g", "knot", "/run/knot", "/var/lib/knot"])
        host.run(["install", "-d", "-o", "unbound", "-g", "unbound", "/var/lib/unbound"])
        (host.dir / "etc/knot/knot.conf").write_text(KNOT_CONF)
        (host.dir / "var/lib/knot/root.zone").write_text(self.zone())
        host.meter = None
        host.popen(["knotd", "-c", "/etc/knot/knot.conf"], log=host.dir / "knotd.log")

        def anchor() -> str:
            done = host.run(["setpriv", "--reuid=knot", "--regid=knot", "--clear-groups", "keymgr", "-c",
                             "/etc/knot/knot.conf", ".", "ds"], check=False)
            return "\n".join(row for row in done.stdout.splitlines() if " DS " in row)
        (host.dir / "etc/lab/root.key").write_text(wait_until(anchor, "Knot's key") + "\n")
        (host.dir / "etc/lab/root.hints").write_text(". 3600 NS ns.\nns. 3600 A 127.0.0.53\n")
        (host.dir / "etc/unbound/unbound.conf").write_text(UNBOUND_CONF)
        self.resolver_meter = host.meter = CpuMeter("resolver")
        host.popen(["unbound", "-d", "-p", "-c", "/etc/unbound/unbound.conf"], log=host.dir / "unbound.log")
        host.meter = None
        last = f"_25._tcp.mx{self.domains - 1}.bench.test"

        def secure() -> bool:
            done = host.run(["kdig", "@127.0.0.1", "+dnssec", "+time=1", "+retry=0", last, "TLSA"], check=False)
            flags = next((row for row in done.stdout.splitlines() if "Flags:" in row), "")
            return " ad" in flags and "IN\tTLSA" in done.stdout.replace("       ", "\t")
        wait_until(secure, f"a validated answer for {last} TLSA", 20 + self.domains / 100, every=0.2)

    def warm_resolver(self) -> None:
        """Has it look up all that a delivery asks for, so that no server pays for filling the cache the others find full."""
        questions = [(name, kind) for n in range(self.domains) for name, kind in (
            (f"d{n}.bench.test", 15), (f"mx{n}.bench.test", 1), (f"mx{n}.bench.test", 28), (f"_25._tcp.mx{n}.bench.test", 52))]
        with contextlib.closing(self.inside_(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))) as wire:
            wire.connect(("127.0.0.1", 53))
            wire.settimeout(3)
            for start in range(0, len(questions), 50):
                waiting = {}
                for number, (name, kind) in enumerate(questions[start:start + 50]):
                    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
                    waiting[number] = struct.pack(">6H", number, 0x0120, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)
                for _ in range(5):
                    for query in waiting.values():
                        wire.send(query)
                    with contextlib.suppress(TimeoutError):
                        while waiting:
                            waiting.pop(struct.unpack(">H", wire.recv(4096)[:2])[0], None)
                    if not waiting:
                        break
                if waiting:
                    raise LabError(f"the resolver does not answer {len(waiting)} of the questions from number {start} on")

    def connect(self, address: tuple[str, int]) -> socket.socket:
        """A TCP connection inside the host's network."""
        return self.inside_(lambda: socket.create_connection(address, 5))

    def inside_(self, make) -> socket.socket:
        """A socket of the host's network: made by a thread that enters it, usable by all."""
        libc = ctypes.CDLL(None, use_errno=True)
        result: list = []

        def inside() -> None:
            try:
                with open(f"/proc/{self.host.keeper()}/ns/net", "rb") as namespace:
                    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                result.append(make())
            except (OSError, LabError) as error:
                result.append(error)
        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        if not isinstance(result[0], socket.socket):
            raise LabError(f"no socket inside the stage: {result[0]}")
        return result[0]

    def plain_sink(self) -> Sink:
        self.host.meter = self.tools_meter
        return Sink(self, "plain-sink", ["--listen", f"{PLAIN_SINK[0]}:{PLAIN_SINK[1]}", "--chunking", "off"], PLAIN_SINK)

    def tls_sink(self, domains: int) -> Sink:
        self.host.meter = self.tools_meter
        return Sink(self, "tls-sink", [
            "--listen", f"{TLS_SINK}/{domains}:25", "--starttls", "--require-tls", "--chunking", "off",
            "--cert", str(self.certificate.pem), "--key", str(self.certificate.key)], (TLS_SINK, 25))

    def load(self, arguments: list[str]) -> dict:
        """Runs the generator inside; returns its record. LabError if not every message was accepted."""
        self.host.meter = self.tools_meter
        process = self.host.popen([self.tools / "load", *arguments], stdout=subprocess.PIPE, text=True)
        said, _ = process.communicate(timeout=900)
        if process.returncode != 0:
            log = (self.host.dir / "load.log").read_text().strip()
            raise LabError(f"load {' '.join(arguments)}: exit {process.returncode}: {log} {said}")
        return json.loads(said)


def tool_record(arguments: list[str | Path]) -> dict:
    """Runs a tool that needs no network and returns its JSON."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=True, env=os.environ)
    return json.loads(done.stdout)
