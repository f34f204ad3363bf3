"""What a hoster needs, with the shipped program: signed mail, a suspended customer, a broken zone that must get its mail.

    /usr/bin/python3 -m tests.lab.hoster --run build/lab-hoster      (as root, from the project's root)

The signatures are verified at the far mailbox by dkimpy, which shares nothing with us, with keys read from the signed DNS through
the lab's own Unbound. Exit 1 if any case fails.
"""
import os
import re
import signal
import sys

import dkim

from lab.hostile_hosts import HostileHost
from lab.net import wait_until

from . import frame
from .bad_input import Bench
from .frame import demand

SUBMIT = r"""
import smtplib, sys
with smtplib.SMTP("127.0.0.1", 587, timeout=20) as s:
    s.ehlo("host.contoso.lab")
    code, text = s.mail("anna@contoso.lab", ["BODY=8BITMIME"])
    if code == 250: code, text = s.rcpt(sys.argv[1])
    if code == 250: code, text = s.data(sys.stdin.buffer.read())
    print(code, text.decode())
"""


class Hoster:
    def __init__(self, bench: Bench):
        self.bench, self.world, self.danewerk = bench, bench.world, bench.danewerk
        self.broken = HostileHost(self.world, "bogus")

    # -- how -----------------------------------------------------------------------------------------------------

    def refused(self, words: str, *arguments: str) -> str:
        """LabError unless the command fails and says so in these words (a regular expression)."""
        done = self.danewerk.run(*arguments)
        demand(done.returncode == 1 and re.search(words, done.stderr), f"danewerk {' '.join(arguments)}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stderr.strip()

    def submit(self, recipient: str, message: bytes = b"From: anna@contoso.lab\r\nSubject: x\r\n\r\nx\r\n") -> str:
        return self.danewerk.host.run(["/usr/bin/python3", "-c", SUBMIT, recipient], input=message, text=False).stdout.decode().strip()

    def txt(self, name: bytes, timeout: int = 5) -> bytes | None:
        answer = self.world.dig(name.decode().rstrip("."), "TXT", "+short")
        lines = [line for line in answer.splitlines() if line.startswith('"')]
        return "".join(re.findall(r'"([^"]*)"', lines[0])).encode() if lines else None

    def publish(self, key: dict) -> None:
        pieces = re.findall(r'"[^"]*"', key["zone_file"])
        demand("".join(p[1:-1] for p in pieces) == key["record"] and all(len(p) <= 257 for p in pieces), f"the strings are not the record: {key}")
        self.world.dns.set_rrset(key["name"], "TXT", 5, [" ".join(pieces)])

    def activated(self, domain: str, selector: str) -> None:
        """Asks until the resolver's memory of "there is none" has run out."""
        wait_until(lambda: self.danewerk.json("dkim", "activate", domain, "--selector", selector)["signs"], f"{selector}._domainkey.{domain} to sign", 20, 0.5)

    def arrived(self, subject: str, mailbox) -> bytes:
        found = wait_until(lambda: [m for m in mailbox() if m.header("Subject") == subject], f"'{subject}' to arrive", 40, 0.1)
        return found[0].raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def signatures(self, message: bytes) -> dict[str, bool]:
        """algorithm -> whether dkimpy verifies that signature."""
        fields = re.findall(rb"^DKIM-Signature:(?:.*\r\n(?:[ \t].*\r\n)*)", message.split(b"\r\n\r\n", 1)[0] + b"\r\n", re.MULTILINE | re.IGNORECASE)
        out = {}
        for index, field in enumerate(fields):
            algorithm = re.search(rb"a=([a-z0-9-]+)", field).group(1).decode()
            try:
                out[algorithm] = dkim.DKIM(message).verify(idx=index, dnsfunc=self.txt)
            except dkim.DKIMException:  # its way to say that a body was changed
                out[algorithm] = False
        return out

    # -- signing -------------------------------------------------------------------------------------------------

    def unpublished(self) -> str:
        self.key = self.danewerk.json("dkim", "add", "contoso.lab", "--tenant", "contoso", "--selector", "r1", "--why", "test")
        said = self.danewerk.json("dkim", "activate", "contoso.lab", "--selector", "r1")
        demand(not said["signs"] and "no TXT record" in said["state"], f"a key nobody can find: {said}")
        demand("no TXT record" in self.danewerk.command("status"), "status does not say that the key does not sign")
        self.danewerk.command("send", "--from", "anna@contoso.lab", "--to", "a@foreign.example", "-", input=b"From: anna@contoso.lab\nSubject: unsigned\n\nx\n")
        demand(self.signatures(self.arrived("unsigned", self.world.foreign.mailbox)) == {}, "signed with a key that nobody finds")
        return said["state"]

    def bad_keys(self) -> str:
        for domain, selector, more, words in [("fabrikam.lab", "x", ("--tenant", "contoso"), "belongs to tenant fabrikam"),
                                              ("elsewhere.example", "x", ("--tenant", "contoso"), "not one of our domains"),
                                              ("contoso.lab", "x", (), "for this host's own notices"),
                                              ("contoso.lab", "x_y", ("--tenant", "contoso"), "no selector"),
                                              ("contoso.lab", "x" * 64, ("--tenant", "contoso"), "x"),
                                              ("contoso.lab", "x", ("--tenant", "contoso", "--algorithm", "rsa-sha1"), "neither rsa-sha256"),
                                              ("contoso.lab", "r1", ("--tenant", "contoso"), "already")]:
            self.refused(words, "dkim", "add", domain, "--selector", selector, *more)
        for command in ("show", "activate", "remove"):
            self.refused("there is no DKIM key", "dkim", command, "contoso.lab", "--selector", "never")
        return "others' domains, no selectors, unknown algorithms"

    def wrong_record(self) -> str:
        other = self.danewerk.json("dkim", "add", "contoso.lab", "--tenant", "contoso", "--selector", "r0")
        self.publish({**self.key, "zone_file": other["zone_file"], "record": other["record"]})
        wait_until(lambda: "another key" in self.danewerk.json("dkim", "activate", "contoso.lab", "--selector", "r1")["state"], "the wrong record to be seen", 20, 0.5)
        self.danewerk.command("dkim", "remove", "contoso.lab", "--selector", "r0")
        return "it publishes another key"

    def both(self) -> str:
        self.publish(self.key)
        self.activated("contoso.lab", "r1")
        second = self.danewerk.json("dkim", "add", "contoso.lab", "--tenant", "contoso", "--selector", "e1", "--algorithm", "ed25519-sha256")
        self.publish(second)
        self.activated("contoso.lab", "e1")
        text = "From: Anna <anna@contoso.lab>\nTo: a@foreign.example\nSubject:  both\t algorithms \n\n.\n..two  spaces \n\nü\n\n\n"
        answer = self.danewerk.json("send", "--from", "anna@contoso.lab", "--to", "a@foreign.example", "-", input=text.encode())
        message = self.arrived("both\t algorithms", self.world.foreign.mailbox)
        demand(self.signatures(message) == {"rsa-sha256": True, "ed25519-sha256": True}, f"dkimpy: {self.signatures(message)} of {message!r}")
        changed = message.replace(b"two", b"six")
        demand(not any(self.signatures(changed).values()), "a changed body still verifies: this test proves nothing")
        forged = b"From: boss@contoso.lab\r\n" + message
        demand(not any(self.signatures(forged).values()), "a second From can be added")
        return answer["dkim"]

    def large(self) -> str:
        body = b"".join(b"%06d the line \xc3\xa9  with  spaces  \r\n" % i for i in range(60_000))
        said = self.submit("a@foreign.example", b"From: anna@contoso.lab\r\nTo: a@foreign.example\r\nSubject: large\r\n\r\n" + body)
        demand(said.startswith("250"), f"submission: {said}")
        message = self.arrived("large", self.world.foreign.mailbox)
        demand(self.signatures(message) == {"rsa-sha256": True, "ed25519-sha256": True}, "a spooled 8-bit body does not verify")
        return f"{len(message)} octets"

    def not_ours(self) -> str:
        self.world.foreign.submit_bytes(b"From: x@foreign.example\nSubject: relayed\n\nx\n", "x@foreign.example", ["ann@contoso.lab"])
        demand(b"DKIM-Signature" not in self.arrived("relayed", self.world.mbox1.messages), "inbound mail was signed")
        said = self.submit("a@foreign.example", b"From: b@fabrikam.lab\r\nSubject: somebody else\r\n\r\nx\r\n")
        demand(said.startswith("250"), said)
        demand(self.signatures(self.arrived("somebody else", self.world.foreign.mailbox)) == {}, "signed for an author of another tenant")
        return self.bench.logged(0, "not signed: no key for fabrikam.lab")[-60:]

    def notices(self) -> str:
        key = self.danewerk.json("dkim", "add", "hoster.example", "--selector", "n1")
        self.publish(key)
        self.activated("hoster.example", "n1")
        self.bench.send("nobody@no-such.foreign.example")

        def notice():
            return [m for m in self.world.mbox1.messages() if "MAILER-DAEMON" in (m.header("From") or "").upper()]
        found = wait_until(notice, "the notice", 30, 0.1)
        demand(self.signatures(found[0].raw) == {"rsa-sha256": True}, f"the notice: {found[0].raw!r}")
        return found[0].header("DKIM-Signature")[:60]

    # -- negative trust anchors ----------------------------------------------------------------------------------

    def bad_anchors(self) -> str:
        for arguments, words in [((".",), "not for the root"), (("lab",), "top-level"), (("bogus.lab", "--until", "40d"), "more than 30 days"),
                                 (("bogus.lab", "--until", "2020-01-01T00:00:00Z"), "past"), (("bogus.lab", "--until", "soon"), "neither")]:
            self.refused(words, "nta", "add", *arguments, "--why", "test")
        done = self.danewerk.run("nta", "add", "bogus.lab")
        demand(done.returncode == 2 and "--why" in done.stderr, "an anchor without a reason")
        self.refused("no negative trust anchor", "nta", "remove", "bogus.lab")
        return "root, top level, no reason, no end in sight"

    def waits(self) -> str:
        self.broken.start()
        self.tampering = self.world.dns.break_signatures("bogus.lab", "MX")
        self.waiting = self.bench.send("one@bogus.lab")
        return self.bench.waits(self.waiting, r"4\.7\.324")["what"]

    def flows(self) -> str:
        said = self.danewerk.json("nta", "add", "bogus.lab", "--why", "their operator called: a failed key rollover", "--until", "1h")
        demand("fault" not in said, f"the resolver could not be told: {said}")
        shown = wait_until(lambda: self.finished(self.waiting), "the message to go out", 20, 0.1)
        evidence = shown["recipients"][0]["evidence"]
        anchor = evidence["negative_trust_anchors"][0]
        demand(shown["recipients"][0]["state"] == "delivered" and evidence["assurance"] == "encrypted", f"not as insecure: {evidence}")
        demand(anchor["domain"] == "bogus.lab" and anchor["who"] == "root" and "rollover" in anchor["why"], f"not marked: {evidence}")
        demand(any("negative_trust_anchors" in (a["evidence"] or {}) for a in shown["attempts"]), "the attempt is not marked")
        for command in (("queue", "show", self.waiting), ("explain", "bogus.lab"), ("status",), ("nta", "list")):
            demand("rollover" in self.danewerk.command(*command), f"danewerk {' '.join(command)} does not show it")
        self.bench.logged(0, "delivery.delivered.*nta=bogus.lab|delivered.*nta=bogus.lab")
        return f"delivered, {evidence['assurance']}, by {anchor['who']} until {anchor['until']}"

    def restart(self) -> str:
        pid = next(pid for pid, command in self.bench.processes() if command.split()[0].endswith("unbound"))
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(self.danewerk.log_lines("nta.in_force")) >= 2, "the anchor to be set again", 40, 0.2)
        queue_id = self.bench.send("two@bogus.lab")
        wait_until(lambda: self.finished(queue_id), "the message to go out", 30, 0.1)
        return "set again after the resolver was killed"

    def removed(self) -> str:
        self.danewerk.command("nta", "remove", "bogus.lab", "--why", "mended")
        queue_id = self.bench.send("three@bogus.lab")
        said = self.bench.waits(queue_id, r"4\.7\.324")["what"]
        self.danewerk.command("queue", "drop", queue_id, "--why", "test")
        return said

    def expires(self) -> str:
        before = self.broken.delivered()
        self.danewerk.command("nta", "add", "bogus.lab", "--why", "for a moment", "--until", "4s")
        wait_until(lambda: any("bogus.lab" in line for line in self.danewerk.log_lines("nta.ended")[1:]), "the anchor to end", 20, 0.1)
        queue_id = self.bench.send("four@bogus.lab")
        said = self.bench.waits(queue_id, r"4\.7\.324")["code"]
        demand(self.broken.delivered() == before, "mail went out after the end")
        self.tampering.undo()
        wait_until(lambda: self.finished(queue_id), "the mended zone to get its mail", 30, 0.1)
        evidence = self.finished(queue_id)["recipients"][0]["evidence"]
        demand(evidence["assurance"].replace("-", "_") == "next_hop_authenticated" and "negative_trust_anchors" not in evidence, f"{evidence}")
        return f"{said}, and by DANE once the zone was mended"

    def finished(self, queue_id: str):
        shown = self.danewerk.json("queue", "show", queue_id)
        return shown if shown["waiting"] == 0 else None

    # -- suspending ----------------------------------------------------------------------------------------------

    def suspended(self) -> str:
        HostileHost(self.world, "forged").start()  # an honest host; nobody has asked for its domain yet, so nothing is cached
        self.tampering = self.world.dns.break_signatures("forged.lab", "MX")
        self.held = self.bench.send("held@forged.lab")
        self.bench.waits(self.held, r"4\.7\.324")
        done = self.danewerk.run("tenant", "suspend", "contoso")
        demand(done.returncode == 2 and "--why" in done.stderr, "suspended without a reason")
        self.refused("no tenant nobody", "tenant", "suspend", "nobody", "--why", "x")
        self.danewerk.command("tenant", "suspend", "contoso", "--why", "unpaid since May")
        said = self.submit("a@foreign.example")
        demand(said.startswith("450") and "4.7.1" in said, f"submission of a suspended tenant: {said}")
        self.refused("suspended since .* by root: unpaid", "send", "--from", "anna@contoso.lab", "--to", "a@foreign.example", "/etc/hostname")
        for command in (("tenant", "list"), ("tenant", "show", "contoso"), ("status",)):
            demand("suspended" in self.danewerk.command(*command), f"danewerk {' '.join(command)} does not show it")
        return said

    def holds(self) -> str:
        def held():
            recipient = self.danewerk.json("queue", "show", self.held)["recipients"][0]
            return recipient if recipient.get("code") == "4.7.1" else None
        recipient = wait_until(held, "the queued message to be held", 20, 0.1)
        self.tampering.undo()
        self.world.foreign.submit_bytes(b"From: x@foreign.example\nSubject: goes on\n\nx\n", "x@foreign.example", ["ann@contoso.lab"])
        self.arrived("goes on", self.world.mbox1.messages)
        demand(self.danewerk.json("queue", "show", self.held)["recipients"][0]["state"] == "waiting", "held mail went out, or was lost")
        return recipient["what"]

    def rejects(self) -> str:
        self.danewerk.command("tenant", "suspend", "contoso", "--why", "stolen account", "--reject", "--inbound")
        said = self.submit("a@foreign.example")
        demand(said.startswith("550") and "5.7.1" in said, said)
        inbound = self.danewerk.host.run(["/usr/bin/python3", "-c", SUBMIT.replace("127.0.0.1", self.danewerk.host.ipv4).replace("587", "25"),
                                          "ann@contoso.lab"], input="x").stdout.strip()
        demand(inbound.startswith("550") and "5.2.1" in inbound, f"inbound: {inbound}")
        return inbound

    def resumes(self) -> str:
        self.danewerk.command("tenant", "resume", "contoso", "--why", "paid")
        wait_until(lambda: self.finished(self.held), "the held message to go out", 20, 0.1)
        demand(self.finished(self.held)["recipients"][0]["state"] == "delivered", "held mail was not delivered")
        said = self.submit("a@foreign.example")
        demand(said.startswith("250"), said)
        self.refused("not suspended", "tenant", "resume", "contoso")
        return said

    def no_tenant_left(self) -> str:
        said = self.refused("accepted already", "domain", "add", "contoso.lab", "--tenant", "fresh", "--route", "lmtp:10.77.0.40:24")
        demand("fresh" not in self.danewerk.command("tenant", "list"), "a command that failed left a tenant behind")
        return said


def run(bench: Bench) -> None:
    hoster = Hoster(bench)
    signing(bench, hoster)
    anchors(bench, hoster)
    suspending(bench, hoster)


def signing(bench: Bench, hoster: Hoster) -> None:
    bench.section("Signing")
    bench.case("a key whose record is nowhere does not sign", hoster.unpublished)
    bench.case("keys that are refused", hoster.bad_keys)
    bench.case("nor one with another's record", hoster.wrong_record)
    bench.case("both algorithms, verified by dkimpy", hoster.both)
    bench.case("a large 8-bit message over submission", hoster.large)
    bench.case("what is not ours to sign", hoster.not_ours)
    bench.case("our own notices", hoster.notices)


def anchors(bench: Bench, hoster: Hoster) -> None:
    bench.section("Negative trust anchors")
    bench.case("those that are refused", hoster.bad_anchors)
    bench.case("a broken zone waits", hoster.waits)
    bench.case("with an anchor its mail flows, marked", hoster.flows)
    bench.case("the resolver restarts", hoster.restart)
    bench.case("removed: it waits again", hoster.removed)
    bench.case("ended by its time: it waits again", hoster.expires)


def suspending(bench: Bench, hoster: Hoster) -> None:
    bench.section("Suspending")
    bench.case("a suspended tenant cannot submit", hoster.suspended)
    bench.case("what was queued is held, inbound goes on", hoster.holds)
    bench.case("--reject --inbound", hoster.rejects)
    bench.case("resumed, all flows", hoster.resumes)
    bench.case("domain add that fails changes nothing", hoster.no_tenant_left)


def play(bench: Bench, _) -> None:
    bench.up()
    run(bench)


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Bench(given.run, given.program), play))
