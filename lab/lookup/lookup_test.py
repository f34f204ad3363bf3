"""The instrument itself: does the covering set cover, does the table say something of every cell, does the judge see what is wrong?"""
import unittest

from lab.lookup.judge import Case, faults_of, seen
from lab.lookup.pairs import covering, pairs_of
from lab.lookup.table import ADDRESS, MX, SERVER, TLSA, Cell, Expected, all_cells, expect, reduced


class Table(unittest.TestCase):
    def test_the_whole_product_has_an_end(self):
        cells = all_cells()
        self.assertEqual(len(cells), len(MX) * len(ADDRESS) * len(TLSA) * len(SERVER))
        for cell in cells:
            expected = expect(cell)
            self.assertIn(expected.state, ("delivered", "waiting", "failed"))
            self.assertEqual(expected.state == "delivered", not expected.code, str(cell))

    def test_cells_that_reduce_alike_end_alike(self):
        ends = {}
        for cell in all_cells():
            self.assertEqual(ends.setdefault(reduced(cell), expect(cell)), expect(cell), str(cell))

    def test_nothing_goes_in_clear_where_the_standard_forbids_it(self):
        """Read off the answers, not off the table's own words: RFC 7672 2.1.2, 2.2."""
        for cell in all_cells():
            signed_host = cell.address in ("secure", "CNAME to secure", "CNAME to insecure")
            promised = signed_host and cell.tlsa in ("usable", "all unusable", "mixed", "at the original name only", "CNAME secure")
            unknown = cell.mx in ("bogus", "servfail", "CNAME loop") or cell.address in ("bogus", "CNAME to error") \
                or signed_host and cell.tlsa in ("bogus", "servfail", "timeout")
            if promised or unknown:
                self.assertFalse(expect(cell).in_clear, str(cell))


class Covering(unittest.TestCase):
    def test_every_pair_meets(self):
        for seed in (1, 2, 3):
            chosen = covering(seed)
            wanted = frozenset().union(*(pairs_of(reduced(cell)) for cell in all_cells()))
            self.assertEqual(frozenset().union(*map(pairs_of, chosen)), wanted)
            self.assertLess(len(chosen), 200)


class Judge(unittest.TestCase):
    WAITS = Case("c1", "", "c1.lab.", Expected("dane", "waiting", "4.7.321"))
    PROVEN = Case("c2", "", "c2.lab.", Expected("dane", "delivered", assurance="next_hop_authenticated"), "mx.c2.lab.")

    def faults(self, case, recipient, records):
        witnesses, strange = seen(records, [self.WAITS, self.PROVEN])
        return faults_of(case, recipient, witnesses[case.label]) + strange

    def test_as_expected(self):
        self.assertEqual(self.faults(self.WAITS, {"state": "waiting", "code": "4.7.321"}, []), [])
        self.assertEqual(self.faults(self.PROVEN, self.DELIVERED, self.received()), [])

    DELIVERED = {"state": "delivered", "evidence": {"assurance": "next_hop_authenticated"}}

    def received(self, tls=True, sni="mx.c2.lab"):
        return [{"event": "tls", "connection": 1, "sni": sni}, {"event": "message", "connection": 1, "tls": tls, "recipients": ["TO:<c2@c2.lab>"]}]

    def test_every_kind_of_fault(self):
        for what, case, recipient, records in [
                ("instead of waiting", self.WAITS, self.DELIVERED, []),
                ("has code 4.7.323", self.WAITS, {"state": "waiting", "code": "4.7.323"}, []),
                ("was delivered encrypted", self.PROVEN, {"state": "delivered", "evidence": {"assurance": "encrypted"}}, self.received()),
                ("0 copies", self.PROVEN, self.DELIVERED, []),
                ("2 copies", self.PROVEN, self.DELIVERED, self.received() * 2),
                ("TLS off", self.PROVEN, self.DELIVERED, self.received(tls=False)),
                ("asked for other.lab", self.PROVEN, self.DELIVERED, self.received(sni="other.lab"))]:
            self.assertIn(what, " ".join(self.faults(case, recipient, records)))

    def clear(self, text):
        return [{"event": "clear", "connection": 7, "at": "", "peer": "", "mode": "", "data": text}]

    def test_mail_in_clear_is_laid_at_the_right_door(self):
        waits = {"state": "waiting", "code": "4.7.321"}
        said = self.faults(self.WAITS, waits, self.clear("EHLO a\r\nMAIL FROM:<c1@contoso.lab>\r\nQUIT\r\n"))
        self.assertIn("IN CLEAR", said[0])
        self.assertIn("nobody", self.faults(self.WAITS, waits, self.clear("EHLO a\r\nDATA\r\n"))[0])
        self.assertEqual(self.faults(self.WAITS, waits, self.clear("EHLO a\r\nSTARTTLS\r\n")), [])


class Reduction(unittest.TestCase):
    def test_what_is_never_looked_at_is_left_out(self):
        self.assertEqual(reduced(Cell("bogus", "secure", "usable", "454")), Cell("bogus", "-", "-", "-"))
        self.assertEqual(reduced(Cell("secure", "absent", "usable", "454")), Cell("secure", "absent", "-", "-"))
        self.assertEqual(reduced(Cell("secure", "insecure", "bogus", "454")), Cell("secure", "insecure", "bogus", "454"))


if __name__ == "__main__":
    unittest.main()
