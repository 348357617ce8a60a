"""The rate of an unknown spinner's text, and what it does to P(changed)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unspin.document import Screening
from unspin.rank.own_rate import IMITATED, has_own_rate, log_shift, shifted

PROBABILITIES = st.lists(st.floats(0, 1, width=32), max_size=60)


def test_only_spinners_with_parallel_text_are_taken_to_have_a_usual_rate() -> None:
    assert has_own_rate(None, 1)
    assert has_own_rate(IMITATED, 75)
    assert not has_own_rate(IMITATED, 74)
    assert not any(has_own_rate(family, 1000) for family in "ABCTKMJ")


def test_clean_text_is_not_shifted() -> None:
    assert log_shift([np.full(100, 0.05, np.float32)]) == 0.0
    assert log_shift([]) == 0.0
    assert log_shift([np.zeros(0, np.float32)]) == 0.0


def test_text_full_of_changes_is() -> None:
    # A third of the words surely changed: the prior moves from 0.12 to a third.
    p = np.array([0.999, 0.01, 0.01] * 50, np.float32)
    third, usual = math.log(0.5), math.log(0.12 / 0.88)
    assert log_shift([p]) == pytest.approx(third - usual, abs=0.15)


def test_sentences_are_judged_by_the_whole_text() -> None:
    spun, plain = np.full(30, 0.9, np.float32), np.full(90, 0.02, np.float32)
    shift = log_shift([spun, plain])
    assert 0 < shift < log_shift([spun])
    first, second = shifted([spun, plain], shift)
    assert (first > spun).all()
    assert (second > plain).all()


@given(PROBABILITIES)
def test_the_shift_is_bounded_and_keeps_the_order(values: list[float]) -> None:
    p = np.array(values, np.float32)
    shift = log_shift([p])
    assert 0 <= shift <= math.log(0.4 / 0.6) - math.log(0.12 / 0.88) + 1e-9
    (moved,) = shifted([p], shift)
    assert ((moved >= 0) & (moved <= 1)).all()
    assert (np.diff(moved[np.argsort(p)]) >= -1e-6).all()


@pytest.mark.parametrize(
    ("family", "glance", "typical"),
    [("K", 0.1, True), ("K", 0.2, False), ("A", 0.2, True), ("M", 0.2, False)],
)
def test_a_text_with_many_changes_is_no_light_spinners(
    family: str, glance: float, typical: bool
) -> None:
    seen = Screening(0.5, ((family, 1.0),), (0.1,), True, 0.02, 300, False, True)
    after = seen.after([str(n) for n in range(40)], (glance,) * 40)
    assert after.typical is typical
    assert after.glance == (glance,) * 40
    assert seen.after((), ()).typical
