"""The estimated share of changed words."""

from __future__ import annotations

import pytest

from unspin import rate
from unspin.lattice import build_lattice
from unspin.models import Models
from unspin.protect import ProtectedIndex
from unspin.settings import DEFAULT_KINDS, Settings
from unspin.tokens import sentences

TEXT = "The pooch is a puppy that individuals have tamed, which infers numerous shapes and hues."


@pytest.mark.parametrize(("spinner", "times"), [("S", 2.0), ("A", 1.0), (None, 1.0)])
def test_what_spinbot_changes_beyond_the_lexicon_is_added(
    monkeypatch: pytest.MonkeyPatch, spinner: str | None, times: float
) -> None:
    models = Models(Settings())
    (sentence,) = sentences(TEXT)
    lattice = build_lattice(sentence, models.lexicon, ProtectedIndex(()), DEFAULT_KINDS)
    words = frozenset(token.norm for token in sentence.tokens)
    found = rate.estimate_rate([lattice], models.features, spinner, words)
    monkeypatch.setattr(rate, "_UNCOUNTED", {})
    counted = rate.estimate_rate([lattice], models.features, spinner, words)
    assert 0 < counted < 0.6
    assert found == pytest.approx(min(times * counted, 0.6))


def test_without_candidates_nothing_was_changed() -> None:
    assert rate.estimate_rate([], Models(Settings()).features, "S", frozenset()) == 0.0
