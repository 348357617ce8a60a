"""Clean prose with documented tortured phrases in it: terms taken apart, all else as it was.

Terms that occur in the text are replaced, and others are put in place of two
words, in the original too, so that every documented phrase is shown in several
sentences.
"""

from __future__ import annotations

import random
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

# Two words in whose place a noun phrase may stand.
_PLACE = re.compile(
    r"\b(?:of|in|on|by|for|and|the|with|from|into|using|about) ([a-z]{3,} [a-z]{3,})\b(?!['’-])"
)
# Terms planted as they are, lest the place give the tortured ones away.
_PLAIN = 0.3
_SMALL = frozenset("a an the and or of in on for to with that this these his her its their".split())
# One documented phrase in five is kept for measuring.
_HELD = 5


def is_held(spun: str) -> bool:
    """Whether a documented phrase is never planted."""
    return zlib.crc32(spun.encode()) % _HELD == 0


def documented(path: Path) -> Iterator[tuple[str, str]]:
    """The tortured phrases of a list and what they stand for, without its remarks."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#") and "\t" in line:
            spun, original = line.split("\t")[:2]
            yield spun, " ".join(re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", original).split())


class Planter:
    """The documented phrases by what they stand for."""

    def __init__(self, path: Path) -> None:
        self._forms: dict[str, list[str]] = defaultdict(list)
        for spun, original in documented(path):
            plain = re.fullmatch(r"[a-z' -]+", original) and re.fullmatch(r"[a-z' -]+", spun)
            if plain and " " in original and spun != original and not is_held(spun):
                self._forms[original].append(spun)
        self._terms = sorted(self._forms)
        longest_first = sorted(self._terms, key=len, reverse=True)
        self._known = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")

    def plant(self, text: str, rng: random.Random) -> tuple[str, str]:
        """(original, spun) of a text."""
        often, new = rng.uniform(0.2, 1.0), rng.uniform(0.1, 1.0)
        original: list[str] = []
        spun: list[str] = []
        done = 0
        places = [(m.start(), m.end(), m.group()) for m in self._known.finditer(text)]
        places += [
            (*m.span(1), "")
            for m in _PLACE.finditer(text)
            if rng.random() < new and not _SMALL & set(m[1].split())
        ]
        for start, end, term in sorted(places):
            if start < done or (term and rng.random() > often):
                continue
            kept = text[done:start]
            plain = not term and rng.random() < _PLAIN
            term = term or rng.choice(self._terms)
            original += kept, term
            spun += kept, term if plain else rng.choice(self._forms[term])
            done = end
        return "".join([*original, text[done:]]), "".join([*spun, text[done:]])
