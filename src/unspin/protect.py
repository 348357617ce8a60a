"""Spans that no edit may touch: addresses, code, numbers, acronyms, names, ignore lists.

Quotation marks protect nothing, since spinners rewrite quotations like anything
else. A line that contains ``unspin: ignore`` (in a comment, say) is left alone, and so
is everything from the line of ``unspin: ignore-start`` to that of ``unspin: ignore-end``.

Every pattern here is linear on hostile input: repeats are possessive or bounded, and
those that could start anywhere are tied to the start of a word.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence

from unspin.names import name_spans, name_table
from unspin.records import ProtectedSpan, Sentence, Token, TokenKind
from unspin.settings import Settings
from unspin.tokens import phrase_norms

_Span = tuple[int, int, str]  # start, end, reason

# Endings that are also words ("it", "in", "me") are missing: a lost space after a
# full stop must not turn the end of a sentence into an address.
_DOMAINS = frozenset(
    "com org net edu gov mil int info biz io co uk de fr eu ca au ru jp cn br es nl ch se fi pl "
    "dk nz za tv ai app dev blog news online site xyz".split()
)
_EXTENSIONS = frozenset(
    "py js ts css html htm php xml json yaml yml toml ini cfg md rst txt csv tsv pdf doc docx xls "
    "xlsx ppt pptx jpg jpeg png gif svg webp mp3 mp4 avi mov zip tar gz bz2 exe dll sh bat sql db "
    "java cpp rb go rs ipynb log conf".split()
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_MONTH_BEFORE = re.compile(rf"(?<!\w){_MONTH}\s$")
_NUMBER = re.compile(
    rf"""
    \d++(?:[.,:/–-]\d++)*+
    (?:st|nd|rd|th|s)?+(?!\w)
    (?:[ \u00a0-]?(?:thousand|million|billion|trillion)(?!\w))?
    (?: [ \u00a0]?(?:%|°[CF]?)
      | [ \u00a0-]?(?:percent|per\ cent|km|cm|mm|kg|mg|lbs?|oz|ft|mph|kWh|[kMGT]W|[KMGT]B|[kMG]?Hz
          |[AaPp]\.?[Mm]|BCE?|AD|CE|USD|EUR|dollars|euros|pounds)(?!\w)\.?
      | \ {_MONTH}(?:,?\ \d{{4}}(?!\w))?
    )?
    (?:,\ (?:1\d|20)\d\d(?!\w))?                   # March 5, 2018
    """,
    re.VERBOSE,
)
# Spinners write "five" as "5": short bare numbers stay open to restoration.
_LONG_NUMBER = 4
_ORDINAL = re.compile(r"\d{1,2}(?:st|nd|rd|th|d|s)")
_CURRENCY = "$€£¥₹"
_SUSPECT = re.compile(r"[@/\\_#]|(?<=\w)\d|\d(?=[^\W\d_])|\.(?=\w)")
_SPACE = re.compile(r"\s")
_SPECIAL = re.compile(
    r"""
    (?P<url>(?<!\w)(?:[A-Za-z][A-Za-z0-9+.-]{1,15}://|[Ww]{3}\.|mailto:)[^\s<>"“”]++)
  | (?P<email>(?<![\w.+%-])[\w.+%-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63})+)
  | (?P<handle>(?<![\w@/])@\w{1,50})
  | (?P<hashtag>(?<![\w&\#/])\#[^\W\d_]\w*+)
  | (?P<path>(?<![\w./~\\])(?:~|\.{1,2})?/[\w.+-]++(?:/[\w.+-]*+)++
            |(?<!\w)[A-Za-z]:\\[^\s<>"|?*]++)
  | (?P<file>(?<![\w./-])(?:[\w.-]++/)++[\w.-]*+)      # only with a known extension
  | (?P<domain>(?<![\w.@-])[\w-]++(?:\.[\w-]++)++(?:[/:?][^\s<>"“”]*+)?)  # only with a known end
  | (?P<identifier>(?<!\w)(?:[^\W_]++_\w++|__\w++
        |[^\W\d_]++\d\w*+|\d++[^\W\d_]\w*+))
    """,
    re.VERBOSE,
)
_TRAILING = ".,;:!?'’*_"
_FENCE = re.compile(r"^[ ]{0,3}(```|~~~)[^\n]*$", re.MULTILINE)
_CODE = re.compile(r"(?<!`)`[^`\n]{1,300}`(?!`)|(?<!`)``[^`'’\n]{1,300}``(?!`)")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")
_MAX_COMMENT = 2000
_LINK_TARGET = re.compile(r"\]\([^()\s]{1,500}\)")
_INITIALS = re.compile(r"(?<![^\W_])(?:[A-Z]\.){2,8}")
_MARKER = re.compile(r"unspin:[ \t]*ignore(?:-(start|end))?(?![\w-])")
_GLUED = re.compile(r"(?:on|in|at|of|the|to|by|for|and|from|with|that|is|was)([A-Z][a-z]+)")


class ProtectedIndex:
    """Answers quickly whether a stretch of text is protected."""

    def __init__(self, spans: Sequence[ProtectedSpan]) -> None:
        self.spans = tuple(spans)
        self._starts = [span.start for span in self.spans]

    def overlapping(self, start: int, end: int) -> ProtectedSpan | None:
        """The first protected span that shares a character with ``text[start:end]``.

        >>> index = ProtectedIndex([ProtectedSpan(2, 5, "url")])
        >>> index.overlapping(0, 2), index.overlapping(4, 9)
        (None, ProtectedSpan(start=2, end=5, reason='url'))
        """
        position = bisect_right(self._starts, start)
        for span in self.spans[max(position - 1, 0) : position + 1]:
            if span.start < end and start < span.end:
                return span
        return None

    def overlapping_any(self, start: int, end: int, reasons: Collection[str]) -> bool:
        """Whether a span protected for one of ``reasons`` shares a character with it."""
        position = max(bisect_right(self._starts, start) - 1, 0)
        while position < len(self.spans) and self.spans[position].start < end:
            span = self.spans[position]
            if start < span.end and span.reason in reasons:
                return True
            position += 1
        return False

    def overlaps(self, start: int, end: int) -> bool:
        """Whether any protected span shares a character with ``text[start:end]``."""
        return self.overlapping(start, end) is not None


def protected_spans(
    text: str, sentences: Sequence[Sentence], settings: Settings
) -> tuple[ProtectedSpan, ...]:
    """The spans of ``text`` that no edit may touch, sorted and disjoint.

    >>> from unspin.tokens import sentences
    >>> text = "Mail bob@example.org about the ICE contract."
    >>> [text[s.start:s.end] for s in protected_spans(text, sentences(text), Settings())]
    ['bob@example.org', 'ICE']
    """
    found: list[_Span] = []
    found.extend(_ignored_regions(text))
    found.extend(_code_and_markup(text))
    found.extend(_special(text))
    found.extend(_numbers(text))
    found.extend((m.start(), m.end(), "acronym") for m in _INITIALS.finditer(text))
    found.extend(_capitals(text, sentences))
    found.extend(_ignored_words(sentences, settings))
    for pattern in settings.ignore_patterns:
        found.extend((m.start(), m.end(), "ignored") for m in re.finditer(pattern, text))
    return tuple(_merge(found))


def _merge(found: Iterable[_Span]) -> Iterator[ProtectedSpan]:
    """Overlapping spans become one, under the reason of the one that starts first."""
    start = end = 0
    reason = ""
    for begin, stop, why in sorted(found, key=lambda span: (span[0], -span[1], span[2])):
        if begin == stop:
            continue
        if begin < end:
            end = max(end, stop)
            continue
        if end > start:
            yield ProtectedSpan(start, end, reason)
        start, end, reason = begin, stop, why
    if end > start:
        yield ProtectedSpan(start, end, reason)


def _ignored_regions(text: str) -> Iterator[_Span]:
    if "unspin:" not in text:
        return
    region: int | None = None
    for match in _MARKER.finditer(text):
        line_start = text.rfind("\n", 0, match.start()) + 1
        line_end = _line_end(text, match.end())
        if match.group(1) == "start":
            region = line_start if region is None else region
        elif match.group(1) == "end":
            if region is not None:
                yield region, line_end, "ignored"
                region = None
        elif region is None:
            yield line_start, line_end, "ignored"
    if region is not None:  # never closed: better too much left alone than too little
        yield region, len(text), "ignored"


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _code_and_markup(text: str) -> Iterator[_Span]:
    if "```" in text or "~~~" in text:
        opened: re.Match[str] | None = None
        for match in _FENCE.finditer(text):
            if opened is None:
                opened = match
            elif match.group(1) == opened.group(1):
                yield opened.start(), match.end(), "code"
                opened = None
        if opened is not None:  # CommonMark: an open fence runs to the end
            yield opened.start(), len(text), "code"
    if "`" in text:
        yield from ((m.start(), m.end(), "code") for m in _CODE.finditer(text))
    if "<" in text:
        yield from ((m.start(), m.end(), "markup") for m in _TAG.finditer(text))
        yield from _comments(text)
    if "](" in text:
        yield from ((m.start(), m.end(), "markup") for m in _LINK_TARGET.finditer(text))


def _comments(text: str) -> Iterator[_Span]:
    start, close = text.find("<!--"), 0
    while start >= 0:
        if close < start + 4:  # looked for once, however many are never closed
            close = text.find("-->", start + 4)
            if close < 0:
                return
        following = start + 4
        if close <= following + _MAX_COMMENT:
            yield start, close + 3, "markup"
            following = close + 3
        start = text.find("<!--", following)


def _special(text: str) -> Iterator[_Span]:
    """Addresses, paths and identifiers, looked for only in chunks that may hold one."""
    position = 0
    while match := _SUSPECT.search(text, position):
        # Both ends of the search move forward only, so the cost stays linear.
        begin = max(text.rfind(space, position, match.start()) for space in " \n\t\u00a0") + 1
        space = _SPACE.search(text, match.end())
        end = space.start() if space else len(text)
        for special in _SPECIAL.finditer(text, max(begin, position), end):
            span = _checked(special)
            if span is not None:
                yield span
        position = end


def _checked(match: re.Match[str]) -> _Span | None:
    """The span of a match whose end proves that it is what it looks like."""
    kind = match.lastgroup or ""
    if kind == "identifier" and _ORDINAL.fullmatch(match.group()):
        return None
    surface = match.group().rstrip(_TRAILING if kind != "identifier" else "")
    if kind == "url" and surface.endswith((")", "]")) and "(" not in surface:
        surface = surface.rstrip(_TRAILING + ")]")
    if kind == "file" and _ending(surface.partition("/")[0]) in _DOMAINS:
        return match.start(), match.start() + len(surface), "domain"
    if kind in ("file", "domain"):
        host = re.split(r"[/:?]", surface, maxsplit=1)[0] if kind == "domain" else surface
        if _ending(host) in _EXTENSIONS:
            kind = "file"
        elif kind == "file" or _ending(host) not in _DOMAINS:
            return None
    return match.start(), match.start() + len(surface), kind


def _ending(name: str) -> str:
    """What follows the last full stop; folded when it is all capitals (EXAMPLE.COM)."""
    ending = name.rpartition(".")[2]
    return ending.lower() if ending.isupper() else ending


def _numbers(text: str) -> Iterator[_Span]:
    for match in _NUMBER.finditer(text):
        start = match.start()
        before = text[max(0, start - 11) : start]
        if before.endswith(("&#", "#x")):
            continue  # an HTML entity, to be repaired
        if before and before[-1] in _CURRENCY:
            start -= 3 if before.endswith(("US$", "CA$", "AU$")) else 1
        elif before and before[-1].isspace() and (month := _MONTH_BEFORE.search(before)):
            start -= len(before) - month.start()
        elif match.end() - start < _LONG_NUMBER and (
            match.group().isdigit() or _ORDINAL.fullmatch(match.group())
        ):
            continue
        yield start, match.end(), "number"


def _capitals(text: str, sentences: Sequence[Sentence]) -> Iterator[_Span]:
    """Acronyms, mixed-case identifiers and names."""
    shouting = _Shouting(text)
    for sentence in sentences:
        tokens = sentence.tokens
        capitals = False
        for index, token in enumerate(tokens):
            surface = token.surface
            if surface.islower() or token.kind is not TokenKind.WORD:
                continue
            capitals = True
            if len(surface) == 1 or surface[1:].islower():
                if surface[0].islower():
                    continue
            elif surface.isupper():
                if surface[1] not in "'’" and not shouting.at(tokens, index):
                    yield token.start, token.end, "acronym"
            elif not _is_cased_like_prose(surface):
                yield token.start, token.end, "identifier"
        if capitals:
            for begin, end in name_spans(tokens):
                if shouting.at(tokens, begin) and tokens[begin].surface.isupper():
                    continue
                yield tokens[begin].start, tokens[end - 1].end, "name"


def _is_cased_like_prose(surface: str) -> bool:
    """Whether inner capitals do not make an identifier ("onFriday", "中文")."""
    if not any(c.isupper() for c in surface):
        return True
    glued = _GLUED.fullmatch(surface)
    return glued is not None and glued.group(1).lower() in name_table()


class _Shouting:
    """Tells acronyms from whole lines or phrases in capitals."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = -1
        self._line_shouts = False

    def at(self, tokens: Sequence[Token], index: int) -> bool:
        """Whether the word stands in a line, or among words, that are all in capitals."""
        token = tokens[index]
        if token.start >= self._end:
            start = self._text.rfind("\n", 0, token.start) + 1
            self._end = _line_end(self._text, token.end)
            line = self._text[start : self._end]
            # A line that is one word long is as likely an acronym.
            self._line_shouts = line.isupper() and len(line.split(maxsplit=1)) > 1
        if self._line_shouts:
            return True
        begin = index
        while begin > 0 and index - begin < 2 and _is_loud(tokens[begin - 1]):
            begin -= 1
        end = index
        while end + 1 < len(tokens) and end - begin < 2 and _is_loud(tokens[end + 1]):
            end += 1
        return end - begin >= 2


def _is_loud(token: Token) -> bool:
    return token.kind is TokenKind.WORD and token.surface.isupper()


def _ignored_words(sentences: Sequence[Sentence], settings: Settings) -> Iterator[_Span]:
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(settings.ignore_words | settings.ignore_phrases):
        norms = phrase_norms(phrase)
        if norms:
            by_first.setdefault(norms[0], []).append(norms)
    if not by_first:
        return
    for sentence in sentences:
        norms_here = tuple(token.norm for token in sentence.tokens)
        for index, norm in enumerate(norms_here):
            for phrase_here in by_first.get(norm, ()):
                end = index + len(phrase_here)
                if norms_here[index:end] == phrase_here:
                    yield sentence.tokens[index].start, sentence.tokens[end - 1].end, "ignored"
