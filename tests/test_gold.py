"""The gold format, and scores of edits that hit spans in every way."""

from __future__ import annotations

import pytest

from unspin.gold import parse_gold, score_edits
from unspin.records import Edit, EditKind, Evidence

MARKED = (
    "It {started started=>started} {on the current time=>today|now}, {very =>}late {final=>last}."
)


def edit(text: str, before: str, after: str) -> Edit:
    start = text.index(before)
    return Edit(start, start + len(before), before, after, 1.0, EditKind.SYNONYM, Evidence("test"))


def test_parse() -> None:
    gold = parse_gold(MARKED)
    assert gold.spun_text == "It started started on the current time, very late final."
    assert gold.original_text == "It started today, late last."
    assert [span.accepted for span in gold.spans] == [
        ("started",), ("today", "now"), ("",), ("last",)
    ]  # fmt: skip
    assert all(gold.spun_text[s.start : s.end] == s.spun for s in gold.spans)


def test_braces_without_an_arrow_are_text() -> None:
    gold = parse_gold("{a} {b=>c} => {")
    assert gold.spun_text == "{a} b => {"
    assert len(gold.spans) == 1


def test_last_line_end_may_differ() -> None:
    assert parse_gold("{a=>b}\n").marks("a")
    assert not parse_gold("{a=>b}").marks("a\n")


@pytest.mark.parametrize(
    ("changes", "exact", "wrong", "outside"),
    [
        ([], 0, 0, 0),
        ([("final", "last")], 1, 0, 0),
        ([("final", "Last")], 0, 1, 0),  # capitals count
        ([("started ", "")], 1, 0, 0),  # narrower than the span
        ([("on the current", "today"), (" time", "")], 1, 0, 0),  # two edits, one span
        ([("on the current time", "now")], 1, 0, 0),  # also accepted
        ([("on", "at")], 0, 1, 0),
        ([("very ", "")], 1, 0, 0),
        ([(" very", "")], 1, 0, 0),  # takes the space on the other side
        ([("late final", "late last")], 1, 0, 0),  # repeats a word around it
        ([("late final", "soon last")], 0, 1, 1),
        ([("started started on the current time", "started now")], 2, 0, 0),  # over two spans
        ([("It", "This")], 0, 0, 1),
        ([(",", ";")], 0, 0, 1),  # touches a span, but is outside it
        ([("final", "last"), (".", "!")], 1, 0, 1),
    ],
)
def test_score(changes: list[tuple[str, str]], exact: int, wrong: int, outside: int) -> None:
    gold = parse_gold(MARKED)
    score = score_edits(gold, [edit(gold.spun_text, *change) for change in changes])
    assert (len(score.exact), len(score.wrong), len(score.outside)) == (exact, wrong, outside)
    assert score.spans == 4


def test_a_span_that_may_stay_is_right_as_it_is() -> None:
    score = score_edits(parse_gold("the {services=>services|products}"), [])
    assert str(score) == "1 of 1 spans exactly right, 0 wrong, 0 left as spun, 0 edits outside"
