"""Bad input to the MX: line ends, sizes, order, TLS that is none; and who might believe what Danewerk does not.

Each case names the replies that must come (conformance 1.10, 1.4, attacks) and the log line an operator must find, with
the peer's address in it. After each, a message is taken as if nothing had been.
"""
import random
import re
from dataclasses import dataclass

from lab.net import LabError, wait_until

from .bad_input import Bench
from .frame import demand
from .raw_smtp import Peer, client_hello, greeted

MAIL = b"MAIL FROM:<bob@foreign.example>\r\nRCPT TO:<ann@contoso.lab>\r\n"
EVIL = b"MAIL FROM:<evil@foreign.example>\r\nRCPT TO:<ann@contoso.lab>\r\nDATA\r\nSubject: smuggled\r\n\r\nforged"
SMUGGLING = {"LF.LF": b"\n.\n", "LF.CRLF": b"\n.\r\n", "CRLF.LF": b"\r\n.\n", "CR.CR": b"\r.\r", "CRLF.CR": b"\r\n.\r", "CR.CRLF": b"\r.\r\n",
             "CRLF NUL.CRLF": b"\r\n\0.\r\n", "CRLF.CRCRLF": b"\r\n.\r\r\n", "LF.CR": b"\n.\r", "CRLF.NULCRLF": b"\r\n.\0\r\n", "bare LF": b"\nx",
             "bare CR": b"\rx", "NUL": b"\0x"}
HALF_OPEN = 60


@dataclass(frozen=True)
class Talk:
    """`send` goes out in one piece after EHLO; `replies` are regular expressions for all that comes until the server
    closes, in order; `log` is one for the log line, which must also name the peer."""
    name: str
    send: bytes
    replies: tuple[str, ...]
    log: str


REFUSED = "edge.commands_refused"
ENDED = "edge.connection_ended"
QUIT = b"QUIT\r\n"
BYE = r"221 2\.0\.0 "
TOO_BIG = r"552 5\.3\.4 "

TALKS = [
    Talk("bare LF in commands", b"NOOP\nNOOP\r\n", (r"521 5\.5\.2 ",), f"{ENDED}.*bare_line_end"),
    Talk("bare CR in a command", b"NO\rOP\r\n" + QUIT, (r"500 5\.5\.2 ", BYE), rf"{REFUSED}.*NO\\u000dOP"),
    Talk("NUL in a command", b"NOOP \0\r\n" + QUIT, (r"500 5\.5\.2 ", BYE), rf"{REFUSED}.*\\u0000"),
    Talk("EHLO with control characters", b"EHLO a\x07b\x1b[2J\r\n" + QUIT, (r"500 5\.5\.2 ", BYE), rf"{REFUSED}.*\\u001b"),
    Talk("EHLO with octets beyond ASCII", b"EHLO \xff\xfe\r\n" + QUIT, (r"501 5\.5\.4 ", BYE), REFUSED),
    Talk("a command of 100 KB", b"X" * 102400 + b"\r\n" + QUIT, (r"500 5\.5\.2 ", BYE), f"{REFUSED}.*line too long"),
    Talk("MAIL of 100 KB", b"MAIL FROM:<" + b"a" * 102400 + b"@b.example>\r\n" + QUIT, (r"500 5\.5\.2 ", BYE), f"{REFUSED}.*MAIL FROM"),
    Talk("STARTTLS with a parameter", b"STARTTLS now\r\n" + QUIT, (r"501 5\.5\.4 ", BYE), f"{REFUSED}.*STARTTLS now"),
    Talk("bytes after STARTTLS in its segment", b"STARTTLS\r\nNOOP\r\n", (r"421 4\.7\.0 ",), "edge.injected_plaintext"),
    Talk("a TLS hello after STARTTLS in its segment", b"STARTTLS\r\n" + client_hello(), (r"421 4\.7\.0 ",), "edge.injected_plaintext"),
    Talk("STARTTLS amid a pipelined group", MAIL + b"STARTTLS\r\nRSET\r\n" + client_hello(), ("250 ", "250 ", r"421 4\.7\.0 "), "edge.injected_plaintext"),
    Talk("BDAT 2^63", MAIL + b"BDAT 9223372036854775808 LAST\r\n", ("250 ", "250 ", TOO_BIG), f"{ENDED}.*unreadable_bdat"),
    Talk("BDAT 99999999999999999999", MAIL + b"BDAT 99999999999999999999\r\n", ("250 ", "250 ", TOO_BIG), f"{ENDED}.*unreadable_bdat"),
    Talk("BDAT 2^63 and a second message behind it", MAIL + b"BDAT 9223372036854775808\r\n" + EVIL + b"\r\n.\r\n", ("250 ", "250 ", TOO_BIG), REFUSED),
    Talk("BDAT 2^63 without a sender", b"BDAT 9223372036854775808\r\n", (r"503 5\.5\.1 ",), f"{ENDED}.*unreadable_bdat"),
    Talk("BDAT without a number", MAIL + b"BDAT\r\n", ("250 ", "250 ", r"501 5\.5\.4 "), f"{ENDED}.*unreadable_bdat"),
    Talk("BDAT -1", MAIL + b"BDAT -1 LAST\r\n", ("250 ", "250 ", r"501 5\.5\.4 "), f"{REFUSED}.*BDAT -1"),
    Talk("BDAT 5 LASTLY", MAIL + b"BDAT 5 LASTLY\r\n", ("250 ", "250 ", r"501 5\.5\.4 "), f"{REFUSED}.*LASTLY"),
    Talk("DATA after BDAT", MAIL + b"BDAT 3\r\nx: DATA\r\n" + QUIT, ("250 ", "250 ", "250 ", r"503 5\.5\.1 ", BYE), f"{REFUSED}.*DATA"),
    Talk("bare LF in a BDAT chunk", MAIL + b"BDAT 6 LAST\r\nx: y\n\n" + QUIT, ("250 ", "250 ", r"550 5\.6\.11 ", BYE), "edge.message_abandoned.*bad_line_ends"),
    Talk("SIZE=2^63", b"MAIL FROM:<a@foreign.example> SIZE=9223372036854775808\r\n" + QUIT, (TOO_BIG, BYE), f"{REFUSED}.*SIZE="),
    Talk("SIZE=99999999999999999999", b"MAIL FROM:<a@foreign.example> SIZE=99999999999999999999\r\n" + QUIT, (TOO_BIG, BYE), f"{REFUSED}.*SIZE="),
    Talk("SIZE of 21 digits", b"MAIL FROM:<a@foreign.example> SIZE=100000000000000000000\r\n" + QUIT, (r"501 5\.5\.4 ", BYE), f"{REFUSED}.*SIZE="),
    Talk("SIZE=abc", b"MAIL FROM:<a@foreign.example> SIZE=abc\r\n" + QUIT, (r"501 5\.5\.4 ", BYE), f"{REFUSED}.*SIZE=abc"),
    Talk("SIZE=-1", b"MAIL FROM:<a@foreign.example> SIZE=-1\r\n" + QUIT, (r"501 5\.5\.4 ", BYE), f"{REFUSED}.*SIZE=-1"),
    Talk("SIZE one over the limit", b"MAIL FROM:<a@foreign.example> SIZE=52428801\r\n" + QUIT, (TOO_BIG, BYE), f"{REFUSED}.*52428801"),
    Talk("ORCPT that encodes CR LF", MAIL.split(b"RCPT")[0] + b"RCPT TO:<ann@contoso.lab> ORCPT=rfc822;a+0D+0ABcc:x\r\n" + QUIT, ("250 ", r"501 5\.5\.4 ", BYE), f"{REFUSED}.*ORCPT"),
    Talk("ORCPT that holds CR LF", MAIL[:-2] + b" ORCPT=rfc822;a\r\nBcc:<x@y.example>\r\n" + QUIT, ("250 ", "250 ", r"500 5\.5\.1 ", BYE), f"{REFUSED}.*Bcc"),
    Talk("ORCPT without an address type", MAIL[:-2] + b" ORCPT=;x\r\n" + QUIT, ("250 ", r"501 5\.5\.4 ", BYE), f"{REFUSED}.*ORCPT"),
    Talk("ENVID with broken xtext", b"MAIL FROM:<> ENVID=+ZZ\r\n" + QUIT, (r"501 5\.5\.4 ", BYE), f"{REFUSED}.*ENVID"),
    Talk("ENVID that encodes CR LF", b"MAIL FROM:<> ENVID=a+0D+0Ab\r\n" + QUIT, (r"501 5\.5\.4 ", BYE), f"{REFUSED}.*ENVID"),
    Talk("ENVID given twice", b"MAIL FROM:<> ENVID=a ENVID=b\r\n" + QUIT, (r"501 5\.5\.4 ", BYE), f"{REFUSED}.*ENVID"),
    Talk("REQUIRETLS in clear", b"MAIL FROM:<a@foreign.example> REQUIRETLS\r\n" + QUIT, (r"530 5\.7\.10 ", BYE), f"{REFUSED}.*REQUIRETLS"),
    Talk("DATA without a sender", b"DATA\r\n" + EVIL + b"\r\n.\r\n" + QUIT,
         (r"503 5\.5\.1 ", "250 ", "250 ", "354 ", "250 ", BYE), f"{REFUSED}.*first=DATA"),
    Talk("25 unknown commands", b"".join(b"WORD%d\r\n" % n for n in range(25)), (r"500 5\.5\.1 ",) * 21 + (r"421 4\.7\.0 ",), f"{ENDED}.*too_many_errors"),
]

RELAYS = ["a@elsewhere.example", "a@foreign.example", "a@[10.77.0.20]", "a@[IPv6:fd77::20]", "a%elsewhere.example@contoso.lab",
          "elsewhere.example!a@contoso.lab", '"a@elsewhere.example"@contoso.lab', '"a%elsewhere.example"@contoso.lab',
          "@contoso.lab:a@elsewhere.example", "@contoso.lab,@x.example:a@elsewhere.example", "a@contoso.lab@elsewhere.example",
          "a@elsewhere.example@contoso.lab", "a%elsewhere.example", "elsewhere.example!a", '"a@elsewhere.example"', "a@[127.0.0.1]",
          "a@localhost", "a@contoso.lab.", "a@contoso.lab.elsewhere.example", "a%elsewhere.example@[10.77.0.30]", "a@mx1.hoster.example",
          '"elsewhere.example!a"@contoso.lab']


class Inbound:
    def __init__(self, bench: Bench):
        self.bench = bench
        self.from_ = bench.world.hosts["foreign"]
        to = bench.world.hosts["danewerk"]
        self.targets = {to.ipv4: self.from_.ipv4, to.ipv6: self.from_.ipv6}  # where to connect: what the log calls us

    def expect(self, replies: list[str], wanted: tuple[str, ...]) -> None:
        fits = len(replies) == len(wanted) and all(re.match(w, r) for w, r in zip(wanted, replies))
        demand(fits, f"expected {list(wanted)}, heard {replies}")

    def takes_mail(self, to: str) -> None:
        with greeted(self.from_, to) as peer:
            peer.send(MAIL + b"DATA\r\n")
            self.expect([peer.reply(), peer.reply(), peer.reply()], ("250 ", "250 ", "354 "))
            peer.send(b"Subject: ordinary\r\n\r\nx\r\n.\r\n" + QUIT)
            self.expect(peer.rest(), (r"250 2\.0\.0 queued as ", BYE))

    def on_both(self, case) -> str:
        """Runs case(address), over IPv4 and IPv6, each followed by an ordinary message; checks its log line, if it names one."""
        said = ""
        for to, we in self.targets.items():
            since = self.bench.log_mark()
            said = case(to) or ""
            log, said = said if isinstance(said, tuple) else (said, "")
            if log:
                self.bench.logged(since, rf"{log}") if "peer=" in log else self.line_about(since, log, we)
            self.takes_mail(to)
        return said

    def line_about(self, since: int, log: str, peer: str) -> None:
        """A log line with the event, and our address as its peer (quoted if it must be)."""
        self.bench.logged(since, rf'(?=.*\bpeer="?{re.escape(peer)}"? ).*{log}')

    def talk(self, talk: Talk) -> str:
        def one(to: str) -> str:
            with greeted(self.from_, to) as peer:
                peer.send(talk.send)
                self.expect(peer.rest(), talk.replies)
            return talk.log
        return self.on_both(one)

    # -- bodies --------------------------------------------------------------------------------------------------

    def smuggle(self, sequence: bytes) -> str:
        """A forged end of DATA: one reply to one message, 550 5.6.11 (NUL: 554 5.6.0), read to its true end."""
        def one(to: str) -> str:
            with greeted(self.from_, to) as peer:
                peer.send(MAIL + b"DATA\r\n")
                self.expect([peer.reply(), peer.reply(), peer.reply()], ("250 ", "250 ", "354 "))
                peer.send(b"Subject: carrier\r\n\r\ntext" + sequence + EVIL + b"\r\n.\r\n" + QUIT)
                self.expect(peer.rest(), (r"550 5\.6\.11 |554 5\.6\.0 ", BYE))
            return "edge.message_abandoned.*bad_line_ends"
        return self.on_both(one)

    def long_header(self) -> str:
        """RFC 5321 4.5.3.1.6: a receiver may take lines over 1000 octets; they are passed on as they came."""
        line = b"X-Long: " + b"y" * (1 << 20)

        def one(to: str) -> str:
            with greeted(self.from_, to) as peer:
                peer.send(MAIL + b"DATA\r\n" + line + b"\r\nSubject: long header " + to.encode() + b"\r\n\r\nx\r\n.\r\n" + QUIT)
                self.expect(peer.rest(), ("250 ", "250 ", "354 ", r"250 2\.0\.0 queued", BYE))
            return "edge.message_accepted.*size=1048"
        self.on_both(one)
        wait_until(lambda: sum(line in m.raw for m in self.bench.world.mbox1.messages()) == 2, "both copies, unchanged, at the mailbox host", 20, 0.2)
        return "taken, and at the mailbox host octet for octet"

    def endless_command(self, to: str) -> str:
        with greeted(self.from_, to) as peer:
            peer.send(b"A" * 102400)
            peer.finish_writing()
            self.expect(peer.rest(), ())
        return f"{ENDED}.*peer_gone"

    def endless_header(self, to: str) -> str:
        with greeted(self.from_, to) as peer:
            peer.send(MAIL + b"DATA\r\nX: " + b"z" * (1 << 20))
            peer.finish_writing()
            self.expect(peer.rest(), ("250 ", "250 ", "354 "))
        return "edge.message_abandoned.*connection_lost"

    def many_recipients(self, to: str) -> str:
        """SMTP-03: the first 1000 are taken, the rest hear 452 and may come in another message."""
        with greeted(self.from_, to) as peer:
            peer.send(b"MAIL FROM:<bob@foreign.example>\r\n" + b"".join(b"RCPT TO:<r%d@contoso.lab>\r\n" % n for n in range(2000)) + b"RSET\r\n" + QUIT)
            self.expect(peer.rest(), ("250 ",) * 1001 + (r"452 4\.5\.3 ",) * 1000 + ("250 ", BYE))
        return f"{REFUSED}.*count=1000.*r1000@contoso.lab.*452 4.5.3"

    def harvest(self, to: str) -> str:
        with greeted(self.from_, to) as peer:
            peer.send(b"MAIL FROM:<bob@foreign.example>\r\n" + b"".join(b"RCPT TO:<r%d@elsewhere.example>\r\n" % n for n in range(201)))
            self.expect(peer.rest(), ("250 ",) + (r"550 5\.7\.1 ",) * 201 + (r"421 4\.7\.0 ",))
        return f"{ENDED}.*too_many_errors"

    def relay(self, address: str) -> str:
        def one(to: str) -> str:
            with greeted(self.from_, to) as peer:
                peer.send(b"MAIL FROM:<bob@foreign.example>\r\nRCPT TO:<" + address.encode() + b">\r\nDATA\r\n" + QUIT)
                replies = peer.rest()
                self.expect(replies, ("250 ", r"550 5\.7\.1 |501 5\.1\.3 ", r"554 5\.5\.1 ", BYE))
            return ("edge.recipient_refused" if replies[1].startswith("550") else REFUSED), replies[1].split("\n")[0]
        return self.on_both(one)

    # -- STARTTLS ------------------------------------------------------------------------------------------------

    def clear_after_220(self, to: str) -> str:
        """The next segment, after the 220 was heard: it is not answered, neither in clear nor under TLS."""
        with greeted(self.from_, to) as peer:
            self.expect([peer.say("STARTTLS")], (r"220 ",))
            peer.send(b"NOOP\r\nMAIL FROM:<evil@foreign.example>\r\n")
            heard = len(peer.heard)
            peer.rest()
            demand(b"250" not in peer.heard[heard:], f"answered: {peer.heard[heard:]!r}")
        return "edge.tls_failed"

    def clear_with_the_hello(self, to: str) -> str:
        """EAST-like: STARTTLS, then a command and the hello behind it, in segments of their own, without waiting."""
        with greeted(self.from_, to) as peer:
            heard = len(peer.heard)
            for segment in (b"STARTTLS\r\n", b"RSET\r\n", client_hello()):
                peer.send(segment)
            peer.rest()
            said = peer.heard[heard:]
            demand(b"250" not in said and said.count(b"220 ") <= 1, f"answered: {said!r}")
        return "edge.tls_failed|edge.injected_plaintext"

    def hello_of_garbage(self, to: str) -> str:
        garbage = random.Random(7672).randbytes(8192)
        for start in (b"", b"\x16\x03\x01\x20\x00", b"\x16\x03\x01\xff\xff", b"\x80\x2e\x01\x00\x02"):
            with greeted(self.from_, to) as peer:
                self.expect([peer.say("STARTTLS")], (r"220 ",))
                peer.send(start + garbage)
                peer.finish_writing()
                peer.rest()
        return "edge.tls_failed"

    def half_a_hello(self, to: str) -> str:
        with greeted(self.from_, to) as peer:
            self.expect([peer.say("STARTTLS")], (r"220 ",))
            peer.send(client_hello()[:40])
            peer.finish_writing()
            demand(peer.ended(), f"heard {peer.heard[-80:]!r}")
        return "edge.tls_failed"

    def forgets_what_was_clear(self, to: str) -> str:
        """TLS-06: after the handshake all is as after the greeting; STARTTLS is neither offered nor taken again."""
        with greeted(self.from_, to) as peer:
            peer.send(MAIL)
            self.expect([peer.reply(), peer.reply(), peer.say("STARTTLS")], ("250 ", "250 ", "220 "))
            peer.start_tls()
            self.expect([peer.say("DATA"), peer.say("MAIL FROM:<bob@foreign.example>")], (r"503 5\.5\.1 ", r"503 5\.5\.1 "))
            hello = peer.say("EHLO client.example")
            demand(hello.startswith("250") and "STARTTLS" not in hello, f"EHLO under TLS: {hello}")
            self.expect([peer.say("STARTTLS"), peer.say("QUIT")], (r"503 5\.5\.1 ", BYE))
        return f"{REFUSED}.*count=3.*first=DATA"

    # -- connections ---------------------------------------------------------------------------------------------

    def half_open(self, to: str) -> str:
        """Connections that say nothing, half a line, or half a message; some reset. Others are served meanwhile."""
        beginnings = (b"", b"EH", b"EHLO a.example\r\nMAIL FR", b"EHLO a.example\r\n" + MAIL + b"DATA\r\nhalf a")
        peers = []
        for n in range(HALF_OPEN):
            peer = Peer(self.from_, to)
            peer.send(beginnings[n % len(beginnings)])
            peers.append(peer)
        self.takes_mail(to)
        for n, peer in enumerate(peers):
            peer.reset() if n % 2 else peer.socket.close()
        return f"{ENDED}.*peer_gone"

    def too_many_connections(self, to: str) -> str:
        """Of 210 connections of one address 200 are served, the others hear 421; once they are gone it is as before."""
        peers = [Peer(self.from_, to) for _ in range(210)]
        first = [peer.reply()[:3] for peer in peers]
        for peer in peers:
            peer.socket.close()
        demand(first.count("220") == 200 and first.count("421") == 10, f"{first.count('220')} served, {first.count('421')} turned away")

        def room() -> bool:
            with Peer(self.from_, to) as peer:
                return peer.reply().startswith("220")
        wait_until(room, "room at the door again")
        self.bench.logged(self.mark_, "edge.turned_away")
        return ""

    def crowd(self) -> str:
        self.mark_ = self.bench.log_mark()
        return self.on_both(self.too_many_connections)

    # -- what others do ------------------------------------------------------------------------------------------

    def postfix_heard(self, sequence: bytes) -> str:
        """The same octets to the foreign Postfix: how many messages it makes of them."""
        host = self.bench.world.hosts["foreign"]
        try:
            with greeted(self.bench.world.hosts["attacker"], host.ipv4) as peer:
                peer.send(MAIL.replace(b"contoso.lab", b"foreign.example") + b"DATA\r\n")
                self.expect([peer.reply(), peer.reply(), peer.reply()], ("250 ", "250 ", "354 "))
                peer.send(b"Subject: carrier\r\n\r\ntext" + sequence + EVIL.replace(b"contoso.lab", b"foreign.example") + b"\r\n.\r\n" + QUIT)
                replies = peer.rest()
        except (LabError, OSError) as error:
            return f"not known ({error})"
        taken = sum("queued as" in reply for reply in replies)
        return {0: f"refused, {replies[0] if replies else 'closed'}", 1: "one message"}.get(taken, f"{taken} messages: SMUGGLED")

    def nothing_smuggled(self) -> str:
        """What came to the mailboxes: the ordinary mail, and nothing that was sent inside other mail."""
        wait_until(lambda: self.bench.danewerk.json("queue", "list")["counts"]["waiting"] == 0, "the queue to empty", 60, 0.3)
        stored = self.bench.world.mbox1.messages()
        demand(any(b"Subject: ordinary" in m.raw for m in stored), "no ordinary mail came either")
        # One case sends this very message as an honest one of its own, on each address.
        forged = [m for m in stored if b"smuggled" in m.raw]
        demand(len(forged) == len(self.targets) and all(b"carrier" not in m.raw for m in forged), f"{len(forged)} forged messages were delivered")
        broken = [m for m in stored if b"\0" in m.raw or re.search(rb"\r(?!\n)", m.raw)]
        demand(not broken, "a bare CR or NUL reached a mailbox")
        return f"{len(stored)} messages, all of them ordinary"


def submission_of_bare_cr(bench: Bench) -> str:
    done = bench.danewerk.run("send", "--from", "anna@contoso.lab", "--to", "ann@contoso.lab", "-", input=b"Subject: x\n\nbare\rCR\n\0\n")
    demand(done.returncode != 0 and done.stderr, f"exit {done.returncode}, {done.stderr!r}")
    return done.stderr.decode(errors="replace").strip()


def run(bench: Bench) -> None:
    inbound = Inbound(bench)
    bench.section("Inbound: octets no server should be sent")
    for talk in TALKS:
        bench.case(talk.name, inbound.talk, talk)
    for name, method in (("100 KB without a line end, then the end", inbound.endless_command), ("a header line of 1 MB without end", inbound.endless_header),
                         ("2000 recipients", inbound.many_recipients), ("201 recipients elsewhere", inbound.harvest),
                         ("clear octets after 220", inbound.clear_after_220), ("clear octets before the TLS hello", inbound.clear_with_the_hello),
                         ("a TLS hello of garbage", inbound.hello_of_garbage), ("half a TLS hello", inbound.half_a_hello),
                         ("what was said before TLS is forgotten", inbound.forgets_what_was_clear), (f"{HALF_OPEN} half-open connections", inbound.half_open)):
        bench.case(name, inbound.on_both, method)
    bench.case("210 connections at once", inbound.crowd)
    bench.case("a header line of 1 MB", inbound.long_header)
    for address in RELAYS:
        bench.case(f"relaying to <{address}>", inbound.relay, address)
    bench.section("Inbound: smuggling")
    for name, sequence in SMUGGLING.items():
        bench.case(f"DATA with {name}", inbound.smuggle, sequence)
    bench.case("submitted by command: bare CR and NUL", submission_of_bare_cr, bench)
    bench.case("nothing was smuggled", inbound.nothing_smuggled)
    with_postfix(inbound)


def with_postfix(inbound: Inbound) -> None:
    """The same sequences to Postfix 3.7 as Debian ships it, and with its later defence where it has it. Notes, no verdicts."""
    postfix = inbound.bench.world.foreign
    version = postfix.host.run(["postconf", "-h", "mail_version"]).stdout.strip()
    answers = {name: [inbound.postfix_heard(sequence)] for name, sequence in SMUGGLING.items()}
    # Debian's 3.7 had the setting backported; where it is unknown, postconf prints nothing.
    if postfix.host.run(["postconf", "-h", "smtpd_forbid_bare_newline"], check=False).stdout.strip():
        inbound.bench.set_postfix(postfix, "smtpd_forbid_bare_newline = yes", "smtpd_forbid_bare_newline_exclusions =")
        for name, sequence in SMUGGLING.items():
            answers[name].append(inbound.postfix_heard(sequence))
    for name, heard in answers.items():
        inbound.bench.note(f"{name}: Danewerk refuses; Postfix {version}: {heard[0]}"
                           + (f"; with smtpd_forbid_bare_newline: {heard[1]}" if len(heard) > 1 else ""))
