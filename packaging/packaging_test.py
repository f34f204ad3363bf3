#!/usr/bin/python3
"""Holds the packaging to the program: packaging_test.py PROGRAM.

What is checked would otherwise be found out on an operator's machine: an example that names a setting the program does not
know, users that differ between the description, the example and the defaults, a unit that lacks a capability the supervisor
needs or starts something that is not installed, an install script that writes elsewhere or overwrites a configuration.
"""
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent / "src"
PROGRAM = Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else HERE.parent / "build/release/danewerk"

# What each call of src/io/process needs, and the text that shows it is still there.
CAPABILITIES = {
    "CAP_NET_BIND_SERVICE": "CAP_NET_BIND_SERVICE", "CAP_SETUID": "setresuid(", "CAP_SETGID": "setresgid(",
    "CAP_CHOWN": "fchown(", "CAP_FOWNER": "fchmod(", "CAP_KILL": "kill(", "CAP_DAC_OVERRIDE": "O_CREAT",
}


def run(*words, **more):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, **more)


def defaults():
    return tomllib.loads(run(PROGRAM, "config", "describe").stdout)


def unit():
    """Setting -> all its values, in order."""
    found = {}
    for line in (HERE / "danewerk.service").read_text().splitlines():
        match = re.match(r"([A-Za-z]+)=(.*)", line)
        if match:
            found.setdefault(match[1], []).append(match[2])
    return found


class Example(unittest.TestCase):
    def test_is_accepted(self):
        done = run(PROGRAM, "config", "check", HERE / "danewerk.toml.example")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_misspelt_setting_would_be_noticed(self):
        text = (HERE / "danewerk.toml.example").read_text().replace("mx_addresses", "mx_adresses")
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(text)
            file.flush()
            done = run(PROGRAM, "config", "check", file.name)
        self.assertEqual(done.returncode, 2)
        self.assertIn("did you mean 'zone.mx_addresses'?", done.stderr)

    def test_uses_documentation_names_and_addresses_only(self):
        text = re.sub(r"#.*", "", (HERE / "danewerk.toml.example").read_text())
        for address in re.findall(r"\d+\.\d+\.\d+\.\d+", text):
            self.assertRegex(address, r"^(192\.0\.2\.\d+|127\.0\.0\.1|0\.0\.0\.0)$")


class Users(unittest.TestCase):
    def test_are_those_of_the_defaults(self):
        text = (HERE / "sysusers.d/danewerk.conf").read_text()
        described = set(re.findall(r"^u (\S+)", text, re.MULTILINE))
        server = defaults()["server"]
        self.assertEqual(described, {server["user"], server["resolver_user"], server["dns_user"]})


class Unit(unittest.TestCase):
    def test_bounds_exactly_what_the_supervisor_needs(self):
        code = "".join(p.read_text() for p in (SOURCES / "io/process").glob("*.cc") if not p.name.endswith("_test.cc"))
        for capability, sign in CAPABILITIES.items():
            self.assertIn(sign, code, f"{capability} may no longer be needed")
        self.assertEqual(set(unit()["CapabilityBoundingSet"][0].split()), set(CAPABILITIES))

    def test_state_directory_is_the_default_one(self):
        self.assertEqual(f"/var/lib/{unit()['StateDirectory'][0]}", defaults()["server"]["state_directory"])

    def test_does_not_hide_children_from_the_supervisor(self):
        self.assertNotIn("ProtectProc", unit())  # end_leftover() reads /proc/PID/stat of other users' processes

    def test_a_wrong_configuration_is_not_tried_again(self):
        done = run(PROGRAM, "--config", "/nonexistent/danewerk.toml", "serve")
        self.assertEqual([str(done.returncode)], unit()["RestartPreventExitStatus"])

    def test_open_files_suffice_for_the_default_limits(self):
        edge = defaults()["edge"]
        self.assertGreater(int(unit()["LimitNOFILE"][0]), 2 * edge["max_connections"])


    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not here")
    def test_systemd_understands_all_of_it(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "danewerk.service"
            copy.write_text((HERE / "danewerk.service").read_text().replace("/usr/local/bin/danewerk", str(PROGRAM)))
            done = run("systemd-analyze", "verify", copy)
        faults = [line for line in done.stderr.splitlines() if "danewerk.service" in line]
        self.assertEqual((done.returncode, faults), (0, []))


class Install(unittest.TestCase):
    def setUp(self):
        self.stage = tempfile.TemporaryDirectory()
        self.addCleanup(self.stage.cleanup)
        self.root = Path(self.stage.name)

    def install(self, *words):
        return run(HERE / "install", *words, env={"DESTDIR": self.stage.name, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def test_puts_the_program_where_the_unit_starts_it(self):
        done = self.install("--program", PROGRAM)
        self.assertEqual(done.returncode, 0, done.stderr)
        command = unit()["ExecStart"][0].split()
        installed = self.root / command[0].lstrip("/")
        self.assertEqual(run(installed, "--version").stdout, run(PROGRAM, "--version").stdout)
        self.assertTrue((self.root / "etc/systemd/system/danewerk.service").exists())

    def test_leaves_an_operators_configuration_alone(self):
        config = self.root / "etc/danewerk/danewerk.toml"
        config.parent.mkdir(parents=True)
        config.write_text("mine")
        self.install("--program", PROGRAM)
        self.assertEqual(config.read_text(), "mine")

    def test_adds_the_apparmor_rules_once(self):
        profile = self.root / "etc/apparmor.d/usr.sbin.unbound"
        profile.parent.mkdir(parents=True)
        profile.write_text("profile unbound /usr/sbin/unbound {}\n")
        self.install("--program", PROGRAM)
        self.install("--program", PROGRAM)
        local = (self.root / "etc/apparmor.d/local/usr.sbin.unbound").read_text()
        self.assertEqual(local, "include if exists <local/danewerk-resolver>\n")

    def test_says_what_is_missing(self):
        done = self.install("--program", self.root / "nothing")
        self.assertEqual(done.returncode, 1)
        self.assertIn("scripts/build release danewerk", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
