"""The spin lexicon estimated from aligned parallel text.

For a spun phrase ``s`` and an original ``o`` of family ``f``

    P(s | o, f) = c_f(s, o) / n_f(o)

where ``c`` counts aligned pairs and ``n`` how often the original side has
``o``, so the rest of the mass is "left alone" and other spun forms. Rows keep
``c`` and ``n`` per family; the row of a phrase with itself keeps how often it
was left alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unspin.learn.align import Segments
from unspin.learn.parallel import ParallelText
from unspin.learn.statistics import KEPT, PhraseTable, token_segments
from unspin.lexicon import HEADER

# Pairs seen less often are mostly misalignments.
MIN_COUNT = 2
MAX_CANDIDATES = 24
_PHRASE = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*(?: (?:[^\W\d_]+(?:'[^\W\d_]+)*|-|'s))*")


@dataclass(frozen=True, slots=True)
class LearnedRow:
    """A spun phrase, an original and their counts.

    ``families`` maps a family to (times aligned, times the original occurred);
    in the row of a phrase with itself the first number is "left alone".
    """

    spun: str
    original: str
    families: dict[str, tuple[int, int]]

    @property
    def count(self) -> int:
        """Times aligned in all families."""
        return sum(c for c, _ in self.families.values())


def learn_rows(
    text: ParallelText,
    segments: Segments,
    exclude: Collection[str] = (),
    min_count: int = MIN_COUNT,
) -> list[LearnedRow]:
    """The lexicon rows of ``text``, sorted by (spun, original).

    Families in ``exclude`` are counted in none of them.
    """
    words = text.vocabulary
    family_of = text.spinner[text.document]
    pairs: dict[tuple[tuple[int, ...], tuple[int, ...]], dict[int, int]] = defaultdict(dict)
    spun_words, original_words = text.spun.words.tolist(), text.original.words.tolist()
    paragraph = np.searchsorted(text.spun.offsets, segments.s1, side="right") - 1
    skipped = {text.spinners.index(f) for f in exclude if f in text.spinners}
    for s1, s2, o1, o2, family in zip(
        segments.s1.tolist(),
        segments.s2.tolist(),
        segments.o1.tolist(),
        segments.o2.tolist(),
        family_of[paragraph].tolist(),
        strict=True,
    ):
        if family not in skipped:
            counts = pairs[tuple(spun_words[s1:s2]), tuple(original_words[o1:o2])]
            counts[family] = counts.get(family, 0) + 1
    totals = {pair: sum(counts.values()) for pair, counts in pairs.items()}
    by_spun: dict[tuple[int, ...], list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
    for (spun, original), total in totals.items():
        if (
            total >= min_count
            and spun != original
            and _is_phrase(words, spun)
            and _is_phrase(words, original)
            and totals.get(_core(spun, original), 0) < total
        ):
            by_spun[spun].append((total, original))
    phrases = sorted(by_spun)
    originals = sorted({o for rows in by_spun.values() for _, o in rows} | set(phrases))
    occurrences = PhraseTable(originals).count(
        text.original, family_of, len(text.spinners), len(originals)
    )
    number = {phrase: n for n, phrase in enumerate(originals)}
    left = _left_alone(text, segments, phrases, family_of)
    rows = []
    for n, spun in enumerate(phrases):
        best = sorted(by_spun[spun], key=lambda row: (-row[0], row[1]))[:MAX_CANDIDATES]
        alone = dict(enumerate(left[n].tolist()))
        rows.append(_row(text, spun, spun, alone, occurrences[number[spun]], skipped))
        for _, original in best:
            rows.append(
                _row(
                    text,
                    spun,
                    original,
                    pairs[spun, original],
                    occurrences[number[original]],
                    skipped,
                )
            )
    return sorted(rows, key=lambda row: (row.spun, row.original))


def _core(
    spun: tuple[int, ...], original: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The pair without equal words at its ends, which add nothing to the shorter row."""
    begin = 0
    while begin < min(len(spun), len(original)) - 1 and spun[begin] == original[begin]:
        begin += 1
    end = 0
    while end < min(len(spun), len(original)) - begin - 1 and spun[-1 - end] == original[-1 - end]:
        end += 1
    core = spun[begin : len(spun) - end], original[begin : len(original) - end]
    return core if begin or end else ((), ())


def _left_alone(
    text: ParallelText,
    segments: Segments,
    phrases: list[tuple[int, ...]],
    family_of: NDArray[np.int32],
) -> NDArray[np.int64]:
    """Occurrences of each phrase by family in which no word was changed."""
    start, length, phrase = PhraseTable(phrases).find(text.spun)
    segment = token_segments(len(text.spun.words), segments)
    changed = np.concatenate([[0], np.cumsum(segment != KEPT)])
    alone = changed[start + length] == changed[start]
    paragraph = np.searchsorted(text.spun.offsets, start[alone], side="right") - 1
    flat = phrase[alone].astype(np.int64) * len(text.spinners) + family_of[paragraph]
    counts = np.bincount(flat, minlength=len(phrases) * len(text.spinners))
    return counts.reshape(len(phrases), len(text.spinners)).astype(np.int64)


def _row(
    text: ParallelText,
    spun: tuple[int, ...],
    original: tuple[int, ...],
    counts: dict[int, int],
    occurrences: NDArray[np.int64],
    skipped: set[int],
) -> LearnedRow:
    families = {}
    for family, name in enumerate(text.spinners):
        count = counts.get(family, 0)
        if family not in skipped and (count or (spun == original and occurrences[family])):
            families[name] = (count, max(count, int(occurrences[family])))
    join = text.vocabulary
    return LearnedRow(
        " ".join(join[w] for w in spun),
        " ".join(join[w] for w in original),
        dict(sorted(families.items())),
    )


def _is_phrase(words: list[str], phrase: tuple[int, ...]) -> bool:
    return _PHRASE.fullmatch(" ".join(words[w] for w in phrase)) is not None


def write_lexicon(rows: list[LearnedRow], path: Path, notes: list[str]) -> None:
    """Write rows as a lexicon file; ``notes`` become comment lines."""
    lines = [HEADER, *(f"# {note}" for note in notes), "# columns: spun\toriginal\tfamilies"]
    for row in rows:
        families = " ".join(f"{name}:{c}/{n}" for name, (c, n) in row.families.items() if c)
        lines.append(f"{row.spun}\t{row.original}\t{families}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
