"""Text to sentences of tokens with offsets into the untouched text.

A token is a word, a number or one other visible character. A possessive or
contracted ``'s`` is a token of its own, since spinners swap the word before it
("folks's" for "people's"); other contractions stay whole ("isn't"). Hyphens
are tokens: spinners swap the parts of compounds ("start-source").
"""

from __future__ import annotations

import re
from functools import lru_cache

from unspin.records import Sentence, Token, TokenKind

# Bumped whenever tokenization changes: lexicons and models are only valid for
# the tokens they were learned from.
TOKENIZER_VERSION = 1

_TOKEN = re.compile(
    r"""
    (?P<number>\d+(?:[.,:/]\d+)*)
  | (?P<possessive>(?<=[^\W_])['’][sS](?![^\W_]))  # after a word only
  | (?P<word>[^\W\d_]\w*?                          # letters, then marks and digits (b2b)
        (?:['’](?![sS](?![^\W_]))[^\W\d_]+)*       # isn't, o'clock, but not the 's of it's
        (?![\w]))
  | (?P<mark>\w+|[^\w\s])                         # whatever is left, underscores included
    """,
    re.VERBOSE,
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


def tokenize(text: str) -> list[Token]:
    """The tokens of ``text`` in order; they never overlap.

    >>> [t.surface for t in tokenize("The company’s in-depth letter isn’t new.")]
    ['The', 'company', '’s', 'in', '-', 'depth', 'letter', 'isn’t', 'new', '.']
    """
    tokens = []
    for match in _TOKEN.finditer(text):
        group = match.lastgroup
        if group == "number":
            kind = TokenKind.NUMBER
        elif group == "mark":
            kind = TokenKind.PUNCTUATION
        else:
            kind = TokenKind.WORD
        surface = match.group()
        tokens.append(Token(match.start(), match.end(), surface, normalize(surface), kind))
    return tokens


def phrase_norms(phrase: str) -> tuple[str, ...]:
    """The norms of a phrase as lexicon rows and models see them."""
    return tuple(token.norm for token in tokenize(phrase))


def sentences(text: str) -> list[Sentence]:
    """The sentences of ``text`` in order; every token is in exactly one.

    A sentence ends at a full stop, question or exclamation mark before a
    capital, at a paragraph break, after a short line, and after 120 tokens.
    """
    found: list[Sentence] = []
    paragraph = 0
    begin = 0
    for match in [*_PARAGRAPH.finditer(text), None]:
        end = match.start() if match else len(text)
        tokens = [
            Token(t.start + begin, t.end + begin, t.surface, t.norm, t.kind)
            for t in tokenize(text[begin:end])
        ]
        if tokens:
            found.extend(Sentence(tuple(s), paragraph) for s in _split(text, tokens))
            paragraph += 1
        begin = match.end() if match else end
    return found


def _split(text: str, tokens: list[Token]) -> list[list[Token]]:
    result: list[list[Token]] = []
    current: list[Token] = []
    for index, token in enumerate(tokens):
        current.append(token)
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if following is None or len(current) >= _MAX_SENTENCE or _ends(text, current, following):
            result.append(current)
            current = []
    return result


def _ends(text: str, current: list[Token], following: Token) -> bool:
    gap = text[current[-1].end : following.start]
    if not gap or following.surface[0] in _CLOSERS:
        return False
    if "\n" in gap or "\r" in gap:
        line_start = max(text.rfind("\n", 0, current[-1].end), text.rfind("\r", 0, current[-1].end))
        short = current[-1].end - line_start - 1 < _WRAP_WIDTH
        if short and not following.surface[0].islower():
            return True
    last = len(current) - 1
    while last > 0 and current[last].surface in _CLOSERS:
        last -= 1
    if current[last].surface not in _TERMINALS:
        return False
    first = following.surface[0]
    if not (first.isupper() or first.isdigit() or first in _OPENERS):
        return False
    if current[last].surface == "." and last > 0:
        previous = current[last - 1]
        if previous.norm in _ABBREVIATIONS or (
            len(previous.surface) == 1 and previous.surface.isupper()
        ):
            return False
    return True
