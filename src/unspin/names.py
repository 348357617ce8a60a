"""Names of people, organisations and places inside sentences.

Spinners change capitalized words too ("National" to "Nationwide", "Read More"
to "Read Extra"), so a capital alone proves nothing. A word counts as a name when
ordinary text hardly ever writes it without a capital, a phrase when ordinary text
writes it in capitals often, and a capitalized word inside a sentence when nobody
has ever seen it, since spinners write dictionary words.

``dictionaries/en/names.tsv`` holds the first two, counted by
:mod:`unspin.learn.names`: after the format line and the column names, one
``name<TAB>count`` a row, ``name`` being token norms joined by spaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from unspin.characters import is_mixed
from unspin.errors import DataError
from unspin.frequencies import zipf
from unspin.records import Token, TokenKind
from unspin.resources import dictionary_dir

NAMES_HEADER = "# unspin names, format 1"

# What may stand in lower case between the words of one name.
_LINKS = frozenset("of and for the to on in at de la le du des von van der den bin al & -".split())
# The links that also join names which no table lists as one.
_BRIDGES = _LINKS - {"for", "and", "the", "on", "in", "at", "la", "le"}
_MAX_LINKS = 2
_MAX_RUN = 12
_MAX_NAME = 40  # letters of one word
# Written in lower case in headings that capitalize everything else.
_SMALL = frozenset(
    "a an the and but or nor for so yet of in on at to from with by as is are be was it its this "
    "that into over under about after before than via per vs your our their".split()
)
# Spinners make up abstract nouns and adverbs ("Privateness" for "Privacy").
_SUFFIXES = ("ness", "ly", "ment", "ments", "tion", "tions", "ing", "able", "ity", "ize", "ise")
# A capitalized word beside a name belongs to it when it is rarer than this:
# "Satya" (3.1) in "Satya Natella", not "Cloud" (4.4) in "Microsoft Cloud".
_RARE_BESIDE_NAME = 3.7
_OPENING = frozenset('"“‘([«:;!?•*—–|>')
_STRAIGHT = frozenset("\"'*")


@lru_cache(maxsize=1)
def name_table() -> frozenset[str]:
    """The shipped names, words and phrases alike, as norms joined by spaces.

    Raises:
        DataError: the file is missing or of another format.
    """
    path = dictionary_dir() / "en" / "names.tsv"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; reinstall unspin") from error
    if not lines or lines[0] != NAMES_HEADER:
        raise DataError(f"{path}: the first line is not {NAMES_HEADER!r}; reinstall unspin")
    return frozenset(line.partition("\t")[0] for line in lines[2:])


def _may_be_invented_name(norm: str) -> bool:
    return zipf(norm) == 0 and not norm.endswith(_SUFFIXES)


def capitalized_runs(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """The maximal stretches of capitalized words, lower-case links between them included.

    >>> from unspin.tokens import tokenize
    >>> tokens = tokenize("services to Immigration and Customs Enforcement are")
    >>> [[t.surface for t in tokens[a:b]] for a, b in capitalized_runs(tokens)]
    [['Immigration', 'and', 'Customs', 'Enforcement']]
    """
    begin = last = -1
    for index, token in enumerate(tokens):
        surface = token.surface
        if surface[0].isupper():
            if begin >= 0 and index - begin >= _MAX_RUN:
                yield begin, last + 1
                begin = index
            elif begin < 0:
                begin = index
            last = index
        elif begin >= 0 and not (
            (surface in _LINKS and index - last <= _MAX_LINKS)
            or (surface == "." and index == last + 1 and len(tokens[last].surface) == 1)
        ):
            yield begin, last + 1
            begin = -1
    if begin >= 0:
        yield begin, last + 1


def opens_clause(tokens: Sequence[Token], index: int) -> bool:
    """Whether a capital here may only mark a beginning, of a sentence, quotation or item."""
    if index == 0:
        return True
    before = tokens[index - 1]
    surface = before.surface
    if surface in _STRAIGHT:  # opens only when it touches the word and nothing before it
        return before.end == tokens[index].start
    if surface == "-" and index == 1:
        return True
    return surface in _OPENING or (index == 2 and tokens[0].kind is TokenKind.NUMBER)


def is_heading(tokens: Sequence[Token]) -> bool:
    """Whether every word that headings capitalize is capitalized.

    >>> from unspin.tokens import tokenize
    >>> is_heading(tokenize("Read Extra")), is_heading(tokenize("Microsoft hired Brad Smith"))
    (True, False)
    """
    if tokens[-1].surface == ".":
        return False
    for token in tokens:
        if token.kind is TokenKind.WORD and not token.surface[0].isupper():
            norm = token.norm
            if norm not in _SMALL and norm != "'s":
                return False
    return True


def name_spans(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """The token ranges of one sentence's names, in order and disjoint."""
    for begin, end in capitalized_runs(tokens):
        marked = [False] * (end - begin)
        _mark_listed(tokens, begin, end, marked)
        inside = [
            index
            for index in range(begin, end)
            if not marked[index - begin] and _is_capital_inside(tokens, index)
        ]
        for index in inside:
            if _may_be_invented_name(tokens[index].norm):
                marked[index - begin] = True
        for index in inside:
            beside = marked[max(index - begin - 1, 0) : index - begin + 2]
            if any(beside) and zipf(tokens[index].norm) < _RARE_BESIDE_NAME:
                marked[index - begin] = True
        _bridge(tokens, begin, marked)
        yield from _ranges(begin, marked)


def _is_capital_inside(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    return (
        token.kind is TokenKind.WORD
        and 1 < len(token.surface) <= _MAX_NAME
        and token.surface[0].isupper()
        and not token.norm.startswith("i'")
        and not is_mixed(token.surface)  # a look-alike letter, to be repaired
        and not opens_clause(tokens, index)
    )


def _mark_listed(tokens: Sequence[Token], begin: int, end: int, marked: list[bool]) -> None:
    table = name_table()
    norms = [token.norm for token in tokens[begin:end]]
    index = 0
    while index < len(norms):
        for stop in range(len(norms), index, -1):
            if " ".join(norms[index:stop]) in table and tokens[begin + index].surface[0].isupper():
                marked[index:stop] = [True] * (stop - index)
                index = stop
                break
        else:
            index += 1


def _bridge(tokens: Sequence[Token], begin: int, marked: list[bool]) -> None:
    """Join names over the initials and links between them ("George W. Bush")."""
    last = -1
    for index, is_name in enumerate(marked):
        if not is_name:
            continue
        between = tokens[begin + last + 1 : begin + index]
        if last >= 0 and all(t.surface in _BRIDGES or len(t.surface) == 1 for t in between):
            marked[last + 1 : index] = [True] * len(between)
        last = index


def _ranges(begin: int, marked: Sequence[bool]) -> Iterator[tuple[int, int]]:
    start = -1
    for index, is_name in enumerate([*marked, False]):
        if is_name and start < 0:
            start = index
        elif not is_name and start >= 0:
            yield begin + start, begin + index
            start = -1
