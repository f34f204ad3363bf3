"""One connection's octets: clear first, TLS after `start_tls`, and a note of everything that comes outside TLS.

Python's SSLSocket would swallow what a client sends after "220 ready": a client that goes on in clear there would
vanish into a handshake error. So octets are received here, noted, and only then given to TLS through memory BIOs; and
the stream is checked against TLS's record framing (RFC 8446 5.1) to its end: what does not fit is noted as clear.

Blocking, one thread a connection: this is a lab instrument, not a server.
"""

import socket
import ssl
import struct
import threading
from typing import Optional

from lab.hostile.recorder import Recorder

CHUNK = 65536
MOST_LINE = 1 << 20
IDLE_SECONDS = 60.0
AFTER_FAILURE_SECONDS = 5.0


class Ended(Exception):
    """The connection is over; the text says how."""


class TlsFraming:
    """Splits a stream into what can be TLS records and what cannot. Once broken, all that follows is clear."""

    def __init__(self) -> None:
        self._header = b""
        self._left = 0
        self.broken = False

    def feed(self, octets: bytes) -> tuple[bytes, bytes]:
        """(TLS octets, clear octets). A header is held back until its five octets are seen to be one."""
        whole = b""
        at = 0
        while at < len(octets) and not self.broken:
            if self._left:
                piece = octets[at : at + self._left]
                self._left -= len(piece)
                at += len(piece)
                whole += piece
                continue
            self._header += octets[at : at + 1]
            at += 1
            if not self._plausible():
                self.broken = True
            elif len(self._header) == 5:
                self._left = struct.unpack(">H", self._header[3:5])[0]
                whole += self._header
                self._header = b""
        if not self.broken:
            return whole, b""
        held, self._header = self._header, b""
        return whole, held + octets[at:]

    def _plausible(self) -> bool:
        header = self._header
        if not 20 <= header[0] <= 23 or (len(header) > 1 and header[1] != 3):
            return False
        return len(header) < 5 or struct.unpack(">H", header[3:5])[0] <= 16384 + 2048


class Channel:
    def __init__(self, connected: socket.socket, recorder: Recorder, facts: dict, stopping: threading.Event,
            delay: float) -> None:
        self._socket = connected
        self._socket.settimeout(IDLE_SECONDS)
        self._recorder = recorder
        self._facts = facts
        self._stopping = stopping
        self._delay = delay
        self._buffer = bytearray()
        self._framing: Optional[TlsFraming] = None
        self._tls: Optional[ssl.SSLObject] = None
        self._handshaken = False
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    @property
    def secure(self) -> bool:
        return self._handshaken

    def note(self, event: str, **facts: object) -> None:
        self._recorder.write(event, **self._facts, **facts)

    def _receive(self) -> bytes:
        """Octets off the wire, noted before anybody looks at them; raises Ended at the end."""
        try:
            octets = self._socket.recv(CHUNK)
        except TimeoutError:
            raise Ended("idle for too long") from None
        except OSError as error:
            raise Ended(f"lost: {error.strerror or error}") from None
        if not octets:
            raise Ended("the peer closed")
        if self._framing is None:
            self.note("clear", phase="before-starttls", data=octets.decode("latin-1"))
            return octets
        whole, clear = self._framing.feed(octets)
        if clear:
            self.note("clear", phase="inside-tls" if self._handshaken else "after-220", data=clear.decode("latin-1"))
        if whole and not self._handshaken:
            self.note("handshake", data=whole.hex())
        # What cannot be TLS goes to TLS too: let it fail by itself, as a real server's would.
        return whole + clear

    def _more(self) -> None:
        """At least one octet more in the buffer, or Ended."""
        if self._tls is None:
            self._buffer += self._receive()
            return
        while True:
            try:
                octets = self._tls.read(CHUNK)
                if not octets:
                    raise Ended("the peer closed TLS")
                self._buffer += octets
                return
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._receive())
            except ssl.SSLZeroReturnError:
                raise Ended("the peer closed TLS") from None
            except ssl.SSLError as error:
                raise Ended(f"TLS failed: {error.reason}") from None

    def line(self) -> bytes:
        """Up to and with the next LF."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > MOST_LINE:
                raise Ended("a line without end")
            self._more()
        return self._take(end + 1)

    def exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more()
        return self._take(count)

    def until_dot(self, most: int) -> bytes:
        """A DATA text, dots still stuffed, without its final `.CRLF`; only CRLF.CRLF ends it (RFC 5321 4.1.1.4)."""
        searched = 0
        while True:
            if self._buffer.startswith(b".\r\n"):
                self._take(3)
                return b""
            end = self._buffer.find(b"\r\n.\r\n", max(0, searched - 4))
            if end >= 0:
                return self._take(end + 5)[:-3]
            searched = len(self._buffer)
            if searched > most:
                raise Ended(f"a message over {most} octets")
            self._more()

    def _take(self, count: int) -> bytes:
        octets = bytes(self._buffer[:count])
        del self._buffer[:count]
        return octets

    def _flush(self) -> None:
        self._send_raw(self._outgoing.read())

    def _send_raw(self, octets: bytes) -> None:
        try:
            self._socket.sendall(octets)
        except OSError as error:
            raise Ended(f"could not send: {error.strerror or error}") from None

    def send(self, octets: bytes) -> None:
        self.note("sent", tls=self.secure, data=octets.decode("latin-1"))
        if self._tls is not None:
            self._tls.write(octets)
            self._flush()
        elif self._delay:
            for at in range(len(octets)):
                if self._stopping.wait(self._delay):
                    raise Ended("the host stops")
                self._send_raw(octets[at : at + 1])
        else:
            self._send_raw(octets)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """The server's side of a handshake; what was received and not used before is dropped (RFC 3207 4.2)."""
        self._buffer.clear()
        self._framing = TlsFraming()
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                try:
                    self._incoming.write(self._receive())
                except Ended as end:
                    self.note("tls-failed", reason=str(end))
                    raise
            except ssl.SSLError as error:
                self.note("tls-failed", reason=str(error.reason))
                self._flush()
                self._listen_on()
                raise Ended(f"no TLS: {error.reason}") from None
        self._tls, self._handshaken = tls, True
        self._flush()
        self.note("tls", version=tls.version(), cipher=tls.cipher()[0], sni=getattr(tls, "lab_sni", None))

    def _listen_on(self) -> None:
        """After a failed handshake: does the client go on in clear? Notes what comes until it leaves."""
        self._socket.settimeout(AFTER_FAILURE_SECONDS)
        try:
            while True:
                self._receive()
        except Ended:
            return

    def reset_at_next_octet(self) -> None:
        """Waits for the client's first octet after the 220, so that the 220 was read, then sends RST."""
        self._framing = TlsFraming()
        self._receive()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()
        raise Ended("reset by us")

    def close_at_next_octet(self) -> None:
        """As reset_at_next_octet, but with FIN: an orderly end in the middle of the handshake."""
        self._framing = TlsFraming()
        self._receive()
        self._socket.close()
        raise Ended("closed by us")

    def garbage_at_next_octet(self) -> None:
        """Answers the first flight with what is no TLS, and notes what the client then does."""
        self._framing = TlsFraming()
        self._receive()
        self._send_raw(b"250-STARTTLS\r\n250 what is this?\r\n" * 8)
        self._listen_on()
        raise Ended("answered the handshake with garbage")
