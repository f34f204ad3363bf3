#!/usr/bin/python3
"""The house rules that a compiler does not see, as a test.

Debian's headers all lie in /usr/include, so CMake cannot keep OpenSSL out of an engine: this can. Each rule below says what
it protects. Run it on a tree: tidy.py DIR; it prints one line a fault and exits 1 if there is any.
"""
import pathlib
import re
import sys

# Who may include whom (docs/architecture.md, "Rings"). A folder may always include itself.
RINGS = {
    "base": set(),
    "types": {"base"},
    "engine": {"base", "types", "engine"},
    "io": {"base", "types", "io"},
    "service": {"base", "types", "engine", "io"},
    "app": {"base", "types", "engine", "io", "service", "app"},
}

# Third-party headers, and the only folders that may name them.
THIRD_PARTY = [
    (re.compile(r"<openssl/ssl\.h>"), ["io/tls"]),
    (re.compile(r"<openssl/"), ["io/tls", "io/dns"]),
    (re.compile(r"<libknot/|<libdnssec/"), ["io/dns"]),
    (re.compile(r"<sqlite3\.h>|<libpq"), ["io/store"]),
    (re.compile(r"<boost/asio|<boost/system"), ["io"]),
    (re.compile(r"<curl/|<boost/beast"), ["io/http"]),
    (re.compile(r"<idn2\.h>"), ["io/text"]),
    (re.compile(r"<CLI/|<toml\+\+"), ["app"]),
]

# What a pure ring must not even mention: time, threads, logs, the system.
PURE = {"types", "engine"}
IMPURE_INCLUDE = re.compile(
    r"<(thread|mutex|condition_variable|shared_mutex|atomic|future|fstream|iostream|filesystem|random|unistd\.h|sys/|"
    r"boost/|openssl/|libknot/|sqlite3|spdlog/|csignal)")
IMPURE_WORD = re.compile(r"\b(now\(\)|getenv\(|std::rand\b|random_device|printf\()")

BANNED_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
LONGEST_FILE = 900
LONGEST_FUNCTION = 70
LONGEST_LINE = 160


def strip_comments(text):
    """Comments and string literals replaced by blanks, line numbers kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', blank, text, flags=re.S)


def included_files(text):
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"][^>"]+[>"])', line)
        if match:
            yield number, match.group(1)


def ring_faults(folder, text):
    parts = folder.split("/")
    ring = parts[0]
    for number, include in included_files(text):
        for pattern, homes in THIRD_PARTY:
            if pattern.search(include):
                if not any(folder == home or folder.startswith(home + "/") for home in homes):
                    yield number, f"{folder} includes {include}: only {' and '.join(homes)} may"
                break
        if ring in PURE and IMPURE_INCLUDE.search(include):
            yield number, f"{ring} is pure and includes {include}"
        if not include.startswith('"'):
            continue
        target = include.strip('"').split("/")
        if target[0] not in RINGS or target[0] == ring and target[:2] == parts[:2]:
            continue
        if target[0] == ring and ring == "service":
            yield number, f"services do not include each other: {include}"
        elif target[0] != ring and target[0] not in RINGS[ring]:
            yield number, f"ring {ring} includes ring {target[0]}: {include}"


def pure_faults(folder, text):
    if folder.split("/")[0] not in PURE:
        return
    for number, line in enumerate(strip_comments(text).splitlines(), 1):
        match = IMPURE_WORD.search(line)
        if match:
            yield number, f"a pure ring uses {match.group(0)}"


def coroutine_faults(text):
    """g++ 12.2 destroys a braced temporary in an expression that holds co_await twice (docs/decisions/0001)."""
    for number, line in enumerate(strip_comments(text).splitlines(), 1):
        if re.search(r"co_await\b[^;]*([(,?:]\s*(\w+(::\w+)*)?\{|\s\?\s)", line):
            yield number, "a braced or conditional temporary in an expression that holds co_await: name it first"


def function_faults(text):
    """Brace counting on code without comments: a block opened by a line ending in ') {' or ') const {' at column 0."""
    start = None
    for number, line in enumerate(strip_comments(text).splitlines(), 1):
        if start is None:
            if re.match(r"[A-Za-z].*\)[^;]*\{\s*$|^\s+.*\)[^;=]*\{\s*$", line) and re.match(r"\S", line) \
                    and not re.match(r"(namespace|class|struct|enum|union|extern|TEST|TYPED_TEST)", line):
                start = number
        elif line.startswith("}"):
            if number - start + 1 > LONGEST_FUNCTION:
                yield start, f"a function of {number - start + 1} lines (at most {LONGEST_FUNCTION})"
            start = None


def file_faults(path, text):
    lines = text.count("\n")
    if lines > LONGEST_FILE:
        yield 1, f"{lines} lines (at most {LONGEST_FILE})"
    if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES:
        yield 1, f"'{path.name}' names a bag, not a thing"
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LONGEST_LINE:
            yield number, f"a line of {len(line)} characters (at most {LONGEST_LINE})"
        if re.search(r"[ \t]$", line):
            yield number, "white space at the end of the line"
    if path.suffix == ".h" and "#pragma once" not in text:
        yield 1, "no #pragma once"
    if path.suffix == ".h" and not text.startswith("//"):
        yield 1, "a header opens with prose: what this is and what would go wrong without it"


def faults_of_source(root, path):
    text = path.read_text(encoding="utf-8")
    folder = str(path.parent.relative_to(root / "src"))
    yield from file_faults(path, text)
    is_test = path.name.endswith("_test.cc")
    if not is_test:
        yield from ring_faults(folder, text)
        yield from pure_faults(folder, text)
        yield from function_faults(text)
    yield from coroutine_faults(text)


def faults_of_lab(root):
    """The lab pretends to be the Internet: it must not share our decisions."""
    for path in sorted((root / "lab").rglob("*")) if (root / "lab").is_dir() else []:
        if path.suffix in {".py", ".cc", ".h"} and re.search(r'"engine/|src/engine', path.read_text(encoding="utf-8")):
            yield path, 1, "the lab uses an engine"


def all_faults(root):
    for path in sorted((root / "src").rglob("*")):
        if path.suffix in {".h", ".cc"}:
            for number, what in faults_of_source(root, path):
                yield path, number, what
    yield from faults_of_lab(root)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    count = 0
    for path, number, what in all_faults(root):
        print(f"{path.relative_to(root)}:{number}: {what}")
        count += 1
    print(f"tidy: {count} faults")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
