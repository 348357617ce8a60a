"""Text to sentences of tokens with offsets into the untouched text.

A token is a word, a number or one other visible character. A possessive or
contracted ``'s`` is a token of its own, since spinners swap the word before it
("folks's" for "people's"); other contractions stay whole ("isn't"). Hyphens
are tokens: spinners swap the parts of compounds ("start-source").
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from unspin.records import Sentence, Token, TokenKind

# Bumped whenever tokenization changes: lexicons and models are only valid for
# the tokens they were learned from.
TOKENIZER_VERSION = 1

# Repeats are possessive, so that no character is read twice.
_WORD = r"[^\W\d_]\w*+(?:['’](?![sS](?![^\W_]))[^\W\d_]++(?!\w))*+"  # b2b, isn't, o'clock
_NUMBER = r"\d++(?:[.,:/]\d++)*+"
_POSSESSIVE = r"(?<=[^\W_])['’][sS](?![^\W_])"
_MARK = r"_\w*+|[^\w\s]"
_TOKEN = re.compile(f"({_WORD})|({_NUMBER})|({_POSSESSIVE})|({_MARK})")
_SURFACE = re.compile(f"{_WORD}|{_NUMBER}|{_POSSESSIVE}|{_MARK}")
# By the number of the group that matched.
_KINDS = (
    TokenKind.WORD,  # no group
    TokenKind.WORD,
    TokenKind.NUMBER,
    TokenKind.WORD,
    TokenKind.PUNCTUATION,
)
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n|\r[^\S\r\n]*\r|\r\n[^\S\n]*\r\n|\u2029")
_CLOSERS = frozenset("\"'”’)]»")
_OPENERS = frozenset("\"'“‘([«")
_TERMINALS = frozenset(".!?…")
# Abbreviations that are followed by a capital inside a sentence.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof sen rep gov gen col lt sgt st jr sr vs no fig inc ltd co corp dept u s "
    "jan feb mar apr jun jul aug sept oct nov dec e.g i.e".split()
)
# A line this short that does not end a sentence is a heading or list item, not
# a line broken by wrapping (text is wrapped at 60 columns or more).
_WRAP_WIDTH = 50
# No sentence grows past this, so cost stays linear on text without full stops.
_MAX_SENTENCE = 120


@lru_cache(maxsize=65536)
def normalize(surface: str) -> str:
    """The norm of a word: case folded, with straight apostrophes."""
    return surface.casefold().replace("’", "'")


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The tokens of ``text[start:end]`` in order; their offsets are those of ``text``.

    >>> [t.surface for t in tokenize("The company’s in-depth letter isn’t new.")]
    ['The', 'company', '’s', 'in', '-', 'depth', 'letter', 'isn’t', 'new', '.']
    """
    tokens = []
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        surface = match.group()
        begin, stop = match.span()
        kind = _KINDS[match.lastindex or 0]
        tokens.append(Token(begin, stop, surface, normalize(surface), kind))
    return tokens


def phrase_norms(phrase: str) -> tuple[str, ...]:
    """The norms of a phrase as lexicon rows and models see them."""
    return tuple(token.norm for token in tokenize(phrase))


def paragraph_norms(text: str) -> list[list[str]]:
    r"""The norms of each paragraph that has any, numbered as :func:`sentences` numbers them.

    What the screen needs, at a tenth of the cost of sentences.

    >>> paragraph_norms("One’s own.\n\n \n\nTwo")
    [['one', "'s", 'own', '.'], ['two']]
    """
    found = (
        list(map(normalize, _SURFACE.findall(text, begin, end))) for begin, end in _paragraphs(text)
    )
    return [norms for norms in found if norms]


def sentences(text: str) -> list[Sentence]:
    """The sentences of ``text`` in order; every token is in exactly one.

    A sentence ends at a full stop, question or exclamation mark before a
    capital, at a paragraph break, after a short line, and after 120 tokens.
    """
    found: list[Sentence] = []
    paragraph = 0
    for begin, end in _paragraphs(text):
        tokens = tokenize(text, begin, end)
        if tokens:
            found.extend(Sentence(tuple(s), paragraph) for s in _split(text, tokens))
            paragraph += 1
    return found


def paragraph_start(text: str, number: int) -> int:
    r"""The offset at which the paragraph of that number (see :func:`sentences`) begins.

    >>> paragraph_start("One.\n\n \n\nTwo.", 1)
    9
    """
    found = (begin for begin, end in _paragraphs(text) if _SURFACE.search(text, begin, end))
    return next(itertools.islice(found, number, None))


def beginning(text: str, size: int) -> list[Sentence]:
    """The sentences within the first ``size`` code points, but for one that is cut there.

    >>> [len(s.tokens) for s in beginning("One word. And two. Three is cut", 24)]
    [3, 3]
    """
    found = sentences(text[:size])
    return found[:-1] if len(text) > size and len(found) > 1 else found


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for match in _PARAGRAPH.finditer(text):
        yield begin, match.start()
        begin = match.end()
    yield begin, len(text)


def _split(text: str, tokens: list[Token]) -> list[list[Token]]:
    result: list[list[Token]] = []
    current: list[Token] = []
    for token, following in pairwise(tokens):
        current.append(token)
        if len(current) >= _MAX_SENTENCE or (
            token.end < following.start and _ends(text, current, following)
        ):
            result.append(current)
            current = []
    result.append([*current, tokens[-1]])
    return result


def _ends(text: str, current: list[Token], following: Token) -> bool:
    """Whether a sentence ends between two tokens that have space between them."""
    first = following.surface[0]
    if first in _CLOSERS:
        return False
    end = current[-1].end
    gap = text[end : following.start]
    if "\n" in gap or "\r" in gap:
        # No further back than it matters: a long text may have no such line end.
        window = max(0, end - _WRAP_WIDTH)
        breaks = max(text.rfind("\n", window, end), text.rfind("\r", window, end))
        if (breaks >= 0 or end < _WRAP_WIDTH) and not first.islower():
            return True
    last = len(current) - 1
    while last > 0 and current[last].surface in _CLOSERS:
        last -= 1
    if current[last].surface not in _TERMINALS:
        return False
    if not (first.isupper() or first.isdigit() or first in _OPENERS):
        return False
    if current[last].surface == "." and last > 0:
        previous = current[last - 1]
        if previous.norm in _ABBREVIATIONS or (
            len(previous.surface) == 1 and previous.surface.isupper()
        ):
            return False
    return True
