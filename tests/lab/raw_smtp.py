"""A raw SMTP peer inside a lab host's network: it sends any octets in any segments and keeps every octet of the answer.

An SMTP library would repair, refuse or reorder what these tests are about. The sockets are made inside the host's network
(lab/inside.py), so no helper program stands between the test and the wire.
"""
import re
import socket
import ssl
import struct

from lab.inside import socket_inside
from lab.net import Host, LabError

PATIENCE = 15.0
LAST_LINE = re.compile(rb"^\d{3}(?: [^\n]*)?\r\n", re.MULTILINE)


class Peer:
    """One connection. `heard` is all that came, in clear and under TLS."""

    def __init__(self, host: Host, to: str, port: int = 25):
        family = socket.AF_INET6 if ":" in to else socket.AF_INET
        self.socket = socket_inside(host, family)
        self.socket.settimeout(PATIENCE)
        self.socket.connect((to, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.heard = b""
        self.used_ = 0

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def receive_(self) -> bool:
        """More octets; False at the end of the connection, also where it was reset."""
        try:
            octets = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            return False
        self.heard += octets
        return bool(octets)

    def reply(self) -> str:
        """The next whole reply, lines joined by LF; "" where the connection ended before it."""
        while not (found := LAST_LINE.search(self.heard, self.used_)):
            if not self.receive_():
                return ""
        text = self.heard[self.used_:found.end()]
        self.used_ = found.end()
        return text.decode("ascii", "replace").replace("\r\n", "\n").rstrip("\n")

    def say(self, line: str | bytes) -> str:
        self.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return self.reply()

    def rest(self) -> list[str]:
        """All replies until the server closes. TimeoutError where it does not."""
        while self.receive_():
            pass
        replies = []
        while LAST_LINE.search(self.heard, self.used_):
            replies.append(self.reply())
        return replies

    def ended(self) -> bool:
        """True where the server closes without another octet."""
        before = len(self.heard)
        while self.receive_():
            pass
        return len(self.heard) == before

    def finish_writing(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Closes with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def start_tls(self) -> None:
        """The handshake alone; STARTTLS was answered 220 already. What it proves about the server is not looked at."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)


def greeted(host: Host, to: str) -> Peer:
    """A connection after EHLO."""
    peer = Peer(host, to)
    greeting = peer.reply()
    hello = peer.say("EHLO client.example")
    if not greeting.startswith("220 ") or not hello.startswith("250"):
        raise LabError(f"{to} does not greet: {greeting!r}, {hello!r}")
    return peer


def client_hello() -> bytes:
    """A real TLS client's first flight."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()
