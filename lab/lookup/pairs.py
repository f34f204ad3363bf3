"""A small set of cells in which every pair of answers still meets.

Most faults need two things together, few need four. Only pairs that are really looked at count: where the MX answer ends the
matter, an address answer beside it would be covered on paper only. Beyond pairs, each terms meet each MX answer together with
each behaviour of the host: of the pairs alone, two thirds would be met in cells without DANE.
"""
import random
from itertools import combinations

from .table import Cell, all_cells, expect, reduced

FACTORS = ("mx", "address", "tlsa", "server")


def pairs_of(cell: Cell) -> frozenset:
    """The pairs this (reduced) cell really tests, and the terms it does; for a cell of one answer, that."""
    values = [(factor, getattr(cell, factor)) for factor in FACTORS if getattr(cell, factor) != "-"]
    terms = (("terms", expect(cell).terms), ("mx", cell.mx), ("server", cell.server))
    return frozenset([*combinations(values, 2), terms]) if len(values) > 1 else frozenset([tuple(values)])


def covering(seed: int) -> list[Cell]:
    """Every pair that can meet meets at least once; greedy, the order of equals shuffled by `seed`."""
    left = sorted({reduced(cell) for cell in all_cells()}, key=str)
    random.Random(seed).shuffle(left)
    candidates = [(cell, pairs_of(cell)) for cell in left]
    open_pairs = frozenset().union(*(pairs for _, pairs in candidates))
    chosen = []
    while open_pairs:
        cell, pairs = max(candidates, key=lambda one: len(one[1] & open_pairs))
        chosen.append(cell)
        open_pairs -= pairs
    return chosen
