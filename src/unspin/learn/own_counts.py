"""The lexicon as it would be without a document that it was learned from.

A document of train added to the counts by which its restoration is ranked: of a
rare pair it may be all the evidence there is. Whoever learns from such counts
comes to trust them too much, so the document's own are taken out again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from unspin.learn.lexicon import MIN_COUNT
from unspin.lexicon import SpinLexicon, channel_odds
from unspin.records import Rule

LEARNED = "learned"
# Stands where a word was changed; no token is a line feed.
_CHANGED = "\n"


class WithoutOwn(SpinLexicon):
    """A lexicon without what one document, spun by ``family``, taught it."""

    def __init__(
        self,
        lexicon: SpinLexicon,
        family: str,
        spun: Sequence[str],
        original: Sequence[str],
        changes: Sequence[Sequence[int]],
    ) -> None:
        """``spun`` and ``original`` are the document's norms, ``changes`` the aligned
        (spun start, spun end, original start, original end).
        """
        super().__init__((), lexicon.digest)
        self._lexicon = lexicon
        self._family = family
        self._original = _line(original)
        kept = list(spun)
        self._pairs: Counter[tuple[str, str]] = Counter()
        for s1, s2, o1, o2 in changes:
            self._pairs[" ".join(spun[s1:s2]), " ".join(original[o1:o2])] += 1
            kept[s1:s2] = [_CHANGED] * (s2 - s1)
        self._kept = _line(kept)

    def matches(self, norms: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """As the lexicon has them."""
        return self._lexicon.matches(norms)

    def forbids(self, norms: Sequence[str], start: int, end: int, original: str) -> bool:
        """As the lexicon does."""
        return self._lexicon.forbids(norms, start, end, original)

    def rules(self, spun: str) -> tuple[Rule, ...]:
        """The rows that the other documents would have taught, with their counts."""
        found = self._rules.get(spun)
        if found is None:
            rules = [self._without(rule) for rule in self._lexicon.rules(spun)]
            kept = [rule for rule in rules if rule is not None]
            kept.sort(key=lambda rule: (-rule.channel, rule.original))
            found = self._rules[spun] = tuple(kept)
        return found

    def _without(self, rule: Rule) -> Rule | None:
        counts = {family: (c, n) for family, c, n in rule.families}
        if rule.source != LEARNED or self._family not in counts:
            return rule
        before = sum(c for c, _ in counts.values())
        aligned, occurrences = counts[self._family]
        aligned = max(aligned - self._pairs[rule.spun, rule.original], 0)
        occurrences = max(occurrences - _times(rule.original, self._original), aligned)
        counts[self._family] = aligned, occurrences
        families = tuple((family, c, n) for family, (c, n) in counts.items() if c)
        after = sum(c for _, c, _ in families)
        if after < min(before, MIN_COUNT):
            return None
        # How often the phrase was left alone follows from the odds.
        alone = (before + 0.5) / math.exp(rule.channel) - 1.0
        alone = max(alone - _times(rule.spun, self._kept), 0.0)
        return rule._replace(channel=channel_odds(after, alone), families=families)


def _line(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def _times(phrase: str, line: str) -> int:
    return line.count(f" {phrase} ")
