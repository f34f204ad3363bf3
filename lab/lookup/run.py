"""One run of the matrix: build the Internet of the chosen cells, send a message to each, compare, tell. Used by lab/matrix."""
import sys
import time
from collections import Counter

from ..net import LabError
from ..peers import PeersMissing
from .internet import Internet
from .cases import Cases
from .judge import Case, judge, octets_in_clear, settle
from .pairs import covering
from .table import Cell, all_cells, expect
from .world import LookupWorld


def chosen_cells(given) -> list[Cell]:
    cells = all_cells() if given.all or given.only else covering(given.seed)
    return [cell for cell in cells if not given.only or given.only in str(cell)]


class Run:
    def __init__(self, given):
        self.given = given
        self.cells = chosen_cells(given)
        self.cases: list[Case] = []
        self.world = LookupWorld(given.run, given.program, self.fill)
        self.started = time.monotonic()

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.started:5.1f} s] {text}", flush=True)

    def fill(self, internet: Internet) -> None:
        """Publishes all; each cell is a domain of its own, hosts are shared by cells that differ in their MX answer only."""
        self.cases.clear()
        hosts: dict = {}
        for number, cell in enumerate(self.cells):
            expected = expect(cell)
            domain, host = internet.cell(number, cell, expected.terms != "none", hosts)
            sni = internet.expanded.get(host, host) if expected.base == "E" else host
            self.cases.append(Case(f"c{number}", str(cell), domain, expected, sni if expected.base else ""))
        only = self.given.only
        self.cases += [case for case in Cases(internet, self.world.zoo).build() if not only or only in case.name]

    def go(self) -> int:
        self.world.start_all()
        self.say(f"{len(self.cells)} cells and {len(self.cases) - len(self.cells)} cases published in {len(self.world.internet.zones)} zones; Danewerk runs")
        found = settle(self.world, self.cases, 90 + len(self.cases) / 10, self.say)
        wrong = judge(self.world, self.cases, found)
        forbidden, allowed = octets_in_clear(self.world, self.cases)
        for words, count in sorted(Counter(case.expected.words() for case in self.cases).items()):
            self.say(f"{count:5} expected: {words}")
        for case in self.cases:
            if case.label in wrong:
                print(f"FAIL  {case.label} {case.name}\n      expected {case.expected.words()} ({case.expected.rule})\n      "
                      + "\n      ".join(wrong[case.label]), flush=True)
        for fault in wrong.get("", []):
            print(f"FAIL  {fault}", flush=True)
        self.say(f"{len(self.cases)} cells and cases, {len(wrong)} wrong; octets of mail in clear: {forbidden} where there must be none, "
                 f"{allowed} where there may be any")
        return 1 if wrong or forbidden else 0


def run(given) -> int:
    try:
        one = Run(given)
        code = one.go()
        if not given.keep and code == 0:
            one.world.danewerk.stop()
            one.world.down()
        return code
    except (LabError, PeersMissing) as error:
        print(f"lab/matrix: {error}", file=sys.stderr)
        return 1
