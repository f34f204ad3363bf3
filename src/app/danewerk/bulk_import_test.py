#!/usr/bin/python3
"""`danewerk domain import` and `domain bulk` against a stand-in for the running program: what it reads, sends, shows, and leaves to be mended.

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
    """Answers domain.import and the commands for one domain; domains in `taken` fail, and after `ends_after` calls it hangs up."""

    def __init__(self, path: pathlib.Path, taken=(), ends_after=None):
        self.requests, self.taken, self.ends_after = [], set(taken), ends_after
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(peer,), daemon=True).start()

    def answer(self, peer):
        with peer, peer.makefile("rb") as lines:
            request = json.loads(lines.readline())
            with self.lock:
                if self.ends_after is not None and len(self.requests) >= self.ends_after:
                    return
                if request["op"] != "status":
                    self.requests.append(request)
            peer.sendall(json.dumps(self.answer_to(request)).encode() + b"\n")

    def answer_to(self, request):
        if request["op"] == "domain.import":
            rows = request["args"]["rows"]
            failed = [{"row": i, "domain": row.get("domain", ""), "kind": "conflict", "what": "it belongs to \"somebody\", else"}
                      for i, row in enumerate(rows) if row.get("domain") in self.taken]
            return {"ok": True, "result": {"added": len(rows) - len(failed), "changed": 0, "unchanged": 0, "failed": failed}}
        if request["args"].get("domain") in self.taken:
            return {"ok": False, "error": {"kind": "refused", "what": "control is not proven, so far"}}
        return {"ok": True, "result": {"domain": request["args"].get("domain", ""), "standing": "healthy"}}

    def rows(self):
        return [row for request in self.requests for row in request["args"]["rows"]]

    def domains(self, operation):
        return sorted(request["args"]["domain"] for request in self.requests if request["op"] == operation)


class Bulk(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="danewerk-import-"))
        self.config = self.folder / "danewerk.toml"
        self.config.write_text(f"[server]\nstate_directory = '{self.folder}'\n[edge]\nhostname = 'mx1.example.net'\n")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def serve(self, **more):
        self.program = Program(self.folder / "control.sock", **more)
        self.addCleanup(self.program.listener.close)

    def run_command(self, *arguments, text):
        path = self.folder / "domains"
        path.write_bytes(text.encode())
        return subprocess.run([PROGRAM, "-c", self.config, "domain", *arguments, str(path)], capture_output=True, text=True, timeout=120)

    def run_import(self, text, *options):
        return self.run_command("import", *options, text=text)

    def run_verb(self, verb, text, *options):
        return self.run_command("bulk", *options, verb, text=text)

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
        text = ('domain,tenant,route,dane\ngood.example,t,r,yes\ntaken.example,t,"r,s",yes\nbad.example,t,r,perhaps\n"open.example,t\n'
                'behind.example,t,"r,q",no\n')
        done = self.run_import(text, "--failures", str(failures))
        self.assertEqual(done.returncode, 1)
        self.assertIn("added 2, changed 0, unchanged 0, failed 3", done.stdout)
        self.assertIn("line 3: taken.example: it belongs to", done.stderr)
        with open(failures, newline="") as file:
            rows = {row["domain"]: row for row in csv.DictReader(file)}
        self.assertEqual(rows["taken.example"]["route"], "r,s")
        self.assertEqual(rows["taken.example"]["dane"], "yes")
        self.assertIn("somebody", rows["taken.example"]["fault"])
        self.assertIn("neither yes nor no", rows["bad.example"]["fault"])
        self.assertIn("not closed", rows['"open.example,t']["fault"])
        self.program.taken = set()
        again = self.run_import(failures.read_text())
        self.assertIn("added 2, changed 0, unchanged 0, failed 1", again.stdout)  # the stand-in takes any name

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


    def test_what_spreadsheets_write(self):
        self.serve()
        done = self.run_import("\ufeffDomain, Tenant ,ROUTE\r\na.example,t,r\r\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.program.rows(), [{"domain": "a.example", "tenant": "t", "route": "r"}])

    def test_long_rows_are_sent_in_smaller_batches(self):
        self.serve()
        route = "smtp:" + ",".join(f"192.0.2.{i}:25" for i in range(200))
        done = self.run_import("".join(f'd{i}.example,t,"{route}"\n' for i in range(500)), "--batch", "5000")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.program.rows()), 500)
        self.assertGreater(len(self.program.requests), 1)

    def test_the_file_that_is_read_is_never_written(self):
        self.serve()
        done = self.run_import("a.example,t,r\n", "--failures", str(self.folder / "domains"))
        self.assertEqual(done.returncode, 2)
        self.assertEqual((self.folder / "domains").read_text(), "a.example,t,r\n")

    def test_a_command_for_each_domain(self):
        self.serve(taken=["b.example"])
        failures, results = self.folder / "failed.csv", self.folder / "results"
        text = "domain,tenant\n" + "".join(f"{c}.example,t\n" for c in "abcd")
        done = self.run_verb("enable-dane", text, "--failures", failures, "--results", results, "--why", "all of them")
        self.assertEqual(done.returncode, 1)
        self.assertIn("enable-dane: 3 done, 1 failed", done.stdout)
        self.assertIn("line 3: b.example: control is not proven", done.stderr)
        self.assertEqual(self.program.domains("domain.enable-dane"), ["a.example", "b.example", "c.example", "d.example"])
        self.assertEqual({r["args"]["why"] for r in self.program.requests}, {"all of them"})
        self.assertEqual(sorted(json.loads(line)["domain"] for line in results.read_text().splitlines()), ["a.example", "c.example", "d.example"])
        self.program.taken = set()
        again = self.run_verb("enable-dane", failures.read_text())
        self.assertIn("1 done, 0 failed", again.stdout)

    def test_an_interrupted_command_goes_on_where_it_ended(self):
        self.serve(ends_after=10)
        text, results = "".join(f"d{i:02}.example\n" for i in range(30)), self.folder / "results"
        done = self.run_verb("status", text, "--results", results)
        self.assertEqual(done.returncode, 1)
        self.assertIn("run the same command again with --resume", done.stderr)
        self.program.ends_after = None
        with open(results, "a") as file:
            file.write('{"domain":"d29.example","verb":"sta')  # cut off
        again = self.run_verb("status", text, "--results", results, "--resume", "--json")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual([json.loads(again.stdout)[key] for key in ("domains", "done", "passed_over", "failed")], [30, 20, 10, 0])
        self.assertEqual(self.program.domains("domain.status"), [f"d{i:02}.example" for i in range(30)])
        other = self.run_verb("verify", text, "--results", results, "--resume", "--rate", "1000", "--at-once", "1")
        self.assertIn("verify: 30 done, 0 failed", other.stdout)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
