"""SpinBot imitated: a word table, and a thesaurus for what the table does not list.

The table is written down by hand (``spinbot.tsv``) and completed with the words of
documented tortured phrases. Real SpinBot replaces three quarters of a page's
content words, each occurrence anew, and takes common words for them.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path

from channels import Channel, respin
from lemminflect import getInflection

from unspin.tokens import phrase_norms

# How much likelier each form is than the next.
_FALL = 1.7
# A word of the tortured table beside one of the hand-written one.
_SHARE = 0.5
_TAGS = {"v": ("VBZ", "VBG", "VBD", "VBN"), "n": ("NNS",)}


def _inflected(phrase: str, part: str, tag: str) -> str | None:
    """A verb phrase inflected by its first word, a noun phrase by its last."""
    words = phrase.split(" ")
    at = 0 if part == "v" else -1
    forms = getInflection(words[at], tag)
    if not forms:
        return None
    words[at] = forms[0]
    return " ".join(words)


def _entries(path: Path) -> Iterator[tuple[str, str, list[str]]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            original, part, spun = line.split("\t")
            yield original, part, spun.split(", ")


def read_table(path: Path) -> dict[str, dict[str, float]]:
    """Original phrase -> spun phrases (in norms) with their shares, which sum to 1."""
    table: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def add(original: str, spun: list[str]) -> None:
        key = " ".join(phrase_norms(original))
        for n, form in enumerate(spun):
            table[key][" ".join(phrase_norms(form))] += _FALL**-n

    listed = {original for original, _, _ in _entries(path)}
    for original, part, spun in _entries(path):
        add(original, spun)
        for tag in _TAGS.get(part, ()):
            form = _inflected(original, part, tag)
            # A form with an entry of its own, or a noun that is plural already.
            if form is None or form in listed or (part == "n" and form == original):
                continue
            swapped = [_inflected(s, part, tag) for s in spun]
            add(form, [s for s in swapped if s is not None])
    return {o: _shares(forms) for o, forms in table.items()}


def _shares(forms: dict[str, float]) -> dict[str, float]:
    total = sum(forms.values())
    return {spun: weight / total for spun, weight in forms.items()}


def _is_likely(original: str, spun: str, count: int) -> bool:
    """Whether a pair of the tortured table is more than a slip of its alignment."""
    words, theirs = len(original.split()), len(spun.split())
    if not any(c.isalpha() for c in original):
        return False
    return words == theirs or (count > 1 and theirs <= words + 1)


class WordTable(Channel):
    """P(spun | original) of the table, and of a thesaurus' words for what it does not list."""

    def __init__(
        self,
        table: dict[str, dict[str, float]],
        tortured: dict[str, Counter[str]],
        neighbour: Callable[[str, random.Random], str | None],
        chance: float = 0.0,
    ) -> None:
        """``neighbour`` is asked for a word of no entry with probability ``chance``."""
        merged = {o: dict(forms) for o, forms in table.items()}
        for original, counts in tortured.items():
            likely = {s: c**0.7 for s, c in counts.items() if _is_likely(original, s, c)}
            if not likely:
                continue
            theirs = _shares(likely)
            share = _SHARE if original in merged else 1.0
            ours = {s: w * (1 - share) for s, w in merged.get(original, {}).items()}
            for spun, weight in theirs.items():
                ours[spun] = ours.get(spun, 0.0) + share * weight
            merged[original] = ours
        super().__init__(merged)
        self._neighbour, self._chance = neighbour, chance

    def with_chance(self, chance: float) -> WordTable:
        """The same table with another chance for words that it does not list."""
        other = copy(self)
        other._chance = chance
        return other

    def draw(self, original: str, rate: float, rng: random.Random) -> str | None:
        """A spun form, or None to leave the phrase alone (also if the table repeats it)."""
        if original not in self._sums:
            listed = " " in original or rng.random() >= self._chance
            return None if listed else self._neighbour(original, rng)
        if rng.random() > rate:
            return None
        spun = super().draw(original, 1.0, rng)
        return None if spun == original else spun

    def longest(self, word: str) -> int:
        """The most words of a phrase that begins with ``word``, at least 1."""
        return max(1, super().longest(word))


def spin_table(text: str, table: WordTable, rng: random.Random) -> str:
    """``text`` as SpinBot might have spun it."""
    return respin(text, table, rng.random() < 0.2, rng.uniform(0.4, 1.0), rng, names=0.8)
