"""The proof of "nothing leaked" must itself be able to fail: leaks of every form are found, harmless talk is not.

Run from the repository's root:  /usr/bin/python3 -m unittest lab.hostile.recorder_test
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from lab.hostile.channel import TlsFraming
from lab.hostile.recorder import Recorder, classify, cleartext_mail_bytes, read_records

FACTS = {"connection": 1, "peer": "[127.0.0.1]:9", "mode": "strip"}


class ClassifyTest(unittest.TestCase):
    def test_harmless_talk(self) -> None:
        self.assertEqual(classify(b"EHLO a\r\nehlo b\r\nHELO c\r\nSTARTTLS\r\nNOOP\r\nRSET\r\nHELP\r\n\r\nQUIT\r\n"),
                [])
        for unfinished in (b"E", b"EHLO x", b"STARTT", b"QUIT", b""):
            self.assertEqual(classify(unfinished), [], unfinished)

    def test_each_command_is_found(self) -> None:
        for verb in ("MAIL", "RCPT", "DATA", "BDAT"):
            for row in (f"{verb} x\r\n", f"{verb.lower()} x\n", f"{verb}\r\n", f" {verb}\tx\r\n", verb):
                self.assertEqual([kind for kind, _ in classify(b"EHLO a\r\n" + row.encode())], [verb], row)

    def test_anything_unknown_counts(self) -> None:
        for row in (b"Subject: x\r\n", b"VRFY anna\r\n", b"AUTH PLAIN x\r\n", b"\x16\x03\x01", b"MAI", b"\x00\r\n",
                b"MAIL:\r\n"):
            self.assertEqual(classify(row), [("other", row)])

    def test_all_after_data_is_message_even_if_it_looks_harmless(self) -> None:
        self.assertEqual(classify(b"MAIL a\r\nDATA\r\nQUIT\r\nEHLO\r\n"),
                [("MAIL", b"MAIL a\r\n"), ("DATA", b"DATA\r\n"), ("message", b"QUIT\r\nEHLO\r\n")])
        self.assertEqual(classify(b"BDAT 3 LAST\r\nabc"), [("BDAT", b"BDAT 3 LAST\r\n"), ("message", b"abc")])


class RecordsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "records.jsonl")

    def write(self, *pieces: bytes, connection: int = 1) -> None:
        recorder = Recorder(self.path)
        for piece in pieces:
            recorder.write("clear", **{**FACTS, "connection": connection}, phase="before-starttls",
                    data=piece.decode("latin-1"))
        recorder.close()

    def test_fragments_are_joined_within_a_connection_and_not_across(self) -> None:
        self.write(*[bytes([octet]) for octet in b"EHLO x\r\nMAIL FROM:<\xfc@x>\r\n"])
        self.write(b"QUI", connection=2)
        self.write(b"T\r\n", connection=2)
        leaks = cleartext_mail_bytes(read_records(self.path))
        self.assertEqual([(leak.connection, leak.kind, leak.data) for leak in leaks],
                [(1, "MAIL", b"MAIL FROM:<\xfc@x>\r\n")])
        self.assertIn("connection 1 from [127.0.0.1]:9 (strip): MAIL in clear: 'MAIL FROM:<\\xfc@x>", str(leaks[0]))

    def test_a_line_being_written_is_left_out_and_a_broken_one_named(self) -> None:
        self.write(b"EHLO x\r\n")
        with self.path.open("a") as file:
            file.write('{"event": "cle')
        self.assertEqual(len(read_records(self.path)), 1)
        with self.path.open("a") as file:
            file.write("\n")
        with self.assertRaisesRegex(ValueError, "line 2: not a record"):
            read_records(self.path)

    def test_command_line(self) -> None:
        program = Path(__file__).with_name("recorder.py")
        for piece, code in ((b"EHLO x\r\n", 0), (b"DATA\r\n", 1)):
            self.write(piece)
            done = subprocess.run([sys.executable, str(program), str(self.path)], capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stderr)


class FramingTest(unittest.TestCase):
    RECORDS = b"\x16\x03\x01\x00\x03abc" + b"\x17\x03\x03\x00\x00" + b"\x15\x03\x03\x00\x02\x01\x00"

    def feed(self, octets: bytes, size: int) -> tuple[bytes, bytes]:
        framing, whole, clear = TlsFraming(), b"", b""
        for at in range(0, len(octets), size):
            one, other = framing.feed(octets[at : at + size])
            whole, clear = whole + one, clear + other
        return whole, clear

    def test_any_fragmentation(self) -> None:
        for size in (1, 2, 7, 65536):
            self.assertEqual(self.feed(self.RECORDS, size), (self.RECORDS, b""))
            for foreign in (b"MAIL FROM:<x>\r\n", b"\x16MAIL", b"\x16\x03\x01\xff\xffabc", b"\x18\x03\x03\x00\x01a"):
                self.assertEqual(self.feed(self.RECORDS + foreign + self.RECORDS, size),
                        (self.RECORDS, foreign + self.RECORDS))


if __name__ == "__main__":
    unittest.main()
