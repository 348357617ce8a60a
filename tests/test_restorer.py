from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import unspin
from unspin.edits import apply_edits
from unspin.rank.context import ContextRanker
from unspin.records import Detection, DocumentEvidence, Restoration
from unspin.restorer import _least_suggestion
from unspin.settings import RANKERS, Settings
from unspin.verdict import Verdict

SEED = Path(__file__).parents[1] / "seeds" / "000_a26bbb09311a0bb2.txt"


@pytest.fixture(scope="module", params=RANKERS)
def restorer(request: pytest.FixtureRequest) -> unspin.Restorer:
    return unspin.Restorer(Settings(ranker=request.param))


@pytest.fixture(scope="module")
def seed() -> str:
    return SEED.read_text(encoding="utf-8")


@given(st.text())
@example("İİİ İ mature put up\r\n\r\n\x00\u2029")
@example("\ud800 lone surrogate on the attach")
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
def test_nothing_changes_outside_edits(restorer: unspin.Restorer, text: str) -> None:
    found = restorer.restore(text)
    assert found.source == text
    assert apply_edits(text, found.edits) == found.text
    assert all(text[e.start : e.end] == e.before for e in found.edits + found.suggestions)


def test_records_survive_json(restorer: unspin.Restorer, seed: str) -> None:
    found = restorer.restore(seed)
    assert found.edits
    assert Restoration.from_dict(json.loads(found.to_json())) == found
    detected = restorer.detect(seed)
    assert Detection.from_dict(json.loads(detected.to_json())) == detected
    assert detected.is_spun
    assert detected.spin_score > 0.99


def test_the_same_text_gives_the_same_result(seed: str) -> None:
    one, two = unspin.Restorer(), unspin.Restorer()
    two.restore("Something else came first. " * 20)
    assert one.restore(seed) == two.restore(seed)


@pytest.mark.parametrize(("score", "asked"), [(0.01, False), (0.99, True)])
def test_only_texts_that_may_be_spun_are_searched_for_what_no_lexicon_knows(
    seed: str, monkeypatch: pytest.MonkeyPatch, score: float, asked: bool
) -> None:
    restorer = unspin.Restorer()
    calls = []
    opened = ContextRanker.opened

    def counted(self: ContextRanker, *args: Any) -> Any:
        calls.append(args)
        return opened(self, *args)

    monkeypatch.setattr(ContextRanker, "opened", counted)
    monkeypatch.setattr(Verdict, "of", lambda *_: score)
    found = restorer.restore(seed)
    assert bool(calls) is asked
    assert (len(found.edits) > 5) is asked


def test_names_and_acronyms_survive(restorer: unspin.Restorer, seed: str) -> None:
    found = restorer.restore(seed).text
    for name in ("Microsoft", "ICE", "Brad Smith", "Immigration and Customs Enforcement"):
        assert found.count(name) == seed.count(name)


def test_a_higher_confidence_applies_a_subset(seed: str) -> None:
    some = unspin.restore(seed, Settings(ranker="features"))
    few = unspin.restore(seed, Settings(ranker="features", min_confidence=0.9))
    assert 0 < len(few.edits) < len(some.edits)
    assert set(few.edits) <= set(some.edits)


def test_a_paragraph_in_front_shifts_offsets(seed: str) -> None:
    front = "Zzz.\n\n"
    restorer = unspin.Restorer(Settings(ranker="features"))
    plain, shifted = restorer.restore(seed), restorer.restore(front + seed)
    assert [(e.start + len(front), e.after) for e in plain.edits] == [
        (e.start, e.after) for e in shifted.edits
    ]


def test_ignored_words_stay(seed: str) -> None:
    found = unspin.restore(seed, Settings(ranker="features", ignore_words=frozenset({"Mature"})))
    assert found.text.count("mature") == seed.count("mature")


def test_without_the_lexicon_the_features_touch_no_synonym(seed: str) -> None:
    found = unspin.restore(seed, Settings(ranker="features", builtin_lexicon=False))
    assert [e.kind.value for e in found.edits] == ["doubled"]


@pytest.mark.parametrize(
    ("score", "words", "least"),
    [(0.9, 2000, 0.05), (0.7, 200, 0.05), (0.7, 2000, 0.45), (0.3, 2000, 0.45), (0.3, 200, 0.35)],
)
def test_a_long_text_that_may_be_clean_shows_only_likely_readings(
    score: float, words: int, least: float
) -> None:
    evidence = DocumentEvidence(score, "A", 1.0, 0.1, (True,), 300)
    assert _least_suggestion(evidence, words) == least
