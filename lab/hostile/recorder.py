#!/usr/bin/python3
"""What a hostile host saw: written as JSON lines while it happens, read back to prove that nothing leaked.

The claim to be shown is "not one octet of MAIL, RCPT or DATA was sent in clear". So the host takes such mail, rather
than refuse it, and writes down every octet that came outside TLS, before anything parses it. The reader does not trust
the host's own idea of the dialogue: it joins each connection's clear octets again and allows only EHLO, HELO, LHLO,
STARTTLS, NOOP, RSET, HELP and QUIT (VRFY would name a mailbox). Everything else is a leak, however it was fragmented
and whatever it looks like.

A record is one object a line: `at` (UTC), `event`, and for connection events `connection` (a number), `peer`, `mode`:
  listening   addresses                           accepted   local
  clear       data (latin-1), phase               sent       data; tls: yes or no
  handshake   data (hex): TLS records before the handshake was done
  tls         version, cipher, sni                tls-failed reason
  command     data: a command line inside TLS     message    tls, sender, recipients, size, sha256, path
  closed      reason                              control-error  reason
Lines are flushed at once: what was seen before a crash is on file.
"""

import io
import json
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

HARMLESS = (b"EHLO", b"HELO", b"LHLO", b"STARTTLS", b"NOOP", b"RSET", b"HELP", b"QUIT")
MAIL_COMMANDS = (b"MAIL", b"RCPT", b"DATA", b"BDAT")
Record = dict[str, Any]


class Recorder:
    """The writing side; any thread may write."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        self._file: io.TextIOWrapper = open(path, "a", encoding="utf-8")

    def write(self, event: str, **facts: Any) -> None:
        record = {"at": datetime.now(timezone.utc).isoformat(timespec="microseconds"), "event": event, **facts}
        row = json.dumps(record) + "\n"
        with self._lock:
            if not self._file.closed:
                self._file.write(row)
                self._file.flush()

    def close(self) -> None:
        with self._lock:
            self._file.close()


@dataclass(frozen=True)
class Leak:
    """Clear octets that belong to mail. `kind` is MAIL, RCPT, DATA, BDAT, "message" (what follows DATA or BDAT), or
    "other" (anything that is no harmless command)."""

    connection: int
    at: str  # when the connection's first clear octets came
    peer: str
    mode: str
    kind: str
    data: bytes

    def __str__(self) -> str:
        return f"{self.at} connection {self.connection} from {self.peer} ({self.mode}): {self.kind} in clear: {ascii(self.data[:80])[1:]}"


def read_records(path: Path | str) -> list[Record]:
    """Every whole line; a line that is still being written is left out. Raises ValueError naming a broken line."""
    text = Path(path).read_text(encoding="utf-8")
    records = []
    for number, row in enumerate(text.split("\n")[:-1], 1):
        try:
            records.append(json.loads(row))
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}, line {number}: not a record: {error}; was the file edited, or written by two hosts?") from error
    return records


def cleartext_streams(records: list[Record]) -> dict[int, bytes]:
    """All clear octets of each connection, joined."""
    streams: dict[int, bytes] = {}
    for record in records:
        if record["event"] == "clear":
            number = record["connection"]
            streams[number] = streams.get(number, b"") + record["data"].encode("latin-1")
    return streams


def classify(stream: bytes) -> list[tuple[str, bytes]]:
    """The leaks of one connection's clear octets. After DATA or BDAT the whole rest counts as message."""
    found: list[tuple[str, bytes]] = []
    at = 0
    while at < len(stream):
        end = stream.find(b"\n", at)
        finished = end >= 0
        row = stream[at : end + 1] if finished else stream[at:]
        at += len(row)
        verb = row.split(None, 1)[0].upper() if row.strip() else b""
        if verb in MAIL_COMMANDS:
            found.append((verb.decode("ascii"), row))
            if verb in (b"DATA", b"BDAT"):
                return [*found, ("message", stream[at:])] if at < len(stream) else found
        elif verb in HARMLESS or verb == b"":
            continue
        elif not finished and any(command.startswith(verb) for command in HARMLESS):
            continue
        else:
            found.append(("other", row))
    return found


def cleartext_mail_bytes(records: list[Record]) -> list[Leak]:
    """Every piece of mail that came outside TLS; empty is the proof. Connections without records prove nothing: look
    at `connections` too."""
    first = {}
    for record in records:
        if record["event"] == "clear":
            first.setdefault(record["connection"], record)
    leaks = []
    for number, stream in cleartext_streams(records).items():
        facts = first[number]
        leaks += [Leak(number, facts["at"], facts["peer"], facts["mode"], kind, data) for kind,
                data in classify(stream)]
    return leaks


def connections(records: list[Record]) -> list[Record]:
    """The `accepted` records: that a client came at all, when, and which mode it met."""
    return [record for record in records if record["event"] == "accepted"]


def messages(records: list[Record]) -> list[Record]:
    """What was accepted as mail, in TLS or not (see each record's `tls`)."""
    return [record for record in records if record["event"] == "message"]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: recorder.py RECORDS.jsonl (exit 1 if mail was seen in clear)", file=sys.stderr)
        return 2
    records = read_records(arguments[0])
    leaks = cleartext_mail_bytes(records)
    octets = sum(len(stream) for stream in cleartext_streams(records).values())
    print(f"{len(connections(records))} connections, {octets} octets in clear, {len(leaks)} pieces of mail among them")
    for leak in leaks:
        print(leak)
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
