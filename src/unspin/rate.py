"""The share of a document's words that were changed, estimated by the features ranker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unspin.rank.arcs import arc_table
from unspin.rank.features import FeaturesRanker
from unspin.rank.own_rate import IMITATED
from unspin.records import Lattice

# What a family changes for every change that the lexicon knows. Known families' texts are its
# source; SpinBot (S) was imitated by a table that has two of three swaps of documented phrases, and
# the features, which know its imitation well, see less in real texts.
_UNCOUNTED = {IMITATED: 2.0}
_MOST = 0.6


def estimate_rate(
    lattices: Sequence[Lattice],
    features: FeaturesRanker,
    spinner: str | None,
    words: frozenset[str],
) -> float:
    """The estimated spin rate, 0 to 1.

    Each token counts with the largest probability of a change among the spans
    that cover it, which overlapping spans would otherwise count twice.
    """
    tokens = sum(len(lattice.sentence.tokens) for lattice in lattices)
    table = arc_table(lattices)
    if not table.spans:
        return 0.0
    odds = np.exp(np.clip(features.logits(table, spinner, None, words), -30, 30))
    summed = np.add.reduceat(odds, table.arc_at[:-1])
    probability = (summed / (1 + summed)).tolist()
    best: dict[tuple[int, int], float] = {}
    for (number, start, end), p in zip(table.spans, probability, strict=True):
        for token in range(start, end):
            if p > best.get((number, token), 0.0):
                best[number, token] = p
    rate = sum(best.values()) / tokens
    return min(rate * _UNCOUNTED.get(spinner or "", 1.0), max(rate, _MOST))
