"""Smuggling: a message whose bare CR and LF would be a second message to a careless server. RFC 5321 2.3.8, 4.1.1.4, SMTP-01.

Handed in by DATA, by BDAT and by the control socket (`danewerk send`). Each is refused, or goes out as one message in whose octets
no CR and no LF stands alone; a second message never exists, at us or at anybody.
"""
import re
import socket
from pathlib import Path

from lab.inside import socket_inside
from lab.net import LabError, wait_until

from .frame import demand

CLEAN = "nothing wrong"
FORMS = {"LF . LF": b"\n.\n", "LF . CRLF": b"\n.\r\n", "CRLF . LF": b"\r\n.\n", "CR . CR": b"\r.\r", "CRLF . CR": b"\r\n.\r", "CR . CRLF": b"\r.\r\n",
         "CRLF NUL . CRLF": b"\r\n\0.\r\n", "CRLF . CR CRLF": b"\r\n.\r\r\n", "bare LF": b"\n", "bare CR": b"\r", CLEAN: b"\r\n"}
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class Mail:
    def __init__(self, attacks):
        self.attacks = attacks
        attacks.destination("smuggle", attacks.listener("honest"))

    def run(self) -> None:
        attacks = self.attacks
        attacks.section("Smuggling by what is handed in")
        self.accepted: list[str] = []
        for number, (name, octets) in enumerate(FORMS.items()):
            for way in (self.by_data, self.by_bdat, self.by_control):
                attacks.case(f"{name}, {way.__name__.replace('_', ' ')}", self.hand_in, way, f"x{number}{way.__name__[3:]}", octets)
        attacks.case("what was accepted went out, each as one message without bare CR or LF", self.went_out)

    def hand_in(self, way, label: str, octets: bytes) -> str:
        inner = f"MAIL FROM:<smuggled@contoso.lab>\r\nRCPT TO:<victim@smuggle.nsec.lab>\r\nDATA\r\nSubject: smuggled {label}\r\n\r\nsmuggled\r\n".encode()
        text = f"From: {label}@contoso.lab\r\nTo: {label}@smuggle.nsec.lab\r\nSubject: {label}\r\n\r\nfirst".encode() + octets + inner
        verdicts = way(label, text)
        demand(verdicts.count("accepted") <= 1, f"one message was handed in, {verdicts.count('accepted')} were accepted: {verdicts}")
        demand("accepted" in verdicts or octets != FORMS[CLEAN], f"a message without fault was not accepted: {verdicts}")
        if "accepted" in verdicts:
            self.accepted.append(label)
        return verdicts[0] if verdicts else "the connection was closed"

    def talk_(self, label: str, *pieces: bytes) -> list[str]:
        """Sends all; which end-of-message replies came. What follows a refusal does not matter, what is accepted does."""
        line = socket_inside(self.attacks.danewerk.host, socket.AF_INET)
        line.settimeout(5)
        heard = b""
        try:
            line.connect(("127.0.0.1", 587))
            envelope = f"MAIL FROM:<{label}@contoso.lab>\r\nRCPT TO:<{label}@smuggle.nsec.lab>\r\n"
            for piece in (b"EHLO lab.example\r\n", envelope.encode(), *pieces, b"QUIT\r\n"):
                line.sendall(piece)
                heard += self.some_(line)
            while more := line.recv(65536):
                heard += more
        except (TimeoutError, ConnectionError, BrokenPipeError):
            pass
        finally:
            line.close()
        replies = heard.decode("latin-1").splitlines()
        return ["accepted" if "queued as" in r else f"refused: {r}" for r in replies if "queued as" in r or r[:1] == "5" or r[:1] == "4"]

    @staticmethod
    def some_(line: socket.socket) -> bytes:
        line.settimeout(0.3)
        try:
            return line.recv(65536)
        except TimeoutError:
            return b""
        finally:
            line.settimeout(5)

    def by_data(self, label: str, text: bytes) -> list[str]:
        return self.talk_(label, b"DATA\r\n", text + b"\r\n.\r\n")

    def by_bdat(self, label: str, text: bytes) -> list[str]:
        return self.talk_(label, b"BDAT %d LAST\r\n" % len(text) + text)

    def by_control(self, label: str, text: bytes) -> list[str]:
        try:
            self.attacks.danewerk.ask("send", text, **{"from": f"{label}@contoso.lab", "to": [f"{label}@smuggle.nsec.lab"]})
        except LabError as error:
            return [f"refused: {error}"]
        return ["accepted"]

    def went_out(self) -> str:
        attacks = self.attacks

        def mine() -> list[dict]:
            return [r for r in attacks.zoo.records() if r["event"] == "message" and "@smuggle.nsec.lab" in str(r["recipients"])]
        wait_until(lambda: len(mine()) >= len(self.accepted), f"{len(self.accepted)} messages to go out", 40, 0.5)
        demand(len(mine()) == len(self.accepted), f"{len(self.accepted)} were accepted, {len(mine())} messages came: {[r['sender'] for r in mine()]}")
        demand(not any("smuggled@" in r["sender"] or "victim@" in str(r["recipients"]) for r in mine()), "a smuggled message exists")
        for record in mine():
            bare = BARE.search(Path(record["path"]).read_bytes())
            demand(not bare, f"a bare CR or LF was sent to {record['recipients']}, at octet {bare and bare.start()}")
        return f"{len(mine())} of {3 * len(FORMS)} were accepted and came"
