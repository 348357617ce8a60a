"""Technical terms that a spinner took apart and no list knows, in whatever text they stand.

Of what words may have been composed of (:mod:`unspin.composition`) most is chance: a
text on economics has "financial developments" without having been "economic
development". So every composition is weighed by regression trees over how usual its
swaps are, how well the words and the term hang together by two n-gram models, and
how common their words are. Pairs of words that authors write, in 31 million tokens,
are passed over, and words that are a term themselves stand for no other. The few that
are likely enough are read, in their sentences, by the encoder: what it thinks of the words
(P(changed)) counts as well. What is likely then becomes an edit, what is less so a finding.

``training/torn.py`` makes the data file, a numpy archive of ``trees``
(:mod:`unspin.trees`), ``offset`` and ``written``, a bit for each code of a pair of words
(:func:`pair_code`), set where authors write one: one pair in eighty is taken for another.
"""

from __future__ import annotations

import math
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, groupby
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from unspin.composition import Composer, Composition
from unspin.document import logit, sigmoid
from unspin.edits import with_articles, written
from unspin.errors import DataError
from unspin.frequencies import zipf
from unspin.language_model import LanguageModel
from unspin.protect import ProtectedIndex
from unspin.rank.fluency import fluency
from unspin.records import Alternative, Edit, EditKind, Evidence, Finding, Rule, Sentence, Token
from unspin.terms import is_quoted
from unspin.trees import Trees

FEATURES = 22
# Bits of a pair's code.
CODE_BITS = 24
# A composition this likely is pointed at: about one of 10,000 clean words begins one.
LEAST = 0.04
# What a rival costs (nats) where there is none.
_NO_RIVAL = 30.0
# From this on it is proposed as an edit.
_EDIT = 0.35
# With an encoder: what is worth its look, and log odds added for each nat of the highest
# P(changed) of the words and always. Of documented phrases that the encoder was not trained
# on, at equal marks in clean prose, 0.3 nats a nat flags and restores most (0.1 to 0.5 tried).
LEAST_LOOK = 0.02
_CHANGED, _CHANGED_OFFSET = 0.3, 0.4
# No P(changed) counts as surer than this.
_SURE = 0.003

# P(changed) of every token of some sentences, one after the other.
Look = Callable[[Sequence[Sentence]], Sequence[float]]


class TornTerms:
    """What to look for, and what is to be made of it."""

    def __init__(
        self,
        composer: Composer,
        models: Sequence[LanguageModel],
        trees: Trees,
        written_pairs: bytes,
        look: Look | None = None,
    ) -> None:
        """``models`` are the two that the trees were fitted with, ``written_pairs`` the bits.

        ``look`` is the encoder's, where there is one.
        """
        self._composer = composer
        self._models = models
        self._trees = trees
        self._written = written_pairs
        self._look = look
        self._least = LEAST if look is None else LEAST_LOOK
        # What was found in the paragraphs of the text that was last asked about.
        self._seen: dict[tuple[str, ...], list[tuple[Composition, float]]] = {}

    @classmethod
    def read(
        cls,
        path: Path,
        composer: Composer,
        models: Sequence[LanguageModel],
        look: Look | None = None,
    ) -> TornTerms:
        """From a data file.

        Raises:
            DataError: when it is missing or damaged.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                trees = Trees(archive["trees"], float(archive["offset"]), FEATURES)
                written_pairs = archive["written"].tobytes()
                if len(written_pairs) << 3 != 1 << CODE_BITS:
                    raise ValueError("made for other codes of pairs")
                return cls(composer, models, trees, written_pairs, look)
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise DataError(f"model {path} of torn terms cannot be used: {error}") from error

    def may_occur(self, paragraphs: Sequence[Sequence[str]]) -> bool:
        """Whether the norms of some paragraph hold what is worth a look."""
        seen = self._seen = {}
        for norms in paragraphs:
            found = seen[tuple(norms)] = self.likely(norms)
            if found:
                return True
        return False

    def likely(self, norms: Sequence[str]) -> list[tuple[Composition, float]]:
        """The compositions that are likely enough by themselves, with their log odds, best first.

        Of overlapping ones the likeliest words stay, in several readings.
        """
        found = [c for c in self._composer.compositions(norms) if not self.is_written(norms, c)]
        if not found:
            return []
        features = np.array([describe(norms, c, among, self._models) for c, among in rivals(found)])
        odds = self._trees.log_odds(features)
        ranked = sorted(zip(odds.tolist(), found, strict=True), key=lambda x: (-x[0], x[1]))
        result: list[tuple[Composition, float]] = []
        taken: dict[int, tuple[int, int]] = {}
        for value, composition in ranked:
            if value < logit(self._least):
                break
            span = composition.start, composition.end
            if all(taken.get(at, span) == span for at in range(*span)):
                taken.update(dict.fromkeys(range(*span), span))
                result.append((composition, value))
        return result

    def is_written(self, norms: Sequence[str], composition: Composition) -> bool:
        """Whether the words are two that authors write."""
        if composition.end - composition.start != 2:
            return False
        code = pair_code(*norms[composition.start : composition.end])
        return bool(self._written[code >> 3] >> (code & 7) & 1)

    def marks(
        self, text: str, split: Sequence[Sentence], protected: ProtectedIndex
    ) -> tuple[list[Edit], list[Finding]]:
        """The edits and findings of a text, each in order."""
        edits: list[Edit] = []
        findings: list[Finding] = []
        for _, group in groupby(split, key=lambda s: s.paragraph):
            sentences = list(group)
            tokens = [token for sentence in sentences for token in sentence.tokens]
            here: list[Edit] = []
            for edit in self._proposals(text, sentences, tokens):
                if protected.overlaps(edit.start, edit.end) or is_quoted(
                    text, edit.start, edit.end
                ):
                    continue
                if edit.confidence >= _EDIT:
                    here.append(edit)
                    continue
                findings.append(_finding(edit))
            here.sort(key=lambda e: e.start)
            edits.extend(with_articles(text, tokens, here))
        return edits, sorted(findings, key=lambda f: f.start)

    def _proposals(
        self, text: str, sentences: Sequence[Sentence], tokens: Sequence[Token]
    ) -> list[Edit]:
        """An edit for each span of a paragraph, its other readings as alternatives."""
        norms = tuple(token.norm for token in tokens)
        found = self._seen.get(norms)
        if found is None:
            found = self.likely(norms)
        if found and self._look is not None:
            found = read_again(sentences, found, self._look)
        beginnings = {sentence.tokens[0].start for sentence in sentences}
        spans: dict[tuple[int, int], list[tuple[str, Composition, float]]] = {}
        for composition, odds in found:
            probability = round(sigmoid(odds), 4)
            if probability < LEAST:
                continue
            covered = tokens[composition.start : composition.end]
            after = _written(covered, composition, covered[0].start in beginnings)
            span = covered[0].start, covered[-1].end
            spans.setdefault(span, []).append((after, composition, probability))
        return [
            Edit(
                start,
                end,
                text[start:end],
                after,
                probability,
                EditKind.TORTURED,
                Evidence(source="composed", log_channel=round(-composition.cost, 3)),
                tuple(Alternative(other, p) for other, _, p in rest[:3]),
            )
            for (start, end), ((after, composition, probability), *rest) in spans.items()
        ]


def read_again(
    sentences: Sequence[Sentence], found: Sequence[tuple[Composition, float]], look: Look
) -> list[tuple[Composition, float]]:
    """Compositions in a paragraph with the log odds they have once it was read, best first."""
    ends = list(accumulate(len(sentence.tokens) for sentence in sentences))
    read = {
        number
        for c, _ in found
        for number in range(bisect_right(ends, c.start), bisect_right(ends, c.end - 1) + 1)
    }
    places = [at for n in sorted(read) for at in range(ends[n] - len(sentences[n].tokens), ends[n])]
    values = look([sentences[n] for n in sorted(read)])
    changed = dict(zip(places, values, strict=True))
    weighed = [
        (c, with_changed(odds, max(changed[at] for at in range(c.start, c.end))))
        for c, odds in found
    ]
    return sorted(weighed, key=lambda x: (-x[1], x[0]))


def with_changed(odds: float, changed: float) -> float:
    """Log odds of a composition whose words' highest P(changed) is ``changed``."""
    bounded = min(max(changed, _SURE), 1 - _SURE)
    return odds + _CHANGED * logit(bounded) + _CHANGED_OFFSET


def _finding(edit: Edit) -> Finding:
    readings = Alternative(edit.after, edit.confidence), *edit.alternatives
    return Finding(edit.start, edit.end, edit.before, edit.kind, edit.confidence, readings)


def _written(tokens: Sequence[Token], composition: Composition, at_start: bool) -> str:
    spun = " ".join(token.norm for token in tokens)
    original = " ".join(composition.words)
    rule = Rule(spun, original, -composition.cost, EditKind.TORTURED, (), "composed")
    return written(tokens, rule, at_start)


def pair_code(first: str, second: str) -> int:
    """The lowest bits of the CRC-32 of two norms."""
    return zlib.crc32(f"{first} {second}".encode()) & ((1 << CODE_BITS) - 1)


def rivals(
    found: Sequence[Composition],
) -> Iterator[tuple[Composition, tuple[int, float]]]:
    """Each composition with how many the same words have, and what the cheapest other costs."""
    costs: dict[tuple[int, int], list[float]] = {}
    for c in found:
        costs.setdefault((c.start, c.end), []).append(c.cost)
    for values in costs.values():
        values.sort()
    for c in found:
        mine = costs[c.start, c.end]
        other = mine[1:2] if mine[0] == c.cost else mine[:1]
        yield c, (len(mine), other[0] if other else _NO_RIVAL)


def describe(
    norms: Sequence[str],
    composition: Composition,
    among: tuple[int, float],
    models: Sequence[LanguageModel],
) -> list[float]:
    """What the trees look at: ``FEATURES`` numbers.

    The swaps' cost (nats), in all and each, how many there are and of how many units,
    sizes, documented phrases of the term, documented swaps; how many rivals it is ``among`` and
    how much less it costs; for each model the term's fluency in the words' place (nats) and how
    words and term hang together; Zipf frequencies of the words and the term's.
    """
    start, end, _, documented, words, cost, changed, units, listed = composition
    spun = norms[start:end]
    here, there = [zipf(w) for w in spun], [zipf(w) for w in words]
    features = [
        *(cost, cost / changed, changed, units, changed / units),
        *(end - start, len(words), math.log1p(documented), listed),
        *(among[0], among[1] - cost),
    ]
    for model in models:
        features += fluency(model, norms, start, end, [" ".join(words)])
        features += (model.association(spun), model.association(words))
    features += (min(here), max(here), min(there), max(there))
    features.append(sum(there) / len(there) - sum(here) / len(here))
    return features
