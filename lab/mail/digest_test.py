"""`compare` forgives what a mailbox store adds and nothing else: each kind of damage is done, and must be named.

Run from the repository's root:  /usr/bin/python3 -m unittest lab.mail.digest_test
"""

import tempfile
import unittest

from lab.mail.digest import as_sent, compare, digest, first_difference, identify, split
from lab.mail.generate import corpus

TRACE = b"Return-Path: <a@foreign.example>\nDelivered-To: anna@contoso.lab\nReceived: from mx (mx [10.0.0.1])\n\tby mbox with LMTP; today\n"
SIMPLE = b"From: a@x\r\nSubject: one\r\n two\r\nX-Lab-Id: simple\r\n\r\nfirst\r\n.second\r\n\r\nthird\r\n"


def stored(original: bytes) -> bytes:
    """As Dovecot or Postfix keep it in a Maildir."""
    return TRACE + as_sent(original).replace(b"\r\n", b"\n")


class EqualTest(unittest.TestCase):
    def test_every_message_of_the_corpus_survives_a_maildir(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for message in corpus(folder):
                original = message.octets()
                copy = stored(original)
                self.assertEqual(compare(original, copy), [], message.id)
                self.assertEqual(digest(as_sent(original)), digest(copy), message.id)
                self.assertEqual(identify(copy), message.id)
                changed = copy[:-1] + b"!\n"
                self.assertNotEqual(compare(original, changed), [], message.id)

    def test_crlf_store_and_lf_store_are_equal(self) -> None:
        self.assertEqual(compare(SIMPLE, TRACE.replace(b"\n", b"\r\n") + SIMPLE), [])
        self.assertEqual(digest(SIMPLE), digest(stored(SIMPLE)))

    def test_own_received_lines_must_survive(self) -> None:
        original = b"Received: by old; x\r\n" + SIMPLE
        self.assertEqual(compare(original, stored(original)), [])
        self.assertIn("Received: by old", " ".join(compare(original, stored(SIMPLE))))
        self.assertEqual(digest(original), digest(SIMPLE), "a bare digest cannot know whose Received lines they are")

    def test_no_body_and_empty_body_are_one(self) -> None:
        self.assertEqual(compare(b"A: b\r\n", b"A: b\n\n"), [])
        self.assertEqual(compare(b"A: b\r\n\r\n", b"A: b\n"), [])


class DamageTest(unittest.TestCase):
    def one(self, copy: bytes, *words: str, original: bytes = SIMPLE) -> None:
        found = "\n".join(compare(original, copy))
        for word in words:
            self.assertIn(word, found)
        self.assertNotEqual(found, "")

    def test_header(self) -> None:
        good = stored(SIMPLE)
        self.one(good.replace(b"Subject: one\n two", b"Subject: one two"), "field 2 differs", "octet 12")
        self.one(good.replace(b"Subject", b"subject"), "field 2 differs at its octet 0")
        self.one(good.replace(b"Subject: one\n two\n", b""), "field 2", "'Subject: one\\n two\\n', is missing")
        self.one(good.replace(b"X-Lab-Id", b"X-Virus: none\nX-Lab-Id"), "'X-Virus: none\\n' was added")
        self.one(b"X-Spam: yes\n" + good, "'X-Spam: yes\\n' was put on top, and is no trace field")
        self.one(good.replace(b"X-Lab-Id", b"Received: inside\nX-Lab-Id"), "'Received: inside\\n' was added")

    def test_header_order(self) -> None:
        self.one(b"Subject: one\n two\nFrom: a@x\nX-Lab-Id: simple\n\nfirst\n.second\n\nthird\n", "header:")

    def test_body(self) -> None:
        good = stored(SIMPLE)
        self.one(good.replace(b".second", b"second"), "sent 21 octets, stored 20", "line 2, octet 1",
                "stored 'first\\nsecond")
        self.one(good.replace(b".second", b"..second"), "line 2, octet 2")
        self.one(good.replace(b"third\n", b""), "cut short after line 3")
        self.one(good + b"\n\n", "2 empty lines were added at the end")
        self.one(good[:-1], "cut short")
        self.one(good.replace(b"first", b"f\xc3\xbcrst"), "line 1, octet 2", "\\xc3\\xbc")

    def test_line_ends(self) -> None:
        self.one(stored(SIMPLE).replace(b"first\n", b"first\r\n"), "mixed", "1 CRLF")
        self.one(stored(SIMPLE).replace(b"first", b"fi\rrst"), "1 bare CR")

    def test_missing_last_line_end_is_forgiven_only_in_the_original(self) -> None:
        cut = SIMPLE[:-2]
        self.assertEqual(compare(cut, stored(SIMPLE)), [])
        self.one(stored(SIMPLE)[:-1], "cut short", original=cut)

    def test_many_differences_are_summed_up(self) -> None:
        original = b"".join(b"X-%d: a\r\n" % n for n in range(40)) + b"\r\n"
        found = compare(original, original.replace(b"a", b"b"))
        self.assertEqual((len(found), found[-1]), (13, "and 28 more differences"))


class PiecesTest(unittest.TestCase):
    def test_split_keeps_folds_and_shows_what_is_no_field(self) -> None:
        self.assertEqual(split(b"A: b\r\n\tc\r\nnot a field\r\n\r\nx\r\n"),
                ([b"A: b\n\tc\n", b"not a field\n"], b"x\n"))
        self.assertEqual(split(b"\r\nonly body\r\n"), ([], b"only body\n"))

    def test_first_difference(self) -> None:
        self.assertEqual([first_difference(*pair) for pair in ((b"", b""), (b"abc", b"abd"), (b"abc", b"ab"),
                (b"x", b"y"))], [0, 2, 2, 0])


if __name__ == "__main__":
    unittest.main()
