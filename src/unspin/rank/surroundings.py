"""What every arc looks like once its surroundings have been restored.

The first pass ranks each span among the words as they stand, many of them spun
themselves. After decoding there is more to see: a likely restoration of the
words nearby, what the same phrase turned into elsewhere in the document, and
how sure the spans around are. :func:`look` puts that into numbers, arc by arc,
for :mod:`unspin.rank.revision`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unspin.frequencies import zipf
from unspin.rank.counts import spun_share
from unspin.rank.fluency import HOPELESS, WordModel, fluency
from unspin.rank.guessed import WordGuesser, guessed, queries_of
from unspin.records import Arc, Decoding, DocumentEvidence, EditKind, Lattice, Ranking

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

FAMILIES = ("A", "B", "C", "T", "K", "M", "J", "S")
# What is gathered of each arc, in this order.
_RAW = (
    "odds", "deep", "wide", "fluency", "channel", "open", "old", "new", "rarer", "length",
    "words", "count", "times", "elsewhere", "agree", "known", "posterior", "share", "gap",
    "sure", "outer", "mean", "max", "beside", "rivals", "guess", "ahead", "spun", "seen",
)  # fmt: skip
# Of each arc: what is gathered (one of it twice), and what is told of the document.
WIDTH = len(_RAW) + 4 + len(FAMILIES)
# The column that tells that the spinner is not known.
UNFAMILIAR = WIDTH - len(FAMILIES) - 1
# Words looked at on either side.
_BESIDE = 3
_EDGE = 1e-4
_FAR = 30.0
_RARE = 1e-3


@dataclass(frozen=True, slots=True)
class Look:
    """The arcs worth a second look.

    ``at`` (arcs,) are their numbers among all arcs of the document, lattice
    after lattice, and ``features`` (arcs, ``WIDTH``) what there is to see, scaled.
    """

    at: NDArray[np.int64]
    features: Floats


def look(
    lattices: Sequence[Lattice],
    rankings: Sequence[Ranking],
    decodings: Sequence[Decoding],
    evidence: DocumentEvidence,
    model: WordModel,
    guesser: WordGuesser,
) -> Look:
    """The second look at a document's arcs after a first decoding."""
    found = _Document(lattices, decodings, evidence.spinner)
    rows: list[list[float]] = []
    at: list[int] = []
    base = 0
    for lattice, ranking, decoding in zip(lattices, rankings, decodings, strict=True):
        numbers, features = _sentence(lattice, ranking, decoding, found, model, guesser)
        at += [base + n for n in numbers]
        rows += features
        base += len(lattice.arcs)
    told = [
        3 * (evidence.spin_rate or 0.0),
        float(_logit(np.array(evidence.spin_score))) / 4,
        float(evidence.spinner is None),
        *(float(evidence.spinner == name) for name in FAMILIES),
    ]
    table = np.array(rows, np.float64).reshape(len(rows), len(_RAW))
    table = np.concatenate([_scaled(table), np.tile(told, (len(rows), 1))], 1)
    return Look(np.array(at, np.int64), table.astype(np.float32))


class _Document:
    """What the first pass makes of a phrase, over all of its occurrences."""

    def __init__(
        self, lattices: Sequence[Lattice], decodings: Sequence[Decoding], spinner: str | None
    ) -> None:
        self.spinner = spinner
        #: Words as they stand, and how many of each are expected after restoring.
        self.words: Counter[str] = Counter()
        self.expected: dict[str, float] = {}
        #: Occurrences of spun phrases, and the expected number of each (phrase, original).
        self.phrases: Counter[str] = Counter()
        self.read_as: dict[tuple[str, str], float] = {}
        for lattice in lattices:
            self.words.update(token.norm for token in lattice.sentence.tokens)
        self.expected.update(self.words)
        for lattice, decoding in zip(lattices, decodings, strict=True):
            norms = [token.norm for token in lattice.sentence.tokens]
            for start, end, first, last in lattice.runs:
                phrase = " ".join(norms[start:end])
                self.phrases[phrase] += 1
                for arc, p in zip(
                    lattice.arcs[first:last], decoding.posterior[first:last], strict=True
                ):
                    if p > _RARE:
                        self._add(phrase, arc.rule.original, p)

    def _add(self, phrase: str, original: str, p: float) -> None:
        self.read_as[phrase, original] = self.read_as.get((phrase, original), 0.0) + p
        for word in original.split():
            self.expected[word] = self.expected.get(word, 0.0) + p
        for word in phrase.split(" "):
            self.expected[word] = self.expected.get(word, 0.0) - p


def _sentence(
    lattice: Lattice,
    ranking: Ranking,
    decoding: Decoding,
    document: _Document,
    model: WordModel,
    guesser: WordGuesser,
) -> tuple[list[int], list[list[float]]]:
    """Numbers and raw features of a sentence's arcs that are worth a look."""
    if not lattice.arcs:
        return [], []
    norms = [token.norm for token in lattice.sentence.tokens]
    restored = _Restored(norms, [lattice.arcs[n] for n in decoding.path])
    changed = ranking.changed or (0.0,) * len(norms)
    posterior, odds = decoding.posterior, ranking.log_odds
    spans = lattice.runs
    mass = [sum(posterior[first:last]) for _, _, first, last in spans]
    cover = [0.0] * len(norms)
    for (start, end, _, _), p in zip(spans, mass, strict=True):
        for n in range(start, end):
            cover[n] += p
    hopeful = [_hopeful(odds, first, last) for _, _, first, last in spans]
    leads = guessed(
        lattice.arcs,
        [(a, b, chosen) for (a, b, _, _), chosen in zip(spans, hopeful, strict=True) if chosen],
        norms, queries_of(ranking), guesser,
    )  # fmt: skip
    numbers: list[int] = []
    rows: list[list[float]] = []
    for (start, end, first, last), chosen, sure in zip(spans, hopeful, mass, strict=True):
        if not chosen:
            continue
        phrase = " ".join(norms[start:end])
        originals = [lattice.arcs[n].rule.original for n in chosen]
        before, after = restored.beside(start, end)
        fluent = fluency(
            model, [*before, *norms[start:end], *after], len(before),
            len(before) + end - start, originals,
        )  # fmt: skip
        shares, gaps = _rivals(odds[first:last])
        beside = [*changed[max(0, start - _BESIDE) : start], *changed[end : end + _BESIDE]]
        here = changed[start:end]
        span = [
            sure,
            max(cover[start:end]) - sure,
            sum(here) / len(here),
            max(here),
            sum(beside) / len(beside) if beside else 0.1,
            float(last - first),
        ]
        for n, fluent_by in zip(chosen, fluent, strict=True):
            parts = ranking.parts[n] if ranking.parts else (0.0, 0.0)
            rows.append(
                [
                    odds[n],
                    *parts,
                    fluent_by,
                    *_of_phrases(lattice.arcs[n], phrase, posterior[n], document),
                    posterior[n],
                    shares[n - first],
                    gaps[n - first],
                    *span,
                    *leads[n],
                    *spun_share(lattice.arcs[n].rule, document.spinner),
                ]
            )
            numbers.append(n)
    return numbers, rows


def _hopeful(odds: Sequence[float], first: int, last: int) -> list[int]:
    """The arcs of a span that may still win."""
    best = max(0.0, *odds[first:last])
    return [n for n in range(first, last) if odds[n] > best - HOPELESS]


def _of_phrases(arc: Arc, phrase: str, p: float, document: _Document) -> list[float]:
    """What can be said of the two phrases and their other occurrences."""
    words = arc.rule.original.split()
    old, new = _zipf(phrase), _zipf(arc.rule.original)
    times = document.phrases[phrase]
    elsewhere = max(document.read_as.get((phrase, arc.rule.original), 0.0) - p, 0.0)
    own = 0.0 if p <= _RARE else p
    spun = phrase.split(" ")
    known = min(
        (document.expected.get(w, 0.0) - (0.0 if w in spun else own) for w in words), default=0.0
    )
    return [
        arc.rule.channel,
        float(arc.rule.kind is EditKind.OPEN),
        old,
        new,
        old - new,
        float(arc.end - arc.start),
        float(len(words)),
        float(min((document.words[w] for w in words), default=0)),
        float(times),
        elsewhere,
        elsewhere / (times - 1) if times > 1 else 0.0,
        max(known, 0.0),
    ]


class _Restored:
    """A sentence as the best path has it."""

    def __init__(self, norms: list[str], path: Sequence[Arc]) -> None:
        self._norms = norms
        # Per token: the arc of the path that covers it.
        self._over: list[Arc | None] = [None] * len(norms)
        for arc in path:
            self._over[arc.start : arc.end] = [arc] * (arc.end - arc.start)

    def beside(self, start: int, end: int) -> tuple[list[str], list[str]]:
        """The restored words just before and after a span.

        What a change that reaches into the span would write is not counted.
        """
        before: list[str] = []
        n = start
        while n > 0 and len(before) < _BESIDE:
            arc = self._over[n - 1]
            if arc is None or arc.end > start:
                before.insert(0, self._norms[n - 1])
                n -= 1
            else:
                before[:0] = arc.rule.original.split()
                n = arc.start
        after: list[str] = []
        n = end
        while n < len(self._norms) and len(after) < _BESIDE:
            arc = self._over[n]
            if arc is None or arc.start < end:
                after.append(self._norms[n])
                n += 1
            else:
                after += arc.rule.original.split()
                n = arc.end
        return before[-_BESIDE:], after


def _rivals(odds: Sequence[float]) -> tuple[list[float], list[float]]:
    """Each arc's share among those of its span and keep, and its lead over the next best."""
    top, second = 0.0, -_FAR
    for value in odds:
        if value > top:
            top, second = value, top
        elif value > second:
            second = value
    weights = [math.exp(value - top) for value in odds]
    total = sum(weights) + math.exp(-top)
    return [w / total for w in weights], [v - (second if v == top else top) for v in odds]


def _scaled(raw: Doubles) -> Doubles:
    """Raw features (columns as in ``_RAW``) brought to like sizes."""
    column = dict(zip(_RAW, raw.T, strict=True))
    return np.stack(
        [
            *(np.clip(column[n], -12, 12) / 4 for n in ("odds", "deep", "wide", "fluency")),
            np.clip(column["channel"], -12, 2) / 3 + 1,
            column["open"],
            column["old"] / 2 - 2.5,
            column["new"] / 2 - 2.5,
            column["rarer"] / 2,
            (column["length"] - 1) / 2,
            (column["words"] - 1) / 2,
            np.log1p(column["count"]),
            np.log(np.maximum(column["times"], 1)),
            np.log1p(column["elsewhere"]),
            column["agree"],
            np.log1p(column["known"]),
            *(_logit(column[n]) / 3 for n in ("posterior", "share")),
            np.clip(column["gap"], -10, 10) / 4,
            _logit(column["sure"]) / 3,
            np.clip(column["outer"], 0, 1.5),
            *(_logit(column[n]) / 3 for n in ("mean", "max", "beside")),
            np.log(np.maximum(column["rivals"], 1)) / 2,
            column["share"],
            *(np.clip(column[n], -12, 12) / 4 for n in ("guess", "ahead")),
            column["spun"] / 3 + 1,
            np.log1p(column["seen"]) / 3,
        ],
        1,
    )


def _logit(p: Doubles) -> Doubles:
    bounded = np.clip(p, _EDGE, 1 - _EDGE)
    result: Doubles = np.log(bounded / (1 - bounded))
    return result


@lru_cache(100_000)
def _zipf(phrase: str) -> float:
    """The Zipf frequency (log10 per billion words) of a phrase's rarest word."""
    return min((zipf(w) for w in phrase.split()), default=0.0)
