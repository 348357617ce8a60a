"""The features ranker: a sparse log-linear model over hashed features.

Logit of an arc = channel log odds + sum of the weights of its features
(:mod:`unspin.rank.hashing`); "keep" has features too, as if the spun phrase
were its own original. The weights are a memory-mapped array of 2^24 bytes; in each the
high bits are the tag of the feature that has the slot, the low ones the number of its
weight among the levels that the manifest beside it lists, with the families' numbers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError
from unspin.rank.arcs import ArcTable, arc_table
from unspin.rank.hashing import (
    CHANNEL_EDGES,
    TAG_BITS,
    index,
    pair_hash,
    rate_bin,
    word_hash,
)
from unspin.records import DocumentEvidence, Lattice, Ranking

_KEEP_KNOWN = 2
_KEEP_CHANNEL = 99
_BYTE = 256


class FeaturesRanker:
    """The trained weights, shared by the features and the context ranker."""

    def __init__(
        self, slots: NDArray[np.uint8], levels: Sequence[float], families: Sequence[str]
    ) -> None:
        """From the arrays of a model; ValueError when they do not fit together."""
        self._bits = int(slots.size).bit_length() - 1 + TAG_BITS
        if slots.dtype != np.uint8 or slots.size << TAG_BITS != 1 << self._bits:
            raise ValueError("expected a power of two of bytes")
        if len(levels) << TAG_BITS != _BYTE:
            raise ValueError(f"expected {_BYTE >> TAG_BITS} levels")
        self._slots = slots
        # The weight of a feature by its tag and what its slot holds.
        weights = np.zeros((1 << TAG_BITS, _BYTE), np.float32)
        for tag in range(1 << TAG_BITS):
            weights[tag, tag * len(levels) : (tag + 1) * len(levels)] = levels
        self._weights = weights.reshape(-1)
        self._families = {name: number + 1 for number, name in enumerate(families)}

    @classmethod
    def read(cls, path: Path) -> FeaturesRanker:
        """The ranker of a weights file and the ``.json`` manifest beside it.

        Raises:
            DataError: when either cannot be used.
        """
        try:
            manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            slots = np.load(path, mmap_mode="r", allow_pickle=False)
            # A plain view: numpy wraps every look-up in a memory map anew.
            return cls(slots.view(np.ndarray), manifest["levels"], manifest["families"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"features model {path} cannot be used: {error}") from error

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
        result: NDArray[np.float64] = base + change - keep[owner]
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
        """Summed weights of (span, original) combinations."""
        pair = pair_hash(table.spun[owner], original)
        left, right = table.left, table.right
        (l1, l2), (r1, r2) = left[owner].T, right[owner].T
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
            (original, l2),
            (original, r2),
            (pair, lefts),
            (pair, rights),
            (pair, both),
        )
        found = np.stack([index(n, *pair_, self._bits) for n, pair_ in enumerate(features)])
        slots = self._slots[found >> np.uint64(TAG_BITS)]
        tags = found.astype(np.intp) & ((1 << TAG_BITS) - 1)
        total: NDArray[np.float64] = self._weights[tags * _BYTE + slots].sum(0, np.float64)
        return total
