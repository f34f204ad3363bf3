"""The load of the kill tests: clients that never give up, and a book of what they were promised.

Every message is new and has an id of its own; a message whose transaction broke is never sent again. So the book is
exact: an id is promised to a recipient if and only if that RCPT and the end of its data were answered 250. Where the recipient
does not exist, a notice is promised instead, to a sender with a mailbox of ours.
"""
import base64
import contextlib
import hashlib
import random
import smtplib
import ssl
import threading
import traceback

from program import DOMAINS, check
from sink import NOBODY


def make_content(name, size):
    """Reproducible from its name; with lines that begin with dots, and one of a lone dot."""
    octets = base64.encodebytes(hashlib.shake_128(name.encode()).digest(size * 3 // 4)).replace(b"\n", b"\r\n")
    head = f"X-Kill-Id: {name}\r\nFrom: a@sender.example\r\nSubject: kill test\r\n\r\n".encode()
    return head + b".\r\n..two dots\r\n" + octets + b".last\r\n"


class Book:
    """Who was promised what. Counts are by kind: sent (its body is about to go out), promised, broken."""

    def __init__(self):
        self.changed = threading.Condition()
        self.digests = {}      # id -> sha256 of everything sent, answered or not
        self.promised = {}     # (id, recipient) -> digest
        self.owed = set()      # (id, recipient that does not exist): the sender must hear of it
        self.counts = {"sent": 0, "promised": 0, "broken": 0, "refused": 0}
        self.refusals = []     # replies other than 250, in words

    def count(self, kind):
        with self.changed:
            self.counts[kind] += 1
            self.changed.notify_all()

    def refused(self, words):
        with self.changed:
            self.refusals.append(words)
        self.count("refused")

    def promise(self, name, recipients, digest):
        with self.changed:
            for recipient in recipients:
                if recipient.startswith(NOBODY):
                    self.owed.add((name, recipient))
                else:
                    self.promised[name, recipient] = digest
        self.count("promised")


class Client:
    """One SMTP session and what it sends. Errors of the connection are raised (OSError, SMTPException)."""

    def __init__(self, port, book, tls, timeout=20):
        self.book = book
        self.smtp = smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=timeout)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the certificate is published nowhere
            self.smtp.starttls(context=context)
        self.smtp.ehlo_or_helo_if_needed()

    def send(self, name, size, recipients, sender="a@sender.example", chunks=0):
        """True if it was promised. `chunks`: that many BDATs instead of DATA."""
        content = make_content(name, size)
        digest = hashlib.sha256(content).hexdigest()
        self.book.digests[name] = digest
        code, words = self.smtp.mail(sender, [f"SIZE={len(content)}"])
        if code != 250:
            self.book.refused(f"MAIL: {code} {words.decode()}")
            return False
        taken = []
        for recipient in recipients:
            code, words = self.smtp.rcpt(recipient)
            if code == 250:
                taken.append(recipient)
            else:
                self.book.refused(f"RCPT: {code} {words.decode()}")
        self.book.count("sent")
        code, words = self._content(content, chunks)
        if code == 250:
            self.book.promise(name, taken, digest)
        else:
            self.book.refused(f"end of data: {code} {words.decode()}")
        return code == 250

    def _content(self, content, chunks):
        if chunks == 0:
            try:
                return self.smtp.data(content)
            except smtplib.SMTPDataError as refused:
                return refused.smtp_code, refused.smtp_error
        each = -(-len(content) // chunks)
        for at in range(0, len(content), each):
            chunk, last = content[at:at + each], at + each >= len(content)
            self.smtp.send(b"BDAT %d%s\r\n" % (len(chunk), b" LAST" if last else b"") + chunk)
            code, words = self.smtp.getreply()
            if code != 250:
                break
        return code, words

    def close(self):
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self.smtp.quit()
        self.smtp.close()


class Load:
    """So many clients at once, until stop()."""

    def __init__(self, port, clients, seed, nobody=0.0):
        """`nobody`: how many of the messages from mailboxes of ours go to one that does not exist, too."""
        self.port, self.book, self.nobody = port, Book(), nobody
        self._stop = threading.Event()
        self._faults = []
        self._threads = [threading.Thread(target=self._run, args=(n, random.Random(f"{seed}/{n}")), daemon=True) for n in range(clients)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        check(not self._faults, f"a client of ours broke: {self._faults[:2]}")

    def _run(self, number, dice):
        try:
            self._send_all(number, dice)
        except Exception:  # a bug of this test must not pass for a quiet client
            self._faults.append(traceback.format_exc())

    def _send_all(self, number, dice):
        sent = 0
        while not self._stop.is_set():
            client = None
            try:
                client = Client(self.port, self.book, tls=dice.random() < 0.5)
                for _ in range(dice.randint(1, 6)):
                    sent += 1
                    size = dice.choice([200, 300]) * 1024 if dice.random() < 0.25 else dice.randint(200, 6000)
                    recipients = [f"box{dice.randint(1, 9)}@{domain}" for domain in dice.choice([DOMAINS[:1], DOMAINS[1:], DOMAINS])]
                    sender = dice.choice(["a@sender.example", f"box{dice.randint(1, 9)}@{dice.choice(DOMAINS)}"])
                    if not sender.startswith("a@") and dice.random() < self.nobody:
                        recipients.append(NOBODY + dice.choice(DOMAINS))
                    client.send(f"{number}.{sent}", size, recipients, sender, chunks=dice.choice([0, 0, 1, 3]))
                    if self._stop.is_set():
                        break
            except (OSError, smtplib.SMTPException):
                self.book.count("broken")
                self._stop.wait(0.02)  # perhaps nobody listens: the pause between two calls
            finally:
                if client:
                    client.close()
