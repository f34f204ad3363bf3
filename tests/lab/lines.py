"""Connections that are used again and TLS sessions that are resumed, against a real Postfix: when, and when never.

    /usr/bin/python3 -m tests.lab.lines --run build/lab-lines      (as root, from the project's root)

The shipped program delivers to the lab's foreign provider. What Postfix's own log counted and what Danewerk's evidence
says are compared: several messages share a connection; a TLSA set that changed while connections were resting is met by
a new one with a full handshake; a set that no longer fits stops the mail although a proven connection stands open; and
after the connections have ended, a session is resumed with the verdict made anew. Exit 1 if any of it fails.
"""
import os
import sys
import time
from pathlib import Path

from lab.addresses import NUMBERS
from lab.danewerk import Danewerk
from lab.net import LabError, ipv4, ipv6, wait_until
from lab.world import World
from lab.zones import TTL

from . import frame
from .frame import Account, demand

OWNER = "_25._tcp.mx1.foreign.example"
NO_KEY = "3 1 1 " + "0" * 64
REACTORS = os.cpu_count() or 1  # each keeps its own connections
IDLE = 4.0  # seconds; above what a busy machine needs between two messages


class Lines(Account):
    def __init__(self, run_dir: Path, program: Path):
        super().__init__()
        self.world = World(run_dir)
        self.danewerk = Danewerk(self.world.hosts["danewerk"], program, delivery=f'idle_time = "{IDLE * 1000:.0f} ms"\n')

    def up(self) -> None:
        self.world.up()
        self.danewerk.start()
        self.danewerk.command("domain", "add", "contoso.lab", "--tenant", "contoso", "--route", "lmtp:10.77.0.40:24", "--why", "test")
        self.own = self.world.certificates["mx1.foreign.example"].tlsa()

    def send(self) -> str:
        text = "From: anna@contoso.lab\nTo: bob@foreign.example\nSubject: one of many\n\nWritten by a test.\n"
        return self.danewerk.json("send", "--from", "anna@contoso.lab", "--to", "bob@foreign.example", "-", input=text.encode())["id"]

    def tried(self, queue_id: str) -> dict:
        """The message once it was tried."""
        def look() -> dict | None:
            shown = self.danewerk.json("queue", "show", queue_id)
            return shown if shown["attempts"] else None
        return wait_until(look, f"an attempt at {queue_id}", 30, 0.05)

    def delivered(self, queue_id: str) -> dict:
        """The evidence of its delivery in one attempt, by DANE."""
        shown = self.tried(queue_id)
        state, what = shown["recipients"][0]["state"], shown["recipients"][0].get("what")
        demand(state == "delivered", f"{queue_id} is {state}: {what}")
        evidence = shown["attempts"][-1]["evidence"]
        demand(evidence["dane"]["verdict"] == "matched" and evidence["channel"] == "tls", f"not by DANE: {evidence}")
        demand(evidence["dane"]["record"].upper() == self.own.upper(), f"another record matched: {evidence['dane']}")
        demand(evidence["presented"], "the evidence lacks the chain")
        return evidence

    def connections(self) -> int:
        """As Postfix counted them."""
        return len(self.world.foreign.log_lines("]: connect from "))

    # -- the cases -----------------------------------------------------------------------------------------------

    def share(self) -> str:
        before, number = self.connections(), 12
        found = [self.delivered(self.send()) for _ in range(number)]
        seen = self.connections() - before
        demand(seen <= REACTORS, f"Postfix saw {seen} connections for {number} messages")
        fresh = sum(e.get("messages_before", 0) == 0 for e in found)
        demand(fresh == seen, f"the evidence says {fresh} connections, Postfix {seen}")
        return f"{number} messages, {seen} connections by Postfix's log"

    def change(self, records: list[str], wanted) -> list[dict]:
        """Publishes `records` while mail flows; all messages from the first one on that was sent under them."""
        self.world.dns.set_rrset(OWNER, "TLSA", TTL, records)
        under: list[dict] = []
        end = time.monotonic() + 60
        while len(under) < wanted and time.monotonic() < end:
            shown = self.tried(self.send())
            published = shown["attempts"][0]["evidence"]["hop"]["published"]
            if sorted(r.upper() for r in published) == sorted(r.upper() for r in records):
                under.append(shown)
        demand(len(under) == wanted, f"only {len(under)} messages met the changed set within a minute")
        return under

    def changed_set(self) -> str:
        under = self.change([self.own, NO_KEY], 3 * REACTORS)
        for so_far, shown in enumerate(under):
            evidence = shown["attempts"][0]["evidence"]
            demand(shown["recipients"][0]["state"] == "delivered", f"not delivered: {shown['recipients'][0]}")
            demand(evidence.get("messages_before", 0) <= so_far, f"it took a connection of before the change: {evidence}")
        first = under[0]["attempts"][0]["evidence"]
        demand(not first["tls"]["resumed"], f"it resumed a session of before the change: {first['tls']}")
        return f"the first of {len(under)} messages under it had a new connection and a full handshake"

    def revoked_set(self) -> str:
        shown = self.change([NO_KEY], 1)[0]
        recipient = shown["recipients"][0]
        demand(recipient["state"] == "waiting" and recipient["code"] == "4.7.323", f"it did not wait: {recipient}")
        self.world.dns.set_rrset(OWNER, "TLSA", TTL, [self.own])
        queue_id = shown["id"]
        wait_until(lambda: self.danewerk.json("queue", "show", queue_id)["waiting"] == 0, "the message to go out after the repair", 60, 0.5)
        return "4.7.323 although a proven connection rested; delivered after the repair"

    def resume(self) -> str:
        """The second of two messages, sent when the connections of the first have ended but its plan still stands."""
        host, long = "mx1.foreign.example", 120  # so that the plan outlives a slow machine's pauses
        for name, kind, data in (("foreign.example", "MX", f"10 {host}."), (host, "A", ipv4(NUMBERS["foreign"])),
                                 (host, "AAAA", ipv6(NUMBERS["foreign"])), (OWNER, "TLSA", self.own)):
            self.world.dns.set_rrset(name, kind, long, [data])
        for _ in range(3):
            time.sleep(TTL + IDLE + 1)  # what was cached before has run out, all connections have ended
            before = self.connections()
            for queue_id in [self.send() for _ in range(REACTORS)]:
                self.delivered(queue_id)
            self.danewerk_forgets_lines_()
            again = [self.delivered(queue_id) for queue_id in [self.send() for _ in range(REACTORS)]]
            resumed = [e for e in again if e["tls"]["resumed"] and e.get("messages_before", 0) == 0]
            if resumed and self.connections() - before > REACTORS:
                return f"{len(resumed)} of {REACTORS} connections resumed, {resumed[0]['tls']['version']}, chain judged again: {resumed[0]['dane']['verdict']}"
        raise LabError(f"no session was resumed; the last: {again[-1]['tls']}")

    def danewerk_forgets_lines_(self) -> None:
        """Ends the foreign provider's side of all connections: reload ends smtpd processes that serve none; kill ends all."""
        self.world.foreign.host.run(["sh", "-c", "for p in /proc/[0-9]*; do [ \"$(cat $p/comm 2>/dev/null)\" = smtpd ] && "
                                     "[ \"$(readlink $p/ns/net)\" = \"$(readlink /proc/self/ns/net)\" ] && kill ${p#/proc/}; done; true"])
        time.sleep(0.3)


def play(lines: Lines, _) -> None:
    lines.up()
    lines.case("several messages share a connection", lines.share)
    lines.case("a changed TLSA set stops reuse and resumption", lines.changed_set)
    lines.case("a set that does not fit stops the mail", lines.revoked_set)
    lines.case("a session is resumed", lines.resume)


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Lines(given.run, given.program), play))
