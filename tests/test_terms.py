"""Tortured phrases are put right in any text, unless they are quoted."""

from __future__ import annotations

import pytest

import unspin
from unspin.gate import is_applied, worth
from unspin.records import Edit, EditKind, Evidence

CLEAN = (
    "We compare our approach with {}, which is still the most widely used baseline. Both were "
    "run ten times with different random seeds, and we report the mean."
)


@pytest.fixture(scope="module")
def restorer() -> unspin.Restorer:
    return unspin.Restorer()


@pytest.mark.parametrize(
    ("phrase", "term"),
    [
        ("counterfeit consciousness", "artificial intelligence"),
        ("irregular timberland", "random forest"),
        ("characteristic language handling", "natural language processing"),
    ],
)
def test_a_phrase_in_a_clean_text_is_put_right(
    restorer: unspin.Restorer, phrase: str, term: str
) -> None:
    found = restorer.restore(CLEAN.format(phrase))
    assert found.text == CLEAN.format(term)
    assert not found.is_spun
    assert [edit.kind for edit in found.edits] == [EditKind.TORTURED]


def test_the_article_before_it_agrees(restorer: unspin.Restorer) -> None:
    text = "They trained a counterfeit consciousness on it."
    assert restorer.restore(text).text == "They trained an artificial intelligence on it."


@pytest.mark.parametrize(
    "quoted",
    [
        "what they call 'counterfeit consciousness'",
        "the “counterfeit consciousness” of others",
        'so-called "irregular timberland and bosom peril" papers',
    ],
)
def test_a_quoted_phrase_stays(restorer: unspin.Restorer, quoted: str) -> None:
    assert restorer.restore(CLEAN.format(quoted)).edits == ()


def test_switched_off_with_its_kind() -> None:
    settings = unspin.Settings(kinds=frozenset({EditKind.SYNONYM}))
    text = CLEAN.format("irregular timberland")
    assert unspin.Restorer(settings).restore(text).text == text


def edit(confidence: float, changed: float | None, kind: EditKind = EditKind.SYNONYM) -> Edit:
    return Edit(0, 1, "a", "b", confidence, kind, Evidence("test", changed=changed))


def test_worth_takes_the_harm_off() -> None:
    assert worth(edit(0.4, 1.0), 0.4, 1.0) == pytest.approx(0.4)
    assert worth(edit(0.4, 0.6), 0.4, 1.0) == pytest.approx(0.2)
    assert worth(edit(0.4, 0.6), 0.4, 0.5) == pytest.approx(0.05)
    assert worth(edit(0.8, None), 0.8, 0.0) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("confidence", "score", "words", "applied"),
    [
        (0.4, 1.0, 500, True),
        (0.4, 0.8, 500, False),
        (0.65, 0.8, 500, True),
        (0.65, 0.8, 140, False),
        (0.8, 0.4, 500, False),
        (0.65, 1.0, 100, False),
        (0.8, 1.0, 60, False),
    ],
)
def test_doubtful_and_short_texts_ask_for_more(
    confidence: float, score: float, words: int, applied: bool
) -> None:
    assert is_applied(edit(confidence, 1.0), 0.33, score, words) is applied


def test_other_damage_does_not_ask_whether_the_text_is_spun() -> None:
    assert is_applied(edit(0.6, None, EditKind.GLUED), 0.33, 0.0, 10)
