"""The verdict: what its features are, how its trees are walked, what it refuses."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from unspin.document import Screening, by_word, evidence_of
from unspin.errors import DataError
from unspin.records import Arc, EditKind, Lattice, Ranking, Rule
from unspin.resources import data_path
from unspin.tokens import sentences
from unspin.verdict import (
    GLANCE_RISES,
    READ_RISES,
    Reading,
    Verdict,
    glance_features,
    read_features,
    share_changed,
    word_evidence,
)

LOW = [0.02] * 95 + [0.4] * 5
HIGH = [0.02] * 70 + [0.97] * 30


def seen(glance: list[float], words: int = 300, ratio: float = 0.0) -> Screening:
    return Screening(0.01, (("A", 1.0),), (0.0,), False, ratio, words, False, True, 0.05,
                     tuple(glance))  # fmt: skip


def read(changed: list[float]) -> Reading:
    return Reading(changed, [3.0 if p > 0.5 else -3.0 for p in changed], 0.0, False)


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    return Verdict.read(data_path("verdict.npz"))


def test_word_evidence_by_hand() -> None:
    mean, half, *_, top = word_evidence([0.1, 0.9])
    assert mean == pytest.approx(0.0)
    assert half == pytest.approx(math.log(0.503 / 0.497))
    assert top == pytest.approx(0.9)
    ratios = word_evidence([0.12, 0.12])[4:8]
    # P(changed) as large as where the encoder was trained speaks for no rate.
    assert ratios == pytest.approx([0.0] * 4, abs=1e-9)


def test_feature_counts_match_the_constraints() -> None:
    assert glance_features(seen(LOW)).shape == (len(GLANCE_RISES),)
    assert read_features(seen(LOW), read(LOW)).shape == (len(READ_RISES),)


def test_no_evidence_of_changes_lowers_the_glances_score() -> None:
    with np.load(data_path("verdict.npz")) as archive:
        *weights, _ = archive["glance"].tolist()
    assert all(w >= 0 for w, rises in zip(weights, GLANCE_RISES, strict=True) if rises)


def test_many_sure_changes_are_spun_and_few_doubtful_ones_are_not(verdict: Verdict) -> None:
    assert verdict.of(seen(HIGH, ratio=0.1), read(HIGH)) > 0.9
    assert verdict.of(seen(LOW, ratio=-0.02), read(LOW)) < 0.1
    assert verdict.glance(seen(HIGH)) > 0.5 > verdict.glance(seen(LOW))


def test_more_evidence_never_lowers_the_score_of_a_text_that_was_read(verdict: Verdict) -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        p = rng.beta(0.3, 3.0, size=int(rng.integers(20, 400)))
        more = np.maximum(p, rng.random(len(p)) * 0.9)
        here = seen([], words=len(p), ratio=0.01)
        low = verdict.of(here, read(p.tolist()))
        assert verdict.of(here, read(more.tolist())) >= low - 1e-9


def test_repeated_words_count_by_the_root_of_their_number() -> None:
    norms = ["scheme"] * 9 + ["paths", "paths"]
    values = [0.9] * 8 + [0.0, 0.2, 0.4]
    assert by_word(norms, values) == pytest.approx([0.8] * 3 + [0.3])
    assert by_word([], []) == []


def test_of_a_text_that_was_read_only_words_are_seen_and_repeated_ones_less() -> None:
    (sentence,) = sentences("Schemes, schemes, schemes and schemes have paths.")
    rule = Rule("paths", "ways", -1.0, EditKind.SYNONYM, (), "")
    at = len(sentence.tokens) - 2
    lattice = Lattice(sentence, (Arc(at, at + 1, rule),))
    changed = tuple(0.5 if t.norm == "schemes" else 0.1 for t in sentence.tokens)
    evidence = evidence_of(seen(LOW), 0.2)
    reading = Reading.of([lattice], [Ranking((2.0,), {}, changed)], evidence)
    assert reading.changed == pytest.approx([0.5, 0.5, 0.1, 0.1, 0.1])
    assert reading.arcs[-1] == 2.0
    assert max(reading.arcs[:-1]) < -9
    assert reading.rate == 0.2
    # The rate is a share of all words.
    assert share_changed([lattice], [Ranking((2.0,), {}, changed)]) == pytest.approx(2.3 / 7)
    assert share_changed([lattice], [Ranking((2.0,), {})]) == 0.0


def test_without_words_the_screen_speaks(verdict: Verdict) -> None:
    assert verdict.of(seen([]), Reading([], [], 0.0, False)) == 0.01


def test_a_stump_is_walked_by_its_threshold() -> None:
    node = [READ_RISES.index(1), 0.0, 1, 2, 0.0]
    tree = np.array([[node, [0, 0, 1, 1, -2.0], [0, 0, 2, 2, 3.0]]], np.float32)
    verdict = Verdict(np.zeros(len(GLANCE_RISES) + 1), tree, 0.5)
    for changed, leaf in ((LOW, -2.0), (HIGH, -2.0), ([0.9] * 30, 3.0)):
        score = verdict.of(seen([]), read(changed))
        assert math.log(score / (1 - score)) == pytest.approx(0.5 + leaf + 0.1)
        score = verdict.of(seen([], words=149), read(changed))
        assert math.log(score / (1 - score)) == pytest.approx(0.5 + leaf - 1.0)


@pytest.mark.parametrize("words", [300, 149])
def test_both_looks_overrule_the_trees_if_they_are_surer(words: int) -> None:
    weights = np.zeros(len(GLANCE_RISES) + 1)
    weights[0] = 1.0  # of the mean's log odds
    high, low = (word_evidence(changed)[0] for changed in (HIGH, LOW))
    offset = 0.1 if words >= 150 else -1.0
    for untold, sure in ((HIGH, high), (LOW, low), ([], high)):
        for leaf in (sure - 1.0, sure):
            tree = np.array([[[0, 0, 0, 0, leaf]]], np.float32)
            screening = replace(seen(HIGH, words), untold=tuple(untold))
            score = Verdict(weights, tree, 0.0).of(screening, read(HIGH))
            expected = max(leaf, sure - 0.5) + offset
            assert math.log(score / (1 - score)) == pytest.approx(expected, abs=1e-6)


def test_what_the_encoder_thinks_untold_counts_once_the_text_is_read() -> None:
    untold = replace(seen(LOW), untold=tuple(HIGH))
    first, *_ = read_features(untold, read(LOW))
    assert first == word_evidence(HIGH)[0]
    # Texts that need no glance have no other opinion than the reading's.
    assert read_features(seen(LOW), read(LOW))[0] == word_evidence(LOW)[0]
    assert glance_features(untold)[0] == word_evidence(LOW)[0]


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "other"])
def test_damaged_files_are_data_errors(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "verdict.npz"
    whole = data_path("verdict.npz").read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "text":
        path.write_text("nothing of the kind", encoding="utf-8")
    elif damage == "other":
        np.savez(path, glance=np.zeros(3), trees=np.zeros((1, 1, 5), np.float32), offset=0.0)
    with pytest.raises(DataError, match="verdict model"):
        Verdict.read(path)


def named(family: str, ratio: float, words: int = 110, typical: bool = True) -> Screening:
    """A text that the words alone give to a family, of two paragraphs, one of them plain."""
    return Screening(0.9, ((family, 1.0),), (20.0, -20.0), typical, ratio, words, True, True, 0.05)


@pytest.mark.parametrize(
    ("family", "ratio", "words", "typical", "imitated"),
    [
        ("S", 0.2, 110, True, True),
        ("S", 0.1, 110, True, False),
        ("S", 0.2, 60, True, False),
        ("S", 0.2, 110, False, False),
        ("A", 0.2, 110, True, False),
    ],
)
def test_spinbots_words_are_trusted_beyond_what_imitations_taught(
    verdict: Verdict, family: str, ratio: float, words: int, typical: bool, imitated: bool
) -> None:
    screening = named(family, ratio, words, typical)
    assert screening.imitated is imitated
    assert (screening.size > 150) is imitated
    odds = math.log(1 / verdict.of(screening, read(HIGH)) - 1)
    low = verdict.of(named("A", ratio, words, typical), read(HIGH))
    assert (math.log(1 / low - 1) - odds > 0.5) is imitated


def test_a_paragraph_without_a_familys_words_is_read_if_the_spinner_is_unknown() -> None:
    assert evidence_of(named("A", 0.2), None).active == (True, False)
    unknown = named("A", 0.2, typical=False)
    assert evidence_of(replace(unknown, glance=(0.5,)), None).active == (True, True)
    assert evidence_of(unknown, None).active == (True, False)
