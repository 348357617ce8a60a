"""Open vocabulary: what an author may have written where a spinner left a word.

The data file is made from WordNet and Moby by ``python -m unspin.learn.thesaurus``.
It holds base forms; the inflection of the spun word is put on its candidates
here. Format: a compressed numpy archive of plain arrays,

- ``words``: the words that can be originals, commonest first, joined by line
  feeds (UTF-8 bytes), and ``zipf``, their Zipf frequencies times 32 (uint8);
- ``keys``: what may stand for them, words and phrases, joined by line feeds,
  and ``sizes``, how many neighbours each has (uint8);
- ``low``, ``high``: the low and high byte of each neighbour's number in
  ``words``, as the difference to the neighbour before it, all keys end to end;
- ``relations``: one byte a neighbour, see :func:`pack`.
"""

from __future__ import annotations

import bisect
import itertools
import math
import zlib
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from unspin.errors import DataError
from unspin.wordforms import inflections, lemmas

FORMAT = 2
MAX_CANDIDATES = 60
MAX_WORDS = 3
_MOST_KEPT = 4096
_ARRAYS = ("format", "words", "zipf", "keys", "sizes", "low", "high", "relations")
# What numpy and zipfile raise for files that are no archive of arrays.
_DAMAGE = (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile, zlib.error)
_TAGS = {
    "VERB": ("VB", "VBD", "VBG", "VBN", "VBZ"),
    "NOUN": ("NN", "NNS"),
    "ADJ": ("JJ", "JJR", "JJS"),
    "ADV": ("RB", "RBR", "RBS"),
}
_BASE = frozenset({"", "VB", "NN", "JJ", "RB"})


class WordNet(IntEnum):
    """How WordNet relates two words, the closest relation when there are several."""

    NONE = 0
    SYNONYM = 1  # a sense in common
    SIMILAR = 2  # similar adjectives, verbs of one group, "see also"
    HYPERNYM = 3  # one step more or less general
    DERIVED = 4  # derivation, pertainym, attribute, cause, entailment
    SISTER = 5  # another kind of the same thing


class Moby(IntEnum):
    """Which of two words lists the other in Moby."""

    NONE = 0
    FORWARD = 1  # the original lists the spun word
    BACKWARD = 2  # the spun word lists the original
    BOTH = 3


# The prior in nats: a conditional logit of the original among all neighbours,
# fitted on one-word swaps of spinners T, K, J and M (training part) and of the
# documented tortured phrases.
_PER_ZIPF = 1.54
_COMMON = 5.5  # Zipf; above it frequency counts for less
_PER_COMMON_ZIPF = _PER_ZIPF - 1.02
_WORDNET = (0.0, 2.33, 2.0, 1.8, 1.07, 0.5)
_MOBY = (0.0, 1.24, 1.56, 1.44)
_DIRECT = 0.6
_PER_SIMILARITY = 4.0
# Similarities are stored as one of four: the middles of the steps between these.
_STEPS = (0.08, 0.2, 0.35)
_MIDDLES = (0.04, 0.13, 0.26, 0.45)


class Candidate(NamedTuple):
    """A word that may be the original.

    ``text`` is ``lemma`` in the form that ``tag`` (Penn Treebank; empty where
    nothing is inflected) asks for. ``similarity`` is the share of thesaurus
    entries that the two words have in common (0 to 1, the cosine of their rows
    in Moby); with neither ``wordnet`` nor ``moby`` it is all there is: a second
    hop. ``log_prior`` is the natural log of the probability that this is the
    original, all candidates of the word summing to one, before any context.
    """

    text: str
    lemma: str
    tag: str
    wordnet: WordNet
    moby: Moby
    similarity: float
    zipf: float
    log_prior: float

    @property
    def sources(self) -> str:
        """Where it comes from, for people: ``wordnet:synonym moby:both``."""
        parts = [f"wordnet:{self.wordnet.name.lower()}"] if self.wordnet else []
        parts += [f"moby:{self.moby.name.lower()}"] if self.moby else []
        return " ".join(parts) or "moby:second-hop"


def pack(wordnet: int, moby: int, similarity: float) -> int:
    """The byte that describes a neighbour.

    >>> unpack(pack(WordNet.SYNONYM, Moby.BOTH, 0.3))
    (<WordNet.SYNONYM: 1>, <Moby.BOTH: 3>, 0.26)
    """
    return (wordnet * 4 + moby) * len(_MIDDLES) + bisect.bisect_right(_STEPS, similarity)


@lru_cache(maxsize=256)
def unpack(packed: int) -> tuple[WordNet, Moby, float]:
    """What :func:`pack` packed; the similarity is the middle of its step."""
    rest, step = divmod(packed, len(_MIDDLES))
    return WordNet(rest // 4), Moby(rest % 4), _MIDDLES[step]


def relation_score(wordnet: int, moby: int, similarity: float) -> float:
    """The relation's part of the prior, in nats."""
    direct = _DIRECT if wordnet or moby else 0.0
    return _WORDNET[wordnet] + _MOBY[moby] + direct + _PER_SIMILARITY * similarity


def frequency_score(zipf: float) -> float:
    """The frequency's part of the prior, in nats.

    >>> frequency_score(4.0), frequency_score(6.5)
    (6.16, 8.99)
    """
    score = _PER_ZIPF * min(zipf, _COMMON) + _PER_COMMON_ZIPF * max(zipf - _COMMON, 0.0)
    return round(score, 6)


class Thesaurus:
    """Candidates for words and phrases.

    Rows are decoded when a word is first asked for and kept.
    """

    def __init__(self, arrays: dict[str, NDArray[np.generic]]) -> None:
        """A thesaurus over the arrays of a data file (see the module's docstring)."""
        self._words = _lines(arrays["words"])
        self._zipf = arrays["zipf"].tobytes()
        self._score = tuple(frequency_score(z / 32) for z in range(256))
        self._at = np.concatenate([[0], np.cumsum(arrays["sizes"].astype(np.int64))])
        self._keys = _lines(arrays["keys"])
        # The shipped keys are sorted: looking for some is faster than a dictionary of all.
        unsorted = self._keys != sorted(self._keys)
        self._rows = dict(zip(self._keys, itertools.count())) if unsorted else None
        self._low, self._high = arrays["low"], arrays["high"]
        self._relations = arrays["relations"]
        self._found: dict[str, tuple[Candidate, ...]] = {}

    @classmethod
    def read(cls, path: Path) -> Thesaurus:
        """The thesaurus of a data file.

        Raises:
            DataError: when the file is missing, damaged or of another format.
        """
        try:
            # Opened here, since numpy leaves damaged files open.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in _ARRAYS}
        except _DAMAGE as error:
            raise DataError(f"thesaurus {path} cannot be read: {error}") from error
        if int(arrays["format"]) != FORMAT:
            raise DataError(
                f"thesaurus {path} has format {int(arrays['format'])}, expected {FORMAT}: "
                "build it again with python -m unspin.learn.thesaurus"
            )
        return cls(arrays)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, word: str) -> bool:
        return any(self._row(base) is not None for base, _, _ in _readings(word))

    def candidates(self, word: str, limit: int = MAX_CANDIDATES) -> tuple[Candidate, ...]:
        """What ``word`` may stand for, likeliest first; empty when it is not listed.

        ``word`` is a norm or up to three joined by spaces; the candidates are
        single words, lower case like it, and never the word itself.
        """
        found = self._found.get(word)
        if found is None:
            if len(self._found) >= _MOST_KEPT:  # a word's candidates take about 8 kB
                self._found.clear()
            found = self._found[word] = self._collect(word)
        return found[:limit]

    def _collect(self, word: str) -> tuple[Candidate, ...]:
        best: dict[str, tuple[float, int, int, str]] = {}
        for base, upos, tag in _readings(word):
            row = self._row(base)
            if row is None:
                continue
            for number, relation in self._neighbours(row):
                lemma = self._words[number]
                text = lemma if tag in _BASE else inflect(lemma, upos, tag)
                if not text or text == word:
                    continue
                score = self._score[self._zipf[number]] + relation_score(*unpack(relation))
                if text not in best or score > best[text][0]:
                    best[text] = (score, number, relation, tag)
        if not best:
            return ()
        ranked = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))
        total = _log_sum(score for _, (score, _, _, _) in ranked)
        return tuple(
            Candidate(
                text,
                self._words[number],
                tag,
                *unpack(relation),
                self._zipf[number] / 32,
                score - total,
            )
            for text, (score, number, relation, tag) in ranked
        )

    def _row(self, key: str) -> int | None:
        if self._rows is not None:
            return self._rows.get(key)
        row = bisect.bisect_left(self._keys, key)
        return row if row < len(self._keys) and self._keys[row] == key else None

    def _neighbours(self, row: int) -> Iterator[tuple[int, int]]:
        part = slice(self._at[row], self._at[row + 1])
        steps = self._low[part].astype(np.int64) + (self._high[part].astype(np.int64) << 8)
        return zip(np.cumsum(steps).tolist(), self._relations[part].tolist(), strict=True)


@lru_cache(maxsize=65536)
def inflect(lemma: str, upos: str, tag: str) -> str | None:
    """``lemma`` in the form of ``tag``; ``None`` where it is no word of that kind.

    >>> inflect("raise", "VERB", "VBD"), inflect("child", "NOUN", "NNS")
    ('raised', 'children')
    >>> inflect("of", "NOUN", "NNS") is None
    True
    """
    if lemma not in lemmas(lemma).get(upos, ()):
        return None
    forms = inflections(lemma, tag)
    return forms[0] if forms else None


@lru_cache(maxsize=65536)
def _word_readings(word: str) -> tuple[tuple[str, str, str], ...]:
    """The (lemma, part of speech, tag) readings of a word; the word as it is comes first."""
    found = [(word, "", "")]
    for upos, bases in lemmas(word).items():
        for lemma, tag in itertools.product(bases, _TAGS.get(upos, ())):
            if word in inflections(lemma, tag):
                found.append((lemma, upos, tag))
    return tuple(found)


def _readings(phrase: str) -> list[tuple[str, str, str]]:
    """The readings of a phrase: its first word may be a verb, its last a noun."""
    words = phrase.replace(" - ", "-").split(" ")
    if len(words) == 1:
        return list(_word_readings(words[0]))
    if len(words) > MAX_WORDS:
        return []
    found = [(" ".join(words), "", "")]
    for lemma, upos, tag in _word_readings(words[0]):
        if upos == "VERB":
            found.append((" ".join([lemma, *words[1:]]), upos, tag))
    for lemma, upos, tag in _word_readings(words[-1]):
        if upos == "NOUN":
            found.append((" ".join([*words[:-1], lemma]), upos, tag))
    return found


def _lines(array: NDArray[np.generic]) -> list[str]:
    text = array.tobytes().decode("utf-8")
    return text.split("\n") if text else []


def _log_sum(values: Iterable[float]) -> float:
    listed = list(values)
    top = max(listed)
    return top + math.log(sum(math.exp(v - top) for v in listed))
