"""Bad input against the shipped program: malformed mail, malformed records, hostile hosts, a resolver that dies.

    /usr/bin/python3 -m tests.lab.bad_input --run build/lab-bad-input      (as root, from the project's root)

One lab is brought up, with Danewerk in it as an operator runs it; then each case prints a line. What is looked at is
what strangers can see (replies, mailboxes, what hostile hosts recorded), Danewerk's own log (a line that says what and
where) and that the process that takes mail is the same one at the end. Exit 1 if any case fails.
The cases: bad_input_inbound.py, bad_input_records.py, bad_input_hosts.py, bad_input_resolver.py.
"""
import importlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from lab.danewerk import Danewerk
from lab.hostile_hosts import HostileHost
from lab.net import Host, LabError, start_time, wait_until
from lab.postfix import Postfix
from lab.world import MX_ZONE, World

from . import frame
from .frame import Account, demand

PARTS = ("inbound", "records", "hosts", "resolver")
TENANTS = {"contoso.lab": ("contoso", "lmtp", "mbox1", 24), "fabrikam.lab": ("fabrikam", "smtp", "mbox2", 25)}


class Bench(Account):
    """The lab, Danewerk in it, and the account of the cases. Attributes: world, danewerk, and an account's."""

    def __init__(self, run_dir: Path, program: Path, world: type[World] = World):
        super().__init__()
        self.world = world(run_dir)
        self.danewerk = Danewerk(self.world.hosts["danewerk"], program)
        self.first_worker: tuple[int, str | None] = (0, None)

    # -- bringing it up ------------------------------------------------------------------------------------------

    def up(self) -> None:
        self.world.up()
        self.danewerk.start()
        for domain, (tenant, protocol, host, port) in TENANTS.items():
            address = self.world.hosts[host].ipv4
            self.danewerk.command("domain", "add", domain, "--tenant", tenant, "--route", f"{protocol}:{address}:{port}", "--why", "test")
        wait_until(self.danewerk.ds_records, "the zone's keys", 30)
        self.world.dns.set_ds(MX_ZONE, self.danewerk.ds_records())
        wait_until(lambda: self.danewerk.log_lines("worker.edge_listens"), "Danewerk to serve", 90, 0.1)
        self.first_worker = self.worker()

    def worker(self) -> tuple[int, str | None]:
        """Pid and start time of the process that takes and sends mail."""
        return next(((pid, start_time(pid)) for pid, command in self.processes() if "--worker" in command), (0, None))

    def processes(self, host: Host | None = None) -> list[tuple[int, str]]:
        """Pid and command line of all on a host, Danewerk's if none is given."""
        listed = subprocess.run([*self.world.net.ip, "netns", "pids", (host or self.danewerk.host).namespace], text=True, capture_output=True, check=True)
        found = []
        for pid in map(int, listed.stdout.split()):
            try:
                found.append((pid, Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")))
            except (FileNotFoundError, ProcessLookupError):
                pass
        return found

    def set_postfix(self, postfix: Postfix, *settings: str) -> None:
        """Changes main.cf; returns when no process serves by the old one any more."""
        postfix.host.run(["postconf", "-e", *settings])
        master = next(pid for pid, command in self.processes(postfix.host) if "sbin/master" in command)
        old = {pid for pid, command in self.processes(postfix.host) if command.startswith("smtpd ")}
        os.kill(master, signal.SIGHUP)
        wait_until(lambda: not old & {pid for pid, _ in self.processes(postfix.host)}, "Postfix to replace its smtpd processes", 30)

    # -- the log -------------------------------------------------------------------------------------------------

    def log_mark(self) -> int:
        return self.danewerk.log.stat().st_size

    def logged(self, since: int, pattern: str, seconds: float = 5.0) -> str:
        """The first log line after `since` that holds the regular expression. LabError if none comes."""
        wanted = re.compile(pattern)

        def look() -> str | None:
            with open(self.danewerk.log, "rb") as file:
                file.seek(since)
                text = file.read().decode(errors="replace")
            return next((line for line in text.splitlines() if wanted.search(line)), None)
        try:
            return wait_until(look, "a log line", seconds)
        except LabError:
            with open(self.danewerk.log, "rb") as file:
                file.seek(since)
                raise LabError(f"no log line like /{pattern}/ among:\n" + file.read().decode(errors="replace")[-2000:]) from None

    # -- outbound mail -------------------------------------------------------------------------------------------

    def send(self, recipient: str) -> str:
        """Submits a message as a tenant; returns its queue id."""
        text = f"From: anna@contoso.lab\nTo: {recipient}\nSubject: {recipient}\n\nWritten by a test.\n"
        return self.danewerk.json("send", "--from", "anna@contoso.lab", "--to", recipient, "-", input=text.encode())["id"]

    def first_word(self, queue_id: str, seconds: float = 30.0) -> dict:
        """The message's only recipient, as shown once it was tried."""
        def tried() -> dict | None:
            recipient = self.danewerk.json("queue", "show", queue_id)["recipients"][0]
            return recipient if recipient["attempts"] > 0 or recipient["state"] != "waiting" else None
        return wait_until(tried, f"a first attempt at {queue_id}", seconds, 0.1)

    def waits(self, queue_id: str, code: str, seconds: float = 30.0) -> dict:
        """LabError unless the first attempt left the message waiting with `code` (a regular expression)."""
        recipient = self.first_word(queue_id, seconds)
        demand(recipient["state"] == "waiting" and re.fullmatch(code, recipient.get("code", "")),
               f"expected waiting with {code}, got {recipient['state']} {recipient.get('code')}: {recipient.get('what')}")
        return recipient

    def delivered(self, queue_id: str, assurance: str, seconds: float = 40.0) -> dict:
        """LabError unless the message goes out with this assurance (encrypted, host_authenticated, next_hop_authenticated)."""
        def over() -> dict | None:
            shown = self.danewerk.json("queue", "show", queue_id)
            return shown if shown["waiting"] == 0 else None
        try:
            recipient = wait_until(over, f"{queue_id} to go out", seconds, 0.1)["recipients"][0]
        except LabError as error:
            raise LabError(f"{error}; it says: {self.danewerk.json('queue', 'show', queue_id)['recipients'][0].get('what')}") from None
        given = recipient.get("evidence", {}).get("assurance", "").replace("-", "_")
        demand(recipient["state"] == "delivered" and given == assurance,
               f"expected delivered {assurance}, got {recipient['state']} {given or 'without assurance'}: {recipient.get('what')}")
        return recipient

    def no_leak(self, host: HostileHost) -> None:
        leaks = host.leaks()
        demand(not leaks, f"{host.name} heard mail in clear: " + "; ".join(map(str, leaks[:3])))
        in_clear = [r for r in host.records() if r["event"] == "message" and not r["tls"]]
        demand(not in_clear, f"{host.name} was given mail outside TLS: {in_clear[:1]}")


def same_process(bench: Bench) -> str:
    demand(bench.worker() == bench.first_worker, f"the mail process was {bench.first_worker}, is {bench.worker()}: it crashed or was restarted\n"
           + "\n".join(bench.danewerk.log_lines("supervisor.child")[-3:]))
    return f"pid {bench.first_worker[0]}"


def play(bench: Bench, given) -> None:
    bench.up()
    for name in given.only or PARTS:
        importlib.import_module(f"{__package__}.bad_input_{name}").run(bench)
        bench.case(f"the mail process is still the first one after: {name}", same_process, bench)


def add_options(parser) -> None:
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; may be repeated")


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Bench(given.run, given.program), play, add_options))
