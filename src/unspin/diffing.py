"""Where two token sequences differ (longest common subsequence)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel, Levenshtein


@dataclass(frozen=True, slots=True)
class Region:
    """Original tokens ``o1:o2`` stand where the spun text has ``s1:s2``."""

    o1: int
    o2: int
    s1: int
    s2: int


def word_distance(one: Sequence[Hashable], two: Sequence[Hashable]) -> int:
    """The word edit distance: insertions, deletions and substitutions."""
    return Levenshtein.distance(one, two)


def equal_runs(one: Sequence[Hashable], two: Sequence[Hashable]) -> list[tuple[int, int, int]]:
    """The (start in ``one``, start in ``two``, length) of runs that both have."""
    return [
        (op.src_start, op.dest_start, op.src_end - op.src_start)
        for op in Indel.opcodes(one, two)
        if op.tag == "equal"
    ]


def regions(original: Sequence[Hashable], spun: Sequence[Hashable]) -> list[Region]:
    """The differing regions of two token sequences, none empty on either side.

    A pure insertion or deletion takes in the equal word on each side, so that
    there is a phrase to restore it from, and joins a neighbour one word away.
    """
    found: list[list[int]] = []
    for op in Indel.opcodes(original, spun):
        if op.tag == "equal":
            continue
        if found and found[-1][1] == op.src_start and found[-1][3] == op.dest_start:
            found[-1][1], found[-1][3] = op.src_end, op.dest_end
        else:
            found.append([op.src_start, op.src_end, op.dest_start, op.dest_end])
    merged: list[list[int]] = []
    for region in found:
        if merged and (_empty(merged[-1]) or _empty(region)) and region[0] - merged[-1][1] <= 1:
            merged[-1][1], merged[-1][3] = region[1], region[3]
        else:
            merged.append(region)
    result = []
    for number, (o1, o2, s1, s2) in enumerate(merged):
        if o1 == o2 or s1 == s2:
            before = merged[number - 1] if number else [0, 0, 0, 0]
            if o1 > before[1] and s1 > before[3]:
                o1, s1 = o1 - 1, s1 - 1
            after = merged[number + 1] if number + 1 < len(merged) else None
            o_limit, s_limit = (after[0], after[2]) if after else (len(original), len(spun))
            if o2 < o_limit and s2 < s_limit:
                o2, s2 = o2 + 1, s2 + 1
            merged[number] = [o1, o2, s1, s2]
        if o1 < o2 and s1 < s2:
            result.append(Region(o1, o2, s1, s2))
    return result


def _empty(region: list[int]) -> bool:
    return region[0] == region[1] or region[2] == region[3]
