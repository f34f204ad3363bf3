#!/usr/bin/python3
"""Writes the corpus: every recipe's message as `<build_dir>/<id>.eml`, and tells what each needs.

Without a corpus that is the same octets everywhere, "it arrived byte for byte" means nothing a year later.
`manifest.tsv` beside this file holds each message's size and SHA-256; the tests compare it with what is generated, so
a recipe cannot change unnoticed. After an intended change: `generate.py --manifest`.

Use:  from lab.mail.generate import corpus;  for message in corpus(Path("build/lab/mail")): ...
or    lab/mail/generate.py build/lab/mail   to write the files and list them.
"""

import argparse
import hashlib
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lab.mail import headers, shapes, structures, tongues  # noqa: E402
from lab.mail.message import PLAIN_TENANT, SENDER_DOMAIN, UTF8_TENANT, Kit, Message, Recipe, render  # noqa: E402

MANIFEST = Path(__file__).with_name("manifest.tsv")
USERS = ("anna", "bert", "carla", "dora", "emil")


def recipes() -> list[Recipe]:
    return [*shapes.book.recipes, *headers.book.recipes, *structures.book.recipes, *tongues.book.recipes]


def needs_of(octets: bytes, addresses: list[str]) -> frozenset[str]:
    """From the octets: UTF-8 above the body or in an address needs SMTPUTF8, octets over 127 in the body 8BITMIME."""
    header, _, body = octets.partition(b"\r\n\r\n")
    needs = set()
    if not header.isascii() or not all(address.isascii() for address in addresses):
        needs.add("smtputf8")
    if not body.isascii():
        needs.add("8bitmime")
    return frozenset(needs)


def build(recipe: Recipe, index: int) -> tuple[bytes, str, tuple[str, ...], frozenset[str]]:
    """One recipe's octets, envelope sender, envelope recipients, needs."""
    draft = recipe.make(Kit(recipe.id))
    sender = "" if draft.null_sender else f"{recipe.id}{draft.sender_tail}@{SENDER_DOMAIN}"
    user = USERS[index % len(USERS)]
    people = draft.recipients or (f"{user}@{PLAIN_TENANT}",)
    octets = render(recipe.id, draft, people[0], index)
    needs = needs_of(octets, [sender, *people])
    if "smtputf8" in needs and not draft.recipients:
        people = (f"{user}@{UTF8_TENANT}",)
        octets = render(recipe.id, draft, people[0], index)
    return octets, sender, people, needs


def corpus(build_dir: Path | str) -> list[Message]:
    """Writes every message below `build_dir` (made if absent; files that are already right are left) and describes
    them, in the fixed order of the recipes."""
    folder = Path(build_dir)
    folder.mkdir(parents=True, exist_ok=True)
    messages = []
    for index, recipe in enumerate(recipes()):
        octets, sender, people, needs = build(recipe, index)
        path = folder / f"{recipe.id}.eml"
        if not path.exists() or path.read_bytes() != octets:
            path.write_bytes(octets)
        messages.append(Message(recipe.id, recipe.title, sender, people, needs, path, len(octets),
                hashlib.sha256(octets).hexdigest()))
    return messages


def manifest_text(messages: list[Message]) -> str:
    rows = [f"{m.id}\t{m.size}\t{m.sha256}\t{','.join(sorted(m.needs)) or '-'}\t{m.sender or '<>'}\t{','.join(m.recipients)}\n" for m in messages]
    return "# id\toctets\tsha256\tneeds\tsender\trecipients\n" + "".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the lab's mail corpus.")
    parser.add_argument("build_dir", type=Path, help="where the .eml files go")
    parser.add_argument("--manifest", action="store_true", help="also rewrite manifest.tsv from what was generated")
    given = parser.parse_args()
    messages = corpus(given.build_dir)
    for message in messages:
        print(f"{message.id:24} {message.size:9} {','.join(sorted(message.needs)) or '-':18} {message.title}")
    print(f"{len(messages)} messages, {sum(message.size for message in messages)} octets, in {given.build_dir}")
    if given.manifest:
        MANIFEST.write_text(manifest_text(messages), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
