"""The gate: what an edit is worth, and how much doubtful and short texts ask for."""

from __future__ import annotations

import pytest

from unspin.calibration import Calibration
from unspin.gate import is_applied, worth
from unspin.records import Edit, EditKind, Evidence

HARM = 1.2
CURVE = Calibration(1.0, 0.0, 0.0, HARM)


def edit(confidence: float, changed: float | None, kind: EditKind = EditKind.SYNONYM) -> Edit:
    evidence = Evidence("test", changed=changed)
    return Edit(0, 6, "mature", "used", confidence, kind, evidence, ())


def test_harm_counts_more_than_gain() -> None:
    assert worth(edit(0.6, 1.0), 0.6, 1.0, HARM) == pytest.approx(0.6)
    # 1.2 times what is likely the author's own is taken off.
    assert worth(edit(0.6, 0.8), 0.6, 1.0, HARM) == pytest.approx(0.36)
    assert worth(edit(0.6, 0.8), 0.6, 0.5, HARM) == pytest.approx(-0.12)
    assert worth(edit(0.4, 0.6), 0.4, 0.5, HARM) == pytest.approx(-0.44)
    # An edit of no spinner's work is right or harms.
    assert worth(edit(0.8, None), 0.8, 0.0, HARM) == pytest.approx(0.56)


@pytest.mark.parametrize("changed", [0.3, 0.5, 0.7])
def test_what_is_as_likely_to_harm_stays(changed: float) -> None:
    assert not is_applied(edit(1 - changed, changed), CURVE, 1.0, 500)


def test_what_is_far_likelier_to_be_right_is_applied() -> None:
    assert is_applied(edit(0.7, 0.7), CURVE, 1.0, 500)


@pytest.mark.parametrize(
    ("confidence", "score", "words", "applied"),
    [
        (0.5, 0.99, 500, True),
        (0.5, 0.99, 100, True),  # a passage that is surely spun
        (0.5, 0.9, 100, False),  # one that may not be
        (0.8, 0.9, 100, False),
        (0.85, 0.9, 100, True),
        (0.8, 0.79, 140, False),
        (0.8, 0.98, 40, False),  # a sentence or two
        (0.8, 0.99, 40, True),
        (0.5, 0.99, 40, False),
        (0.8, 0.98, 80, False),
        (0.5, 0.69, 500, False),
        (0.6, 0.69, 500, False),
        (0.7, 0.69, 500, True),
        (0.8, 0.4, 500, False),
        (0.4, 1.0, 500, True),
        (0.4, 0.6, 500, False),
        (0.45, 0.94, 500, False),  # so much text should have raised the score
        (0.45, 0.94, 499, True),
        (0.5, 0.94, 500, True),
        (0.45, 0.95, 500, True),
        (0.65, 0.8, 500, True),
        (0.65, 0.79, 140, False),
        (0.5, 1.0, 60, False),
    ],
)
def test_what_a_text_asks_for(confidence: float, score: float, words: int, applied: bool) -> None:
    assert is_applied(edit(confidence, 1.0), CURVE, score, words) is applied


def test_other_damage_does_not_ask_whether_the_text_is_spun() -> None:
    assert is_applied(edit(0.6, None, EditKind.GLUED), CURVE, 0.0, 10)


def test_a_term_does_not_ask_either() -> None:
    assert is_applied(edit(0.9, None, EditKind.TORTURED), CURVE, 0.0, 10)
    assert not is_applied(edit(0.9, 0.9, EditKind.TORTURED), CURVE, 0.1, 10)


@pytest.mark.parametrize("known", [True, False])
def test_a_term_asks_for_less_than_other_damage_does(known: bool) -> None:
    lenient = Calibration(1.0, 0.0, 0.0, 0.6)
    assert is_applied(edit(0.45, None, EditKind.TORTURED), lenient, 0.0, 10, known=known)
    assert not is_applied(edit(0.44, None, EditKind.TORTURED), lenient, 0.0, 10, known=known)
    assert not is_applied(edit(0.5, None, EditKind.GLUED), lenient, 0.0, 10, known=known)
    # A ranker by which harm counts more asks for more.
    assert not is_applied(edit(0.5, None, EditKind.TORTURED), CURVE, 0.0, 10, known=known)


def test_an_unknown_spinners_words_are_tried_sooner() -> None:
    doubtful = edit(0.3, 0.8)
    assert not is_applied(doubtful, CURVE, 0.9, 500)
    assert is_applied(doubtful, CURVE, 0.9, 500, known=False)
    assert is_applied(edit(0.2, 1.0), CURVE, 0.9, 500, known=False)
    assert not is_applied(edit(0.12, 1.0), CURVE, 1.0, 500, known=False)
    # Where it is doubtful that anybody spun the text, they ask for as much as others.
    for known in (True, False):
        assert not is_applied(edit(0.6, 1.0), CURVE, 0.69, 500, known=known)
        assert is_applied(edit(0.5, 1.0), CURVE, 0.8, 500, known=known)


def test_a_short_text_of_no_known_spinner_asks_for_sure_edits() -> None:
    doubtful, sure = edit(0.8, 1.0), edit(0.82, 1.0)
    assert not is_applied(doubtful, CURVE, 0.96, 249, known=False)
    assert is_applied(sure, CURVE, 0.96, 249, known=False)
    assert is_applied(doubtful, CURVE, 0.96, 250, known=False)
    assert is_applied(doubtful, CURVE, 0.97, 249, known=False)
    assert is_applied(doubtful, CURVE, 0.96, 249)


@pytest.mark.parametrize("known", [True, False])
def test_a_doubled_noun_is_a_suggestion(known: bool) -> None:
    lenient = Calibration(1.0, 0.0, 0.0, 1.0)
    doubled = edit(0.5, None, EditKind.DOUBLED)
    assert not is_applied(doubled, lenient, 0.99, 500, known=known)
