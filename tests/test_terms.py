"""Tortured phrases are put right in any text, unless they are quoted."""

from __future__ import annotations

import pytest

import unspin
from unspin.records import EditKind

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
