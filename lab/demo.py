"""Danewerk's main job in the lab, end to end, with an account of each step and its evidence. ./demo runs it.

Every claim printed was looked up with somebody else's program (kdig through a validating Unbound, Postfix's log, the mailbox
hosts' files, what the hostile hosts recorded); what Danewerk says of itself is marked "Danewerk:". A step that does not hold
ends the demo with exit code 1 and leaves the logs in build/demo.
"""
import argparse
import sys
import time
from pathlib import Path

from .danewerk import TIMINGS, Danewerk
from .hostile_hosts import HostileHost, start_all
from .mail.digest import compare, identify
from .mail.generate import corpus
from .net import LabError, wait_until
from .world import MX_ZONE, World

RUN_DIR = Path("build/demo")
TENANTS = {"contoso.lab": ("contoso", "lmtp", "mbox1", 24), "fabrikam.lab": ("fabrikam", "smtp", "mbox2", 25)}


class Account:
    """What is printed: numbered steps, indented evidence, and a progress line for what takes longer than a second."""

    def __init__(self):
        self.started = time.monotonic()
        self.number = 0

    def step(self, title: str) -> None:
        self.number += 1
        print(f"\n{self.number}. {title}  [{time.monotonic() - self.started:.1f} s]", flush=True)

    def say(self, text: str) -> None:
        for line in str(text).rstrip("\n").split("\n"):
            print("   " + line, flush=True)

    def wait(self, condition, what: str, seconds: float):
        """wait_until, with a line each second saying what is waited for."""
        shown = [time.monotonic()]

        def watched():
            if time.monotonic() - shown[0] > 1:
                shown[0] = time.monotonic()
                print(f"   ... {what} [{time.monotonic() - self.started:.0f} s]", flush=True)
            return condition()
        return wait_until(watched, what, seconds, 0.1)


def demand(holds: bool, what: str) -> None:
    if not holds:
        raise LabError(what)


class Demo:
    def __init__(self, run_dir: Path):
        self.account = Account()
        self.world = World(run_dir)
        self.danewerk = Danewerk(self.world.hosts["danewerk"])
        self.hostile: dict[str, HostileHost] = {}

    def run(self) -> None:
        self.signed_internet()
        self.start_danewerk()
        self.inbound()
        self.outbound()
        for attack in (self.attack_strip, self.attack_certificate, self.attack_bogus, self.attack_forged_mx):
            attack()
        self.account.step("Done: every step held.")

    # -- the steps -----------------------------------------------------------------------------------------------

    def signed_internet(self) -> None:
        self.account.step("A signed Internet: root, example., lab., their domains; Knot serves, Unbound validates, Postfix is the foreign provider")
        self.world.up()
        self.hostile = start_all(self.world)
        self.account.say("timings shortened for the lab: " + ", ".join(f"{k} = {v}" for k, v in TIMINGS.items()))
        answer = self.world.dig("_25._tcp.mx1.foreign.example", "TLSA")
        demand(" ad" in answer, "the lab's resolver does not validate:\n" + answer)
        self.account.say("the foreign provider publishes, validated by Unbound: " + tlsa_lines(answer)[0])

    def start_danewerk(self) -> None:
        self.account.step("Danewerk starts: its own store, Unbound and Knot; it makes keys, publishes, reads back, and only then serves")
        self.danewerk.start()
        for domain, (tenant, protocol, host, port) in TENANTS.items():
            address = self.world.hosts[host].ipv4
            self.danewerk.command("domain", "add", domain, "--tenant", tenant, "--route", f"{protocol}:{address}:{port}", "--why", "demo")
        self.account.say("Danewerk: accepted domains\n" + self.danewerk.command("domain", "list"))
        self.account.wait(self.danewerk.ds_records, "the zone's keys", 20)
        demand(not self.danewerk.log_lines("edge.listening"), "the edge listened before its records were validated")
        records = self.danewerk.ds_records()
        self.world.dns.set_ds(MX_ZONE, records)
        self.account.say(f"the parent zone is given the DS that Danewerk asks for: {records[0]}")
        self.account.wait(lambda: self.danewerk.log_lines("worker.edge_listens"), "the records to be in every cache that could hold an older answer", 40)
        zone = self.danewerk.json("status")["zone"]
        for key in zone["keys"]:
            self.account.say(f"Danewerk: {key['role']} {key['record']}")
        self.account.say("Danewerk: read back, signatures verified, from " + ", ".join(s["server"] for s in zone["servers"]) + "; validated: " + zone["validation"])
        answer = self.world.dig("_25._tcp.contoso-lab.s1.mx.hoster.example", "TLSA")
        demand(" ad" in answer and len(tlsa_lines(answer)) == 2, "a stranger does not see two validated TLSA records:\n" + answer)
        for line in tlsa_lines(answer):
            self.account.say("a stranger's Unbound, validated: " + line)

    def inbound(self) -> None:
        messages = corpus(self.world.run_dir / "mail")
        self.account.step(f"Inbound: the foreign Postfix delivers {len(messages)} messages to the domains that Danewerk hosts")
        copies = sum(len(m.recipients) for m in messages)
        for message in messages:
            self.world.foreign.submit(message.path, message.sender, list(message.recipients))
        arrived = lambda: self.world.mbox1.message_count() + self.world.mbox2.mailbox_count()  # noqa: E731
        self.account.wait(lambda: arrived() >= copies, f"{copies} copies to arrive at the mailbox hosts", 60)
        originals = {m.id: m.octets() for m in messages}
        stored = [*self.world.mbox1.messages(), *self.world.mbox2.mailbox()]
        wrong = [f"{identify(s.raw)}: {difference}" for s in stored for difference in compare(originals[identify(s.raw)], s.raw)]
        demand(not wrong, "messages that changed on the way:\n" + "\n".join(wrong[:10]))
        verified = [line for line in self.world.foreign.verified_connections() if "mx.hoster.example" in line]
        unverified = [line for line in self.world.foreign.log_lines("TLS connection established to") if "mx.hoster.example" in line and "Verified" not in line]
        demand(bool(verified) and not unverified, "Postfix did not verify every connection:\n" + "\n".join(unverified[:5]))
        self.account.say(f"{len(stored)} copies of {len(messages)} messages arrived, all digests of header and body equal (largest {max(m.size for m in messages)} octets)")
        self.account.say(f"Postfix: {len(verified)} connections, all of them verified; the first:\n{verified[0].split(': ', 1)[1]}")

    def outbound(self) -> None:
        self.account.step("Outbound: a tenant's message goes to the foreign provider, which Danewerk must authenticate by DANE")
        queue_id = self.send("anna@contoso.lab", "boss@foreign.example", "demo-outbound")
        self.account.wait(lambda: any(b"demo-outbound" in m.raw for m in self.world.foreign.mailbox()), "the message in the foreign mailbox", 20)
        shown = self.account.wait(lambda: self.finished(queue_id), "Danewerk to record it", 10)
        evidence = shown["attempts"][-1]["evidence"]
        demand(evidence["dane"]["verdict"] == "matched", f"not authenticated: {evidence}")
        published = self.world.certificates["mx1.foreign.example"].tlsa()
        demand(evidence["dane"]["record"] == published, f"another record than the published one matched: {evidence['dane']['record']}")
        self.account.say("Danewerk: " + shown["recipients"][0]["what"])
        self.account.say(f"Danewerk: {evidence['tls']['version']}, matched TLSA {evidence['dane']['record']} at depth {evidence['dane']['depth']}; "
                         f"{shown['recipients'][0]['evidence']['assurance']}")

    def attack_strip(self) -> None:
        host = self.hostile["stripped"]
        self.attack("STARTTLS stripped", "stripped.lab", "4.7.321", lambda: host.mode("strip"), lambda: host.mode("honest"))

    def attack_certificate(self) -> None:
        host = self.hostile["wrongcert"]
        self.attack("a certificate that matches no record", "wrongcert.lab", "4.7.323", lambda: host.mode("wrongcert"), lambda: host.mode("honest"))

    def attack_bogus(self) -> None:
        self.attack_dns("bogus DNSSEC on the TLSA set", "bogus.lab", lambda: self.world.dns.break_signatures("_25._tcp.mx.bogus.lab", "TLSA"))

    def attack_forged_mx(self) -> None:
        self.attack_dns("a forged MX answer in a signed zone", "forged.lab", lambda: self.world.dns.forge_mx("forged.lab"))
        demand(self.hostile["attacker"].connections() == 0, "the host that the forged MX names was connected to")
        self.account.say("the host that the forged answer named was never connected to")

    # -- how ------------------------------------------------------------------------------------------------------

    def attack_dns(self, title: str, domain: str, tamper) -> None:
        undone = []
        self.attack(title, domain, "4.7.324", lambda: undone.append(tamper()), lambda: undone.pop().undo())

    def attack(self, title: str, domain: str, code: str, begin, end) -> None:
        self.account.step(f"Attack: {title} ({domain}): the message must wait with {code}, and nothing may be sent in clear")
        host = self.hostile[domain.split(".")[0]]
        begin()
        queue_id = self.send("anna@contoso.lab", f"victim@{domain}", f"demo-{domain}")
        shown = self.account.wait(lambda: self.waits_with(queue_id, code), f"the message to wait with {code}", 15)
        recipient = shown["recipients"][0]
        demand(host.delivered() == 0, "the hostile host was given the message")
        self.check_no_leak(host)
        self.account.say(f"Danewerk: {recipient['state']} with {recipient['code']}, next attempt {recipient['next']}")
        self.account.say("Danewerk: " + recipient["what"])
        self.account.say(f"the hostile host recorded {host.connections()} connections and not one octet of MAIL, RCPT or DATA in clear")
        end()
        self.account.wait(lambda: host.delivered() == 1 and self.finished(queue_id), "the message to go out by itself", 30)
        self.check_no_leak(host)
        self.account.say("the attack stopped: the message went out by itself, over TLS")

    def check_no_leak(self, host: HostileHost) -> None:
        leaks = host.leaks()
        demand(not leaks, f"{host.name} heard mail in clear: " + "; ".join(map(str, leaks[:3])))

    def send(self, sender: str, recipient: str, subject: str) -> str:
        text = f"From: {sender}\nTo: {recipient}\nSubject: {subject}\n\nWritten by the demo.\n"
        return self.danewerk.json("send", "--from", sender, "--to", recipient, "-", input=text.encode())["id"]

    def finished(self, queue_id: str):
        shown = self.danewerk.json("queue", "show", queue_id)
        return shown if shown["waiting"] == 0 else None

    def waits_with(self, queue_id: str, code: str):
        shown = self.danewerk.json("queue", "show", queue_id)
        recipient = shown["recipients"][0]
        if recipient["attempts"] == 0:
            return None
        demand(recipient["state"] == "waiting" and recipient["code"] == code,
               f"expected waiting with {code}, got {recipient['state']} {recipient.get('code')}: {recipient.get('what')}")
        return shown


def tlsa_lines(answer: str) -> list[str]:
    return [" ".join(line.split()) for line in answer.splitlines() if "\tTLSA\t" in line or " TLSA " in line and not line.startswith(";")]


KEPT = """
The lab is running. From the project's root, as root:
  build/release/danewerk runs on the lab host `danewerk`; talk to it with
    lab/sh --run {run} danewerk /var/bin/danewerk --config /etc/lab/danewerk.toml status
    lab/sh --run {run} danewerk /var/bin/danewerk --config /etc/lab/danewerk.toml explain someone@foreign.example
    lab/sh --run {run} danewerk /var/bin/danewerk --config /etc/lab/danewerk.toml queue list --which all
  its log: {run}/hosts/danewerk/danewerk.log
  ./demo --clean ends it and removes everything.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the lab running")
    parser.add_argument("--clean", action="store_true", help="end a lab that was left running")
    parser.add_argument("--run", type=Path, default=RUN_DIR, help="the lab's run directory")
    given = parser.parse_args()
    if given.clean:
        World(given.run).down()
        return 0
    demo = Demo(given.run)
    try:
        demo.run()
    except (LabError, KeyError, IndexError) as error:
        print(f"\nFAILED: {type(error).__name__}: {error}\nlogs: {given.run}/hosts/*/ (danewerk: {demo.danewerk.log})", file=sys.stderr)
        print("\n".join(demo.danewerk.log_lines()[-25:]), file=sys.stderr)
        return 1
    if given.keep:
        print(KEPT.format(run=given.run))
    else:
        demo.danewerk.stop()
        demo.world.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
