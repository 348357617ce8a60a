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
from operator import methodcaller
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


# How terms go on, by the next word in the singular; under "" the term that ends there. Until
# they are parsed, first words, by the first, and cells after theirs, by the second: strings with
# line feeds between, since so many lists would keep the garbage collector busy.
_Node = dict[str, Any]
# A beginning of terms: the node, where the words go on, cost, units changed, all of them and
# documented ones, words.
_Open = tuple[_Node, int, float, int, int, int, tuple[str, ...]]
# Units whose readings are kept; a hostile document must not make them grow without end.
_MAX_KEPT = 65536


class _Unit(NamedTuple):
    """What a unit of a text may stand for.

    ``by_first`` are its readings by their first word in the singular, which are also in
    ``firsts``, with the word itself if it is one; ``begins`` has the nodes of the terms
    that these begin. ``more`` says whether the word begins longer units.
    """

    by_first: Mapping[str, list[_Reading]]
    firsts: frozenset[str]
    begins: tuple[tuple[_Node, _Reading], ...]
    kept: _Node | None
    more: int


class Composer:
    """A tree of terms and what the words of a text may stand for.

    Terms and rows are parsed when a text first needs them: most never are.
    """

    def __init__(self, terms: Mapping[str, str], rows: Mapping[str, str]) -> None:
        """``terms`` has for each first word, ``rows`` for each spun phrase the rest of its line."""
        self._root: _Node = {}
        self._terms = terms
        for word in terms:
            key = singular(word)
            others = self._root.get(key)
            self._root[key] = f"{others}\n{word}" if others else word
        self._documented: dict[str, int] = {}
        self._rows = rows
        self._units: dict[str, _Unit] = {}
        self._longest = longest_by_first(phrase for phrase in rows if " " in phrase)

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
        units = [self._unit(norm) for norm in norms]
        longer = [self._longer(norms, at, unit) for at, unit in enumerate(units)]
        # What may stand at each word, in the singular.
        reach = [
            unit.firsts.union(*(other.firsts for _, other in others)) if others else unit.firsts
            for unit, others in zip(units, longer, strict=True)
        ]
        open_: list[_Open] = []
        for start, unit in enumerate(units[:-1]):
            at = start + 1
            if unit.kept is not None and _goes_on(unit.kept, at, reach):
                open_.append((unit.kept, at, 0.0, 0, 1, 0, (norms[start],)))
            for end, other in ((at, unit), *longer[start]):
                for node, swap in other.begins:
                    if _goes_on(node, end, reach):
                        open_.append(
                            (node, end, 0.0 + swap.cost, 1, 1, 0 + swap.listed, swap.words)
                        )
            while open_:
                node, at, cost, changed, parts, listed, words = open_.pop()
                if changed and at - start > 1 and "" in node:
                    term = node[""]
                    best = found.get((start, at, term))
                    if best is None or (cost, words) < (best.cost, best.words):
                        found[start, at, term] = Composition(
                            *(start, at, term, self._documented[term], words),
                            *(cost, changed, parts, listed),
                        )
                if at >= len(norms) or at - start >= _LONGEST:
                    continue
                after = self._after(node, keys[at : at + 1])
                if after is not None and _goes_on(after, at + 1, reach):
                    kept = (*words, norms[at])
                    open_.append((after, at + 1, cost, changed, parts + 1, listed, kept))
                for end, other in ((at + 1, units[at]), *longer[at]):
                    for first in node.keys() & other.by_first.keys():
                        if end == at + 1 and first == keys[at]:
                            continue
                        for swap in other.by_first[first]:
                            after = self._after(node, swap.keys)
                            if after is not None and _goes_on(after, end, reach):
                                more = changed + 1, parts + 1, listed + swap.listed
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
            if type(below) is str:
                parse = self._parse_lines if node is self._root else self._parse_cells
                below = node[key] = parse(below)
            node = below
        return node

    def _parse_lines(self, words: str) -> _Node:
        """The cells of the lines of some first words, by the second word of the term."""
        node: _Node = {}
        for word in words.split("\n"):
            for cell in self._terms[word].split("\t"):
                second = cell.partition(" ")[0]
                if "=" in cell:
                    rest, _, documented = cell.partition("=")
                    second = rest.partition(" ")[0] if documented.isdecimal() else ""
                if not second:
                    raise _no_term(word, cell)
                key = singular(second)
                others = node.get(key)
                node[key] = f"{others}\n{word}\t{cell}" if others else f"{word}\t{cell}"
        return node

    def _parse_cells(self, cells: str) -> _Node:
        """How the terms go on whose first two words are the same."""
        root: _Node = {}
        for line in cells.split("\n"):
            word, _, cell = line.partition("\t")
            term, documented = _term_of(word, cell)
            node = root
            for other in term.split(" ")[2:]:
                node = node.setdefault(singular(other), {})
            node[""] = term
            self._documented[term] = documented
        return root

    def _unit(self, unit: str) -> _Unit:
        """What a word or a phrase of the text may stand for."""
        found = self._units.get(unit)
        if found is None:
            if len(self._units) >= _MAX_KEPT:
                self._units.clear()
            found = self._units[unit] = self._parse_unit(unit)
        return found

    def _parse_unit(self, unit: str) -> _Unit:
        rest = self._rows.get(unit)
        by_first = {} if rest is None else _parse(unit, rest)
        is_word = " " not in unit
        own = singular(unit)
        begins = tuple(
            (node, swap)
            for first, swaps in by_first.items()
            if not is_word or first != own
            for swap in swaps
            if (node := self._after(self._root, swap.keys)) is not None
        )
        firsts = frozenset([*by_first, own] if is_word else by_first)
        kept = self._after(self._root, [own]) if is_word else None
        return _Unit(by_first, firsts, begins, kept, self._longest.get(unit, 0))

    def _longer(self, norms: Sequence[str], at: int, word: _Unit) -> list[tuple[int, _Unit]]:
        """The units of several words that begin ``at``, with their ends."""
        found: list[tuple[int, _Unit]] = []
        if word.more:
            phrase = norms[at]
            for end in range(at + 2, min(at + word.more, len(norms)) + 1):
                phrase = f"{phrase} {norms[end - 1]}"
                if phrase in self._rows:
                    found.append((end, self._unit(phrase)))
        return found


def _goes_on(node: _Node, at: int, reach: Sequence[frozenset[str]]) -> bool:
    """Whether a term ends here or may go on with the next words."""
    return "" in node or (at < len(reach) and not node.keys().isdisjoint(reach[at]))


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
    return (_term_of(first, cell) for cell in rests.split("\t"))


def _term_of(first: str, cell: str) -> tuple[str, int]:
    rest, equals, documented = cell.partition("=")
    if not rest or (equals and not documented.isdecimal()):
        raise _no_term(first, cell)
    return f"{first} {rest}", int(documented or 0)


def _no_term(first: str, cell: str) -> DataError:
    return DataError(f"term {f'{first} {cell}'!r} has no end, or no number after '='")


def _lines(path: Path, header: str) -> dict[str, str]:
    """The lines below the header, but for comments, by their first cell."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if not lines or lines[0] != header:
        raise DataError(f"{path}: expected a file whose first line is {header!r}")
    rows = [line for line in lines if line and line[0] != "#"]
    found = {
        first: rest
        for first, tab, rest in map(methodcaller("partition", "\t"), rows)
        if tab and first
    }
    if len(found) == len(rows):
        return found
    found = {}
    for number, line in enumerate(lines, 1):
        if line and line[0] != "#":
            first, tab, rest = line.partition("\t")
            if not tab or not first or first in found:
                raise DataError(f"{path}, line {number}: expected new words and what follows them")
            found[first] = rest
    return found
