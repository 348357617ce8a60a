"""Known spinners imitated by their learned channel, on text that they never spun.

Each row of ``spin.tsv`` says how often a family turned a phrase into another.
Drawn from left to right, longer phrases first, that gives text like the
family's, with as many new contexts as there is prose.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections import defaultdict
from itertools import accumulate
from pathlib import Path

from unspin.inflect import match_case
from unspin.tokens import tokenize

# Draw once for each form and document (DESIGN: A and K), the others for each occurrence.
_ONCE = frozenset("AK")
# Rarer pairs are alignment noise more often than not.
_MIN_COUNT = 3
_LONGEST = 6


class Channel:
    """P(spun phrase | original phrase) of one family; the rest is "left alone"."""

    def __init__(self, chances: dict[str, dict[str, float]]) -> None:
        """``chances[original][spun]``."""
        self._spun = {o: list(forms) for o, forms in chances.items()}
        self._sums = {o: list(accumulate(forms.values())) for o, forms in chances.items()}
        self._heads: dict[str, int] = defaultdict(int)
        for original in chances:
            words = original.split(" ")
            self._heads[words[0]] = max(self._heads[words[0]], len(words))

    def draw(self, original: str, rate: float, rng: random.Random) -> str | None:
        """A spun form, or None to leave the phrase alone; ``rate`` multiplies the chances."""
        sums = self._sums.get(original)
        if sums is None:
            return None
        at = bisect(sums, rng.random() / rate)
        return self._spun[original][at] if at < len(sums) else None

    def longest(self, word: str) -> int:
        """The most words of a phrase that begins with ``word``; 0 when there is none."""
        return min(self._heads.get(word, 0), _LONGEST)

    def part(self, share: float, rng: random.Random) -> Channel:
        """A channel with a random ``share`` of the original phrases."""
        chosen = {o for o in self._spun if rng.random() < share}
        other = object.__new__(Channel)
        other._spun = {o: self._spun[o] for o in chosen}
        other._sums = {o: self._sums[o] for o in chosen}
        other._heads = self._heads
        return other


def read_channels(path: Path) -> dict[str, Channel]:
    """The channels of every family in a learned lexicon."""
    counts: dict[str, dict[str, list[tuple[str, int]]]] = defaultdict(lambda: defaultdict(list))
    occurrences: dict[str, dict[str, int]] = defaultdict(dict)
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        spun, original, families = line.split("\t")
        if len(original.split(" ")) > _LONGEST:
            continue
        for field in families.split():
            family, numbers = field.split(":")
            aligned, seen = map(int, numbers.split("/"))
            if aligned >= _MIN_COUNT and spun != original:
                counts[family][original].append((spun, aligned))
                occurrences[family][original] = seen
    channels = {}
    for family in sorted(counts):
        chances = {}
        for original, forms in counts[family].items():
            total = max(occurrences[family][original], sum(n for _, n in forms))
            chances[original] = {spun: n / total for spun, n in forms}
        channels[family] = Channel(chances)
    return channels


def respin(
    text: str, channel: Channel, once: bool, rate: float, rng: random.Random, names: float = 0.0
) -> str:
    """``text`` as ``channel`` might have spun it.

    Capitalized words inside sentences are left alone with probability ``names``.
    """
    tokens = tokenize(text)
    memory: dict[str, str | None] = {}
    out: list[str] = []
    done = at = 0
    while at < len(tokens):
        step = 1
        opens = at == 0 or tokens[at - 1].norm in (".", "?", "!")
        if names and not opens and tokens[at].surface[0].isupper() and rng.random() < names:
            at += 1
            continue
        for size in range(min(channel.longest(tokens[at].norm), len(tokens) - at), 0, -1):
            phrase = " ".join(t.norm for t in tokens[at : at + size])
            key = phrase if tokens[at].surface.islower() else phrase.capitalize()
            if once and key in memory:
                spun = memory[key]
            else:
                spun = memory[key] = channel.draw(phrase, rate, rng)
            if spun is not None:
                taken = tokens[at : at + size]
                swapped = match_case([t.surface for t in taken], spun, opens)
                out += text[done : taken[0].start], swapped
                done = taken[-1].end
                step = size
                break
        at += step
    out.append(text[done:])
    return "".join(out)


def imitate(text: str, family: str, channel: Channel, rng: random.Random) -> str:
    """``text`` in the manner of a known family."""
    rate = rng.uniform(0.6, 1.4) if family == "J" else 1.0
    return respin(text, channel, family in _ONCE, rate, rng)


def strange(text: str, channels: dict[str, Channel], rng: random.Random) -> str:
    """``text`` spun with a part of some family's phrases: a spinner that shares its list."""
    channel = channels[rng.choice(sorted(channels))].part(rng.uniform(0.1, 0.6), rng)
    return respin(text, channel, rng.random() < 0.5, rng.uniform(0.7, 3.0), rng)
