"""What senders are told, and RFC 8689, with the shipped program among real and hostile hosts.

    /usr/bin/python3 -m tests.lab.notices --run build/lab-notices      (as root, from the project's root)

Postfix (which knows DSN) sends and receives, Dovecot takes mail by LMTP, hostile hosts (which know no DSN) refuse, lie about
their certificates, and offer REQUIRETLS or not. Every notice is read with Python's email package, which is not ours. What is
asked of Danewerk by NOTIFY, RET and ENVID goes in through its submission port. Exit 1 if any case fails.
RFC 3461 5.2, RFC 3464, RFC 6522, RFC 8689; RTL-01 to RTL-06, SMTP-06, SMTP-09.
"""
import email
import email.policy
import json
import sys
from pathlib import Path

from lab.danewerk import Danewerk
from lab.hostile_hosts import HostileHost
from lab.net import wait_until

from . import frame
from .bad_input import Bench
from .frame import demand

# No connection is used again: the hostile hosts change their ways with the next one.
TIMINGS = 'idle_time = "0 s"\ndelay_notice_after = "4 s"\npolicy_give_up_after = "14 s"\ngive_up_after = "30 s"\n'
ANNA, BOSS = "anna@contoso.lab", "boss@foreign.example"

# One session, run inside a host: prints {"clear": features, "tls": features, "replies": [[code, text], ...]}.
CLIENT = """
import json, smtplib, ssl, sys
given = json.load(sys.stdin)
smtp = smtplib.SMTP(given["to"], given["port"], local_hostname="client.lab", timeout=20)
smtp.ehlo()
out = {"clear": dict(smtp.esmtp_features), "replies": []}
if given["tls"]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    smtp.starttls(context=context)
    smtp.ehlo()
    out["tls"] = dict(smtp.esmtp_features)
for line in given["lines"]:
    code, text = smtp.docmd(line)
    out["replies"].append([code, text.decode()])
    if code == 354:
        smtp.send(given["text"].encode() + b"\\r\\n.\\r\\n")
        code, text = smtp.getreply()
        out["replies"].append([code, text.decode()])
smtp.close()
print(json.dumps(out))
"""


class Notice:
    """A notice as somebody else's parser reads it; LabError if it is none."""

    def __init__(self, raw: bytes):
        message = email.message_from_bytes(raw.replace(b"\r\n", b"\n"), policy=email.policy.default)
        defects = [defect for part in message.walk() for defect in part.defects]
        demand(not defects, f"defects: {defects}")
        demand(message.get_content_type() == "multipart/report" and message.get_param("report-type") == "delivery-status", "no report")
        demand(message["Auto-Submitted"] is not None, "does not say that a machine wrote it (RFC 3834 5)")
        demand(message["Return-Path"] in (None, "<>"), f"the envelope's sender is {message['Return-Path']}, not null")
        human, status, returned = message.get_payload()
        self.human = human.get_content()
        demand(status.get_content_type() == "message/delivery-status", status.get_content_type())
        self.fields, self.recipient = status.get_payload()
        self.returned_type = returned.get_content_type()
        self.returned = returned.as_string()

    def demand(self, **wanted: str) -> None:
        for name, value in wanted.items():
            name = name.replace("_", "-")
            found = self.recipient[name] or self.fields[name] or ""
            demand(value in found, f"{name} is '{found}', expected '{value}'")


class Notices(Bench):
    def __init__(self, run_dir: Path, program: Path):
        super().__init__(run_dir, program)
        self.danewerk = Danewerk(self.world.hosts["danewerk"], program, delivery=TIMINGS)
        self.count = 0

    def up(self) -> None:
        super().up()
        self.other = HostileHost(self.world, "wrongcert")
        self.mailbox = HostileHost(self.world, "stripped")
        for host in (self.other, self.mailbox):
            host.start()
        self.danewerk.command("domain", "add", "refusing.lab", "--tenant", "contoso", "--route", f"smtp:{self.mailbox.host.ipv4}:25", "--why", "test")

    # -- sending -------------------------------------------------------------------------------------------------

    def tag(self) -> str:
        self.count += 1
        return f"notice-case-{self.count:03d}"

    def session(self, host: str, to: str, port: int, lines: list[str], text: str = "", tls: bool = False) -> dict:
        given = {"to": to, "port": port, "lines": lines, "text": text, "tls": tls}
        done = self.world.hosts[host].run([sys.executable, "-c", CLIENT], input=json.dumps(given))
        return json.loads(done.stdout)

    def hand_in(self, recipient: str, notify: str, sender: str = ANNA, ret: str = "", header: str = "") -> str:
        """By the submission port; the tag is both Subject and ENVID."""
        tag = self.tag()
        mail = f"MAIL FROM:<{sender}> ENVID={tag}" + (f" RET={ret}" if ret else "")
        text = f"From: <{sender}>\r\nTo: <{recipient}>\r\n{header}Subject: {tag}\r\n\r\nbody of {tag}"
        said = self.session("danewerk", "127.0.0.1", 587, [mail, f"RCPT TO:<{recipient}>" + (f" NOTIFY={notify}" if notify else ""), "DATA"], text)
        demand(said["replies"][-1][0] == 250, f"not taken: {said['replies']}")
        return tag

    def from_postfix(self, recipient: str, notify: str) -> str:
        tag = self.tag()
        text = f"From: <{BOSS}>\nTo: <{recipient}>\nSubject: {tag}\n\nbody of {tag}\n"
        self.world.foreign.host.run(["/usr/sbin/sendmail", "-i", "-N", notify, "-V", tag, "-f", BOSS, "--", recipient], input=text)
        return tag

    # -- what came back ------------------------------------------------------------------------------------------

    def found(self, mailbox, tag: str) -> list[Notice]:
        texts = [stored.raw for stored in mailbox()]
        return [Notice(raw) for raw in texts if b"multipart/report" in raw and tag.encode() in raw]

    def notice(self, mailbox, tag: str, number: int = 1, seconds: float = 40) -> Notice:
        found = wait_until(lambda: (lambda all_: all_ if len(all_) >= number else None)(self.found(mailbox, tag)), f"notice {number} about {tag}", seconds, 0.2)
        demand(len(found) == number, f"{len(found)} notices about {tag}, expected {number}")
        return found[-1]

    def to_anna(self, tag: str, number: int = 1, seconds: float = 40) -> Notice:
        return self.notice(self.world.mbox1.messages, tag, number, seconds)

    def to_boss(self, tag: str, number: int = 1) -> Notice:
        return self.notice(self.world.foreign.mailbox, tag, number)

    def ended(self, tag: str) -> None:
        """Until nothing that is not told of waits any more."""
        wait_until(lambda: not self.danewerk.json("queue", "list")["messages"], f"{tag} to end, and all notices with it", 40, 0.2)

    def heard(self, host: HostileHost, tag: str) -> dict:
        """The message of that tag as `host` was given it: sender (the whole MAIL argument), tls, path."""
        def look():
            return next((r for r in host.records() if r["event"] == "message" and tag.encode() in Path(r["path"]).read_bytes()), None)
        return wait_until(look, f"{tag} at {host.name}", 30, 0.1)


# -- success ---------------------------------------------------------------------------------------------------------

def delivered_by_lmtp(bench: Notices) -> str:
    tag = bench.from_postfix(ANNA, "success")
    notice = bench.to_boss(tag)
    notice.demand(Action="delivered", Status="2.", Reporting_MTA="dns; mx1.hoster.example", Original_Envelope_Id=tag, Final_Recipient=ANNA,
                  Diagnostic_Code="smtp; 250", Remote_MTA="dns; ")
    return "Dovecot's own reply: " + notice.recipient["Diagnostic-Code"]


def answered_by_the_mailbox_host(bench: Notices) -> str:
    tag = bench.from_postfix("bob@fabrikam.lab", "success")
    notice = bench.to_boss(tag)
    notice.demand(Action="delivered", Original_Envelope_Id=tag)
    demand("hoster.example" not in notice.fields["Reporting-MTA"] or "mbox2" in notice.fields["Reporting-MTA"], "two would answer")
    return notice.fields["Reporting-MTA"]


def answered_by_the_destination(bench: Notices) -> str:
    tag = bench.hand_in(BOSS, "SUCCESS,FAILURE")
    notice = bench.to_anna(tag)
    notice.demand(Action="delivered", Reporting_MTA="mx1.foreign.example", Original_Envelope_Id=tag)
    return notice.fields["Reporting-MTA"]


def relayed(bench: Notices) -> str:
    bench.other.mode("honest")
    notice = bench.to_anna(bench.hand_in("any@wrongcert.lab", "SUCCESS"))
    notice.demand(Action="relayed", Status="2.0.0", Remote_MTA="dns; mx.wrongcert.lab", Reporting_MTA="mx1.hoster.example")
    demand("does not confirm delivery" in notice.human, notice.human)
    return notice.recipient["Diagnostic-Code"]


# -- failure and delay -------------------------------------------------------------------------------------------------

def failed(bench: Notices) -> str:
    bench.other.mode("nobody")
    notice = bench.to_anna(bench.hand_in("missing@wrongcert.lab", ""))
    notice.demand(Action="failed", Status="5.1.1", Diagnostic_Code="smtp; 550 5.1.1 no such mailbox here", Remote_MTA="dns; mx.wrongcert.lab",
                  Final_Recipient="rfc822; missing@wrongcert.lab")
    demand("Who can repair it: you. Check the address" in notice.human, notice.human)
    demand(notice.returned_type == "text/rfc822-headers" and "body of" not in notice.returned, notice.returned)
    return notice.human.split("What failed: ")[1].split("\n  Who")[0].replace("\n", " ")


def whole_message(bench: Notices) -> str:
    bench.other.mode("nobody")
    tag = bench.hand_in("missing@wrongcert.lab", "FAILURE", ret="FULL")
    notice = bench.to_anna(tag)
    demand(notice.returned_type == "message/rfc822" and f"body of {tag}" in notice.returned, notice.returned)
    return notice.returned_type


def nobody_is_told(bench: Notices) -> str:
    bench.other.mode("nobody")
    tags = [bench.hand_in("missing@wrongcert.lab", "NEVER"), bench.hand_in("missing@wrongcert.lab", "SUCCESS,DELAY"),
            bench.hand_in("missing@wrongcert.lab", "", sender="")]
    told = bench.hand_in("missing@wrongcert.lab", "FAILURE")
    bench.to_anna(told)  # handed in last: the others have ended before
    bench.ended(told)
    demand(not any(bench.found(bench.world.mbox1.messages, tag) for tag in tags), "somebody was told")
    return "NEVER, no FAILURE in NOTIFY, and the null sender"


def delay_then_failure(bench: Notices) -> str:
    bench.other.mode("wrongcert")
    leaks = len(bench.other.leaks())
    tag = bench.hand_in("late@wrongcert.lab", "")
    delayed = bench.to_anna(tag)
    delayed.demand(Action="delayed", Status="4.7.323", Remote_MTA="dns; mx.wrongcert.lab")
    demand(delayed.recipient["Will-Retry-Until"], "no Will-Retry-Until")
    demand("You need do nothing" in delayed.human, delayed.human)
    failure = bench.to_anna(tag, 2)
    failure.demand(Action="failed", Status="5.7.323", Diagnostic_Code="X-Danewerk; 5.7.323")
    demand(not failure.recipient["Will-Retry-Until"], "a failure is not retried")
    record = bench.world.certificates["mx.wrongcert.lab"].tlsa()
    text = " ".join(failure.human.split())
    for part in ("TLSA records published at _25._tcp.mx.wrongcert.lab", record, "digests of what the server presented", "Who can repair it"):
        demand(part in text, f"'{part}' is not in:\n{failure.human}")
    demand(len(bench.other.leaks()) == leaks, "mail in clear")
    return "told at 4 s, ended at 14 s with the records and the digests"


def bogus_in_plain_words(bench: Notices) -> str:
    attack = bench.world.dns.break_signatures("_25._tcp.mx.bogus.lab", "TLSA")
    try:
        notice = bench.to_anna(bench.hand_in("x@bogus.lab", "FAILURE"))
    finally:
        attack.undo()
    notice.demand(Action="failed", Status="5.7.324", Diagnostic_Code="X-Danewerk; 5.7.324")
    text = " ".join(notice.human.split())
    for part in ("_25._tcp.mx.bogus.lab", "The resolver's reason: ", "the operator of the DNS zone"):
        demand(part in text, f"'{part}' is not in:\n{notice.human}")
    return text.split("The resolver's reason: ")[1][:80]


# -- RFC 8689 ----------------------------------------------------------------------------------------------------------

def offered_in_tls_only(bench: Notices) -> str:
    """RTL-01."""
    said = bench.session("forged", bench.danewerk.host.ipv4, 25, [f"MAIL FROM:<{BOSS}> REQUIRETLS"])
    demand("requiretls" not in said["clear"], "REQUIRETLS is offered in clear")
    demand(said["replies"][0][0] == 530 and said["replies"][0][1].startswith("5.7.10"), f"{said['replies']}")
    said = bench.session("forged", bench.danewerk.host.ipv4, 25, [f"MAIL FROM:<{BOSS}> REQUIRETLS", "RSET", f"MAIL FROM:<{BOSS}> REQUIRETLS=yes"], tls=True)
    demand("requiretls" in said["tls"] and [reply[0] for reply in said["replies"]] == [250, 250, 501], f"{said}")
    return "530 5.7.10 in clear"


def send(bench: Notices, recipient: str, *options: str) -> tuple[str, str]:
    tag = bench.tag()
    text = f"From: {ANNA}\nTo: {recipient}\nSubject: {tag}\n\nbody of {tag}\n"
    return tag, bench.danewerk.json("send", "--from", ANNA, "--to", recipient, *options, "-", input=text.encode())["id"]


def requiretls_is_relayed(bench: Notices) -> str:
    bench.other.mode("requiretls")
    tag, queue_id = send(bench, "x@wrongcert.lab", "--require-tls")
    given = bench.heard(bench.other, tag)
    demand(given["tls"] and given["sender"].endswith(" REQUIRETLS"), f"{given}")
    said = bench.delivered(queue_id, "next_hop_authenticated")["what"]
    demand("with REQUIRETLS" in said, said)
    return said


def requiretls_is_not_offered(bench: Notices) -> str:
    bench.other.mode("honest")
    before = bench.other.delivered()
    tag, _ = send(bench, "x@wrongcert.lab", "--require-tls")
    notice = bench.to_anna(tag)
    notice.demand(Action="failed", Status="5.7.30")
    demand(notice.returned_type == "text/rfc822-headers", "RTL-05: only the header")
    demand(bench.other.delivered() == before, "it was given to a host that does not offer REQUIRETLS")
    tag, _ = send(bench, BOSS, "--require-tls")  # Postfix 3.7 does not know it
    bench.to_anna(tag).demand(Action="failed", Status="5.7.30", Remote_MTA="mx1.foreign.example")
    tag, _ = send(bench, "x@attacker.lab", "--require-tls")
    bench.to_anna(tag).demand(Action="failed", Status="5.7.10")
    return "5.7.30 from a host that proves itself, 5.7.10 where the MX is not signed"


def notices_carry_requiretls(bench: Notices) -> str:
    """RTL-05: said on the way back where that is as good, and not lost where it is not."""
    bench.mailbox.mode("nobody")

    def bounced_to(mode: str) -> dict:
        bench.other.mode(mode)
        tag = bench.tag()
        lines = ["MAIL FROM:<x@wrongcert.lab> REQUIRETLS RET=FULL", "RCPT TO:<ann@refusing.lab>", "DATA"]
        said = bench.session("forged", bench.danewerk.host.ipv4, 25, lines, f"Subject: {tag}\r\n\r\nbody of {tag}", tls=True)
        demand(said["replies"][-1][0] == 250, f"{said}")
        return bench.heard(bench.other, tag)
    given = bounced_to("requiretls")
    demand(given["tls"] and given["sender"].startswith("FROM:<>") and "REQUIRETLS" in given["sender"], f"{given}")
    notice = Notice(Path(given["path"]).read_bytes())
    demand(notice.returned_type == "text/rfc822-headers" and "body of" not in notice.returned, "RET=FULL is to be disregarded")
    given = bounced_to("honest")
    demand(given["sender"].startswith("FROM:<>") and "REQUIRETLS" not in given["sender"], f"{given}")
    return "MAIL FROM:<> REQUIRETLS where offered; without it where not"


def waived(bench: Notices) -> str:
    """RTL-06: `wrongcert` shows another key than its TLSA record names; `strip` offers no TLS at all."""
    said = []
    for mode, assurance, tls in (("wrongcert", "encrypted", True), ("strip", "cleartext", False)):
        bench.other.mode(mode)
        tag, queue_id = send(bench, "postmaster@wrongcert.lab", "--tls-required-no")
        given = bench.heard(bench.other, tag)
        demand(given["tls"] == tls, f"{mode}: {given}")
        demand(b"TLS-Required: No\r\n" in Path(given["path"]).read_bytes(), "the field does not stand in the message")
        said.append(bench.delivered(queue_id, assurance)["what"])
        demand(bench.danewerk.json("queue", "show", queue_id)["attempts"][-1]["evidence"]["hop"]["waived"], "the evidence does not say so")
    bench.other.mode("wrongcert")
    tag = bench.hand_in("postmaster@wrongcert.lab", "", header="TLS-Required:\r\n no\r\n")
    demand(bench.heard(bench.other, tag)["tls"], "submitted with the field folded")
    explained = bench.danewerk.command("explain", "wrongcert.lab", "--tls-required-no")
    demand("the sender said TLS-Required: No; DANE would demand: dane" in explained, explained)
    demand("--tls-required-no" in bench.danewerk.run("send", "--help").stdout, "the option is not told")
    both = bench.danewerk.run("send", "--from", ANNA, "--to", "x@wrongcert.lab", "--require-tls", "--tls-required-no", "-", input=b"Subject: x\n\nx\n")
    demand(both.returncode == 1 and b"cannot both" in both.stderr, f"{both}")
    return said[0]


CASES = [
    ("Success", [("LMTP without DSN: delivered", delivered_by_lmtp), ("an SMTP mailbox host with DSN answers itself", answered_by_the_mailbox_host),
                 ("a destination with DSN answers itself", answered_by_the_destination), ("a destination without DSN: relayed", relayed)]),
    ("Failure and delay", [("a refused recipient", failed), ("RET=FULL brings the message back", whole_message),
                           ("who must not be told is not", nobody_is_told), ("delay, then failure, with the evidence", delay_then_failure),
                           ("bogus DNSSEC, with the resolver's reason", bogus_in_plain_words)]),
    ("RFC 8689", [("REQUIRETLS is offered within TLS only", offered_in_tls_only), ("REQUIRETLS is relayed", requiretls_is_relayed),
                  ("REQUIRETLS is returned where it cannot be met", requiretls_is_not_offered), ("notices carry REQUIRETLS", notices_carry_requiretls),
                  ("TLS-Required: No", waived)]),
]


def play(bench: Notices, _) -> None:
    bench.up()
    for title, cases in CASES:
        bench.section(title)
        for name, run in cases:
            bench.case(name, run, bench)


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Notices(given.run, given.program), play))
