#!/usr/bin/python3
"""Writes the seeds of the smtp fuzz targets from the wire lines of the transcripts; run it when transcripts were added.

Each transcript becomes one conversation: what the client said for smtp_server, what the server said for smtp_client, with
the octets that choose options and cut in front (see the targets). Each distinct command line becomes one seed for
smtp_grammar. The result depends on the transcripts alone. Only files named `t-*` are touched: what fuzzing found stays.
"""
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
TRANSCRIPTS = HERE.parent / "transcripts"
LARGEST = 4096
# The options octet of smtp_client_fuzz.
REQUIRED, OPPORTUNISTIC, LMTP, BDAT = 1, 2, 4, 16


def unescape(text):
    """The notation of transcript.h: \\r \\n \\0 \\xHH \\\\ and \\*3000a for a run."""
    def octets(match):
        mark = match.group(1)
        if mark[0] == "x":
            return chr(int(mark[1:], 16))
        if mark[0] == "*":
            return mark[-1] * int(mark[1:-1])
        return {"r": "\r", "n": "\n", "0": "\0"}.get(mark, mark)
    return re.sub(r"\\(x[0-9a-fA-F]{2}|\*\d+.|.)", octets, text).encode("latin-1")


def wire_lines(path, who):
    for line in path.read_text(encoding="utf-8").splitlines():
        if line[:1] == who and line[1:2] in (":", "<", "!"):
            # U-labels and the like stand in the file as they are; escapes name single octets.
            text = line[3:].encode("utf-8").decode("latin-1")
            yield unescape(text) + (b"" if line[1] == "<" else b"\r\n")


def client_options(text):
    options = BDAT if "BDAT" in text else 0
    if re.search(r"^= tls required", text, re.M):
        options |= REQUIRED
    elif not re.search(r"^= tls none", text, re.M):
        options |= OPPORTUNISTIC
    return options | (LMTP if re.search(r"^= protocol lmtp|^= lmtp", text, re.M) else 0)


def seeds():
    lines = {}
    for path in sorted((TRANSCRIPTS / "server").glob("*.txt")):
        said = list(wire_lines(path, "C"))
        yield "smtp_server", path.stem, b"\x06" + b"".join(said)
        for line in said:
            lines.setdefault(line.removesuffix(b"\r\n"), path.stem)
    for path in sorted((TRANSCRIPTS / "client").glob("*.txt")):
        options = client_options(path.read_text(encoding="utf-8"))
        yield "smtp_client", path.stem, bytes([options, 6]) + b"".join(wire_lines(path, "S"))
    count = {}
    for line, stem in lines.items():
        if not re.match(rb"[A-Za-z]{4}", line):
            continue  # a line of a body
        count[stem] = count.get(stem, 0) + 1
        yield "smtp_grammar", f"{stem}-{count[stem]}", b"\x03" + line


def main():
    for target in ("smtp_server", "smtp_client", "smtp_grammar"):
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("t-*"):
            old.unlink()
    written = set()
    for target, name, octets in seeds():
        if len(octets) <= LARGEST and (target, octets) not in written:
            written.add((target, octets))
            (HERE / "corpus" / target / f"t-{name}").write_bytes(octets)
    print(f"make_seeds: {len(written)} seeds")


if __name__ == "__main__":
    main()
