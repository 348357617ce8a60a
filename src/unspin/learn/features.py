"""Training of the sparse log-linear ranker: AdaGrad over all matches.

For each occurrence of a spun phrase, a softmax over its candidates and "keep".
Logit = log counts of the channel + sum of hashed feature weights
(:mod:`unspin.rank.hashing` lists them by template number). A first pass tells which
feature of each slot is worth its byte, another learns those alone, from the start:
a second pass over weights already learned, dropout and L2 all lost accuracy in trials.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from unspin.learn.align import Segments
from unspin.learn.feature_table import Table
from unspin.learn.parallel import ParallelText
from unspin.learn.statistics import (
    NONE_OF_THESE,
    PhraseTable,
    gold_labels,
    phrase_hashes,
    token_segments,
)
from unspin.lexicon import SpinLexicon
from unspin.rank.hashing import (
    BOUNDARY,
    CHANNEL_EDGES,
    INDEX_BITS,
    TEMPLATES,
    rate_bin,
    word_hash,
)
from unspin.records import Rule

_LEARNING_RATE = 0.15


@dataclass(frozen=True, slots=True)
class Candidates:
    """The lexicon as arrays: phrase ``p`` has rows ``at[p]:at[p + 1]``.

    ``base`` is the channel odds of each row, ``spun`` and ``original`` are word
    hashes.
    """

    phrases: list[str]
    rows: list[Rule]
    at: NDArray[np.int64]
    base: NDArray[np.float32]
    spun: NDArray[np.uint64]
    original: NDArray[np.uint64]


def candidates(lexicon: SpinLexicon) -> Candidates:
    """The rules of a lexicon grouped by spun phrase, as the runtime orders them."""
    phrases = sorted(p for p in lexicon.phrases() if lexicon.rules(p))
    groups = [lexicon.rules(p) for p in phrases]
    rows = [rule for group in groups for rule in group]
    return Candidates(
        phrases,
        rows,
        np.concatenate([[0], np.cumsum([len(g) for g in groups])]).astype(np.int64),
        np.array([rule.channel for rule in rows], np.float32),
        np.array([word_hash(p) for p in phrases], np.uint64),
        np.array([word_hash(rule.original) for rule in rows], np.uint64),
    )


@dataclass(frozen=True, slots=True)
class Matches:
    """Every occurrence of a spun phrase in a text, with its gold label.

    ``label`` is 0 for keep, c + 1 for candidate c, -1 where nothing is learned.
    """

    start: NDArray[np.int64]
    length: NDArray[np.int8]
    phrase: NDArray[np.int32]
    label: NDArray[np.int8]
    paragraph: NDArray[np.int32]


def find_matches(text: ParallelText, segments: Segments, lexicon: Candidates) -> Matches:
    """All matches of the lexicon in ``text``."""
    number = {word: n for n, word in enumerate(text.vocabulary)}

    def ids(phrase: str) -> tuple[int, ...]:
        # Words that this text lacks get ids no token has.
        return tuple(number.get(w, len(number)) for w in phrase.split(" "))

    table = PhraseTable([ids(p) for p in lexicon.phrases])
    start, length, phrase = table.find(text.spun)
    hashes = phrase_hashes([ids(r.original) for r in lexicon.rows])
    segment = token_segments(len(text.spun.words), segments)
    label = np.full(len(start), -1, np.int8)
    gold_labels(
        start, length, phrase, segment, segments.s1, segments.s2, segments.o1, segments.o2,
        text.spun.words, text.original.words, lexicon.at, hashes, label,
    )  # fmt: skip
    paragraph = (np.searchsorted(text.spun.offsets, start, side="right") - 1).astype(np.int32)
    return Matches(start, length, phrase, label, paragraph)


def document_rates(text: ParallelText, segments: Segments) -> NDArray[np.float64]:
    """The share of each document's spun words that are not the author's."""
    changed = (token_segments(len(text.spun.words), segments) >= 0).astype(np.float64)
    sums = np.add.reduceat(np.append(changed, 0.0), text.spun.offsets[:-1])
    sizes = np.diff(text.spun.offsets)
    sums[sizes == 0] = 0.0
    documents = len(text.spinner)
    return np.bincount(text.document, sums, documents) / np.maximum(
        np.bincount(text.document, sizes, documents), 1
    )


@dataclass(frozen=True, slots=True)
class Hints:
    """What each document's matches are told: its family (0 unknown) and rate bin."""

    family: NDArray[np.int64]
    rate: NDArray[np.int64]


def training_hints(
    text: ParallelText,
    rates: NDArray[np.float64],
    families: list[str],
    seed: int,
    unknown: float = 0.25,
) -> Hints:
    """The truth, blurred: unknown family and rate at times, noise on the rate."""
    rng = np.random.default_rng(seed)
    index = {name: n + 1 for n, name in enumerate(families)}
    family = np.array([index.get(text.spinners[s], 0) for s in text.spinner], np.int64)
    family[rng.random(len(family)) < unknown] = 0
    noisy = rates * np.exp(rng.normal(0.0, 0.25, len(rates)))
    rate = np.array([rate_bin(r) for r in noisy], np.int64)
    rate[rng.random(len(rate)) < 0.125] = rate_bin(None)
    return Hints(family, rate)


def train(
    text: ParallelText,
    lexicon: Candidates,
    matches: Matches,
    hints: Hints,
    documents: NDArray[np.int64],
    bits: int = INDEX_BITS,
) -> tuple[Table, float]:
    """The table learned from ``documents`` in the order given, and the log loss (nats) of a
    match before each was learned.
    """
    every = Table.empty(bits)
    run(text, lexicon, matches, hints, documents, every, training=True)
    table = Table.empty(bits, every.selected())
    del every
    loss, number, _ = run(text, lexicon, matches, hints, documents, table, training=True)
    return table, loss / max(number, 1)


def run(
    text: ParallelText,
    lexicon: Candidates,
    matches: Matches,
    hints: Hints,
    documents: NDArray[np.int64],
    table: Table,
    *,
    training: bool = False,
    store: bool = False,
) -> tuple[float, int, NDArray[np.float32]]:
    """One pass over ``documents`` in the order given, which changes ``table`` in training.

    Returns the summed log loss before each update (nats), the number of
    trained matches, and with ``store`` the logit of every candidate of every
    match of these documents against keep, end to end in match order.
    """
    vocabulary = np.array([word_hash(w) for w in text.vocabulary], np.uint64)
    single = _single(text, lexicon)
    first = np.searchsorted(matches.paragraph, np.arange(len(text.document) + 1))
    paragraph_at = np.searchsorted(text.document, np.arange(len(text.spinner) + 1))
    widths = np.diff(lexicon.at)[matches.phrase]
    at = np.concatenate([[0], np.cumsum(widths)]) if store else np.zeros(1, np.int64)
    out = np.zeros(int(at[-1]) if store else 0, np.float32)
    loss, number = _pass(
        documents, paragraph_at, first,
        matches.start, matches.length.astype(np.int64), matches.phrase, matches.label,
        text.spun.words, text.spun.case, text.spun.starts, text.spun.offsets, vocabulary,
        lexicon.at, lexicon.base, lexicon.spun, lexicon.original, single,
        hints.family, hints.rate, table.weights, table.squares, table.kept, training,
        len(table.weights).bit_length() - 1, at, out, store, CHANNEL_EDGES,
    )  # fmt: skip
    return loss, number, out


def _single(text: ParallelText, lexicon: Candidates) -> NDArray[np.int64]:
    number = {word: n for n, word in enumerate(text.vocabulary)}
    return np.array([number.get(r.original, -1) for r in lexicon.rows], np.int64)


@numba.njit(cache=True)
def _pair(left, right):  # type: ignore[no-untyped-def]  # pragma: no cover
    mixed = (left * np.uint64(0x9E3779B97F4A7C15) + right) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(31))


@numba.njit(cache=True)
def _index(template, left, right, bits):  # type: ignore[no-untyped-def]  # pragma: no cover
    mixed = (left * np.uint64(0x9E3779B97F4A7C15) + right + np.uint64(template)) * np.uint64(
        0xBF58476D1CE4E5B9
    )
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0x94D049BB133111EB)
    return mixed >> np.uint64(64 - bits)


@numba.njit(cache=True)
def fill(row, spun, original, l1, l2, r1, r2, case, known, family, rate, channel, bits):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Write the feature indexes of one arc to ``row``."""
    pair = _pair(spun, original)
    row[0] = _index(0, pair, np.uint64(0), bits)
    row[1] = _index(1, pair, np.uint64(family), bits)
    row[2] = _index(2, pair, l1, bits)
    row[3] = _index(3, pair, r1, bits)
    row[4] = _index(4, pair, np.uint64(case), bits)
    row[5] = _index(5, pair, np.uint64(known), bits)
    row[6] = _index(6, original, _pair(l1, l2), bits)
    row[7] = _index(7, original, _pair(r1, r2), bits)
    row[8] = _index(8, original, _pair(l1, r1), bits)
    row[9] = _index(9, original, l1, bits)
    row[10] = _index(10, original, r1, bits)
    row[11] = _index(11, original, np.uint64(family), bits)
    row[12] = _index(12, np.uint64(family), np.uint64(channel), bits)
    row[13] = _index(13, pair, np.uint64(rate), bits)
    row[14] = _index(14, np.uint64(family), np.uint64(rate * 100 + channel), bits)
    row[15] = _index(15, np.uint64(family), np.uint64(known), bits)
    row[16] = _index(16, np.uint64(family), np.uint64(known * 100 + channel), bits)
    row[17] = _index(17, original, l2, bits)
    row[18] = _index(18, original, r2, bits)
    row[19] = _index(19, pair, _pair(l1, l2), bits)
    row[20] = _index(20, pair, _pair(r1, r2), bits)
    row[21] = _index(21, pair, _pair(l1, r1), bits)


@numba.njit(cache=True)
def _pass(  # type: ignore[no-untyped-def]
    documents, paragraph_at, first, m_start, m_length, m_phrase, m_label,
    words, case, starts, offsets, vocabulary, cand_at, base, spun, original, single,
    family, rate, weights, squares, kept, train, bits, at, out, store, edges,
):  # pragma: no cover # fmt: skip
    boundary = np.uint64(BOUNDARY)
    rows = np.zeros((33, TEMPLATES), np.uint64)
    logits = np.zeros(33, np.float64)
    seen = np.full(len(vocabulary), -1, np.int64)
    loss = 0.0
    number = 0
    for d in documents:
        for p in range(paragraph_at[d], paragraph_at[d + 1]):
            for i in range(offsets[p], offsets[p + 1]):
                seen[words[i]] = d
        for p in range(paragraph_at[d], paragraph_at[d + 1]):
            high = offsets[p + 1]
            for m in range(first[p], first[p + 1]):
                label = m_label[m]
                if label == NONE_OF_THESE:
                    label = -1
                if label < 0 and not store:
                    continue
                a, b = m_start[m], m_start[m] + m_length[m]
                l1 = l2 = r1 = r2 = boundary
                if not starts[a]:
                    l1 = vocabulary[words[a - 1]]
                    if not starts[a - 1]:
                        l2 = vocabulary[words[a - 2]]
                if b < high and not starts[b]:
                    r1 = vocabulary[words[b]]
                    if b + 1 < high and not starts[b + 1]:
                        r2 = vocabulary[words[b + 1]]
                shape = case[a] * 2 + starts[a]
                ph = m_phrase[m]
                c0, k = cand_at[ph], cand_at[ph + 1] - cand_at[ph]
                for c in range(k + 1):
                    if c == 0:
                        target, known, channel = spun[ph], 2, 99
                        logits[0] = 0.0
                    else:
                        r = c0 + c - 1
                        target = original[r]
                        known = 1 if single[r] >= 0 and seen[single[r]] == d else 0
                        channel = np.searchsorted(edges, base[r], side="right")
                        logits[c] = base[r]
                    fill(
                        rows[c], spun[ph], target, l1, l2, r1, r2, shape, known,
                        family[d], rate[d], channel, bits,
                    )  # fmt: skip
                    for t in range(TEMPLATES):
                        logits[c] += weights[rows[c, t]]
                if store:
                    for c in range(k):
                        out[at[m] + c] = logits[c + 1] - logits[0]
                if label < 0:
                    continue
                top = logits[: k + 1].max()
                total = 0.0
                for c in range(k + 1):
                    total += np.exp(logits[c] - top)
                loss += np.log(total) + top - logits[label]
                number += 1
                if not train:
                    continue
                for c in range(k + 1):
                    g = np.exp(logits[c] - top) / total
                    if c == label:
                        g -= 1.0
                    if abs(g) < 1e-4:
                        continue
                    for t in range(TEMPLATES):
                        f = rows[c, t]
                        if kept[f] == 0:
                            continue
                        squares[f] += g * g
                        weights[f] -= _LEARNING_RATE * g / np.sqrt(squares[f])
    return loss, number
