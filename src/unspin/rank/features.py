"""The features ranker: a sparse log-linear model over hashed features.

Logit of an arc = channel log odds + sum of the weights of its features
(:mod:`unspin.rank.hashing`); "keep" has features too, as if the spun phrase
were its own original. The weights are a memory-mapped array of 2^24 signed
bytes; the manifest beside it gives their scale and the families' numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError
from unspin.rank.arcs import ArcTable, arc_table
from unspin.rank.hashing import CHANNEL_EDGES, index, pair_hash, rate_bin, word_hash
from unspin.records import DocumentEvidence, Lattice, Ranking

_KEEP_KNOWN = 2
_KEEP_CHANNEL = 99


class FeaturesRanker:
    """The trained weights, shared by the features and the context ranker."""

    def __init__(self, weights: NDArray[np.int8], scale: float, families: Sequence[str]) -> None:
        self._weights = weights
        self._scale = scale
        self._bits = int(weights.size).bit_length() - 1
        self._families = {name: number + 1 for number, name in enumerate(families)}

    @classmethod
    def read(cls, path: Path) -> FeaturesRanker:
        """The ranker of a weights file and the ``.json`` manifest beside it.

        Raises:
            DataError: when either cannot be used.
        """
        try:
            manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            weights = np.load(path, mmap_mode="r", allow_pickle=False)
            # A plain view: numpy wraps every look-up in a memory map anew.
            ranker = cls(weights.view(np.ndarray), float(manifest["scale"]), manifest["families"])
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"features model {path} cannot be used: {error}") from error
        if weights.dtype != np.int8 or weights.size != 1 << ranker._bits:
            raise DataError(f"features model {path}: expected a power of two of signed bytes")
        return ranker

    def family(self, name: str | None) -> int:
        """A family's number in features, 0 for an unknown one."""
        return self._families.get(name or "", 0)

    def rank(
        self, lattices: Sequence[Lattice], evidence: DocumentEvidence, words: frozenset[str]
    ) -> list[Ranking]:
        """The log odds of every arc; ``words`` are the norms of the whole document."""
        table = arc_table(lattices)
        odds = self.logits(table, evidence.spinner, evidence.spin_rate, words)
        return [Ranking(values, {}) for values in table.per_lattice(lattices, odds)]

    def logits(
        self, table: ArcTable, spinner: str | None, rate: float | None, words: frozenset[str]
    ) -> NDArray[np.float64]:
        """Log odds (nats) of every arc of ``table`` against keep."""
        if not table.rules:
            return np.zeros(0)
        owner = table.owner
        family, bin_ = self.family(spinner), rate_bin(rate)
        base = np.array([rule.channel for rule in table.rules])
        originals = [rule.original for rule in table.rules]
        original = np.array(list(map(word_hash, originals)), np.uint64)
        known = np.array([original in words for original in originals], np.uint64)
        channel = np.searchsorted(CHANNEL_EDGES, base, side="right").astype(np.uint64)
        change = self._sum(table, owner, original, known, channel, family, bin_)
        spans = np.arange(len(table.spans))
        keep = self._sum(
            table,
            spans,
            table.spun,
            np.full(len(spans), _KEEP_KNOWN, np.uint64),
            np.full(len(spans), _KEEP_CHANNEL, np.uint64),
            family,
            bin_,
        )
        result: NDArray[np.float64] = base + (change - keep[owner]) * self._scale
        return result

    def _sum(
        self,
        table: ArcTable,
        owner: NDArray[np.int64],
        original: NDArray[np.uint64],
        known: NDArray[np.uint64],
        channel: NDArray[np.uint64],
        family: int,
        rate: int,
    ) -> NDArray[np.float64]:
        """Summed weights, unscaled, of (span, original) combinations."""
        pair = pair_hash(table.spun[owner], original)
        left, right = table.left, table.right
        l1, r1 = left[:, 0][owner], right[:, 0][owner]
        lefts = pair_hash(left[:, 0], left[:, 1])[owner]
        rights = pair_hash(right[:, 0], right[:, 1])[owner]
        both = pair_hash(left[:, 0], right[:, 0])[owner]
        zeros = np.zeros(len(owner), np.uint64)
        families = np.full(len(owner), family, np.uint64)
        rates = np.full(len(owner), rate, np.uint64)
        features = (
            (pair, zeros),
            (pair, families),
            (pair, l1),
            (pair, r1),
            (pair, table.shape[owner]),
            (pair, known),
            (original, lefts),
            (original, rights),
            (original, both),
            (original, l1),
            (original, r1),
            (original, families),
            (families, channel),
            (pair, rates),
            (families, rates * np.uint64(100) + channel),
            (families, known),
            (families, known * np.uint64(100) + channel),
        )
        total = np.zeros(len(owner), np.int32)
        for template, (one, two) in enumerate(features):
            total += self._weights[index(template, one, two, self._bits)]
        return total.astype(np.float64)
