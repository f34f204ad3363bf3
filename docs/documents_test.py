#!/usr/bin/python3
"""Holds the documents to the program and its sources: documents_test.py PROGRAM.

A manual rots in silence: a command is renamed, a member is added to the evidence, a file moves. Whatever a document names that
can be looked up is looked up here: links, commands, settings, log events, operations, members and words of the formats, paths.
"""
import re
import subprocess
import sys
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
PROGRAM = Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else ROOT / "build/release/danewerk"
KEPT_ELSEWHERE = {"conformance.md", "rules.md"}
DOCUMENTS = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md") if p.name not in KEPT_ELSEWHERE)]


def text_of(*names):
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def help_of(*words):
    done = subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def subcommands(help_text):
    listed = help_text.partition("Subcommands:\n")[2].partition("\n\n")[0]
    return set(re.findall(r"^  (\S+)", listed, re.MULTILINE))


def words_returned_by(function, source):
    """The strings of every `case X: return "word"` of a to_string()."""
    body = re.search(re.escape(function) + r".*?\n}", text_of(source), re.DOTALL)
    return re.findall(r'return "([^"]+)"', body[0]) if body else []


class Links(unittest.TestCase):
    def test_lead_somewhere(self):
        for document in DOCUMENTS:
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8")):
                if not target.startswith("http"):
                    self.assertTrue((document.parent / target).exists(), f"{document.relative_to(ROOT)} links to {target}")

    def test_paths_of_the_project_exist(self):
        for document in DOCUMENTS:
            for path in re.findall(r"`((?:src|lab|scripts|packaging|tests|bench|docs)/[\w./-]+)`", document.read_text(encoding="utf-8")):
                self.assertTrue((ROOT / path).exists(), f"{document.relative_to(ROOT)} names {path}")

    def test_every_decision_is_listed(self):
        listed = text_of("docs/decisions/README.md")
        for page in (ROOT / "docs/decisions").glob("0*.md"):
            self.assertIn(f"[{page.read_text(encoding='utf-8').splitlines()[0][2:]}]({page.name})", listed)


class Commands(unittest.TestCase):
    def test_that_exist_are_in_the_readme_and_the_other_way_round(self):
        table = text_of("README.md").partition("| command | does |")[2].partition("\n\n")[0]
        named = set()
        for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE):
            words = re.findall(r"`([^`]+)`", row)
            command, *first = words[0].split()
            known = subcommands(help_of(command))
            given = {w for w in [*first, *words[1:]] if w.isalpha() and w.islower()}
            self.assertEqual(given - known, set(), f"danewerk {command}")
            named.add(command)
        self.assertEqual(named, subcommands(help_of()))

    def test_every_subcommand_is_named(self):
        readme = text_of("README.md")
        for command in subcommands(help_of()):
            for word in subcommands(help_of(command)):
                self.assertRegex(readme, rf"`{command} [^|]*{word}|{command} {word}")


class Settings(unittest.TestCase):
    def test_that_documents_name_exist(self):
        described = subprocess.run([PROGRAM, "config", "describe"], capture_output=True, text=True, check=True).stdout
        sections = tomllib.loads(described)
        pattern = re.compile(r"`(%s)\.(\w+)\b" % "|".join(sections))
        for document in DOCUMENTS:
            for section, key in pattern.findall(document.read_text(encoding="utf-8")):
                is_event = f'"{section}.{key}"' in ALL_SOURCES
                self.assertTrue(key in sections[section] or is_event, f"{document.relative_to(ROOT)}: {section}.{key}")


class Events(unittest.TestCase):
    def test_that_documents_name_exist(self):
        for document in DOCUMENTS:
            for event in re.findall(r"`((?:publisher|supervisor|worker|delivery)\.[a-z_]+)`", document.read_text(encoding="utf-8")):
                known = f'"{event}"' in ALL_SOURCES or event.split(".")[1] in ALL_SETTINGS
                self.assertTrue(known, f"{document.relative_to(ROOT)}: {event}")


class Formats(unittest.TestCase):
    def assert_documented(self, words, document):
        text = text_of(document)
        for word in words:
            self.assertIn(f"`{word}`", text, document)
        self.assertTrue(words, "nothing was found to look for")

    def test_evidence_lists_every_member(self):
        code = text_of("src/service/delivery/evidence.cc")
        self.assert_documented(set(re.findall(r'\b(?:key|field|list)\("(\w+)"', code)), "docs/formats/evidence.md")

    def test_evidence_lists_every_word(self):
        for function, source in (("to_string(AttemptEnd", "attempt"), ("to_string(Phase", "attempt"), ("to_string(OutReason", "delivery_plan"),
                                 ("to_string(LevelReason", "delivery_plan"), ("to_string(SecurityLevel", "delivery_plan"),
                                 ("to_string(MxTrust", "delivery_plan"), ("to_string(Assurance", "outcome"), ("to_string(FaultKind", "fault"),
                                 ("to_string(LookupErrorKind", "dns_answer"), ("to_string(VerdictKind", "verdict")):
            self.assert_documented(words_returned_by(function, f"src/types/{source}.cc"), "docs/formats/evidence.md")

    def test_control_lists_every_operation_and_error(self):
        operations = {o for p in (SOURCES / "app/control").glob("*.cc") for o in re.findall(r'operations\["([\w.]+)"\]', p.read_text(encoding="utf-8"))}
        self.assert_documented(operations, "docs/formats/control.md")
        self.assert_documented(words_returned_by("to_string(ErrorKind", "src/base/result.cc"), "docs/formats/control.md")

    def test_control_names_no_operation_that_is_gone(self):
        for name in re.findall(r"^\| `([a-z]+(?:\.[a-z]+)?)` \|", text_of("docs/formats/control.md"), re.MULTILINE):
            self.assertIn(f'operations["{name}"]', ALL_SOURCES)


class Architecture(unittest.TestCase):
    def test_names_every_folder(self):
        text = text_of("docs/architecture.md")
        for ring in ("engine", "io", "service", "app"):
            row = re.search(rf"^\| `{ring}` \|.*", text, re.MULTILINE)[0]
            for folder in (SOURCES / ring).iterdir():
                if folder.is_dir():
                    self.assertIn(f"`{folder.name}`", row)


ALL_SOURCES = "\n".join(p.read_text(encoding="utf-8") for p in SOURCES.rglob("*") if p.suffix in {".h", ".cc"})
ALL_SETTINGS = set(re.findall(r'row\("\w+\.(\w+)"', ALL_SOURCES))

if __name__ == "__main__":
    unittest.main(verbosity=1)
