#!/usr/bin/python3
"""The judge of the kill tests, judged: it must condemn a loss, a change, a stranger and a duplicate without an excuse."""
import sys
import unittest

from load import Book
from program import MOST_UNDER_WAY, Failed
from sink import Delivery
from verdict import by_recipient, judge_contents, judge_duplicates, judge_losses, judge_notices, share_out

RECEIVED = b"Received: from a by b;\r\n\tMon, 23 Nov 2026 10:00:00 +0000\r\n"


def delivery(taken, name="1", digest="d", prepended=RECEIVED, reply="sent"):
    return Delivery(name, "box@one.example", digest, prepended, taken - 0.1, taken, reply)


class Verdict(unittest.TestCase):
    def setUp(self):
        self.book = Book()
        self.book.digests["1"] = "d"
        self.book.promise("1", ["box@one.example"], "d")

    def test_once_and_unchanged_is_good(self):
        judge_contents(self.book, [delivery(1)])
        judge_losses(self.book, by_recipient([delivery(1)]))
        self.assertEqual(judge_duplicates(by_recipient([delivery(1)]), []), (0, []))

    def test_a_loss(self):
        with self.assertRaisesRegex(Failed, "LOST: 1 of 1"):
            judge_losses(self.book, by_recipient([]))

    def test_changes(self):
        for one in (delivery(1, digest="e"), delivery(1, name="2"), delivery(1, prepended=b""), delivery(1, prepended=RECEIVED + b"X: y\r\n")):
            with self.assertRaises(Failed):
                judge_contents(self.book, [one])

    def test_notices(self):
        self.book.promise("1", ["nobody@one.example"], "d")
        self.assertNotIn(("1", "nobody@one.example"), self.book.promised)
        unit = ("notice:1", "nobody@one.example")
        self.assertEqual(judge_notices(self.book, {unit: [1]}, {unit: {"a"}}), 1)
        with self.assertRaisesRegex(Failed, "never told"):
            judge_notices(self.book, {}, {})
        with self.assertRaisesRegex(Failed, "more than one notice"):
            judge_notices(self.book, {unit: [1, 2]}, {unit: {"a", "b"}})
        with self.assertRaisesRegex(Failed, "nobody sent"):
            judge_contents(self.book, [delivery(1, name="notice:2")])

    def test_a_duplicate_needs_a_kill_between_or_a_lost_reply(self):
        twice = by_recipient([delivery(10), delivery(20)])
        for kills in ([], [5], [25]):
            with self.assertRaisesRegex(Failed, "neither a lost reply nor a kill"):
                judge_duplicates(twice, kills)
        self.assertEqual(judge_duplicates(twice, [15]), (0, [1]))
        self.assertEqual(judge_duplicates(by_recipient([delivery(10, reply="withheld"), delivery(20)]), []), (1, []))

    def test_a_kill_excuses_no_more_than_was_under_way(self):
        def many(number):
            return by_recipient([delivery(t, name=str(n)) for n in range(number) for t in (10, 20)])
        judge_duplicates(many(MOST_UNDER_WAY), [15])
        with self.assertRaisesRegex(Failed, "at most"):
            judge_duplicates(many(MOST_UNDER_WAY + 1), [15])
        judge_duplicates(many(MOST_UNDER_WAY + 1), [15, 16])

    def test_excuses_are_shared_out_fairly(self):
        self.assertEqual(share_out([[0, 1], [0, 1], [0], [0]], [0, 0], 2), [2, 2])
        self.assertIsNone(share_out([[0], [0], [0], [0, 1]], [0, 0], 2))


if __name__ == "__main__":
    sys.exit(0 if unittest.main(exit=False, verbosity=0).result.wasSuccessful() else 1)
