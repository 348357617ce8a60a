from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unspin.edits import apply_edits, with_articles
from unspin.errors import InputError
from unspin.records import Edit, EditKind, Evidence
from unspin.tokens import tokenize


def edit(start: int, end: int, before: str, after: str) -> Edit:
    return Edit(start, end, before, after, 1.0, EditKind.SYNONYM, Evidence("test"))


@given(st.text())
def test_no_edits_change_nothing(text: str) -> None:
    assert apply_edits(text, []) == text


@given(st.text(), st.data())
def test_everything_between_edits_stays(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    if len(cuts) % 2:
        cuts.pop()
    edits = [
        edit(a, b, text[a:b], data.draw(st.text(max_size=4)))
        for a, b in zip(cuts[::2], cuts[1::2], strict=True)
    ]
    restored = apply_edits(text, edits)
    expected, at = "", 0
    for e in edits:
        expected += text[at : e.start] + e.after
        at = e.end
    assert restored == expected + text[at:]


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(InputError, match="overlap at offset 1"):
        apply_edits("abcd", [edit(0, 2, "ab", "x"), edit(1, 3, "bc", "y")])


def test_an_edit_for_another_text_is_refused() -> None:
    with pytest.raises(InputError, match="made for another text"):
        apply_edits("abcd", [edit(0, 2, "xy", "z")])


def test_the_article_before_an_edit_agrees_with_it() -> None:
    text = "a educated commission"
    (fixed,) = with_articles(text, tokenize(text), [edit(2, 10, "educated", "expert")])
    assert apply_edits(text, [fixed]) == "an expert commission"
