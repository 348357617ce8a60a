"""The measures: how much damage is undone, how often an edit is right, what it costs.

All on word tokens, case folded. An edit counts as right when every word it
wrote is the original's, in place: in an alignment of the restored with the
original text (longest common subsequence) its words are matched in one run
that joins on to the words before and after it, as far as those are matched
themselves. A score that is not defined (nothing to divide by) is ``None``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from unspin.diffing import equal_runs, regions, word_distance
from unspin.edits import apply_edits
from unspin.pairs import Pair
from unspin.records import Edit, Explanation, Token, TokenKind
from unspin.restorer import Restorer
from unspin.tokens import tokenize

BINS = 10
PARAGRAPH_WORDS = 40
_PRECISION_AT = (0.5, 0.8, 0.9, 0.95)


@dataclass(slots=True)
class Tally:
    """Sums over documents; the properties are the measures."""

    documents: int = 0
    words: int = 0
    damage: int = 0
    left: int = 0
    edits: int = 0
    right: int = 0
    phrases: int = 0
    restored: int = 0
    untouched: int = 0
    harmful: int = 0
    undetected: int = 0
    unreachable: int = 0
    misranked: int = 0
    confidences: list[tuple[float, bool]] = field(default_factory=list)
    spun_scores: list[float] = field(default_factory=list)
    clean_scores: list[float] = field(default_factory=list)
    clean_words: int = 0
    clean_edits: int = 0
    families_right: int = 0

    @property
    def damage_undone(self) -> float | None:
        """1 - D(restored, original) / D(spun, original)."""
        return 1 - self.left / self.damage if self.damage else None

    @property
    def precision(self) -> float | None:
        """The share of applied edits that are right."""
        return self.right / self.edits if self.edits else None

    @property
    def recall(self) -> float | None:
        """The share of changed phrases that read as the original again."""
        return self.restored / self.phrases if self.phrases else None

    @property
    def f_half(self) -> float | None:
        """F0.5: precision counts twice as much as recall."""
        p, r = self.precision, self.recall
        if p is None or r is None or p + r == 0:
            return None
        return 1.25 * p * r / (0.25 * p + r)

    @property
    def harm(self) -> float | None:
        """Wrong edits that touch words left alone, per 1,000 such words."""
        return 1000 * self.harmful / self.untouched if self.untouched else None

    @property
    def clean_edits_per_10k(self) -> float | None:
        """Edits per 10,000 words of unspun text."""
        return 10_000 * self.clean_edits / self.clean_words if self.clean_words else None

    @property
    def auroc(self) -> float | None:
        """The chance that a spun document scores above a clean one."""
        return auroc(self.spun_scores, self.clean_scores)

    @property
    def calibration_error(self) -> float | None:
        """Expected calibration error over ten equal bins of confidence."""
        return calibration_error(self.confidences)

    def add(self, other: Tally) -> None:
        """Take in another tally's sums."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, mine + theirs)

    def to_dict(self) -> dict[str, Any]:
        """Measures and counts as plain values."""
        counts = {k: v for k, v in asdict(self).items() if isinstance(v, int)}
        measures = {
            name: getattr(self, name)
            for name in (
                "damage_undone", "precision", "recall", "f_half", "harm",
                "clean_edits_per_10k", "auroc", "calibration_error",
            )
        }  # fmt: skip
        at = {f"precision_at_{p}": precision_at(self.confidences, p) for p in _PRECISION_AT}
        return {
            **measures,
            "found_at_1_percent_false": found_at(self.spun_scores, self.clean_scores, 0.01),
            **at,
            **counts,
        }


@dataclass(frozen=True, slots=True)
class Miss:
    """A changed phrase that was not restored, and why."""

    document: str
    cause: str
    spun: str
    original: str
    restored: str
    context: str


def evaluate_pair(restorer: Restorer, pair: Pair, misses: list[Miss] | None = None) -> Tally:
    """The tally of one document, its clean original included."""
    explained = restorer.explain(pair.spun)
    found = explained.restoration
    tokens = tokenize(pair.spun)
    spun = [t.norm for t in tokens]
    original = [t.norm for t in tokenize(pair.original)]
    restored = [t.norm for t in tokenize(found.text)]
    tally = Tally(documents=1, words=sum(t.kind is TokenKind.WORD for t in tokens))
    tally.damage = word_distance(spun, original)
    tally.left = word_distance(restored, original)
    kept = [False] * len(spun)
    for at, _, length in equal_runs(spun, original):
        kept[at : at + length] = [True] * length
    tally.untouched = sum(kept)
    for edit, right in judge(pair.spun, found.edits, original):
        tally.edits += 1
        tally.right += right
        touched = (k for t, k in zip(tokens, kept, strict=True) if _overlap(t, edit))
        tally.harmful += not right and any(touched)
    proposals = sorted([*found.edits, *found.suggestions], key=lambda e: e.start)
    tally.confidences = [
        (edit.confidence, right) for edit, right in judge(pair.spun, proposals, original)
    ]
    _phrases(pair, explained, tokens, original, restored, tally, misses)
    tally.spun_scores = [found.spin_score]
    tally.families_right = int(found.spinner == pair.spinner)
    return tally


def evaluate_clean(restorer: Restorer, text: str) -> Tally:
    """The tally of one unspun text."""
    found = restorer.restore(text)
    words = sum(t.kind is TokenKind.WORD for t in tokenize(text))
    return Tally(clean_scores=[found.spin_score], clean_words=words, clean_edits=len(found.edits))


def judge(text: str, edits: Sequence[Edit], original: Sequence[str]) -> Iterator[tuple[Edit, bool]]:
    """Each edit with whether it is right, all of them applied."""
    restored = apply_edits(text, edits)
    tokens = tokenize(restored)
    place: list[int | None] = [None] * len(tokens)
    for at, there, length in equal_runs([t.norm for t in tokens], original):
        for step in range(length):
            place[at + step] = there + step
    shift = 0
    number = 0
    for edit in edits:
        start = edit.start + shift
        end = start + len(edit.after)
        shift += len(edit.after) - (edit.end - edit.start)
        while number < len(tokens) and tokens[number].end <= start:
            number += 1
        last = number
        while last < len(tokens) and tokens[last].start < end:
            last += 1
        yield edit, _in_place(place, number, last)


def _in_place(place: Sequence[int | None], first: int, last: int) -> bool:
    run = list(place[max(first - 1, 0) : last + 1])
    inner = place[first:last]
    if any(p is None for p in inner):
        return False
    known = [(n, p) for n, p in enumerate(run) if p is not None]
    return all(b[1] - a[1] == b[0] - a[0] for a, b in pairwise(known))


def _overlap(token: Token, edit: Edit) -> bool:
    return token.start < edit.end and edit.start < token.end


def _phrases(
    pair: Pair,
    explained: Explanation,
    tokens: Sequence[Token],
    original: Sequence[str],
    restored: Sequence[str],
    tally: Tally,
    misses: list[Miss] | None,
) -> None:
    """Count the changed phrases, those restored, and why others were not."""
    spun = [t.norm for t in tokens]
    back = {}
    for at, there, length in equal_runs(original, restored):
        for step in range(length):
            back[at + step] = there + step
    edits = explained.restoration.edits
    reach = _Reach(explained)
    for region in regions(original, spun):
        tally.phrases += 1
        places = [back.get(o) for o in range(region.o1, region.o2)]
        whole = [p for p in places if p is not None]
        if len(whole) == len(places) and whole[-1] - whole[0] == len(whole) - 1:
            tally.restored += 1
            continue
        start, end = tokens[region.s1].start, tokens[region.s2 - 1].end
        touching = [e for e in edits if e.start < end and start < e.end]
        target = list(original[region.o1 : region.o2])
        if not touching:
            cause = "undetected"
            tally.undetected += 1
        elif not reach.can(start, end, target):
            cause = "unreachable"
            tally.unreachable += 1
        else:
            cause = "misranked"
            tally.misranked += 1
        if misses is not None:
            misses.append(
                Miss(
                    pair.id,
                    cause,
                    pair.spun[start:end],
                    " ".join(target),
                    "; ".join(f"{e.before} -> {e.after}" for e in touching),
                    pair.spun[max(0, start - 40) : end + 40].replace("\n", " "),
                )
            )


class _Reach:
    """Whether the lattices' arcs can turn a span into given words."""

    def __init__(self, explained: Explanation) -> None:
        self._at: dict[int, tuple[str, int]] = {}
        self._arcs: dict[int, list[tuple[int, list[str]]]] = {}
        for sentence in explained.sentences:
            for token in sentence.tokens:
                self._at[token.start] = (token.norm, token.end)
        self._last = max(self._at, default=-1)
        for lattice in explained.lattices:
            tokens = lattice.sentence.tokens
            for arc in lattice.arcs:
                words = arc.rule.original.split(" ") if arc.rule.original else []
                self._arcs.setdefault(tokens[arc.start].start, []).append(
                    (tokens[arc.end - 1].end, words)
                )

    def can(self, start: int, end: int, target: list[str]) -> bool:
        """Whether some path over ``text[start:end]`` writes ``target``."""
        reached: dict[int, set[int]] = {start: {0}}
        for offset in sorted(o for o in self._at if start <= o < end):
            # The offset of a token equals the end of the one before, spaces aside.
            done = set().union(*(v for k, v in reached.items() if self._next(k) == offset))
            norm, after = self._at[offset]
            for stop, words in [(after, [norm]), *self._arcs.get(offset, [])]:
                for at in done:
                    if stop <= end and target[at : at + len(words)] == words:
                        reached.setdefault(stop, set()).add(at + len(words))
        return len(target) in reached.get(end, set())

    def _next(self, offset: int) -> int:
        while offset not in self._at:
            offset += 1
            if offset > self._last:
                return -1
        return offset


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """The probability that a positive outranks a negative, ties counting half."""
    if not positive or not negative:
        return None
    ranked = sorted([(s, 1) for s in positive] + [(s, 0) for s in negative])
    total = 0.0
    below = 0
    at = 0
    while at < len(ranked):
        tie = at
        ones = 0
        while tie < len(ranked) and ranked[tie][0] == ranked[at][0]:
            ones += ranked[tie][1]
            tie += 1
        zeros = tie - at - ones
        total += ones * (below + zeros / 2)
        below += zeros
        at = tie
    return total / (len(positive) * len(negative))


def found_at(
    positive: Sequence[float], negative: Sequence[float], false_rate: float
) -> float | None:
    """The share of positives above the score that at most ``false_rate`` of negatives exceed."""
    if not positive or not negative:
        return None
    allowed = int(false_rate * len(negative))
    threshold = sorted(negative, reverse=True)[allowed]
    return sum(p > threshold for p in positive) / len(positive)


def calibration_error(confidences: Sequence[tuple[float, bool]]) -> float | None:
    """Mean distance of confidence and share of right edits, over ten bins, by size."""
    if not confidences:
        return None
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, right in confidences:
        bins[min(int(confidence * BINS), BINS - 1)].append((confidence, right))
    gaps = (abs(sum(c for c, _ in part) - sum(r for _, r in part)) for part in bins if part)
    return sum(gaps) / len(confidences)


def precision_at(confidences: Iterable[tuple[float, bool]], least: float) -> float | None:
    """The share of edits of at least this confidence that are right."""
    right = [r for c, r in confidences if c >= least]
    return sum(right) / len(right) if right else None
