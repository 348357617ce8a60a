"""Counts over parallel text: phrases, spun phrases in running text, and gold labels.

Phrases are tuples of vocabulary ids, hashed to 64 bits; two different phrases
of one corpus collide with a probability below 1e-6.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from unspin.learn.align import Segments, mix
from unspin.learn.parallel import Side

UNKNOWN = -2  # a token whose original could not be aligned
KEPT = -1  # a token left alone
NONE_OF_THESE = 127  # label of a changed phrase whose original is no candidate

_SEED = 1469598103934665603


class PhraseTable:
    """Numbers phrases 0, 1, ... in the order given; finds them in running text."""

    def __init__(self, phrases: Sequence[tuple[int, ...]]) -> None:
        lengths = np.array([len(p) for p in phrases], np.int64)
        flat = np.array([w for p in phrases for w in p], np.int32)
        hashes = _hash_all(flat, np.concatenate([[0], np.cumsum(lengths)]))
        bits = max(8, int(np.ceil(np.log2(len(phrases) * 2 + 2))) + 1)
        self._keys = np.zeros(1 << bits, np.uint64)
        self._values = np.full(1 << bits, -1, np.int32)
        _insert(self._keys, self._values, hashes)
        self.longest = int(lengths.max(initial=1))

    def count(
        self, side: Side, group: NDArray[np.int32], groups: int, size: int
    ) -> NDArray[np.int64]:
        """Occurrences of each phrase by group; ``group[p]`` is paragraph ``p``'s."""
        counts = np.zeros((size, groups), np.int64)
        _count(side.words, side.offsets, group, self._keys, self._values, self.longest, counts)
        return counts

    def find(self, side: Side) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int32]]:
        """Every occurrence within a sentence: (start, length, phrase number), by start."""
        args = (side.words, side.starts, side.offsets, self._keys, self._values, self.longest)
        empty = np.zeros(0, np.int64), np.zeros(0, np.int8), np.zeros(0, np.int32)
        number = _find(*args, *empty, False)
        found = np.zeros(number, np.int64), np.zeros(number, np.int8), np.zeros(number, np.int32)
        _find(*args, *found, True)
        return found


def token_segments(size: int, segments: Segments) -> NDArray[np.int32]:
    """For each of ``size`` spun tokens the number of its segment, ``KEPT`` or ``UNKNOWN``."""
    segment = np.full(size, KEPT, np.int32)
    for start, end in segments.unaligned.tolist():
        segment[start:end] = UNKNOWN
    for number, (start, end) in enumerate(
        zip(segments.s1.tolist(), segments.s2.tolist(), strict=True)
    ):
        segment[start:end] = number
    return segment


@numba.njit(cache=True)
def _hash_all(flat, at):  # type: ignore[no-untyped-def]  # pragma: no cover
    hashes = np.empty(len(at) - 1, np.uint64)
    for p in range(len(at) - 1):
        h = np.uint64(_SEED)
        for i in range(at[p], at[p + 1]):
            h = mix(h, flat[i])
        hashes[p] = h
    return hashes


@numba.njit(cache=True)
def _insert(keys, values, hashes):  # type: ignore[no-untyped-def]  # pragma: no cover
    mask = np.uint64(len(keys) - 1)
    for p in range(len(hashes)):
        slot = hashes[p] & mask
        while values[slot] >= 0 and keys[slot] != hashes[p]:
            slot = (slot + np.uint64(1)) & mask
        if values[slot] < 0:
            keys[slot] = hashes[p]
            values[slot] = p


@numba.njit(cache=True)
def _lookup(keys, values, h):  # type: ignore[no-untyped-def]  # pragma: no cover
    mask = np.uint64(len(keys) - 1)
    slot = h & mask
    while values[slot] >= 0:
        if keys[slot] == h:
            return values[slot]
        slot = (slot + np.uint64(1)) & mask
    return -1


@numba.njit(cache=True)
def _count(words, offsets, group, keys, values, longest, counts):  # type: ignore[no-untyped-def]  # pragma: no cover
    for p in range(len(offsets) - 1):
        for i in range(offsets[p], offsets[p + 1]):
            h = np.uint64(_SEED)
            for j in range(i, min(offsets[p + 1], i + longest)):
                h = mix(h, words[j])
                found = _lookup(keys, values, h)
                if found >= 0:
                    counts[found, group[p]] += 1


@numba.njit(cache=True)
def _find(words, starts, offsets, keys, values, longest, at, length, phrase, store):  # type: ignore[no-untyped-def]  # pragma: no cover
    n = 0
    for p in range(len(offsets) - 1):
        for i in range(offsets[p], offsets[p + 1]):
            h = np.uint64(_SEED)
            for j in range(i, min(offsets[p + 1], i + longest)):
                if j > i and starts[j]:
                    break
                h = mix(h, words[j])
                found = _lookup(keys, values, h)
                if found >= 0:
                    if store:
                        at[n] = i
                        length[n] = j - i + 1
                        phrase[n] = found
                    n += 1
    return n


@numba.njit(cache=True, parallel=True)
def gold_labels(  # type: ignore[no-untyped-def]
    start, length, phrase, segment, s1, s2, o1, o2, spun, original, cand_at, cand_hash, label
):  # pragma: no cover
    """Write each match's label: 0 keep, c + 1 for its candidate c, -1 for "do not train",
    ``NONE_OF_THESE`` for a changed phrase whose original is no candidate.

    ``cand_hash[cand_at[p]:cand_at[p + 1]]`` are the hashed originals of phrase
    ``p``. A match that cuts through a changed phrase is not trained; a longer
    match around changed words that is none of its candidates counts as keep.
    """
    for n in numba.prange(len(start)):
        a, b = start[n], start[n] + length[n]
        label[n] = -1
        good = True
        changed = False
        for t in range(a, b):
            g = segment[t]
            if g == UNKNOWN:
                good = False
            elif g >= 0:
                changed = True
                if s1[g] < a or s2[g] > b:
                    good = False
        if not good:
            continue
        if not changed:
            label[n] = 0
            continue
        h = np.uint64(_SEED)
        t = a
        while t < b:
            g = segment[t]
            if g >= 0:
                for x in range(o1[g], o2[g]):
                    h = mix(h, original[x])
                t = s2[g]
            else:
                h = mix(h, spun[t])
                t += 1
        for c in range(cand_at[phrase[n]], cand_at[phrase[n] + 1]):
            if cand_hash[c] == h:
                label[n] = c - cand_at[phrase[n]] + 1
        if label[n] < 0:
            g = segment[a]
            whole = g >= 0 and s1[g] == a and s2[g] == b
            label[n] = NONE_OF_THESE if whole else 0


def phrase_hashes(phrases: Sequence[tuple[int, ...]]) -> NDArray[np.uint64]:
    """The 64-bit hash of each phrase."""
    flat = np.array([w for p in phrases for w in p], np.int32)
    at = np.concatenate([[0], np.cumsum([len(p) for p in phrases])]).astype(np.int64)
    hashes: NDArray[np.uint64] = _hash_all(flat, at)
    return hashes


__all__ = [
    "KEPT",
    "NONE_OF_THESE",
    "UNKNOWN",
    "PhraseTable",
    "gold_labels",
    "phrase_hashes",
    "token_segments",
]
