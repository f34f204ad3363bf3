#!/usr/bin/python3
"""`danewerk domain import` against a stand-in for the running program: what it reads, sends, shows, and leaves to be mended.

Run as: bulk_import_test.py PROGRAM [unittest arguments].
"""
import csv
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM = ""


class Program:
    """Answers domain.import; rows whose domain is in `taken` fail, and after `ends_after` calls it hangs up."""

    def __init__(self, path: pathlib.Path, taken=(), ends_after=None):
        self.requests, self.taken, self.ends_after = [], set(taken), ends_after
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as lines:
                request = json.loads(lines.readline())
                if self.ends_after is not None and len(self.requests) >= self.ends_after:
                    continue
                self.requests.append(request)
                rows = request["args"]["rows"]
                failed = [{"row": i, "domain": row.get("domain", ""), "kind": "conflict", "what": "it belongs to \"somebody\", else"}
                          for i, row in enumerate(rows) if row.get("domain") in self.taken]
                result = {"added": len(rows) - len(failed), "changed": 0, "unchanged": 0, "failed": failed}
                peer.sendall(json.dumps({"ok": True, "result": result}).encode() + b"\n")

    def rows(self):
        return [row for request in self.requests for row in request["args"]["rows"]]


class Import(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="danewerk-import-"))
        self.config = self.folder / "danewerk.toml"
        self.config.write_text(f"[server]\nstate_directory = '{self.folder}'\n[edge]\nhostname = 'mx1.example.net'\n")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def serve(self, **more):
        self.program = Program(self.folder / "control.sock", **more)
        self.addCleanup(self.program.listener.close)

    def run_import(self, text, *options):
        path = self.folder / "domains"
        path.write_bytes(text.encode())
        return subprocess.run([PROGRAM, "-c", self.config, "domain", "import", str(path), *options], capture_output=True, text=True, timeout=120)

    def test_csv_with_names_in_any_order_quotes_and_other_columns(self):
        self.serve()
        done = self.run_import('route,note,domain,tenant,dane\r\n"smtp:192.0.2.1:25,[2001:db8::1]:25","said ""yes"", twice\r\nand more",a.example,t,yes\r\n'
                               "\r\n# a remark\r\nlmtp:192.0.2.2:24,,b.example,t,off\r\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = self.program.rows()
        self.assertEqual([row["domain"] for row in rows], ["a.example", "b.example"])
        self.assertEqual(rows[0]["route"], "smtp:192.0.2.1:25,[2001:db8::1]:25")
        self.assertEqual((rows[0]["dane"], rows[1]["dane"]), (True, False))

    def test_a_plain_list_takes_the_rest_from_the_command_line(self):
        self.serve()
        done = self.run_import("a.example\nb.example", "--tenant", "t", "--route", "lmtp:192.0.2.1:24", "--verified", "--dane", "--why", "moved")
        self.assertEqual(done.returncode, 0, done.stderr)
        wanted = {"tenant": "t", "route": "lmtp:192.0.2.1:24", "verified": True, "dane": True}
        self.assertEqual(self.program.rows(), [{"domain": name, **wanted} for name in ("a.example", "b.example")])
        self.assertEqual(self.program.requests[0]["args"]["why"], "moved")

    def test_json_lines(self):
        self.serve()
        done = self.run_import('{"domain":"a.example","tenant":"t","route":"r","verified":true}\n{broken\n', "--json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.program.rows(), [{"domain": "a.example", "tenant": "t", "route": "r", "verified": True}])
        self.assertEqual(json.loads(done.stdout)["failed"], 1)

    def test_failed_rows_can_be_mended_and_imported_again(self):
        self.serve(taken=["taken.example"])
        failures = self.folder / "failed.csv"
        text = "domain,tenant,route,dane\ngood.example,t,r,yes\ntaken.example,t,\"r,s\",yes\nbad.example,t,r,perhaps\n\"open.example,t\n"
        done = self.run_import(text, "--failures", str(failures))
        self.assertEqual(done.returncode, 1)
        self.assertIn("added 1, changed 0, unchanged 0, failed 3", done.stdout)
        self.assertIn("line 3: taken.example: it belongs to", done.stderr)
        with open(failures, newline="") as file:
            rows = {row["domain"]: row for row in csv.DictReader(file)}
        self.assertEqual(rows["taken.example"]["route"], "r,s")
        self.assertEqual(rows["taken.example"]["dane"], "yes")
        self.assertIn("somebody", rows["taken.example"]["fault"])
        self.assertIn("neither yes nor no", rows["bad.example"]["fault"])
        self.program.taken = set()
        again = self.run_import(failures.read_text())
        self.assertIn("added 1,", again.stdout)

    def test_an_interruption_says_how_far_it_came(self):
        self.serve(ends_after=2)
        done = self.run_import("domain\n" + "".join(f"d{i}.example\n" for i in range(100)), "--tenant", "t", "--route", "r", "--batch", "10")
        self.assertEqual(done.returncode, 1)
        self.assertIn("all up to line 21 is done", done.stderr)
        self.assertIn("added 20,", done.stdout)

    def test_batches_and_wrong_usage(self):
        self.serve()
        self.assertEqual(self.run_import("domain\n" + "".join(f"d{i}.example\n" for i in range(95)), "--batch", "30").returncode, 0)
        self.assertEqual([len(r["args"]["rows"]) for r in self.program.requests], [30, 30, 30, 5])
        self.assertEqual(self.run_import("", "--batch", "0").returncode, 2)
        missing = subprocess.run([PROGRAM, "-c", self.config, "domain", "import", "/none"], capture_output=True, text=True)
        self.assertEqual((missing.returncode, missing.stderr), (2, "danewerk: cannot read /none\n"))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
