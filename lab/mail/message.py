"""A message of the corpus, and the pieces recipes build it from.

What this is: `Message` is what the rest of the lab handles (who sends what to whom, and which SMTP extensions the
way there must offer). `Draft` is what a recipe returns; `render` turns it into octets. `Kit` is a recipe's box of
tools: seeded randomness, prose, boundaries.

The problem without it: Python's email package re-folds, re-encodes and re-orders as it likes. A corpus that checks
transparency must say every octet itself, and must say the same octets on every machine and every run.

Invariants
- Octets depend on the recipe's id alone: no clock, no host name, no hash seed, no order of other recipes.
- Every line ends in CRLF (RFC 5322 2.3), no bare CR, no bare LF, no NUL; lines hold at most 998 octets (2.1.1).
  The one exception is a last line without its CRLF, which SMTP must complete (RFC 5321 4.1.1.4).
- Every message holds From, To, Date, Message-ID and X-Lab-Id, so that no submission server has a reason to add them.
- UTF-8 above the body appears only in messages that need SMTPUTF8 (RFC 6531); octets above 127 in the body only in
  those that need 8BITMIME (RFC 6152). `needs` is computed from the octets, never claimed by a recipe.
"""

import base64
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Callable, Optional

SENDER_DOMAIN = "foreign.example"
PLAIN_TENANT = "contoso.lab"
UTF8_TENANT = "fabrikam.lab"
FIRST_DATE = datetime(2026, 1, 5, 8, 0, 0, tzinfo=timezone.utc)

Fields = list[tuple[str, str]]


@dataclass(frozen=True)
class Message:
    """One message of the corpus, written to `path` with CRLF line ends, not dot-stuffed.

    `sender` is the envelope's, `<id>...@foreign.example`; it is "" for the one delivery report, which like any real
    one has the null reverse-path (RFC 5321 4.5.5). X-Lab-Id names every message, that one too.
    """

    id: str
    title: str
    sender: str
    recipients: tuple[str, ...]
    needs: frozenset[str]  # of "8bitmime", "smtputf8"
    path: Path
    size: int  # octets
    sha256: str  # of the file

    def octets(self) -> bytes:
        return self.path.read_bytes()


@dataclass
class Draft:
    """What a recipe returns. Header values hold their own folds ("\\r\\n " inside)."""

    subject: str
    body: Optional[bytes]  # None: the message ends with its header, without the empty line
    content: Fields = field(default_factory=list)  # MIME-Version and Content-*; empty: not a MIME message
    above: Fields = field(default_factory=list)  # before From
    below: Fields = field(default_factory=list)  # after everything else
    to: str = ""  # header To; empty: the first envelope recipient
    sender_tail: str = ""  # appended to the id in the envelope sender's local part
    null_sender: bool = False
    recipients: tuple[str, ...] = ()  # empty: one ordinary user of the tenant


@dataclass(frozen=True)
class Recipe:
    id: str
    title: str
    make: Callable[["Kit"], Draft]


class RecipeBook:
    """The recipes of one module, in the order written."""

    def __init__(self) -> None:
        self.recipes: list[Recipe] = []

    def recipe(self, id: str, title: str) -> Callable[[Callable[["Kit"], Draft]], Callable[["Kit"], Draft]]:
        def keep(make: Callable[["Kit"], Draft]) -> Callable[["Kit"], Draft]:
            self.recipes.append(Recipe(id, title, make))
            return make

        return keep


WORDS = (
    "the relay holds a letter until every host of its destination was asked and none may be trusted less than "
    "its record says so we wait and try again before noon with patience because mail that left in clear cannot be "
    "called back while a delayed one merely arrives later than hoped for by its reader in another town"
).split()


class Kit:
    """Seeded tools for one recipe. Two kits of the same id give the same octets."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.rng = random.Random("danewerk lab mail " + id)
        self._boundaries = 0

    def words(self, count: int) -> str:
        return " ".join(self.rng.choice(WORDS) for _ in range(count))

    def prose(self, paragraphs: int = 2) -> bytes:
        """Paragraphs of plain ASCII wrapped at 72, one empty line between them."""
        blocks = []
        for _ in range(paragraphs):
            text = (self.words(self.rng.randint(25, 60)) + ".").capitalize()
            blocks.append(wrap(text, 72))
        return b"\r\n".join(blocks)

    def boundary(self) -> str:
        self._boundaries += 1
        return f"=_lab_{self._boundaries}_{self.rng.getrandbits(64):016x}"

    def octets(self, count: int) -> bytes:
        return self.rng.randbytes(count)

    def token(self, length: int) -> str:
        return "".join(self.rng.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(length))


def wrap(text: str, width: int) -> bytes:
    rows, row = [], ""
    for word in text.split(" "):
        if row and len(row) + 1 + len(word) > width:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}" if row else word
    rows.append(row)
    return lines(*rows)


def lines(*rows: str) -> bytes:
    """UTF-8 lines, each ended by CRLF."""
    return b"".join(row.encode("utf-8") + b"\r\n" for row in rows)


def base64_lines(octets: bytes, width: int = 76) -> bytes:
    text = base64.b64encode(octets)
    return b"".join(text[at : at + width] + b"\r\n" for at in range(0, len(text), width))


def text_fields(charset: str = "us-ascii", encoding: str = "7bit", subtype: str = "plain") -> Fields:
    return [("Content-Type", f"text/{subtype}; charset={charset}"), ("Content-Transfer-Encoding", encoding)]


def part(fields: Fields, body: bytes) -> bytes:
    return render_fields(fields) + b"\r\n" + body


def multipart(boundary: str, parts: list[bytes], preamble: bytes = b"", epilogue: bytes = b"") -> bytes:
    """RFC 2046 5.1.1. The CRLF before a delimiter belongs to the delimiter, so parts keep their own last CRLF."""
    mark = b"--" + boundary.encode("ascii")
    out = preamble
    for octets in parts:
        out += mark + b"\r\n" + octets + b"\r\n"
    return out + mark + b"--\r\n" + epilogue


def multipart_fields(subtype: str, boundary: str, more: str = "") -> Fields:
    return [("Content-Type", f'multipart/{subtype}; {more}boundary="{boundary}"')]


def mime(fields: Fields) -> Fields:
    return [("MIME-Version", "1.0"), *fields]


def render_fields(fields: Fields) -> bytes:
    """`Name: value`; a value that is empty or starts with white space follows its colon directly."""
    out = b""
    for name, value in fields:
        gap = "" if value == "" or value[0] in " \t\r" else " "
        out += f"{name}:{gap}{value}\r\n".encode("utf-8")
    return out


def date_of(index: int) -> str:
    return format_datetime(FIRST_DATE + timedelta(minutes=7 * index))


def message_id_of(id: str) -> str:
    return f"<{id}.20260105@{SENDER_DOMAIN}>"


def render(recipe_id: str, draft: Draft, to: str, index: int) -> bytes:
    """The whole message. `index` only picks the fixed date."""
    sender = f"{recipe_id}{draft.sender_tail}@{SENDER_DOMAIN}"
    fields = [
        *draft.above,
        ("From", f"Lab Sender <{sender}>"),
        ("To", draft.to or to),
        ("Subject", draft.subject),
        ("Date", date_of(index)),
        ("Message-ID", message_id_of(recipe_id)),
        ("X-Lab-Id", recipe_id),
        *(mime(draft.content) if draft.content else []),
        *draft.below,
    ]
    header = render_fields(fields)
    return header if draft.body is None else header + b"\r\n" + draft.body
