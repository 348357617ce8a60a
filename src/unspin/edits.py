"""Paths to edits, and the only function that changes text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from unspin.errors import InputError
from unspin.inflect import article_fix, join_words, match_case
from unspin.records import (
    Alternative,
    Arc,
    Decoding,
    Edit,
    Evidence,
    Lattice,
    Ranking,
    Rule,
    Token,
    TokenKind,
)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """``text`` with the edits made; nothing outside their spans changes.

    >>> apply_edits("as is", [])
    'as is'

    Raises:
        InputError: when edits overlap or do not fit the text.
    """
    pieces: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < position:
            raise InputError(f"edits overlap at offset {edit.start}")
        if text[edit.start : edit.end] != edit.before:
            raise InputError(
                f"an edit of {edit.before!r} does not fit the text at offset {edit.start}; "
                "it was made for another text"
            )
        pieces += (text[position : edit.start], edit.after)
        position = edit.end
    pieces.append(text[position:])
    return "".join(pieces)


def written(tokens: Sequence[Token], rule: Rule, at_start: bool) -> str:
    """What a rule's original looks like in place of ``tokens``."""
    if not rule.original:
        return ""
    curly = any("’" in token.surface for token in tokens)
    words = join_words(rule.original.split(" "), "’" if curly else "'")
    return match_case([token.surface for token in tokens], words, at_start)


def path_edits(
    text: str,
    lattice: Lattice,
    ranking: Ranking,
    decoding: Decoding,
    confidences: Mapping[int, float],
    alternatives: int,
    curly: bool = False,
) -> list[Edit]:
    """The edits of a decoded sentence, in order; arcs that change no letter give none.

    ``confidences`` has the calibrated confidences of the path's arcs by number, and of
    those beside them; one that is missing is no alternative. ``curly`` asks for
    typographic apostrophes.
    """
    tokens = lattice.sentence.tokens
    changed = _changed(lattice, decoding)
    edits = []
    for number in decoding.path:
        arc = lattice.arcs[number]
        before, after = _span_and_text(text, tokens, arc, curly)
        start, end = tokens[arc.start].start, tokens[arc.end - 1].end
        if before == after:
            continue
        others = _alternatives(lattice, number, confidences, alternatives, text, curly)
        start, end, before, after = _minimal(start, end, before, after)
        edits.append(
            Edit(
                start,
                end,
                before,
                after,
                round(confidences[number], 4),
                arc.rule.kind,
                Evidence(
                    source=arc.rule.source,
                    log_channel=round(arc.rule.channel, 3),
                    ranker=round(ranking.log_odds[number], 3),
                    changed=round(min(changed[arc.start : arc.end]), 4),
                ),
                others,
            )
        )
    return edits


def with_articles(text: str, tokens: Sequence[Token], edits: list[Edit]) -> list[Edit]:
    """The edits with "a" and "an" made to agree with the words that now follow them."""
    at = {token.end: token for token in tokens if token.norm in ("a", "an")}
    changed = {edit.start for edit in edits} | {edit.end for edit in edits}
    result = []
    for edit in edits:
        gap = edit.start
        while gap > 0 and text[gap - 1] == " ":
            gap -= 1
        article = at.get(gap)
        first = edit.after.split(" ")[0]
        if article is not None and gap < edit.start and first and article.start not in changed:
            fixed = article_fix(article.surface, first)
            if fixed and fixed != article.surface and not _covered(article, edits):
                result.append(
                    Edit(
                        article.start,
                        edit.end,
                        text[article.start : edit.end],
                        fixed + text[article.end : edit.start] + edit.after,
                        edit.confidence,
                        edit.kind,
                        edit.evidence,
                        edit.alternatives,
                    )
                )
                continue
        result.append(edit)
    return result


def together(one: Sequence[Edit], other: Sequence[Edit]) -> list[Edit]:
    """Both in order; where they overlap, the surer one stays."""
    result: list[Edit] = []
    for edit in sorted([*one, *other], key=lambda e: (e.start, e.end)):
        while result and result[-1].end > edit.start:
            if result[-1].confidence >= edit.confidence:
                break
            result.pop()
        else:
            result.append(edit)
    return result


def _changed(lattice: Lattice, decoding: Decoding) -> list[float]:
    """Per token the probability that some change covers it."""
    mass = [0.0] * len(lattice.sentence.tokens)
    spans = [(arc.start, arc.end) for arc in lattice.arcs]
    for (start, end), p in [
        *zip(spans, decoding.posterior, strict=True),
        *decoding.unknown.items(),
    ]:
        for number in range(start, end):
            mass[number] += p
    return [min(p, 1.0) for p in mass]


def _covered(token: Token, edits: Iterable[Edit]) -> bool:
    return any(e.start < token.end and token.start < e.end for e in edits)


def _span_and_text(text: str, tokens: Sequence[Token], arc: Arc, curly: bool) -> tuple[str, str]:
    span = tokens[arc.start : arc.end]
    before = text[span[0].start : span[-1].end]
    if curly and not any("'" in t.surface for t in span):
        words = join_words(arc.rule.original.split(" "), "’") if arc.rule.original else ""
        after = match_case([t.surface for t in span], words, _at_start(tokens, arc.start))
    else:
        after = written(span, arc.rule, _at_start(tokens, arc.start))
    return before, after


def _at_start(tokens: Sequence[Token], index: int) -> bool:
    return all(token.kind is TokenKind.PUNCTUATION for token in tokens[:index])


def _alternatives(
    lattice: Lattice,
    chosen: int,
    confidences: Mapping[int, float],
    limit: int,
    text: str,
    curly: bool,
) -> tuple[Alternative, ...]:
    arcs = lattice.arcs
    # Arcs of one span stand together.
    span = arcs[chosen][:2]
    first, last = chosen, chosen + 1
    while first > 0 and arcs[first - 1][:2] == span:
        first -= 1
    while last < len(arcs) and arcs[last][:2] == span:
        last += 1
    rivals = [
        (confidences[number], arcs[number])
        for number in range(first, last)
        if number != chosen and confidences.get(number, 0.0) > 0
    ]
    rivals.sort(key=lambda pair: (-pair[0], pair[1].rule.original))
    return tuple(
        Alternative(_span_and_text(text, lattice.sentence.tokens, other, curly)[1], round(p, 4))
        for p, other in rivals[:limit]
    )


def _minimal(start: int, end: int, before: str, after: str) -> tuple[int, int, str, str]:
    """The edit without whole words that are equal at both ends."""
    left, right = before.split(" "), after.split(" ")
    while len(left) > 1 and len(right) > 1 and left[0] == right[0]:
        start += len(left[0]) + 1
        left, right = left[1:], right[1:]
    while len(left) > 1 and len(right) > 1 and left[-1] == right[-1]:
        end -= len(left[-1]) + 1
        left, right = left[:-1], right[:-1]
    return start, end, " ".join(left), " ".join(right)
