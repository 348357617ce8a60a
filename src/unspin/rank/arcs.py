"""The arcs of a whole document as flat arrays, for rankers that think in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unspin.rank.hashing import BOUNDARY, word_hash
from unspin.records import Lattice, Rule, Token

U64 = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class ArcTable:
    """All spans with arcs and their arcs, end to end in lattice order.

    Span ``s`` is tokens ``spans[s] = (lattice, start, end)`` and owns the arcs
    ``arc_at[s]:arc_at[s + 1]``; ``rules`` has the arcs' rules. ``left`` and
    ``right`` hold hashes of the two nearest words on each side, nearest first,
    within the sentence; ``shape`` is twice the case plus sentence start.
    """

    spans: list[tuple[int, int, int]]
    arc_at: NDArray[np.int64]
    rules: list[Rule]
    spun: U64
    left: U64
    right: U64
    shape: U64

    @property
    def owner(self) -> NDArray[np.int64]:
        """The span number of every arc."""
        return np.repeat(np.arange(len(self.spans)), np.diff(self.arc_at))

    def per_lattice(
        self, lattices: Sequence[Lattice], values: NDArray[np.float64]
    ) -> list[tuple[float, ...]]:
        """Values of all arcs cut up by lattice."""
        result = []
        at = 0
        for lattice in lattices:
            result.append(tuple(values[at : at + len(lattice.arcs)].tolist()))
            at += len(lattice.arcs)
        return result


def arc_table(lattices: Sequence[Lattice]) -> ArcTable:
    """The arcs of ``lattices`` as one table."""
    spans: list[tuple[int, int, int]] = []
    arc_at = [0]
    rules: list[Rule] = []
    spun: list[int] = []
    left: list[tuple[int, int]] = []
    right: list[tuple[int, int]] = []
    shape: list[int] = []
    boundary = int(BOUNDARY)
    for number, lattice in enumerate(lattices):
        if not lattice.arcs:
            continue
        tokens = lattice.sentence.tokens
        hashes = [boundary, boundary, *[word_hash(t.norm) for t in tokens], boundary, boundary]
        size = len(rules)
        rules += [rule for _, _, rule in lattice.arcs]
        for start, end, first, last in lattice.runs:
            arc_at.append(size + last)
            spans.append((number, start, end))
            spun.append(word_hash(rules[size + first].spun))
            left.append((hashes[start + 1], hashes[start]))
            right.append((hashes[end + 2], hashes[end + 3]))
            shape.append(2 * case_of(tokens[start]) + (start == 0))
    return ArcTable(
        spans,
        np.array(arc_at, np.int64),
        rules,
        np.array(spun, np.uint64),
        np.array(left, np.uint64).reshape(-1, 2),
        np.array(right, np.uint64).reshape(-1, 2),
        np.array(shape, np.uint64),
    )


def case_of(token: Token) -> int:
    """0 for lower case, 1 for a capital first, 2 for two or more letters all capitals."""
    surface = token.surface
    if not surface[0].isupper():
        return 0
    return 2 if len(surface) > 1 and surface.isupper() else 1
