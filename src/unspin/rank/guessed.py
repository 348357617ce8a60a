"""By how much the encoder, asked for the author's word, prefers a candidate's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from unspin.records import Arc, Ranking

Floats = NDArray[np.float32]
# Where nothing else is a candidate, this far behind stands the next.
_NO_RIVAL = -10.0


class WordGuesser(Protocol):
    """What is asked of the guess head."""

    def scores(self, queries: Floats, words: Sequence[str]) -> Floats:
        """(words,): how well each of ``words`` answers its query (nats, up to a constant)."""


def queries_of(ranking: Ranking) -> Floats:
    """(tokens, 128) what the encoder looks for in place of each token.

    Raises:
        ValueError: when another ranker made the ranking.
    """
    if ranking.queries is None:
        raise ValueError("not a ranking of the context ranker")
    return ranking.queries


def guessed(
    arcs: Sequence[Arc],
    spans: Sequence[tuple[int, int, Sequence[int]]],
    norms: Sequence[str],
    queries: Floats,
    guesser: WordGuesser,
) -> Mapping[int, tuple[float, float]]:
    """Per arc its lead (nats) over the words that stand there, and over its best rival.

    ``spans`` are (start, end, numbers of the arcs asked about), ``queries`` (tokens,
    128) the sentence's. Several words count by their mean, each where it fits best.
    """
    pairs: dict[tuple[int, str], int] = {}
    for start, end, numbers in spans:
        for n in range(start, end):
            pairs.setdefault((n, norms[n]), len(pairs))
            for number in numbers:
                for word in arcs[number].rule.original.split():
                    pairs.setdefault((n, word), len(pairs))
    asked = queries[[n for n, _ in pairs]]
    found = guesser.scores(asked, [word for _, word in pairs]).tolist() if pairs else []
    leads: dict[int, tuple[float, float]] = {}
    for start, end, numbers in spans:
        here = range(start, end)
        kept = sum(found[pairs[n, norms[n]]] for n in here) / (end - start)
        own: dict[int, float] = {}
        for number in numbers:
            words = arcs[number].rule.original.split()
            best = [max(found[pairs[n, word]] for n in here) for word in words]
            own[number] = sum(best) / len(best) - kept if best else 0.0
        for number, lead in own.items():
            rivals = [value for other, value in own.items() if other != number]
            leads[number] = lead, lead - max(rivals, default=_NO_RIVAL)
    return leads
