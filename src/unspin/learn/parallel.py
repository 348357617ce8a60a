"""Parallel text in memory: spun and original tokens of many documents as arrays.

Both sides of a pair are cut into paragraphs at
blank lines; where the two sides have different numbers of paragraphs, the
document is taken as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unspin.pairs import Pair
from unspin.rank.arcs import case_of
from unspin.tokens import sentences, tokenize

IntArray = NDArray[np.int32]

_BREAK = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Side:
    """The tokens of one side of all paragraphs, end to end.

    ``offsets[p]:offsets[p + 1]`` are paragraph ``p``'s tokens; ``case`` is 0 for
    lower case, 1 for a capital first, 2 for capitals only; ``starts`` marks the
    first token of each sentence.
    """

    words: IntArray
    case: NDArray[np.int8]
    starts: NDArray[np.bool_]
    offsets: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ParallelText:
    """Paragraph-aligned spun and original text over one vocabulary.

    ``document[p]`` numbers paragraph ``p``'s document, ``spinner[d]`` its family
    as an index into ``spinners``.
    """

    vocabulary: list[str]
    spun: Side
    original: Side
    document: IntArray
    spinner: IntArray
    spinners: list[str]


def paragraphs(pair: Pair) -> list[tuple[str, str]]:
    """The (spun, original) paragraphs of a pair."""
    spun = [p for p in _BREAK.split(pair.spun) if p.strip()]
    original = [p for p in _BREAK.split(pair.original) if p.strip()]
    if len(spun) != len(original):
        return [(pair.spun, pair.original)]
    return list(zip(spun, original, strict=True))


_Encoded = tuple[list[tuple[list[str], bytes, bytes]], list[tuple[list[str], bytes, bytes]]]


def load(pairs: Iterable[Pair], workers: int = 2) -> ParallelText:
    """The pairs as one :class:`ParallelText`, deterministic whatever ``workers`` is."""
    vocabulary: dict[str, int] = {}
    spinners: dict[str, int] = {}
    document: list[int] = []
    spinner: list[int] = []
    sides = (_Builder(vocabulary), _Builder(vocabulary))
    listed = list(pairs)
    chunks = [listed[i : i + 64] for i in range(0, len(listed), 64)]
    with ProcessPoolExecutor(workers) as pool:
        encoded = (e for chunk in pool.map(_encode_chunk, chunks) for e in chunk)
        for number, (pair, both) in enumerate(zip(listed, encoded, strict=True)):
            spinner.append(spinners.setdefault(pair.spinner, len(spinners)))
            for side, paras in zip(sides, both, strict=True):
                for words, case, starts in paras:
                    side.add(words, case, starts)
            document.extend([number] * len(both[0]))
    return ParallelText(
        list(vocabulary),
        sides[0].build(),
        sides[1].build(),
        np.array(document, np.int32),
        np.array(spinner, np.int32),
        list(spinners),
    )


class _Builder:
    def __init__(self, vocabulary: dict[str, int]) -> None:
        self._vocabulary = vocabulary
        self._words: list[IntArray] = []
        self._case: list[bytes] = []
        self._starts: list[bytes] = []
        self._offsets = [0]

    def add(self, words: Sequence[str], case: bytes, starts: bytes) -> None:
        known = self._vocabulary
        ids = [known.setdefault(word, len(known)) for word in words]
        self._words.append(np.array(ids, np.int32))
        self._case.append(case)
        self._starts.append(starts)
        self._offsets.append(self._offsets[-1] + len(ids))

    def build(self) -> Side:
        return Side(
            np.concatenate(self._words) if self._words else np.zeros(0, np.int32),
            np.frombuffer(b"".join(self._case), np.int8),
            np.frombuffer(b"".join(self._starts), np.bool_),
            np.array(self._offsets, np.int64),
        )


def _encode_chunk(pairs: list[Pair]) -> list[_Encoded]:
    return [_encode(pair) for pair in pairs]


def _encode(pair: Pair) -> _Encoded:
    spun, original = [], []
    for spun_text, original_text in paragraphs(pair):
        split = sentences(spun_text)
        tokens = [t for s in split for t in s.tokens]
        starts = bytes(i == 0 for s in split for i in range(len(s.tokens)))
        spun.append(([t.norm for t in tokens], bytes(map(case_of, tokens)), starts))
        tokens = tokenize(original_text)
        original.append(([t.norm for t in tokens], bytes(map(case_of, tokens)), bytes(len(tokens))))
    return spun, original
