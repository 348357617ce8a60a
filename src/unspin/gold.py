"""The gold text format, and how well edits agree with it.

A gold text is the spun text with every changed span marked::

    being {mature=>used} for facial recognition {the least bit=>at all}

Left of ``=>`` stands what the spinner wrote; right of it what the author may
have written, the likeliest first and ``|`` between. Nothing on the right means
that the span is to be deleted. Braces without ``=>`` are ordinary text.
The file may end with a line end that the spun text lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unspin.records import Edit

_SPAN = re.compile(r"\{([^{}]*?)=>([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """A changed stretch of the spun text and what it may become."""

    start: int
    end: int
    spun: str
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoldText:
    """A spun text and its changed spans, in order."""

    spun_text: str
    spans: tuple[GoldSpan, ...]

    def marks(self, text: str) -> bool:
        """Whether this is the gold of ``text``, a last line end aside."""
        return text in (self.spun_text, self.spun_text.removesuffix("\n"))

    @property
    def original_text(self) -> str:
        """The text with the first accepted reading in every span."""
        pieces = []
        position = 0
        for span in self.spans:
            pieces += [self.spun_text[position : span.start], span.accepted[0]]
            position = span.end
        return "".join([*pieces, self.spun_text[position:]])


@dataclass(frozen=True, slots=True)
class GoldScore:
    """How edits agree with a gold text.

    ``exact`` are the spans that now read as accepted, ``wrong`` those changed to
    something else, ``kept`` those left as spun; ``outside`` are the edits that
    touch text between the spans.
    """

    exact: tuple[GoldSpan, ...]
    wrong: tuple[GoldSpan, ...]
    kept: tuple[GoldSpan, ...]
    outside: tuple[Edit, ...]

    @property
    def spans(self) -> int:
        """How many spans the gold text has."""
        return len(self.exact) + len(self.wrong) + len(self.kept)

    def __str__(self) -> str:
        """The score as one line for people."""
        return (
            f"{len(self.exact)} of {self.spans} spans exactly right, {len(self.wrong)} wrong, "
            f"{len(self.kept)} left as spun, {len(self.outside)} edits outside"
        )


def parse_gold(marked: str) -> GoldText:
    """The spun text and the spans of a text in the gold format.

    >>> gold = parse_gold("It is {mature=>used|spent} {no more =>}here.")
    >>> gold.spun_text
    'It is mature no more here.'
    >>> [(s.start, s.end, s.spun, s.accepted) for s in gold.spans]
    [(6, 12, 'mature', ('used', 'spent')), (13, 21, 'no more ', ('',))]
    """
    pieces: list[str] = []
    spans: list[GoldSpan] = []
    length = 0
    position = 0
    for match in _SPAN.finditer(marked):
        before = marked[position : match.start()]
        spun = match[1]
        start = length + len(before)
        length = start + len(spun)
        pieces += [before, spun]
        spans.append(GoldSpan(start, length, spun, tuple(match[2].split("|"))))
        position = match.end()
    pieces.append(marked[position:])
    return GoldText("".join(pieces), tuple(spans))


def score_edits(gold: GoldText, edits: Iterable[Edit]) -> GoldScore:
    """The score of edits of ``gold.spun_text``, which must be disjoint.

    What counts is the text that comes out, case included: a narrower edit, or
    several, inside a span are right if the span then reads as accepted, and so
    is a wider edit that repeats the words around it. A span that may stay as
    it is counts as right when it does.

    >>> from unspin.records import Edit, EditKind, Evidence
    >>> gold = parse_gold("a {started started=>started} {final=>last} day")
    >>> def edit(start, before, after):
    ...     kind = EditKind.SYNONYM
    ...     return Edit(start, start + len(before), before, after, 1.0, kind, Evidence("-"))
    >>> str(score_edits(gold, [edit(2, "started ", ""), edit(18, "final day", "last night")]))
    '1 of 2 spans exactly right, 1 wrong, 0 left as spun, 1 edits outside'
    """
    exact: list[GoldSpan] = []
    wrong: list[GoldSpan] = []
    kept: list[GoldSpan] = []
    outside: list[Edit] = []
    for spans, touching in _groups(gold, sorted(edits, key=lambda e: (e.start, e.end))):
        readings = _readings(gold.spun_text, spans, touching)
        if readings is None:
            inside = [e for e in touching if any(_within(e, span) for span in spans)]
            outside += [e for e in touching if e not in inside]
            broken = [s for s in spans if any(_overlaps(e, s) for e in touching if e not in inside)]
        else:
            inside, broken = list(touching), []
        for index, span in enumerate(spans):
            hits = [e for e in inside if _within(e, span)]
            reading = _apply(gold.spun_text, span.start, span.end, hits)
            if readings is not None:
                reading = readings[index]
            if span in broken:
                wrong.append(span)
            elif reading in span.accepted:
                exact.append(span)
            elif reading == span.spun:
                kept.append(span)
            else:
                wrong.append(span)
    return GoldScore(tuple(exact), tuple(wrong), tuple(kept), tuple(outside))


def _groups(
    gold: GoldText, edits: Sequence[Edit]
) -> list[tuple[tuple[GoldSpan, ...], tuple[Edit, ...]]]:
    """Spans and edits that touch one another, directly or through others."""
    items: list[GoldSpan | Edit] = []
    items.extend(gold.spans)
    items.extend(edits)
    items.sort(key=lambda item: (item.start, item.end))
    groups: list[tuple[list[GoldSpan], list[Edit]]] = []
    end = -1
    for item in items:
        if not groups or item.start > end:
            groups.append(([], []))
        if isinstance(item, Edit):
            groups[-1][1].append(item)
        else:
            groups[-1][0].append(item)
        end = max(end, item.end)
    return [(tuple(spans), tuple(touching)) for spans, touching in groups]


def _readings(
    text: str, spans: Sequence[GoldSpan], edits: Sequence[Edit]
) -> tuple[str, ...] | None:
    """What each span reads after the edits, or ``None`` if words between spans changed too."""
    start = min([s.start for s in spans] + [e.start for e in edits])
    end = max([s.end for s in spans] + [e.end for e in edits])
    pattern = ""
    position = start
    for span in spans:
        pattern += _gap(text[position : span.start], spans)
        # An accepted reading is tried first, so that "last" is not read as
        # "las" where the text after the span begins with a "t".
        choices = sorted({*span.accepted, span.spun}, key=len, reverse=True)
        pattern += "(" + "|".join([*map(re.escape, choices), r".*?"]) + ")"
        position = span.end
    pattern += _gap(text[position:end], spans)
    match = re.fullmatch(pattern, _apply(text, start, end, edits), re.DOTALL)
    return None if match is None else match.groups()


def _gap(between: str, spans: Sequence[GoldSpan]) -> str:
    """A pattern for untouched text; a deletion may take one of the spaces around it."""
    pattern = re.escape(between.strip(" "))
    if not any("" in span.accepted for span in spans):
        return re.escape(between)
    return f" ?{pattern} ?" if pattern else " ?" * min(len(between), 2)


def _apply(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    pieces = []
    position = start
    for edit in edits:
        pieces += [text[position : edit.start], edit.after]
        position = edit.end
    return "".join([*pieces, text[position:end]])


def _within(edit: Edit, span: GoldSpan) -> bool:
    return span.start <= edit.start and edit.end <= span.end


def _overlaps(edit: Edit, span: GoldSpan) -> bool:
    return edit.start < span.end and span.start < edit.end
