"""Danewerk under test: the shipped program, started as an operator would, beside the other servers of the stage.

What differs from its defaults: where it listens; that loopback addresses may be delivered to (the stage has no
others); the resolver is the stage's, the same one Postfix asks, so that both pay the same for an answer and it
is metered apart; log_level = warning (Postfix writes no log either). Everything else is left as shipped: queue,
history of every attempt, durability, limits a peer, one event loop a processor.

`in`: every bench domain is accepted with the route smtp:<plain sink>; delivery.max_concurrent is the number of
smtp clients Postfix gets. No zone of its own, so the certificate it offers is one it made for this run.
`out`: the sender's domain is ours; messages a connection and whether TLS sessions are kept are set as Postfix's are. The queue is filled through submission.listen by a first run of the program
that may have 0 deliveries under way; `hold()` ends it, `release()` starts it anew with as many as Postfix may
have connections. So its start, with the reading of the queue, is inside the clock and inside its CPU figure.
"""
import json
import shutil
import time
from pathlib import Path

from cpu import CpuMeter
from lab.net import LabError, wait_until
from servers import NotThere
from stage import IN_DOMAINS, PLAIN_SINK, Stage

ADDRESS = "127.0.0.25"
PROGRAM, CONFIG, STATE = "/var/bin/danewerk", "/etc/lab/danewerk.toml", "/var/lib/danewerk"

CONFIG_TEXT = """\
[server]
state_directory = "{state}"
log_level = "warning"

[edge]
hostname = "mail.bench.test"
listen = ["{address}:25"]

[submission]
listen = ["{address}:587"]

[resolver]
mode = "external"
address = "127.0.0.1:53"

[delivery]
allow_networks = ["127.0.0.0/8"]
max_concurrent = {concurrent}
max_per_destination = {per_destination}
"""


class DanewerkServer:
    """`start`, `queued`, `stop`, and for `out` `hold` and `release`; `meter` holds every process of it."""

    name = "danewerk"

    def __init__(self, stage: Stage, direction: str, program: Path, *, connections: int = 50, per_connection: int | None = None, resume: bool = True,
                 fresh: bool = True):
        if not program.exists():
            raise NotThere(f"{program} is not there: scripts/build release danewerk, or name another with --danewerk")
        self.stage_, self.direction_, self.program_ = stage, direction, program
        self.connections_, self.fresh_ = connections, fresh
        self.more_ = "" if per_connection is None else f"messages_per_connection = {per_connection}\n"
        self.more_ += "" if resume else "tls_sessions = 0\n"
        self.log = stage.host.dir / "danewerk.log"
        self.address = f"{ADDRESS}:{25 if direction == 'in' else 587}"
        self.meter = CpuMeter(self.name)

    def start(self) -> None:
        host = self.stage_.host
        if self.fresh_:
            shutil.rmtree(host.dir / STATE.lstrip("/"), ignore_errors=True)
        inside = host.dir / PROGRAM.lstrip("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.program_, inside)
        self.begin_(self.connections_ if self.direction_ == "in" else 0)
        wait_until(self.ready_, "danewerk to answer and to listen", 20, every=0.1)
        if self.direction_ == "in":
            for n in range(IN_DOMAINS):
                self.add_domain_(f"d{n}.bench.test")
        else:
            self.add_domain_("load.bench.test")

    def begin_(self, concurrent: int) -> None:
        host = self.stage_.host
        (host.dir / CONFIG.lstrip("/")).write_text(CONFIG_TEXT.format(
            state=STATE, address=ADDRESS, concurrent=concurrent, per_destination=self.connections_) + self.more_)
        host.meter = self.meter
        self.process_ = host.popen([PROGRAM, "--config", CONFIG, "serve"], log=self.log)
        host.meter = None

    def ready_(self) -> bool:
        if self.process_.poll() is not None:
            raise LabError(f"danewerk ended with {self.process_.returncode}: {self.said_()}")
        if self.stage_.host.run([PROGRAM, "--config", CONFIG, "status"], check=False).returncode != 0:
            return False
        try:
            self.stage_.connect((ADDRESS, 25)).close()
            return True
        except LabError:
            return False

    def said_(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def command_(self, *arguments: str) -> str:
        return self.stage_.host.run([PROGRAM, "--config", CONFIG, *arguments]).stdout

    def add_domain_(self, domain: str) -> None:
        self.command_("domain", "add", domain, "--tenant", "bench", "--route", f"smtp:{PLAIN_SINK[0]}:{PLAIN_SINK[1]}")

    def queued(self) -> int:
        """Messages it has not finished with, in its own words."""
        return json.loads(self.command_("status", "--json"))["queue"]["messages"]

    def hold(self) -> None:
        """Direction out: ends the run that took the preload; what it accepted lies in its store."""
        self.end_()

    def release(self) -> float:
        """Direction out: starts it with deliveries allowed; returns the instant (seconds since the epoch)."""
        began = time.time()
        self.begin_(self.connections_)
        return began

    def end_(self) -> None:
        self.process_.terminate()
        if (code := self.process_.wait(40)) != 0:
            raise LabError(f"danewerk ended with {code}: {self.said_()}")
        wait_until(lambda: not self.meter.pids(), "Danewerk's processes to end")

    def stop(self) -> None:
        self.end_()
        self.meter.close()
