"""Terms that the words of a text may once have been, before each was swapped by itself.

"irregular timberland" is read as "random forest" since spinners write "irregular" for
"random" and "timberland" for "forest", and "random forest" is a term. Two files say so:

- ``terms.tsv``: a line ``# unspin terms 1``, then a term of several words a line, its
  tokens joined by spaces, a tab, and how many documented tortured phrases stand for it;
- a lexicon, ``torn.tsv`` (:mod:`unspin.lexicon`): what spinners write for the words
  of terms, with ``weight``, the natural log of P(spun | original).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from unspin.errors import DataError
from unspin.lexicon import HEADER as LEXICON_HEADER
from unspin.lexicon import longest_by_first

HEADER = "# unspin terms 1"
# Words of a text that a term may take; no term has more.
_LONGEST = 6
# Words of one swap.
MAX_UNIT = 3


class Composition(NamedTuple):
    """``norms[start:end]`` read as a term.

    ``words`` is what to write, ``documented`` how often the term is known to have been torn;
    ``changed`` of the ``units`` that the words were divided into were swapped, with the
    probability exp(-``cost``).
    """

    start: int
    end: int
    term: str
    documented: int
    words: tuple[str, ...]
    cost: float
    changed: int
    units: int


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """A word without its plural's ending, more or less: one spelling for both numbers.

    >>> [singular(w) for w in ("forests", "boxes", "batteries", "analysis", "gas")]
    ['forest', 'box', 'battery', 'analysis', 'gas']
    """
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("xes", "ches", "shes", "sses")) else word[:-1]


# What a unit may have been: the words in the singular, the words, the cost.
_Reading = tuple[str, tuple[str, ...], float]


class Composer:
    """The beginnings of terms and what the words of a text may stand for.

    Rows are parsed when a text first needs them: most never are.
    """

    def __init__(self, terms: Mapping[str, int], rows: Mapping[str, str]) -> None:
        """``rows`` has for each spun phrase lines of an original, a tab and a weight."""
        self._documented = terms
        # Every beginning of a term, in the singular, and the term that it is.
        self._terms: dict[str, str] = {}
        for term in terms:
            key = ""
            for word in term.split(" "):
                key = f"{key} {singular(word)}" if key else singular(word)
                self._terms.setdefault(key, "")
            self._terms[key] = term
        self._rows = rows
        self._readings: dict[str, tuple[_Reading, ...]] = {}
        self._longest = longest_by_first(rows)

    @classmethod
    def of(cls, terms: Mapping[str, int], pairs: Iterable[tuple[str, str, float]]) -> Composer:
        """From (spun, original, natural log of P(spun | original))."""
        rows: dict[str, list[str]] = {}
        for spun, original, weight in pairs:
            rows.setdefault(spun, []).append(f"{original}\t{weight!r}")
        return cls(terms, {spun: "\n".join(lines) for spun, lines in rows.items()})

    @classmethod
    def read(cls, terms: Path, pairs: Path) -> Composer:
        """From a file of terms and a lexicon.

        Raises:
            DataError: naming file and line of what cannot be read.
        """
        rows: dict[str, str] = {}
        for number, line in _lines(pairs, LEXICON_HEADER):
            spun, tab, rest = line.partition("\t")
            if not tab:
                raise DataError(f"{pairs}, line {number}: expected spun, original and weight")
            known = rows.get(spun)
            rows[spun] = rest if known is None else f"{known}\n{rest}"
        return cls(read_terms(terms), rows)

    def compositions(self, norms: Sequence[str]) -> list[Composition]:
        """Every term that some words may stand for, at the least cost, in order.

        Raises:
            DataError: for a row that cannot be read.
        """
        found: dict[tuple[int, int, str], Composition] = {}
        keys = [singular(norm) for norm in norms]
        # Beginnings of terms: as one string, where the words go on, cost, units changed and
        # all of them, words.
        open_: list[tuple[str, int, float, int, int, tuple[str, ...]]] = []
        for start in range(len(norms) - 1):
            open_.append(("", start, 0.0, 0, 0, ()))
            while open_:
                begun, at, cost, changed, units, words = open_.pop()
                term = self._terms[begun] if begun else ""
                if term and changed and at - start > 1:
                    key = start, at, term
                    if key not in found or cost < found[key].cost:
                        documented = self._documented[term]
                        found[key] = Composition(
                            start, at, term, documented, words, cost, changed, units
                        )
                if at >= len(norms) or at - start >= _LONGEST:
                    continue
                same = f"{begun} {keys[at]}" if begun else keys[at]
                if same in self._terms:
                    open_.append((same, at + 1, cost, changed, units + 1, (*words, norms[at])))
                if norms[at] not in self._longest:
                    continue
                for end, (_, originals, price), after in self._swaps(norms, keys, at, begun):
                    unit = (*words, *originals)
                    open_.append((after, end, cost + price, changed + 1, units + 1, unit))
        return [found[key] for key in sorted(found)]

    def _swaps(
        self, norms: Sequence[str], keys: Sequence[str], at: int, begun: str
    ) -> Iterator[tuple[int, _Reading, str]]:
        """The units that begin ``at`` as words that go on from ``begun``, and what that begins."""
        unit = ""
        for end in range(at + 1, min(at + self._longest[norms[at]], len(norms)) + 1):
            unit = f"{unit} {norms[end - 1]}" if unit else norms[at]
            readings = self._readings.get(unit)
            if readings is None:
                rows = self._rows.get(unit)
                if rows is None:
                    continue
                readings = self._readings[unit] = _parse(unit, rows)
            for reading in readings:
                after = f"{begun} {reading[0]}" if begun else reading[0]
                if after in self._terms and (end > at + 1 or reading[0] != keys[at]):
                    yield end, reading, after


def _parse(spun: str, rows: str) -> tuple[_Reading, ...]:
    best: dict[str, _Reading] = {}
    for row in rows.split("\n"):
        original, weight, *_ = [*row.split("\t"), ""]
        words = tuple(original.split(" "))
        keys = " ".join(map(singular, words))
        try:
            cost = -float(weight)
        except ValueError as error:
            raise DataError(f"row {spun!r} -> {original!r} of torn terms has no weight") from error
        if keys not in best or cost < best[keys][2]:
            best[keys] = keys, words, cost
    return tuple(best.values())


def read_terms(path: Path) -> dict[str, int]:
    """The terms of a file and how many documented tortured phrases stand for each.

    Raises:
        DataError: naming file and line of what cannot be read.
    """
    terms = {}
    for number, line in _lines(path, HEADER):
        term, _, documented = line.partition("\t")
        if not documented.isdecimal() or " " not in term:
            raise DataError(f"{path}, line {number}: expected a term, a tab and a number")
        terms[term] = int(documented)
    return terms


def _lines(path: Path, header: str) -> Iterator[tuple[int, str]]:
    """The numbered lines below the header, but for comments."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if not lines or lines[0] != header:
        raise DataError(f"{path}: expected a file whose first line is {header!r}")
    return ((n, line) for n, line in enumerate(lines, 1) if line and line[0] != "#")
