"""The mailbox host of the kill tests: takes mail by SMTP and by LMTP, remembers what it took, and is as unreliable as told.

Each message carries its id in an X-Kill-Id header; everything from that header on is digested, so what a relay puts on
top does not count. A delivery is noted at the final dot, before the reply: from then on the sink has the mail, whatever
becomes of the reply. `rough` manners make it drop connections, refuse for now and dawdle, by a seeded choice. Whoever is greeted
with LHLO gets a reply for each recipient (RFC 2033 4.2), sometimes a different one. Mailboxes called `nobody` do not exist: what
comes of them is a notice to the sender, which is noted as a delivery of "notice:<id>" to the mailbox that it tells of.
"""
import asyncio
import collections
import contextlib
import hashlib
import random
import re
import threading
import time
from dataclasses import dataclass

END_OF_DATA = b"\r\n.\r\n"
LONGEST_MESSAGE = 4 * 1024 * 1024
NOBODY = "nobody@"  # every such mailbox


@dataclass
class Delivery:
    id: str
    recipient: str
    digest: str
    prepended: bytes
    opened: float    # when the connection came up
    taken: float     # when the final dot was here
    reply: str       # sent: 250 was written; withheld: the connection was dropped instead


@dataclass
class Envelope:
    sender: str
    recipients: list
    lmtp: bool
    opened: float


class Sink:
    """Listens on two loopback ports from construction on; thread safe to look at through `changed`."""

    ROUGH = [("prompt", 73), ("late", 12), ("drop after dot", 4), ("refuse after dot", 3), ("refuse recipient", 3), ("drop in body", 2),
             ("take the first only", 3)]

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.changed = threading.Condition()
        self.deliveries = []
        self.refused = 0
        self.by_lmtp = 0
        self.notice_ids = collections.defaultdict(set)  # (id, recipient it tells of) -> Message-IDs
        self.manners = "kind"   # kind | rough | refuse | hold
        self.held = 0           # final replies kept back under "hold"
        self.ports = []
        self.loop = asyncio.new_event_loop()
        self._let_go = asyncio.Event()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def _run(self, ready):
        asyncio.set_event_loop(self.loop)
        for _ in range(2):
            server = self.loop.run_until_complete(asyncio.start_server(self._connection, "127.0.0.1", 0, limit=LONGEST_MESSAGE, backlog=500))
            self.ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        self.loop.run_forever()

    def let_go(self):
        """The replies kept back under "hold" are given now; manners are kind from here on."""
        self.manners = "kind"
        self.loop.call_soon_threadsafe(self._let_go.set)

    def wait(self, enough, seconds, what):
        """Until `enough()` holds, looked at after each change."""
        with self.changed:
            if not self.changed.wait_for(enough, seconds):
                raise TimeoutError(f"the sink waited {seconds} s for {what}")

    def _choice(self):
        if self.manners != "rough":
            return {"kind": "prompt", "refuse": "refuse after dot", "hold": "hold"}[self.manners]
        return self.random.choices([name for name, _ in self.ROUGH], [weight for _, weight in self.ROUGH])[0]

    async def _connection(self, reader, writer):
        opened = time.monotonic()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._converse(reader, writer, opened)
        with contextlib.suppress(OSError):
            writer.close()

    async def _converse(self, reader, writer, opened):
        async def say(text):
            writer.write(text.encode() + b"\r\n")
            await writer.drain()
        await say("220 sink.example")
        recipients, how, sender, lmtp = [], "prompt", "", False
        while line := await reader.readline():
            verb = line.split(b":")[0].strip().upper()
            if verb.startswith((b"EHLO", b"HELO", b"LHLO")):
                lmtp = verb.startswith(b"LHLO")
                await say("250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE")
            elif verb == b"MAIL FROM":
                recipients, how, sender = [], self._choice(), address_in(line)
                await say("250 ok")
            elif verb == b"RCPT TO":
                await say(self._recipient(address_in(line), recipients, how))
            elif verb == b"DATA" and recipients:
                await say("354 go on")
                if how == "drop in body":
                    await reader.readexactly(100)
                    return writer.transport.abort()
                if not await self._take(await self._content(reader), Envelope(sender, recipients, lmtp, opened), how, say):
                    return writer.transport.abort()
            elif verb == b"QUIT":
                return await say("221 bye")
            else:
                await say("250 ok" if verb == b"RSET" else "503 5.5.1 out of order")

    @staticmethod
    def _recipient(mailbox, recipients, how):
        if mailbox.startswith(NOBODY):
            return "550 5.1.1 no such mailbox"
        if how == "refuse recipient":
            return "451 4.2.1 not now"
        recipients.append(mailbox)
        return "250 ok"

    @staticmethod
    async def _content(reader):
        raw = b"\r\n" + await reader.readuntil(END_OF_DATA)
        return raw[:-3].replace(b"\r\n..", b"\r\n.")[2:]

    async def _take(self, content, envelope, how, say):
        """False: the connection is to be dropped without a reply."""
        replies = len(envelope.recipients) if envelope.lmtp else 1
        taken = {"refuse after dot": 0, "take the first only": 1 if envelope.lmtp else len(envelope.recipients)}.get(how, len(envelope.recipients))
        with self.changed:
            self.refused += how == "refuse after dot"
            self.by_lmtp += envelope.lmtp
            for recipient in envelope.recipients[:taken]:
                self.deliveries.append(self._delivery(content, recipient, envelope, "withheld" if how == "drop after dot" else "sent"))
            self.held += how == "hold"
            self.changed.notify_all()
        if how == "drop after dot":
            return False
        if how == "late":
            await asyncio.sleep(self.random.uniform(0.02, 0.3))  # a slow host, not a test that waits
        if how == "hold":
            await self._let_go.wait()
        for number in range(replies):
            await say("250 2.0.0 taken" if number < taken else "451 4.3.0 not now")
        return True

    def _delivery(self, content, recipient, envelope, reply):
        found = re.search(rb"(?:^|\r\n)(X-Kill-Id: ([^\r]+)\r\n)", content)
        start = found.start(1) if found else 0
        name = found.group(2).decode() if found else "?"
        if envelope.sender == "" and (told := re.search(rb"\r\nFinal-Recipient: rfc822; *([^\r]+)\r\n", content)):
            name, recipient = f"notice:{name}", told.group(1).decode()
            self.notice_ids[name, recipient].add(re.search(rb"(?i)\r\nMessage-ID: *([^\r]+)", b"\r\n" + content).group(1))
        return Delivery(name, recipient, hashlib.sha256(content[start:]).hexdigest(), content[:start], envelope.opened, time.monotonic(), reply)


def address_in(line):
    return re.search(rb"<(.*?)>", line).group(1).decode()
