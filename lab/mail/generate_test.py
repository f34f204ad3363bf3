"""The corpus holds what it promises: enough messages, the shapes named in the issue, clean octets, and always the same.

Run from the repository's root:  /usr/bin/python3 -m unittest lab.mail.generate_test
"""

import base64
import email
import email.policy
import hashlib
import re
import tempfile
import unittest

from lab.mail.generate import MANIFEST, corpus, manifest_text
from lab.mail.message import PLAIN_TENANT, SENDER_DOMAIN, UTF8_TENANT


class CorpusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.messages = corpus(cls.folder.name)
        cls.octets = {message.id: message.octets() for message in cls.messages}

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def body(self, id: str) -> bytes:
        return self.octets[id].partition(b"\r\n\r\n")[2]

    def test_octets_are_those_of_the_manifest(self) -> None:
        self.assertEqual(MANIFEST.read_text(encoding="utf-8"), manifest_text(self.messages),
                "after an intended change: lab/mail/generate.py --manifest")

    def test_a_damaged_file_is_written_again(self) -> None:
        target = next(message for message in self.messages if message.id == "plain-word")
        target.path.write_bytes(b"damaged")
        corpus(self.folder.name)
        self.assertEqual(hashlib.sha256(target.octets()).hexdigest(), target.sha256)

    def test_there_are_enough_and_each_has_its_own_name(self) -> None:
        self.assertGreaterEqual(len(self.messages), 50)
        self.assertEqual(len({m.id for m in self.messages}), len(self.messages))
        senders = [m.sender for m in self.messages if m.sender]
        self.assertEqual(len(set(senders)), len(senders))
        self.assertEqual([m.id for m in self.messages if not m.sender], ["delivery-report"])
        for m in self.messages:
            if m.sender:
                self.assertTrue(m.sender.startswith(m.id) and m.sender.endswith("@" + SENDER_DOMAIN), m.sender)

    def test_no_submission_server_has_a_reason_to_touch_a_header(self) -> None:
        ids = set()
        for m in self.messages:
            header = self.octets[m.id].partition(b"\r\n\r\n")[0]
            self.assertLess(len(header), 100_000, m.id)
            names = [row.split(b":")[0].lower() for row in header.split(b"\r\n") if row[:1] not in (b" ", b"\t")]
            for name in (b"from", b"to", b"subject", b"date", b"message-id", b"x-lab-id"):
                self.assertEqual(names.count(name), 1, (m.id, name))
            for dropped in (b"bcc", b"content-length", b"return-path", b"resent-bcc"):
                self.assertNotIn(dropped, names, m.id)
            ids.add(re.search(rb"Message-ID: (\S+)", header).group(1))
        self.assertEqual(len(ids), len(self.messages))

    def test_lines_are_what_smtp_may_carry(self) -> None:
        # SMTP-01, SMTP-03
        for id, octets in self.octets.items():
            self.assertEqual(octets.count(b"\r"), octets.count(b"\r\n"), id)
            self.assertEqual(octets.count(b"\n"), octets.count(b"\r\n"), id)
            self.assertNotIn(b"\0", octets, id)
            self.assertLessEqual(max(len(row) for row in octets.split(b"\r\n")), 998, id)
            self.assertEqual(octets.endswith(b"\r\n"), id != "no-final-newline", id)

    def test_needs_and_tenants(self) -> None:
        # SMTP-08, SMTP-10
        for m in self.messages:
            header, _, body = self.octets[m.id].partition(b"\r\n\r\n")
            utf8 = not header.isascii() or any(not a.isascii() for a in (m.sender, *m.recipients))
            self.assertEqual("smtputf8" in m.needs, utf8, m.id)
            self.assertEqual("8bitmime" in m.needs, not body.isascii(), m.id)
            for address in m.recipients:
                self.assertTrue(address.endswith("@" + (UTF8_TENANT if utf8 else PLAIN_TENANT)), m.id)
            header.decode("utf-8")
        for wanted in ({"smtputf8"}, {"8bitmime"}, {"8bitmime", "smtputf8"}, set()):
            self.assertGreaterEqual(sum(m.needs == wanted for m in self.messages), 3, wanted)

    def test_the_shapes_of_the_issue_are_there(self) -> None:
        self.assertGreaterEqual(self.body("lone-dot").count(b"\r\n.\r\n"), 3)
        self.assertTrue(self.body("last-dot").endswith(b"\r\n.\r\n"))
        self.assertTrue(self.body("first-dot").startswith(b".\r\n"))
        self.assertEqual(self.body("only-dot"), b".\r\n")
        self.assertEqual(self.body("empty-body"), b"")
        self.assertTrue(self.octets["empty-body"].endswith(b"\r\n\r\n"))
        self.assertNotIn(b"\r\n\r\n", self.octets["headers-only"])
        for id in ("lines-998", "lines-998-dot", "utf8-998"):
            self.assertGreaterEqual(sum(len(row) == 998 for row in self.body(id).split(b"\r\n")), 3, id)
        self.assertGreater(len(re.search(rb"X-Long: .*?\r\n(?![ \t])", self.octets["long-header"], re.S).group()),
                24_000)
        self.assertGreater(self.octets["many-headers"].count(b"\r\nX-Line-"), 500)
        self.assertEqual(self.octets["hundred-recipients"].count(b"<c"), 100)
        self.assertEqual({row[:1] for row in self.body("every-octet").split(b"\r\n") if row},
                {bytes([c]) for c in range(1, 256) if c not in (10, 13)})

    def test_the_attachment_is_ten_megabytes_when_decoded(self) -> None:
        parts = email.message_from_bytes(self.octets["attachment-10mb"], policy=email.policy.SMTP).get_payload()
        self.assertEqual(len(parts[1].get_payload(decode=True)), 10 * 1024 * 1024)

    def test_dkim_body_hash_covers_the_body(self) -> None:
        octets = self.octets["dkim-signed"]
        said = re.search(rb"bh=([A-Za-z0-9+/=]+);", octets).group(1)
        self.assertEqual(base64.b64decode(said), hashlib.sha256(self.body("dkim-signed")).digest())

    def test_a_mime_parser_finds_the_structures(self) -> None:
        expected = {"multipart-mixed": 3, "nested": 8, "nested-deep": 21, "attachments-many": 42, "calendar": 5,
                "delivery-report": 6, "smtputf8-global": 4, "forwarded": 4}
        for id, count in expected.items():
            parsed = email.message_from_bytes(self.octets[id])
            walked = list(parsed.walk())
            self.assertEqual([p.defects for p in walked if p.defects], [], id)
            self.assertEqual(len(walked), count, (id, [p.get_content_type() for p in walked]))


if __name__ == "__main__":
    unittest.main()
