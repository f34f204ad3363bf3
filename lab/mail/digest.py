#!/usr/bin/python3
"""Tells whether a stored message is the one that was sent, and if not, where it differs.

The problem: a mailbox store writes the trace header lines of the last hops on top, and keeps lines ended by LF, so two
copies of one message are never equal as files. What may differ, and nothing else, is taken away here:

1. Line ends. A Maildir holds LF where the wire had CRLF. Both sides are read with CRLF as LF. A file that mixes the two,
   or holds a bare CR, is reported: no store does that by itself.
2. Trace fields put ON TOP: Received, Return-Path, Delivered-To and the like (TRACE_FIELDS). `digest` leaves out every
   such field above the first other one, on both sides; `compare` is stricter: the stored header must END WITH the
   whole original header, the original's own Received lines included, and only trace fields may stand above it.
3. The end of the last line. SMTP carries whole lines (RFC 5321 4.1.1.4), so an original whose last line lacks its CRLF
   arrives with one. `as_sent` completes it; only ever the original, never the stored copy.
4. The empty line after the header of a message without body: "no body" and "a body of nothing" are one (RFC 5322 3.5).

Everything else is compared octet by octet: order, case, folds and white space of the header; every octet of the body.
"""

import difflib
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

TRACE_FIELDS = frozenset(
    b"received return-path delivered-to x-original-to envelope-to delivery-date received-spf authentication-results".split()
)
MOST_DIFFERENCES = 12
FIELD_NAME = re.compile(rb"^[\x21-\x39\x3b-\x7e]+[ \t]*:")


@dataclass(frozen=True)
class Digest:
    """Two stored copies of one message have equal digests, whatever the stores put on top."""

    header_sha256: str
    body_sha256: str
    body_octets: int  # with LF line ends

    def __str__(self) -> str:
        return f"header {self.header_sha256} body {self.body_sha256} ({self.body_octets} octets)"


def as_sent(original: bytes) -> bytes:
    """The original as SMTP delivers it: its last line completed."""
    return original if original == b"" or original.endswith(b"\n") else original + b"\r\n"


def split(raw: bytes) -> tuple[list[bytes], bytes]:
    """Header fields (folds inside, LF line ends, each ended by LF) and body (LF line ends). A line of the header that
    is neither a field nor a fold stands as an entry of its own, so that it shows up in a comparison."""
    text = raw.replace(b"\r\n", b"\n")
    if text.startswith(b"\n"):
        header, body = b"", text[1:]
    else:
        header, _, body = text.partition(b"\n\n")
    fields: list[bytes] = []
    for row in header.split(b"\n") if header else []:
        row += b"\n"
        if fields and row[:1] in (b" ", b"\t"):
            fields[-1] += row
        elif row != b"\n":
            fields.append(row)
    return fields, body


def name_of(entry: bytes) -> bytes:
    """The field's name in lower case; empty for a line that is no field."""
    return entry.split(b":", 1)[0].strip().lower() if FIELD_NAME.match(entry) else b""


def without_trace(fields: list[bytes]) -> list[bytes]:
    for at, entry in enumerate(fields):
        if name_of(entry) not in TRACE_FIELDS:
            return fields[at:]
    return []


def digest(raw: bytes) -> Digest:
    """For an original that may lack its last line end, give `as_sent(original)`."""
    fields, body = split(raw)
    header = b"".join(without_trace(fields))
    return Digest(hashlib.sha256(header).hexdigest(), hashlib.sha256(body).hexdigest(), len(body))


def identify(raw: bytes) -> str:
    """The message's id from its first X-Lab-Id field; "" if it is none of ours."""
    for entry in split(raw)[0]:
        if name_of(entry) == b"x-lab-id":
            return entry.split(b":", 1)[1].strip().decode("ascii", "replace")
    return ""


def compare(original: bytes, stored: bytes) -> list[str]:
    """What differs, one sentence each, for people; empty if the message arrived as it was sent."""
    original = as_sent(original)
    sent_fields, sent_body = split(original)
    kept_fields, kept_body = split(stored)
    found = [*line_end_differences(stored), *header_differences(sent_fields, kept_fields),
            *body_differences(sent_body, kept_body)]
    if len(found) > MOST_DIFFERENCES:
        found = [*found[:MOST_DIFFERENCES], f"and {len(found) - MOST_DIFFERENCES} more differences"]
    return found


def line_end_differences(stored: bytes) -> list[str]:
    pairs, feeds, returns = stored.count(b"\r\n"), stored.count(b"\n"), stored.count(b"\r")
    found = []
    if pairs and feeds != pairs:
        found.append(f"line ends are mixed in the stored copy: {pairs} CRLF and {feeds - pairs} LF alone")
    if returns != pairs:
        found.append(f"the stored copy holds {returns - pairs} bare CR")
    return found


def header_differences(sent: list[bytes], kept: list[bytes]) -> list[str]:
    top = len(kept) - len(sent)
    if top >= 0 and kept[top:] == sent:
        return [f"header: {excerpt(entry)} was put on top, and is no trace field" for entry in kept[:top] if name_of(
                entry) not in TRACE_FIELDS]
    found = []
    shown = difflib.SequenceMatcher(None, sent, kept, autojunk=False)
    for kind, s1, s2, k1, k2 in shown.get_opcodes():
        if kind == "equal":
            continue
        if kind == "insert" and s1 == 0:
            found += [f"header: {excerpt(entry)} was put on top, and is no trace field" for entry in kept[
                    k1:k2] if name_of(entry) not in TRACE_FIELDS]
            continue
        changed = min(s2 - s1, k2 - k1)
        found += [changed_field(a, b, s1 + at + 1) for at, (a, b) in enumerate(zip(sent[s1:s2], kept[k1:k2]))]
        found += [f"header: field {s1 + changed + at + 1}, {excerpt(entry)}, is missing" for at,
                entry in enumerate(sent[s1 + changed : s2])]
        found += [f"header: {excerpt(entry)} was added" for entry in kept[k1 + changed : k2]]
    return found


def changed_field(sent: bytes, kept: bytes, number: int) -> str:
    at = first_difference(sent, kept)
    return f"header: field {number} differs at its octet {at}: sent {excerpt(sent, at)}, stored {excerpt(kept, at)}"


def body_differences(sent: bytes, kept: bytes) -> list[str]:
    if sent == kept:
        return []
    found = []
    if len(sent) != len(kept):
        found.append(f"body: sent {len(sent)} octets, stored {len(kept)} (counted with LF line ends)")
    if kept.startswith(sent) and kept[len(sent) :].strip(b"\n") == b"":
        return [*found, f"body: {len(kept) - len(sent)} empty lines were added at the end"]
    if sent.startswith(kept):
        return [*found, f"body: cut short after line {kept.count(bytes([10]))}; missing from {excerpt(sent, len(kept))}"]
    at = first_difference(sent, kept)
    line = sent.count(b"\n", 0, at) + 1
    column = at - (sent.rfind(b"\n", 0, at) + 1) + 1
    return [*found, f"body: first difference at line {line}, octet {column}: sent {excerpt(sent, at)}, stored {excerpt(kept, at)}"]


def first_difference(one: bytes, other: bytes) -> int:
    """The offset of the first octet that differs (or where the shorter ends); by halving, for bodies of many megabytes."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def excerpt(octets: bytes, at: int = 0, length: int = 48) -> str:
    """A readable piece around `at`, control octets and 8-bit octets escaped."""
    start = max(0, at - 12)
    piece = octets[start : start + length]
    return ("..." if start else "") + ascii(piece)[1:] + ("..." if start + length < len(octets) else "")


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2):
        print("usage: digest.py FILE | digest.py ORIGINAL STORED (exit 1 if they differ)", file=sys.stderr)
        return 2
    files = [Path(name).read_bytes() for name in arguments]
    if len(files) == 1:
        print(identify(files[0]) or "-", digest(files[0]))
        return 0
    found = compare(*files)
    print("\n".join(found) if found else f"equal: {digest(files[1])}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
