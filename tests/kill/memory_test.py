#!/usr/bin/python3
"""What a large message costs the shipped program: taken, kept and passed on in pieces, by SMTP and by LMTP.

    memory_test.py PROGRAM

50 MB, twice, come in over STARTTLS (once by DATA, once by one BDAT) and go out to a host of ours. The mail process's largest
resident size meanwhile may exceed what it was before by a few of its buffers, not by a message. Both arrive as they were sent.
"""
import argparse
import hashlib
import pathlib
import re
import socket
import ssl
import sys
import threading

from program import DOMAINS, Failed, Program, check

SIZE = 50_000_000
BUDGET_KIB = 12 * 1024
LINE = (b"x" * 76 + b"\r\n") * 1024


class Drain:
    """Takes one message a connection, by SMTP and LMTP, and keeps only its digest from the X-Begins field on."""

    def __init__(self):
        self.ears = [socket.create_server(("127.0.0.1", 0)) for _ in DOMAINS]
        self.ports = [ear.getsockname()[1] for ear in self.ears]
        self.changed, self.digests = threading.Condition(), []
        for ear in self.ears:
            threading.Thread(target=self._accept, args=(ear,), daemon=True).start()

    def _accept(self, ear):
        while True:
            threading.Thread(target=self._serve, args=(ear.accept()[0],), daemon=True).start()

    def _serve(self, peer):
        lines = peer.makefile("rb")
        peer.sendall(b"220 drain.example\r\n")
        while line := lines.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                peer.sendall(b"354 go on\r\n")
                self._body(lines)
            peer.sendall(b"250-drain.example\r\n250 SIZE\r\n" if verb in (b"EHLO", b"LHLO") else b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")

    def _body(self, lines):
        digest, begun = hashlib.sha256(), False
        while (line := lines.readline()) not in (b".\r\n", b""):
            begun = begun or line.startswith(b"X-Begins:")
            if begun:
                digest.update(line)
        with self.changed:
            self.digests.append(digest.hexdigest())
            self.changed.notify_all()


def pieces(name):
    yield f"X-Begins: {name}\r\nSubject: large\r\n\r\n".encode()
    for _ in range(SIZE // len(LINE) + 1):
        yield LINE


def hand_in(port, name, domain, by_bdat):
    """Returns the digest of what was sent."""
    raw = socket.create_connection(("127.0.0.1", port), 60)
    lines = raw.makefile("rb")

    def reply(wanted):
        while (line := lines.readline())[3:4] == b"-":
            pass
        check(line.startswith(wanted), f"{line!r} where {wanted!r} was expected")
    reply(b"220")
    for line, wanted in ((b"EHLO client.example", b"250"), (b"STARTTLS", b"220")):
        raw.sendall(line + b"\r\n")
        reply(wanted)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    peer = context.wrap_socket(raw)
    lines = peer.makefile("rb")
    begin = b"BDAT %d LAST" % sum(map(len, pieces(name))) if by_bdat else b"DATA"
    for line, wanted in ((b"EHLO client.example", b"250"), (b"MAIL FROM:<a@sender.example>", b"250"), (f"RCPT TO:<box@{domain}>".encode(), b"250"), (begin, b"354")):
        peer.sendall(line + b"\r\n")
        if line != begin or not by_bdat:
            reply(wanted)
    digest = hashlib.sha256()
    for piece in pieces(name):
        digest.update(piece)
        peer.sendall(piece)
    if not by_bdat:
        peer.sendall(b".\r\n")
    reply(b"250")
    peer.close()
    return digest.hexdigest()


def resident(pid, which):
    return int(re.search(rf"{which}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def run(program, drain):
    program.start()
    program.add_domains(drain, ("smtp", "lmtp"))
    pid = program.mail_pid()
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the largest size is counted from here
    before = resident(pid, "VmRSS")
    sent = [hand_in(program.port, f"message {number}", domain, by_bdat=number == 1) for number, domain in enumerate(DOMAINS)]
    with drain.changed:
        check(drain.changed.wait_for(lambda: len(drain.digests) == len(sent), 90), f"{len(drain.digests)} of {len(sent)} came out within 90 s")
    check(sorted(drain.digests) == sorted(sent), "what came out is not what went in")
    program.await_delivered(30)
    check(program.mail_pid() == pid, "the mail process is another one")
    cost = resident(pid, "VmHWM") - before
    check(cost < BUDGET_KIB, f"two messages of {SIZE:,} octets made the mail process grow by {cost:,} KiB")
    check(program.stop() == 0, "exit code")
    print(f"{SIZE:,} octets in and out, twice: the mail process had {before:,} KiB, and {cost:,} KiB more at most")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    program, failed = Program(parser.parse_args().program), True
    try:
        run(program, Drain())
        failed = False
    except (Failed, OSError) as what:
        print(f"FAILED: {what}\nthe last lines of the log:\n" + "".join(program.log.last[-20:] if program.log else []))
    finally:
        program.end(keep=failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
