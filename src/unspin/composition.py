"""Terms that the words of a text may once have been, before each was swapped by itself.

"irregular timberland" is read as "random forest" since spinners write "irregular" for
"random" and "timberland" for "forest", and "random forest" is a term. Two files say so:

- ``terms.tsv``: a line ``# unspin terms 2``, then for each first word a line with it and, after
  a tab each, how terms of several words go on, tokens joined by spaces; ``=`` and a number
  follow where so many documented tortured phrases stand for a term;
- ``torn.tsv``: a line ``# unspin swaps 1``, then for each spun word or phrase a line with it
  and, after a tab each, words of terms that it may stand for, with the natural log of
  P(spun | original) and ``hand`` where that was written down by hand, ``list`` where documented
  phrases show it, or ``both``, spaces between.

Words that are a term themselves are not taken for another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from unspin.errors import DataError
from unspin.lexicon import longest_by_first

TERMS_HEADER, SWAPS_HEADER = "# unspin terms 2", "# unspin swaps 1"
# Words of a text that a term may take; no term has more.
_LONGEST = 6
# Words of one swap.
MAX_UNIT = 3


class Composition(NamedTuple):
    """``norms[start:end]`` read as a term.

    ``words`` is what to write, ``documented`` how often the term is known to have been torn;
    ``changed`` of the ``units`` that the words were divided into were swapped, with the
    probability exp(-``cost``), ``listed`` of them as in documented phrases.
    """

    start: int
    end: int
    term: str
    documented: int
    words: tuple[str, ...]
    cost: float
    changed: int
    units: int
    listed: int


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


class _Reading(NamedTuple):
    """What a unit may have been: the words in the singular and as they are, the cost, whether
    a documented phrase has it so.
    """

    keys: tuple[str, ...]
    words: tuple[str, ...]
    cost: float
    listed: bool


# How terms go on, by the next word in the singular; under "" the term that ends there. Of the
# first words, lines of the file until they are parsed.
_Node = dict[str, Any]
# The ends of the units that begin at a word, and their readings by first word in the singular.
_Swaps = list[tuple[int, Mapping[str, list[_Reading]]]]


class Composer:
    """A tree of terms and what the words of a text may stand for.

    Terms and rows are parsed when a text first needs them: most never are.
    """

    def __init__(self, terms: Mapping[str, str], rows: Mapping[str, str]) -> None:
        """``terms`` has for each first word, ``rows`` for each spun phrase the rest of its line."""
        self._root: _Node = {}
        for word, rests in terms.items():
            self._root.setdefault(singular(word), []).append((word, rests))
        self._documented: dict[str, int] = {}
        self._rows = rows
        # Per unit its readings by their first word in the singular.
        self._readings: dict[str, dict[str, list[_Reading]]] = {}
        self._longest = longest_by_first(rows)

    @classmethod
    def of(cls, terms: Mapping[str, int], pairs: Iterable[tuple[str, str, float, str]]) -> Composer:
        """From (spun, original, natural log of P(spun | original), source)."""
        return cls(by_first_word(terms), by_spun(pairs))

    @classmethod
    def read(cls, terms: Path, swaps: Path) -> Composer:
        """From both files.

        Raises:
            DataError: naming file and line of what cannot be read.
        """
        return cls(_lines(terms, TERMS_HEADER), _lines(swaps, SWAPS_HEADER))

    def compositions(self, norms: Sequence[str]) -> list[Composition]:
        """Every term that some words may stand for, at the least cost, in order.

        Raises:
            DataError: for a row that cannot be read.
        """
        found: dict[tuple[int, int, str], Composition] = {}
        keys = [singular(norm) for norm in norms]
        swaps = [self._swaps(norms, at) for at in range(len(norms))]
        # Beginnings of terms: the node, where the words go on, cost, units changed, all of them
        # and documented ones, words.
        open_: list[tuple[_Node, int, float, int, int, int, tuple[str, ...]]] = []
        for start in range(len(norms) - 1):
            open_.append((self._root, start, 0.0, 0, 0, 0, ()))
            while open_:
                node, at, cost, changed, units, listed, words = open_.pop()
                if changed and at - start > 1 and "" in node:
                    term = node[""]
                    best = found.get((start, at, term))
                    if best is None or (cost, words) < (best.cost, best.words):
                        found[start, at, term] = Composition(
                            *(start, at, term, self._documented[term], words),
                            *(cost, changed, units, listed),
                        )
                if at >= len(norms) or at - start >= _LONGEST:
                    continue
                after = self._after(node, keys[at : at + 1])
                if after is not None and _goes_on(after, at + 1, keys, swaps):
                    kept = (*words, norms[at])
                    open_.append((after, at + 1, cost, changed, units + 1, listed, kept))
                for end, by_first in swaps[at]:
                    for first in node.keys() & by_first.keys():
                        if end == at + 1 and first == keys[at]:
                            continue
                        for swap in by_first[first]:
                            after = self._after(node, swap.keys)
                            if after is not None and _goes_on(after, end, keys, swaps):
                                more = changed + 1, units + 1, listed + swap.listed
                                put = (*words, *swap.words)
                                open_.append((after, end, cost + swap.cost, *more, put))
        whole = {(start, end): self._is_term(keys[start:end]) for start, end, _ in found}
        return [found[key] for key in sorted(found) if not whole[key[:2]]]

    def _is_term(self, keys: Sequence[str]) -> bool:
        node = self._after(self._root, keys)
        return node is not None and "" in node

    def _after(self, node: _Node, keys: Sequence[str]) -> _Node | None:
        """Where some words lead to from a node. Raises DataError for a line that is no term."""
        for key in keys:
            below = node.get(key)
            if below is None:
                return None
            if type(below) is list:
                below = node[key] = self._parse_terms(below)
            node = below
        return node

    def _parse_terms(self, lines: Iterable[tuple[str, str]]) -> _Node:
        root: _Node = {}
        for word, rests in lines:
            for term, documented in _terms_of(word, rests):
                node = root
                for other in term.split(" ")[1:]:
                    node = node.setdefault(singular(other), {})
                node[""] = term
                self._documented[term] = documented
        return root

    def _swaps(self, norms: Sequence[str], at: int) -> _Swaps:
        """The ends of the units that begin ``at`` and their readings."""
        found: _Swaps = []
        unit = ""
        for end in range(at + 1, min(at + self._longest.get(norms[at], 0), len(norms)) + 1):
            unit = f"{unit} {norms[end - 1]}" if unit else norms[at]
            readings = self._readings.get(unit)
            if readings is None:
                rows = self._rows.get(unit)
                if rows is None:
                    continue
                readings = self._readings[unit] = _parse(unit, rows)
            found.append((end, readings))
        return found


def _goes_on(node: _Node, at: int, keys: Sequence[str], swaps: Sequence[_Swaps]) -> bool:
    """Whether a term ends here or may go on with the next words."""
    if "" in node:
        return True
    if at >= len(keys):
        return False
    below = node.keys()
    return keys[at] in below or any(not below.isdisjoint(by_first) for _, by_first in swaps[at])


def _parse(spun: str, rest: str) -> dict[str, list[_Reading]]:
    best: dict[tuple[str, ...], _Reading] = {}
    for original, weight, source in _cells(spun, rest):
        words = tuple(original.split(" "))
        keys = tuple(map(singular, words))
        if keys not in best or -weight < best[keys].cost:
            best[keys] = _Reading(keys, words, -weight, source != "hand")
    by_first: dict[str, list[_Reading]] = {}
    for keys, reading in best.items():
        by_first.setdefault(keys[0], []).append(reading)
    return by_first


def _cells(spun: str, rest: str) -> Iterator[tuple[str, float, str]]:
    for cell in rest.split("\t"):
        try:
            original, weight, source = cell.rsplit(" ", 2)
            log_channel = float(weight)
        except ValueError as error:
            raise DataError(f"{spun!r} has no original, weight and source in {cell!r}") from error
        yield original, log_channel, source


def by_first_word(terms: Mapping[str, int]) -> dict[str, str]:
    """How terms go on by their first word, as the file of terms has it."""
    lines: dict[str, list[str]] = {}
    for term, documented in sorted(terms.items()):
        first, rest = term.split(" ", 1)
        lines.setdefault(first, []).append(f"{rest}={documented}" if documented else rest)
    return {first: "\t".join(rests) for first, rests in lines.items()}


def by_spun(pairs: Iterable[tuple[str, str, float, str]]) -> dict[str, str]:
    """(spun, original, natural log of P(spun | original), source) as the file of swaps has them."""
    lines: dict[str, list[str]] = {}
    for spun, original, weight, source in sorted(pairs):
        lines.setdefault(spun, []).append(f"{original} {round(weight, 2)!r} {source}")
    return {spun: "\t".join(cells) for spun, cells in lines.items()}


def read_swaps(path: Path) -> Iterator[tuple[str, str, float, str]]:
    """What :func:`by_spun` was made of.

    Raises:
        DataError: naming file and line, or the words, of what cannot be read.
    """
    for spun, rest in _lines(path, SWAPS_HEADER).items():
        for original, weight, source in _cells(spun, rest):
            yield spun, original, weight, source


def read_terms(path: Path) -> dict[str, int]:
    """The terms of a file and how many documented tortured phrases stand for each.

    Raises:
        DataError: naming the file and what cannot be read.
    """
    lines = _lines(path, TERMS_HEADER)
    return dict(found for word, rests in lines.items() for found in _terms_of(word, rests))


def _terms_of(first: str, rests: str) -> Iterator[tuple[str, int]]:
    for cell in rests.split("\t"):
        rest, equals, documented = cell.partition("=")
        if not rest or (equals and not documented.isdecimal()):
            raise DataError(f"term {f'{first} {cell}'!r} has no end, or no number after '='")
        yield f"{first} {rest}", int(documented or 0)


def _lines(path: Path, header: str) -> dict[str, str]:
    """The lines below the header, but for comments, by their first cell."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if not lines or lines[0] != header:
        raise DataError(f"{path}: expected a file whose first line is {header!r}")
    found = {}
    for number, line in enumerate(lines, 1):
        if line and line[0] != "#":
            first, tab, rest = line.partition("\t")
            if not tab or not first or first in found:
                raise DataError(f"{path}, line {number}: expected new words and what follows them")
            found[first] = rest
    return found
