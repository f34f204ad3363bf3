"""The SMTP dialogue of a hostile host: as trusting as it can be, so that a client's mistake is seen, not prevented.

MAIL, RCPT, DATA and BDAT are taken in clear as well as in TLS, any address, any order that makes sense. What is taken
is stored as it came (dots unstuffed) in the mail folder, and noted with its digest and whether TLS was on.
"""

import hashlib
import re
import ssl
from pathlib import Path
from typing import Optional

from lab.hostile.channel import Channel, Ended
from lab.hostile.modes import Mode

MOST_MESSAGE = 100 * 1024 * 1024
BDAT = re.compile(rb"^BDAT +(\d{1,12})( +LAST)? *\r?\n$", re.IGNORECASE)


class Session:
    def __init__(self, channel: Channel, mode: Mode, name: str, context: ssl.SSLContext, mail_folder: Path,
            number: int) -> None:
        self._channel = channel
        self._mode = mode
        self._name = name
        self._context = context
        self._mail_folder = mail_folder
        self._number = number
        self._stored = 0
        self._forget()

    def _forget(self) -> None:
        self._sender: Optional[str] = None
        self._recipients: list[str] = []
        self._chunks: list[bytes] = []

    def run(self) -> None:
        """To the end of the connection; raises Ended always."""
        if self._mode.greeting != 220:
            self._reply(f"{self._mode.greeting} 4.3.2 {self._name} takes no mail now")
            raise Ended("greeted and closed")
        self._reply(f"220 {self._name} ESMTP lab")
        while True:
            row = self._channel.line()
            if self._channel.secure:
                self._channel.note("command", data=row.decode("latin-1"))
            self._obey(row)

    def _reply(self, *rows: str) -> None:
        self._channel.send("".join(row + "\r\n" for row in rows).encode("ascii"))

    def _obey(self, row: bytes) -> None:
        text = row.decode("latin-1").rstrip("\r\n")
        verb = text.split(" ", 1)[0].upper()
        if verb in ("EHLO", "HELO", "LHLO"):
            self._forget()
            self._reply(*self._capabilities() if verb != "HELO" else [f"250 {self._name}"])
        elif verb == "STARTTLS":
            self._start_tls()
        elif verb == "MAIL":
            self._forget()
            self._sender = text[5:]
            self._reply("250 2.1.0 sender noted")
        elif verb == "RCPT":
            if self._mode.recipient.startswith("2"):
                self._recipients.append(text[5:])
            self._reply(self._mode.recipient)
        elif verb == "DATA":
            self._data()
        elif verb == "BDAT":
            self._bdat(row)
        elif verb in ("RSET", "NOOP"):
            self._forget() if verb == "RSET" else None
            self._reply("250 2.0.0 ok")
        elif verb == "QUIT":
            self._reply("221 2.0.0 bye")
            raise Ended("quit")
        else:
            self._reply("252 2.0.0 perhaps" if verb == "VRFY" else "500 5.5.2 what?")

    def _capabilities(self) -> list[str]:
        words = ["PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES"]
        if not self._channel.secure and self._mode.offer:
            words.insert(1, self._mode.offer)
        if self._channel.secure and self._mode.offer_in_tls:
            words.insert(1, self._mode.offer_in_tls)
        if not self._channel.secure and self._mode.early:
            words.append(self._mode.early)
        rows = [self._name, *words]
        return [f"250-{word}" for word in rows[:-1]] + [f"250 {rows[-1]}"]

    def _start_tls(self) -> None:
        if self._channel.secure:
            self._reply("503 5.5.1 TLS is on already")
        elif self._mode.starttls == 454:
            self._reply("454 4.7.0 TLS not available")
        elif self._mode.starttls == 501:
            self._reply("501 5.5.4 syntax error")
        elif self._mode.starttls == 502:
            self._reply("502 5.5.1 command not implemented")
        elif self._mode.after_220 == "reset":
            self._reply("220 2.0.0 ready")
            self._channel.reset_at_next_octet()
        elif self._mode.after_220 == "close":
            self._reply("220 2.0.0 ready")
            self._channel.close_at_next_octet()
        elif self._mode.after_220 == "garbage":
            self._reply("220 2.0.0 ready")
            self._channel.garbage_at_next_octet()
        else:
            self._reply("220 2.0.0 ready", *(["250-REQUIRETLS"] if self._mode.after_220 == "inject" else []))
            self._forget()
            self._channel.start_tls(self._context)

    def _data(self) -> None:
        self._reply("354 go ahead")
        text = self._channel.until_dot(MOST_MESSAGE)
        if text.startswith(b"."):
            text = text[1:]
        self._store(text.replace(b"\r\n.", b"\r\n"))

    def _bdat(self, row: bytes) -> None:
        said = BDAT.match(row)
        if not said or int(said.group(1)) > MOST_MESSAGE:
            self._reply("501 5.5.4 BDAT size [LAST]")
            raise Ended("a BDAT that cannot be followed")
        self._chunks.append(self._channel.exactly(int(said.group(1))))
        if said.group(2):
            self._store(b"".join(self._chunks))
        else:
            self._reply("250 2.0.0 chunk taken")

    def _store(self, octets: bytes) -> None:
        self._stored += 1
        path = self._mail_folder / f"{self._number:06d}-{self._stored:04d}.eml"
        path.write_bytes(octets)
        self._channel.note("message", tls=self._channel.secure, sender=self._sender, recipients=self._recipients,
                           size=len(octets), sha256=hashlib.sha256(octets).hexdigest(), path=str(path))
        self._forget()
        self._reply("250 2.0.0 stored")
