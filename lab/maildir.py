"""Messages as a mailbox host stored them: read from a Maildir, seen from outside the host."""
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StoredMessage:
    """One delivered message: the file, and its octets exactly as stored (Postfix stores LF, Dovecot here CRLF)."""
    path: Path
    raw: bytes

    def header(self, name: str) -> str | None:
        """The first header field of that name, unfolded; None if there is none."""
        head = self.raw.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
        unfolded = head.replace(b"\n\t", b" ").replace(b"\n ", b" ")
        for line in unfolded.split(b"\n"):
            key, colon, value = line.partition(b":")
            if colon and key.strip().lower() == name.lower().encode():
                return value.strip().decode("utf-8", "replace")
        return None


def read(root: Path) -> list[StoredMessage]:
    """All messages in every `new` and `cur` folder below root, oldest first. Messages still in `tmp` are not there yet."""
    found = []
    for folder, _, names in os.walk(root):
        if Path(folder).name in ("new", "cur"):
            found += [Path(folder) / n for n in names if not n.startswith(".")]
    found.sort(key=lambda p: (p.stat().st_mtime_ns, p.name))
    return [StoredMessage(p, p.read_bytes()) for p in found]


def count(root: Path) -> int:
    """How many messages are there, without reading them (for waiting loops)."""
    return sum(len([n for n in names if not n.startswith(".")]) for folder, _, names in os.walk(root)
               if Path(folder).name in ("new", "cur"))
