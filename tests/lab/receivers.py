"""What Danewerk, Postfix, Exim and OpenSMTPD make of the same octets: smuggling, injection at STARTTLS, mixes of BDAT and DATA.

    /usr/bin/python3 -m tests.lab.receivers --run build/lab-receivers      (as root, from the project's root)

Two servers that disagree on where a message ends are what smuggling needs (CVE-2023-51764, -51765, -51766). So the same octets
go to four servers of different descent, and what counts is what lies in their mailboxes afterwards, not what they replied. As a
receiver Danewerk makes no message of octets that any of them could read otherwise. As a sender it hands all it accepted to each
of them, and each stores one message with the body that was handed in: its output is never ambiguous to anybody.
What the others do with hostile octets is printed, not judged; but in its old ways Postfix must be seen to be smuggled past, or
this test would see nothing at all. SMTP-01, SMTP-07, SMTP-08, TLS-05, RFC 5321 2.3.8, RFC 3030 2, RFC 3207 4.2.
"""
import re
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from lab import certs
from lab.danewerk import Danewerk
from lab.exim import Exim
from lab.net import Host, LabError, ipv4, wait_until
from lab.opensmtpd import OpenSmtpd

from . import frame
from .bad_input import Bench, same_process
from .frame import demand
from .raw_smtp import Peer, greeted

EXIM, OPENSMTPD = 70, 71
QUIET = 0.4  # seconds without a reply, after which a server is taken to wait for more; no verdict hangs on it
FORMS = {"LF . LF": b"\n.\n", "LF . CRLF": b"\n.\r\n", "CRLF . LF": b"\r\n.\n", "CR . CR": b"\r.\r", "CRLF . CR": b"\r\n.\r", "CR . CRLF": b"\r.\r\n",
         "CRLF NUL . CRLF": b"\r\n\0.\r\n", "CRLF . NUL CRLF": b"\r\n.\0\r\n", "CRLF . CR CRLF": b"\r\n.\r\r\n", "LF CR . CRLF": b"\n\r.\r\n"}
OLD_WAYS = ("LF . LF", "LF . CRLF")  # what Postfix took for an end of message before it was told not to
# Bodies that a careless relay would send on as more than one message, or changed. All are proper CRLF text, or end without one.
BODIES = {"a lone dot": b"one\r\n.\r\ntwo\r\n", "dots that are doubled": b".\r\n..\r\n...\r\n.x\r\n..x\r\n", "the end of DATA, and a message behind it":
          b"x\r\n.\r\nMAIL FROM:<smuggled@foreign.example>\r\nRCPT TO:<victim@{domain}>\r\nDATA\r\nSubject: smuggled\r\n\r\nforged\r\n.\r\nQUIT\r\n",
          "no line end at the end": b"x\r\n.", "a dot as the last line": b"x\r\n.\r\n", "lines of 998 octets": b"." * 998 + b"\r\n" + b"y" * 998 + b"\r\n",
          "commands of its own": b"RSET\r\nBDAT 5 LAST\r\nQUIT\r\nSTARTTLS\r\n", "empty": b""}


@dataclass
class Server:
    """`waiting` tells how many messages are not in its mailbox yet."""
    name: str
    host: Host
    domain: str
    messages: object
    waiting: object


class Receivers(Bench):
    def __init__(self, run_dir: Path, program: Path):
        super().__init__(run_dir, program)
        world = self.world
        self.danewerk = Danewerk(world.hosts["danewerk"], program, zone=False)
        for name, number, tree in (("exim", EXIM, "exim"), ("opensmtpd", OPENSMTPD, "opensmtpd")):
            world.hosts[name] = Host(world.net, name, number, hostname=f"mx.{name}.lab", trees=[tree], resolvers=[ipv4(11)])
        self.exim, self.opensmtpd = Exim(world.hosts["exim"], ["exim.lab"]), OpenSmtpd(world.hosts["opensmtpd"], ["opensmtpd.lab"])
        world.more_peers = [self.exim, self.opensmtpd]
        self.client = world.hosts["attacker"]
        self.count = 0
        self.submitted: dict[str, tuple[str, str, bytes]] = {}  # tag -> domain, name, body

    def up(self) -> None:
        self.world.up()
        for server in (self.exim, self.opensmtpd):
            server.start(certs.self_issued(self.world.run_dir / "certs", server.host.hostname))
        self.danewerk.start()
        routes = {"contoso.lab": "lmtp:10.77.0.40:24", "foreign.example": f"smtp:{self.world.foreign.host.ipv4}:25", "exim.lab": f"smtp:{self.exim.host.ipv4}:25",
                  "opensmtpd.lab": f"smtp:{self.opensmtpd.host.ipv4}:25"}
        for domain, route in routes.items():
            self.danewerk.command("domain", "add", domain, "--tenant", "contoso", "--route", route, "--why", "test")
        wait_until(lambda: self.danewerk.log_lines("worker.edge_listens"), "Danewerk to serve", 30, 0.1)
        self.first_worker = self.worker()
        foreign = self.world.foreign
        self.others = [Server("Postfix", foreign.host, "foreign.example", foreign.mailbox, lambda: len(foreign.queue())),
                       Server("Exim", self.exim.host, "exim.lab", self.exim.mailbox, self.exim.waiting),
                       Server("OpenSMTPD", self.opensmtpd.host, "opensmtpd.lab", self.opensmtpd.mailbox, self.opensmtpd.waiting)]
        own = Server("Danewerk", self.danewerk.host, "contoso.lab", self.world.mbox1.messages,
                     lambda: self.danewerk.ask("queue.list", which="all", limit=1)["counts"]["waiting"])
        self.servers = [own, *self.others]

    # -- talking ---------------------------------------------------------------------------------------------------

    def tag(self) -> str:
        self.count += 1
        return f"tag-{self.count:04d}-"

    @staticmethod
    def said(peer: Peer) -> str:
        """The next reply, or "" after a while without one."""
        peer.socket.settimeout(QUIET)
        try:
            return peer.reply()
        except TimeoutError:
            return ""
        finally:
            peer.socket.settimeout(15)

    def talk(self, server: Server, tag: str, pieces: list[bytes]) -> list[str]:
        """An envelope, the pieces with a pause for a reply after each, QUIT; all replies after the envelope's."""
        heard = []
        try:
            with greeted(self.client, server.host.ipv4) as peer:
                for line in (f"MAIL FROM:<{tag}@foreign.example>", f"RCPT TO:<{tag}@{server.domain}>"):
                    demand(peer.say(line).startswith("250"), f"{server.name} refuses {line}")
                for piece in pieces:
                    peer.send(piece)
                    heard.append(self.said(peer))
                peer.send(b"QUIT\r\n")
                heard += peer.rest()
        except (ConnectionError, TimeoutError):
            pass  # what came of it is read from the mailbox
        return [reply for reply in heard if reply]

    def everywhere(self, servers: list[Server], run) -> None:
        """run(server) for all at once."""
        failures: list[BaseException] = []

        def one(server: Server) -> None:
            try:
                run(server)
            except (LabError, OSError) as error:
                failures.append(error)
        threads = [threading.Thread(target=one, args=(server,)) for server in servers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise LabError(str(failures[0]))

    def settle(self, servers: list[Server]) -> None:
        for server in servers:
            wait_until(lambda s=server: s.waiting() == 0, f"{server.name}'s queue to empty", 60, 0.2)

    def stored(self, server: Server, tag: str) -> list[bytes]:
        """Messages with this tag in their text, with LF line ends."""
        return [m.raw.replace(b"\r\n", b"\n") for m in server.messages() if tag.encode() in m.raw]

    # -- smuggling -------------------------------------------------------------------------------------------------

    def carrier(self, tag: str, domain: str, form: bytes) -> tuple[bytes, bytes]:
        """What ends with the false end of a message, and what stands behind it."""
        inner = f"MAIL FROM:<smuggled@foreign.example>\r\nRCPT TO:<victim@{domain}>\r\nDATA\r\nSubject: {tag} smuggled\r\n\r\nforged".encode()
        return f"Subject: {tag} carrier\r\n\r\ntext".encode() + form, inner + b"\r\n.\r\n"

    def smuggle(self, servers: list[Server], forms: dict[str, bytes]) -> dict[str, dict[str, int]]:
        """Each form in one segment and in two; returns form -> server -> the most messages that came of one."""
        tags: dict[tuple[str, str], list[str]] = {}

        def run(server: Server) -> None:
            for name, form in forms.items():
                for in_one in (True, False):
                    tag = self.tag()
                    first, second = self.carrier(tag, server.domain, form)
                    self.talk(server, tag, [b"DATA\r\n", first + second] if in_one else [b"DATA\r\n", first, second])
                    tags.setdefault((name, server.name), []).append(tag)
        self.everywhere(servers, run)
        self.settle(servers)
        return {name: {s.name: max(len(self.stored(s, tag)) for tag in tags[name, s.name]) for s in servers} for name in forms}

    def control(self) -> str:
        found = self.smuggle(self.servers, {"control": b"\r\n"})["control"]
        demand(all(count == 1 for count in found.values()), f"a message without fault, sent once: {found}")
        return "one message at each"

    def smuggled(self) -> str:
        self.found = self.smuggle(self.servers, FORMS)
        for name, counts in self.found.items():
            self.note(f"{name:16} " + ", ".join(f"{server} {({0: 'refuses', 1: 'one message'}).get(count, f'{count}: SMUGGLED')}" for server, count in counts.items()))
        made = {name: counts["Danewerk"] for name, counts in self.found.items() if counts["Danewerk"]}
        demand(not made, f"Danewerk made messages of octets that others read otherwise: {made}")
        return f"Danewerk refuses all {len(FORMS)} forms, each in one segment and in two"

    def instrument(self) -> str:
        """Postfix as it was: were nothing smuggled past it, this test would be blind."""
        self.set_postfix(self.world.foreign, "smtpd_forbid_bare_newline = no")
        found = self.smuggle(self.others[:1], {name: FORMS[name] for name in OLD_WAYS})
        demand(all(counts["Postfix"] == 2 for counts in found.values()), f"Postfix without its defence: {found}")
        return f"Postfix without smtpd_forbid_bare_newline makes two messages of {' and of '.join(OLD_WAYS)}"

    # -- our output ------------------------------------------------------------------------------------------------

    def hand_in(self, server: Server, name: str, body: bytes, way: str) -> None:
        """To Danewerk, for a mailbox behind `server`."""
        tag = self.tag()
        body = body.replace(b"{domain}", server.domain.encode())
        text = f"From: a@foreign.example\r\nSubject: {tag}\r\n\r\n".encode() + body
        if way == "DATA":
            whole = text if text.endswith(b"\r\n") else text + b"\r\n"
            pieces = [b"DATA\r\n", re.sub(rb"(?m)^\.", b"..", whole) + b".\r\n"]
        elif way == "BDAT":
            pieces = [b"BDAT %d LAST\r\n" % len(text) + text]
        else:  # an octet a chunk
            pieces = [b"".join(b"BDAT 1\r\n" + text[at:at + 1] for at in range(len(text))) + b"BDAT 0 LAST\r\n"]
        to_us = Server("Danewerk", self.danewerk.host, server.domain, None, None)
        replies = self.talk(to_us, tag, pieces)
        demand(any("queued as" in reply for reply in replies), f"{name} by {way} for {server.name} was not taken: {replies[-3:]}")
        self.submitted[tag] = (server.name, f"{name}, by {way}", body)

    def output(self) -> str:
        self.submitted.clear()

        def run(server: Server) -> None:
            for name, body in BODIES.items():
                for way in ("DATA", "BDAT", "BDAT by single octets") if len(body) < 200 else ("DATA", "BDAT"):
                    self.hand_in(server, name, body, way)
        self.everywhere(self.others, run)
        self.settle(self.servers)
        by_name = {server.name: server for server in self.others}
        for tag, (server, name, body) in self.submitted.items():
            found = self.stored(by_name[server], tag)
            demand(len(found) == 1, f"{name}: {len(found)} messages at {server}")
            kept, sent = found[0].split(b"\n\n", 1)[1], body.replace(b"\r\n", b"\n")
            # The last line gets its end from the first server that sends it by DATA; OpenSMTPD keeps none of an empty body.
            demand(kept.rstrip(b"\n") == sent.rstrip(b"\n"), f"{name}: at {server} the body is {kept[:200]!r}, sent was {sent[:200]!r}")
        for server in self.others:
            heads = [m.raw.replace(b"\r\n", b"\n").split(b"\n\n")[0] for m in server.messages()]
            demand(not any(b"Subject: smuggled" in head for head in heads), f"{server.name} has a message that nobody sent")
        return f"{len(self.submitted)} messages, one at its mailbox for each, bodies as handed in"

    # -- BDAT ------------------------------------------------------------------------------------------------------

    def chunks(self) -> str:
        """RFC 3030 2: the servers that offer CHUNKING agree on how many messages there are, and on their bodies."""
        offering = [server for server in self.servers if self.offers(server, "CHUNKING")]
        demand({"Danewerk", "Exim", "Postfix"} <= {s.name for s in offering}, f"CHUNKING is offered by {[s.name for s in offering]}")
        names = ["two chunks", "a chunk that ends between CR and LF", "LAST of no octets", "RSET between chunks", "NOOP between chunks", "DATA after a chunk",
                 "two messages in one segment", "a chunk that holds the end of DATA and a message"]
        tags: dict[tuple[str, str], str] = {}

        def run(server: Server) -> None:
            for name in names:
                tag = tags[name, server.name] = self.tag()
                self.talk(server, tag, self.mix(name, tag, server.domain))
        self.everywhere(offering, run)
        self.settle(offering)
        differing = []
        for name in names:
            bodies = {s.name: [m.split(b"\n\n", 1)[1] for m in self.stored(s, tags[name, s.name])] for s in offering}
            bodies = {s: [body.replace(tags[name, s].encode(), b"TAG").replace(next(o.domain for o in offering if o.name == s).encode(), b"DOMAIN") for body in of]
                      for s, of in bodies.items()}
            if any(sorted(of) != sorted(bodies["Danewerk"]) for of in bodies.values()):
                differing.append(f"{name}: {bodies}")
        demand(not differing, "; ".join(differing))
        return f"{len(names)} mixes, the same messages at " + ", ".join(s.name for s in offering)

    @staticmethod
    def mix(name: str, tag: str, domain: str) -> list[bytes]:
        def chunk(octets: bytes, last: bytes = b"") -> bytes:
            return b"BDAT %d%s\r\n" % (len(octets), last) + octets
        head, last = f"Subject: {tag}\r\n\r\n".encode(), b" LAST"
        envelope = f"MAIL FROM:<{tag}@foreign.example>\r\nRCPT TO:<{tag}@{domain}>\r\n".encode()
        return {"two chunks": [chunk(head), chunk(b"x\r\n", last)],
                "a chunk that ends between CR and LF": [chunk(head + b"x\r"), chunk(b"\ny\r\n", last)],
                "LAST of no octets": [chunk(head + b"x\r\n"), chunk(b"", last)],
                "RSET between chunks": [chunk(head + b"dropped\r\n"), b"RSET\r\n" + envelope, chunk(head + b"kept\r\n", last)],
                "NOOP between chunks": [chunk(head), b"NOOP\r\n", chunk(b"x\r\n", last)],
                "DATA after a chunk": [chunk(head), b"DATA\r\n", b"RSET\r\n"],
                "two messages in one segment": [chunk(head + b"one\r\n", last) + envelope + chunk(head + b"two\r\n", last)],
                "a chunk that holds the end of DATA and a message":
                    [chunk(head + b"x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\nSubject: forged\r\n\r\nforged\r\n.\r\n", last)]}[name]

    def offers(self, server: Server, word: str) -> bool:
        with Peer(self.client, server.host.ipv4) as peer:
            peer.reply()
            return word in peer.say("EHLO client.example")

    # -- STARTTLS --------------------------------------------------------------------------------------------------

    def injected(self) -> str:
        """TLS-05: a command in the segment of STARTTLS, or in the next before the hello. Nobody may act on it under TLS."""
        found: dict[str, str] = {}

        def run(server: Server) -> None:
            acted = []
            for segments in ([b"STARTTLS\r\nMAIL FROM:<evil@foreign.example>\r\n"], [b"STARTTLS\r\n", b"MAIL FROM:<evil@foreign.example>\r\n"]):
                acted.append(self.after_injection(server, segments))
            found[server.name] = " / ".join(acted)
        self.everywhere(self.servers, run)
        for name, what in found.items():
            self.note(f"{name}: {what}")
        demand("ACTS" not in found["Danewerk"] and found["Danewerk"].startswith("no TLS"), f"Danewerk: {found['Danewerk']}")
        return found["Danewerk"]

    def after_injection(self, server: Server, segments: list[bytes]) -> str:
        """Whether a sender given in clear is known under TLS (then RCPT is answered 250)."""
        try:
            with greeted(self.client, server.host.ipv4) as peer:
                for segment in segments:
                    peer.send(segment)
                reply = peer.reply()
                if not reply.startswith("220"):
                    return f"no TLS ({reply.splitlines()[0] if reply else 'closed'})"
                peer.start_tls()
                return "ACTS on it" if peer.say(f"RCPT TO:<x@{server.domain}>").startswith("250") else "TLS, and the command is forgotten"
        except (OSError, ValueError) as error:
            return f"the handshake fails ({type(error).__name__})"


def play(bench: Receivers, _) -> None:
    bench.up()
    bench.section("The same octets to four receivers")
    bench.case("a message without fault", bench.control)
    bench.case("false ends of a message", bench.smuggled)
    bench.case("the instrument", bench.instrument)
    bench.case("commands injected at STARTTLS", bench.injected)
    bench.case("chunks, and what may stand between them", bench.chunks)
    bench.section("What Danewerk accepted, to three next hops")
    bench.case("nothing Danewerk sends is ambiguous", bench.output)
    bench.case("the mail process is still the first one", same_process, bench)


if __name__ == "__main__":
    sys.exit(frame.run(__doc__, lambda given: Receivers(given.run, given.program), play))
