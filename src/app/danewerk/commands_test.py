#!/usr/bin/python3
"""The commands as people call them: help, exit codes, and what is said about a bad configuration.

Run as: commands_test.py PROGRAM [unittest arguments]. Exit codes are part of the interface: 0 done, 1 it could not be done,
2 wrong usage or configuration.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""

README = pathlib.Path(__file__).resolve().parents[3] / "README.md"
WITHOUT_JSON = {("serve",), ("config", "check"), ("config", "describe")}  # they print what people, or the program itself, read


def run(*arguments, text=""):
    return subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, timeout=60, check=False)


def commands_below(*command):
    """This command and all below it, as its own help lists them."""
    found = [command]
    text = run(*command, "--help").stdout
    listed = re.search(r"(?ims)^(?:sub)?commands:\n(.*?)(?=^\S|\Z)", text)
    for line in listed[1].splitlines() if listed else []:
        if name := re.match(r"  ([a-z]\S*)", line):
            found += commands_below(*command, name[1])
    return found


class Program(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="danewerk-commands-"))

    def tearDown(self):
        shutil.rmtree(self.folder)

    def config(self, text):
        path = self.folder / "danewerk.toml"
        path.write_text(text)
        return str(path)

    def good_config(self):
        return self.config(f"[server]\nstate_directory = '{self.folder}'\n[edge]\nhostname = 'mx1.example.net'\n")

    def test_every_command_explains_itself(self):
        commands = commands_below()
        self.assertGreater(len(commands), 40, commands)
        for command in commands:
            ran = run(*command, "--help")
            self.assertEqual(ran.returncode, 0, (command, ran.stderr))
            self.assertRegex(ran.stdout, r"(?i)usage", command)
            self.assertEqual(ran.stderr, "", command)
            has_more = any(other[:-1] == command for other in commands)
            if not has_more and command not in WITHOUT_JSON:
                self.assertIn("--json", ran.stdout, command)

    def test_the_readme_names_every_command(self):
        table = README.read_text().split("## Commands")[1].split("\n## ")[0]
        for command in commands_below():
            if len(command) == 1:
                self.assertRegex(table, rf"(?m)^\| `{command[0]}[ `]", command)

    def test_version(self):
        ran = run("--version")
        self.assertEqual(ran.returncode, 0)
        self.assertRegex(ran.stdout, r"^danewerk \d+\.\d+\.\d+\n$")

    def test_wrong_usage_is_2(self):
        for wrong in ([], ["frobnicate"], ["queue"], ["queue", "show"], ["queue", "drop", "x"], ["domain", "add", "example.com"],
                      ["send", "--from", "a@example.com"], ["status", "--frobnicate"], ["explain"], ["trace"], ["prove"],
                      ["prove", "id", "--verify", "file"], ["prove", "--verify", "file"], ["prove", "--verify", "/none", "--trust-anchor", "/none"],
                      ["connector"], ["connector", "add", "x"], ["connector", "move", "x", "--first", "--before", "y"], ["connector", "import"],
                      ["connector", "simulate", "--dane", "mandatory"]):
            ran = run(*wrong)
            self.assertEqual(ran.returncode, 2, (wrong, ran.stdout, ran.stderr))
            self.assertNotEqual(ran.stderr, "", wrong)

    def test_a_bad_setting_is_named_with_its_line_and_a_suggestion(self):
        path = self.config("[edge]\nhostname = 'mx1.example.net'\nlistn = []\n")
        for command in (["config", "check", path], ["--config", path, "config", "check"], ["--config", path, "status"], ["--config", path, "serve"]):
            ran = run(*command)
            self.assertEqual(ran.returncode, 2, (command, ran.stderr))
            self.assertEqual(ran.stderr, f"danewerk: {path}: line 3: there is no setting 'edge.listn'; did you mean 'edge.listen'?\n")
            self.assertEqual(ran.stdout, "")

    def test_each_fault_has_a_line_of_its_own_with_the_file(self):
        path = self.config("[edge]\nhostname = 'mx1.example.net'\nlistn = []\nmax_mesage = 1\n")
        ran = run("config", "check", path)
        self.assertEqual([line.split(": there")[0] for line in ran.stderr.splitlines()], [f"danewerk: {path}: line 3", f"danewerk: {path}: line 4"])

    def test_a_misspelt_command_is_named(self):
        for wrong, word, code in ((["stauts"], "stauts", 2), (["queue", "lst"], "lst", 2), (["tlsa", "verfy"], "verfy", 3)):
            ran = run(*wrong)
            self.assertEqual(ran.returncode, code, (wrong, ran.stderr))
            self.assertIn(f"there is no '{word}' here", ran.stderr)

    def test_why_a_file_cannot_be_read_is_said(self):
        for command in (["config", "check", "/none"], ["send", "--from", "a@b.example", "--to", "c@d.example", "/none"]):
            self.assertIn("cannot read /none: No such file or directory", run(*command).stderr)

    def test_a_file_that_is_no_toml_is_named_with_its_line(self):
        path = self.config("[edge]\nhostname = \n")
        ran = run("config", "check", path)
        self.assertEqual(ran.returncode, 2)
        self.assertIn("line 2", ran.stderr)

    def test_a_good_file_is_good(self):
        path = self.good_config()
        ran = run("config", "check", path)
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, f"{path}: good\n", ""))

    def test_an_unreadable_file_is_2_and_named(self):
        for path in (str(self.folder / "none.toml"), str(self.folder)):
            for command in (["config", "check", path], ["--config", path, "status"]):
                ran = run(*command)
                self.assertEqual(ran.returncode, 2, (command, ran.stdout, ran.stderr))
                self.assertIn(f"cannot read {path}", ran.stderr)
                self.assertIn("--config", ran.stderr)

    def test_describe_prints_what_check_reads(self):
        described = run("config", "describe")
        self.assertEqual(described.returncode, 0)
        path = self.config(described.stdout.replace('hostname = ""', 'hostname = "mx1.example.net"'))
        ran = run("config", "check", path)
        self.assertNotIn("line", ran.stderr)

    def test_nobody_serves(self):
        path = self.good_config()
        for command in (["status"], ["queue", "list"], ["trace", "a@example.com"], ["domain", "list"], ["explain", "example.com"],
                        ["domain", "add", "example.com", "--tenant", "t", "--route", "lmtp:127.0.0.1:24"]):
            ran = run("--config", path, *command)
            self.assertEqual(ran.returncode, 1, (command, ran.stdout, ran.stderr))
            self.assertIn(f"{self.folder}/control.sock", ran.stderr)
            self.assertIn("is `danewerk serve` running with this configuration?", ran.stderr)

    def test_send_looks_at_its_file_before_it_calls(self):
        path = self.good_config()
        send = ["--config", path, "send", "--from", "a@example.com", "--to", "b@example.org"]
        missing = run(*send, str(self.folder / "none.eml"))
        self.assertEqual(missing.returncode, 2)
        self.assertIn("none.eml", missing.stderr)
        folder = run(*send, str(self.folder))
        self.assertEqual(folder.returncode, 2)
        self.assertIn(f"cannot read {self.folder}", folder.stderr)
        empty = run(*send)
        self.assertEqual(empty.returncode, 2)
        self.assertIn("the message is empty", empty.stderr)
        self.assertEqual(run(*send, text="Subject: x\n\nx\n").returncode, 1)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
