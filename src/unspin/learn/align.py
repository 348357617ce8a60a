"""Spun phrases aligned with what the author wrote, learned from parallel text.

A word diff (longest common subsequence) leaves blocks in which both sides
differ. Adjacent replacements share a block, so each block is cut into phrase
pairs by a monotone joint phrase model trained with EM over all blocks:

    P(block) = sum over segmentations of product of P(spun phrase, original phrase)

A block's own contribution is left out of the counts that score it; otherwise
the model explains every block best by memorizing it whole (the degenerate
solution of phrase EM; DeNero et al. 2006, "Why generative phrase models
underperform surface heuristics"). Words equal on both sides inside a block may
stay as identity pairs, scored by how often the word is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from unspin.diffing import regions
from unspin.learn.parallel import ParallelText

MAX_PHRASE = 6
# Longer blocks are rewritten or misaligned sentences, not synonyms.
_MAX_BLOCK = 16
# Weight of an unseen pair: one pseudo-count times this per word on either side.
_UNSEEN = 1e-3
_ITERATIONS = 5


@dataclass(frozen=True, slots=True)
class Blocks:
    """All differing blocks: the distinct ones and every place they occur.

    Distinct block ``b`` has original words ``original[o_at[b]:o_at[b + 1]]`` and
    spun words likewise. Occurrence ``n`` is block ``which[n]`` at token
    ``o_start[n]`` and ``s_start[n]`` of the whole original and spun side.
    ``kept[w]`` counts word ``w`` where it was left alone.
    """

    original: NDArray[np.int32]
    o_at: NDArray[np.int64]
    spun: NDArray[np.int32]
    s_at: NDArray[np.int64]
    times: NDArray[np.int32]
    which: NDArray[np.int32]
    o_start: NDArray[np.int64]
    s_start: NDArray[np.int64]
    kept: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Segments:
    """Changed phrases of the whole text: spun tokens ``s1:s2`` were ``o1:o2``.

    Sorted by ``s1``, disjoint, global token offsets. ``unaligned`` has a row of
    (start, end) for each block of spun tokens too long to be aligned.
    """

    s1: NDArray[np.int64]
    s2: NDArray[np.int64]
    o1: NDArray[np.int64]
    o2: NDArray[np.int64]
    unaligned: NDArray[np.int64]


def blocks(text: ParallelText) -> Blocks:
    """The differing blocks of all paragraphs."""
    distinct: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    times: list[int] = []
    which: list[int] = []
    o_start: list[int] = []
    s_start: list[int] = []
    kept = np.bincount(text.original.words, minlength=len(text.vocabulary)).astype(np.int64)
    for p in range(len(text.document)):
        o_base, o_end = int(text.original.offsets[p]), int(text.original.offsets[p + 1])
        s_base, s_end = int(text.spun.offsets[p]), int(text.spun.offsets[p + 1])
        original = text.original.words[o_base:o_end].tolist()
        spun = text.spun.words[s_base:s_end].tolist()
        if original == spun:
            continue
        for r in regions(original, spun):
            o, s = tuple(original[r.o1 : r.o2]), tuple(spun[r.s1 : r.s2])
            for word in o:
                kept[word] -= 1
            key = (o, s)
            number = distinct.get(key)
            if number is None:
                number = distinct[key] = len(times)
                times.append(0)
            times[number] += 1
            which.append(number)
            o_start.append(o_base + r.o1)
            s_start.append(s_base + r.s1)
    return Blocks(
        np.array([w for o, _ in distinct for w in o], np.int32),
        np.cumsum([0, *(len(o) for o, _ in distinct)]),
        np.array([w for _, s in distinct for w in s], np.int32),
        np.cumsum([0, *(len(s) for _, s in distinct)]),
        np.array(times, np.int32),
        np.array(which, np.int32),
        np.array(o_start, np.int64),
        np.array(s_start, np.int64),
        kept,
    )


def align(text: ParallelText, iterations: int = _ITERATIONS) -> Segments:
    """The changed phrases of ``text`` under the phrase model trained on it."""
    found = blocks(text)
    at = _count_pairs(found.o_at, found.s_at)
    keys = np.empty(at[-1], np.uint64)
    lengths = np.empty(at[-1], np.int8)
    identity = np.empty(at[-1], np.int32)
    _pair_keys(found.original, found.o_at, found.spun, found.s_at, at, keys, lengths, identity)
    _, pair = np.unique(keys, return_inverse=True)
    del keys
    pair = pair.astype(np.int32)
    counts = np.zeros(int(pair.max(initial=-1)) + 1, np.float64)
    own = np.zeros(at[-1], np.float32)
    fixed = np.where(identity >= 0, found.kept[identity], 0).astype(np.float32)
    total = float(text.original.words.size)
    base = (_UNSEEN ** lengths.astype(np.float64)).astype(np.float32)
    for _ in range(iterations):
        _expect(found.o_at, found.s_at, found.times, at, pair, base, fixed, total, counts, own)
        counts[:] = np.bincount(pair, weights=own, minlength=len(counts))
    return _segments(
        found, *_best(found.o_at, found.s_at, at, pair, base, fixed, total, counts, own)
    )


def _segments(found: Blocks, cuts: NDArray[np.int8], cut_at: NDArray[np.int64]) -> Segments:
    s1: list[int] = []
    s2: list[int] = []
    o1: list[int] = []
    o2: list[int] = []
    unaligned: list[tuple[int, int]] = []
    for which, o_start, s_start in zip(
        found.which.tolist(), found.o_start.tolist(), found.s_start.tolist(), strict=True
    ):
        cut = cuts[cut_at[which] : cut_at[which + 1]].tolist()
        if not cut:
            length = int(found.s_at[which + 1] - found.s_at[which])
            unaligned.append((s_start, s_start + length))
        for i, k, j, m in cut:
            o1.append(o_start + i)
            o2.append(o_start + k)
            s1.append(s_start + j)
            s2.append(s_start + m)
    return Segments(
        np.array(s1, np.int64),
        np.array(s2, np.int64),
        np.array(o1, np.int64),
        np.array(o2, np.int64),
        np.array(unaligned, np.int64).reshape(-1, 2),
    )


@numba.njit(cache=True)
def _allowed(i: int, k: int, j: int, m: int, n_o: int, n_s: int) -> bool:  # pragma: no cover
    """Whether original ``i:k`` with spun ``j:m`` can be part of a segmentation."""
    if (i == 0) != (j == 0) or (k == n_o) != (m == n_s):
        return False
    return abs((k - i) - (m - j)) <= 4


@numba.njit(cache=True)
def _count_pairs(o_at, s_at):  # type: ignore[no-untyped-def]  # pragma: no cover
    at = np.zeros(len(o_at), np.int64)
    for b in range(len(o_at) - 1):
        n_o, n_s = o_at[b + 1] - o_at[b], s_at[b + 1] - s_at[b]
        number = 0
        if n_o <= _MAX_BLOCK and n_s <= _MAX_BLOCK:
            for i in range(n_o):
                for k in range(i + 1, min(n_o, i + MAX_PHRASE) + 1):
                    for j in range(n_s):
                        for m in range(j + 1, min(n_s, j + MAX_PHRASE) + 1):
                            if _allowed(i, k, j, m, n_o, n_s):
                                number += 1
        at[b + 1] = at[b] + number
    return at


@numba.njit(cache=True)
def _pair_keys(original, o_at, spun, s_at, at, keys, lengths, identity):  # type: ignore[no-untyped-def]  # pragma: no cover
    for b in range(len(o_at) - 1):
        if at[b] == at[b + 1]:
            continue
        n_o, n_s = o_at[b + 1] - o_at[b], s_at[b + 1] - s_at[b]
        t = at[b]
        for i in range(n_o):
            o_hash = np.uint64(1469598103934665603)
            for k in range(i + 1, min(n_o, i + MAX_PHRASE) + 1):
                o_hash = mix(o_hash, original[o_at[b] + k - 1])
                for j in range(n_s):
                    s_hash = o_hash ^ np.uint64(0x9E3779B97F4A7C15)
                    for m in range(j + 1, min(n_s, j + MAX_PHRASE) + 1):
                        s_hash = mix(s_hash, spun[s_at[b] + m - 1])
                        if _allowed(i, k, j, m, n_o, n_s):
                            keys[t] = s_hash
                            lengths[t] = (k - i) + (m - j)
                            same = k == i + 1 and m == j + 1
                            word = original[o_at[b] + i]
                            identity[t] = word if same and word == spun[s_at[b] + j] else -1
                            t += 1


@numba.njit(cache=True)
def mix(h, word):  # type: ignore[no-untyped-def]  # pragma: no cover
    """One step of the phrase hash."""
    h ^= np.uint64(word + 1)
    h *= np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(29)
    h *= np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(32))


@numba.njit(cache=True)
def _weight(t, pair, base, fixed, total, counts, own):  # type: ignore[no-untyped-def]  # pragma: no cover
    return (max(counts[pair[t]] - own[t], 0.0) + base[t] + fixed[t]) / total


@numba.njit(cache=True, parallel=True)
def _expect(o_at, s_at, times, at, pair, base, fixed, total, counts, own):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Write each pair's expected count in its block to ``own`` (forward-backward)."""
    for b in numba.prange(len(o_at) - 1):
        if at[b] == at[b + 1]:
            continue
        n_o, n_s = o_at[b + 1] - o_at[b], s_at[b + 1] - s_at[b]
        width = n_s + 1
        forward = np.zeros((n_o + 1) * width, np.float64)
        backward = np.zeros((n_o + 1) * width, np.float64)
        weights = np.empty(at[b + 1] - at[b], np.float64)
        start = np.empty(len(weights), np.int32)
        end = np.empty(len(weights), np.int32)
        t = 0
        for i in range(n_o):
            for k in range(i + 1, min(n_o, i + MAX_PHRASE) + 1):
                for j in range(n_s):
                    for m in range(j + 1, min(n_s, j + MAX_PHRASE) + 1):
                        if _allowed(i, k, j, m, n_o, n_s):
                            weights[t] = _weight(at[b] + t, pair, base, fixed, total, counts, own)
                            start[t] = i * width + j
                            end[t] = k * width + m
                            t += 1
        # Pairs are listed by original start, so one sweep each way is in order.
        forward[0] = 1.0
        for t in range(len(weights)):
            forward[end[t]] += forward[start[t]] * weights[t]
        backward[n_o * width + n_s] = 1.0
        for t in range(len(weights) - 1, -1, -1):
            backward[start[t]] += backward[end[t]] * weights[t]
        norm = forward[n_o * width + n_s]
        for t in range(len(weights)):
            share = 0.0
            if norm > 0.0:
                share = forward[start[t]] * weights[t] * backward[end[t]] / norm
            own[at[b] + t] = times[b] * share if fixed[at[b] + t] == 0 else 0.0


@numba.njit(cache=True)
def _best(o_at, s_at, at, pair, base, fixed, total, counts, own):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The best segmentation of each block without its identity pairs (Viterbi)."""
    cuts = []
    cut_at = np.zeros(len(o_at), np.int64)
    for b in range(len(o_at) - 1):
        cut_at[b + 1] = cut_at[b]
        if at[b] == at[b + 1]:
            continue
        n_o, n_s = o_at[b + 1] - o_at[b], s_at[b + 1] - s_at[b]
        width = n_s + 1
        score = np.full((n_o + 1) * width, -1.0, np.float64)
        back = np.full((n_o + 1) * width, -1, np.int64)
        came = np.zeros((n_o + 1) * width, np.int32)
        same = np.zeros((n_o + 1) * width, np.bool_)
        score[0] = 1.0
        t = at[b]
        for i in range(n_o):
            for k in range(i + 1, min(n_o, i + MAX_PHRASE) + 1):
                for j in range(n_s):
                    for m in range(j + 1, min(n_s, j + MAX_PHRASE) + 1):
                        if not _allowed(i, k, j, m, n_o, n_s):
                            continue
                        here, there = i * width + j, k * width + m
                        value = score[here] * _weight(t, pair, base, fixed, total, counts, own)
                        if score[here] > 0.0 and value > score[there]:
                            score[there] = value
                            back[there] = t
                            came[there] = here
                            same[there] = fixed[t] > 0
                        t += 1
        node = n_o * width + n_s
        if back[node] < 0:
            continue
        path = []
        while node > 0:
            previous = came[node]
            if not same[node]:
                path.append((previous // width, node // width, previous % width, node % width))
            node = previous
        for step in path[::-1]:
            cuts.append(step)
            cut_at[b + 1] += 1
    table = np.empty((len(cuts), 4), np.int8)
    for n in range(len(cuts)):
        for c in range(4):
            table[n, c] = cuts[n][c]
    return table, cut_at
