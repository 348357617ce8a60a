"""What the second pass is trained on: a look at every arc of restored texts, with its label.

The text's changes come from an alignment (:mod:`unspin.learn.align`); spans that
a longer change cuts through are left out, as in all training here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unspin.learn.own_counts import WithoutOwn
from unspin.lexicon import SpinLexicon
from unspin.pairs import Pair
from unspin.rank.fluency import WordModel
from unspin.rank.guessed import WordGuesser
from unspin.rank.revision import Reviser
from unspin.rank.surroundings import UNFAMILIAR, look
from unspin.records import Decoding, DocumentEvidence, Lattice, Ranking
from unspin.restorer import Restorer
from unspin.tokens import tokenize

# Labels of spans that are kept, whose original is no arc, that are not learned from.
KEEP, NONE, SKIP = -1, -2, -3
_KEPT, _UNKNOWN = -1, -2


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of many documents, as flat arrays.

    Span ``s`` owns the arcs ``arc_at[s]:arc_at[s + 1]`` with ``odds``; ``look``
    is an arc's row of ``features`` or -1. ``label`` is the right arc's number
    within the span, ``KEEP`` or ``NONE``; ``none`` the log odds of the latter,
    ``family`` the name of the spinner.
    """

    arc_at: NDArray[np.int64]
    odds: NDArray[np.float32]
    look: NDArray[np.int64]
    features: NDArray[np.float32]
    label: NDArray[np.int64]
    none: NDArray[np.float32]
    family: NDArray[np.str_]


class _Recorder(Reviser):
    """Keeps what the second pass is shown, and changes nothing."""

    def __init__(self, model: WordModel, guesser: WordGuesser) -> None:
        self._asked = model, guesser
        self.seen: tuple[Any, ...] | None = None

    def revise(
        self,
        lattices: Sequence[Lattice],
        rankings: Sequence[Ranking],
        decodings: Sequence[Decoding],
        evidence: DocumentEvidence,
    ) -> list[Ranking]:
        seen = look(lattices, rankings, decodings, evidence, *self._asked)
        self.seen = lattices, rankings, seen
        return list(rankings)


def collect(
    pairs: Iterable[tuple[Pair, Gold]], restorer: Restorer, learned_from: bool = False
) -> Spans:
    """The labelled spans of spun texts.

    Where the lexicon was ``learned_from`` them, each is restored without its own counts.
    """
    models = restorer._models
    lexicon = models.lexicon
    recorder = models.reviser = _Recorder(models.fluency_model, models.context.guesser)
    parts: list[tuple[NDArray[Any], ...]] = []
    rows = 0
    for pair, gold in pairs:
        recorder.seen = None
        if learned_from:
            models.lexicon = gold.without_own(lexicon, pair.spinner or "")
        restorer.explain(pair.spun)
        if recorder.seen is None:
            continue
        lattices, rankings, seen = recorder.seen
        odds = np.array([v for r in rankings for v in r.log_odds], np.float32)
        row = np.full(len(odds), -1, np.int64)
        row[seen.at] = rows + np.arange(len(seen.at))
        rows += len(seen.at)
        sizes, label, none = _labels(pair, gold, lattices, rankings)
        learned = label != SKIP
        mine = np.repeat(learned, sizes)
        parts.append(
            (
                sizes[learned], odds[mine], row[mine], seen.features, label[learned],
                none[learned], np.full(int(learned.sum()), pair.spinner or ""),
            )
        )  # fmt: skip
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Spans(np.concatenate([[0], np.cumsum(joined[0])]), *joined[1:])


def _labels(
    pair: Pair, gold: Gold, lattices: Sequence[Lattice], rankings: Sequence[Ranking]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Per span its number of arcs, its label, and the log odds of "none of these"."""
    place = {token.start: n for n, token in enumerate(tokenize(pair.spun))}
    sizes, labels, none = [], [], []
    for lattice, ranking in zip(lattices, rankings, strict=True):
        base = place[lattice.sentence.tokens[0].start]
        for start, end, first, last in lattice.runs:
            originals = [arc.rule.original for arc in lattice.arcs[first:last]]
            sizes.append(last - first)
            labels.append(gold.label(base + start, base + end, originals))
            none.append(ranking.unknown.get((start, end), -30.0))
    return np.array(sizes, np.int64), np.array(labels, np.int64), np.array(none, np.float32)


class Gold:
    """What became of each word of one document.

    ``changes`` are rows of (spun start, spun end, original start, original end),
    token offsets, sorted and disjoint; ``unaligned`` spans of spun tokens of
    which nothing is known.
    """

    def __init__(
        self,
        spun: list[str],
        original: list[str],
        changes: Sequence[Sequence[int]],
        unaligned: Sequence[Sequence[int]] = (),
    ) -> None:
        self._spun = spun
        self._original = original
        self._changes = changes
        self._at = np.full(len(spun), _KEPT, np.int64)
        for start, end in unaligned:
            self._at[start:end] = _UNKNOWN
        for n, (start, end, _, _) in enumerate(changes):
            self._at[start:end] = n
        self._unaligned = unaligned

    def to_list(self) -> list[Any]:
        """What the document was made with, for JSON."""
        return [self._spun, self._original, self._changes, self._unaligned]

    def without_own(self, lexicon: SpinLexicon, family: str) -> WithoutOwn:
        """The lexicon without what the document, spun by ``family``, taught it."""
        return WithoutOwn(lexicon, family, self._spun, self._original, self._changes)

    def label(self, start: int, end: int, originals: Sequence[str]) -> int:
        """The label of a span.

        As in training the features, a span around changed words that is none of
        its candidates counts as kept: its parts are asked afterwards.
        """
        here = self._at[start:end]
        if (here == _UNKNOWN).any():
            return SKIP
        inside = [self._changes[n] for n in sorted(set(here.tolist()) - {_KEPT})]
        if not inside:
            return KEEP
        if inside[0][0] < start or inside[-1][1] > end:
            return SKIP
        words: list[str] = []
        at = start
        for s1, s2, o1, o2 in inside:
            words += self._spun[at:s1] + self._original[o1:o2]
            at = s2
        target = " ".join(words + self._spun[at:end])
        if target in originals:
            return originals.index(target)
        whole = len(inside) == 1 and tuple(inside[0][:2]) == (start, end)
        return NONE if whole else KEEP


def align_pairs(pairs: Sequence[Pair], more: Sequence[Pair] = ()) -> list[Gold]:
    """The gold of each of ``pairs``; the alignment is learned from ``more`` as well."""
    from unspin.learn import align, parallel

    text = parallel.load([*pairs, *more])
    segments = align.align(text)
    first = np.searchsorted(text.document, np.arange(len(pairs) + 1))
    spun_at, original_at = text.spun.offsets[first], text.original.offsets[first]
    rows = np.stack([segments.s1, segments.s2, segments.o1, segments.o2], 1)
    words = text.vocabulary
    golds = []
    for d in range(len(pairs)):
        (s1, s2), (o1, o2) = spun_at[d : d + 2].tolist(), original_at[d : d + 2].tolist()
        mine = rows[np.searchsorted(rows[:, 0], s1) : np.searchsorted(rows[:, 0], s2)]
        cut = segments.unaligned
        cut = cut[(cut[:, 0] >= s1) & (cut[:, 0] < s2)]
        golds.append(
            Gold(
                [words[w] for w in text.spun.words[s1:s2].tolist()],
                [words[w] for w in text.original.words[o1:o2].tolist()],
                (mine - [s1, s1, o1, o1]).tolist(),
                (cut - s1).tolist(),
            )
        )
    return golds


def write_golds(golds: Sequence[Gold], path: Path) -> None:
    """Save golds as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for gold in golds:
            file.write(json.dumps(gold.to_list(), ensure_ascii=False) + "\n")


def read_golds(path: Path) -> Iterator[Gold]:
    """What :func:`write_golds` wrote."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield Gold(*json.loads(line))


def join(parts: Sequence[Spans]) -> Spans:
    """Several collections as one."""
    rows = np.cumsum([0, *(len(p.features) for p in parts)])
    look = [np.where(p.look < 0, -1, p.look + r) for p, r in zip(parts, rows, strict=False)]
    sizes = np.concatenate([np.diff(p.arc_at) for p in parts])

    def every(name: str) -> Any:
        return np.concatenate([getattr(p, name) for p in parts])

    return Spans(
        np.concatenate([[0], np.cumsum(sizes)]), every("odds"), np.concatenate(look),
        every("features"), every("label"), every("none"), every("family"),
    )  # fmt: skip


def unfamiliar(spans: Spans) -> Spans:
    """The spans, of those with an arc that was looked at, whose spinner was not recognized."""
    sizes = np.diff(spans.arc_at)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    looked = spans.look >= 0
    told = spans.features[spans.look[looked], UNFAMILIAR] > 0
    chosen = np.zeros(len(sizes), bool)
    chosen[owner[looked][told]] = True
    arcs = chosen[owner]
    return Spans(
        np.concatenate([[0], np.cumsum(sizes[chosen])]), spans.odds[arcs], spans.look[arcs],
        spans.features, spans.label[chosen], spans.none[chosen], spans.family[chosen],
    )  # fmt: skip


def save(spans: Spans, path: Path) -> None:
    """Write a collection that :func:`load` reads."""
    arrays = {name: getattr(spans, name) for name in Spans.__slots__}
    np.savez_compressed(path, **arrays)


def load(path: Path) -> Spans:
    """A collection that was saved."""
    with np.load(path, allow_pickle=False) as archive:
        return Spans(**{name: archive[name] for name in Spans.__slots__})
