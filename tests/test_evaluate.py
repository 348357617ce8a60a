from __future__ import annotations

import pytest

from unspin.evaluate import Tally, auroc, calibration_error, evaluate_pair, found_at, judge
from unspin.pairs import Pair
from unspin.records import Edit, EditKind, Evidence
from unspin.report.evaluation import as_dict, broken_floors, table
from unspin.restorer import Restorer
from unspin.settings import Settings


def edit(text: str, before: str, after: str) -> Edit:
    start = text.index(before)
    return Edit(start, start + len(before), before, after, 1.0, EditKind.SYNONYM, Evidence("test"))


def test_undefined_scores_stay_undefined() -> None:
    empty = Tally()
    assert empty.damage_undone is None
    assert empty.precision is None
    assert empty.f_half is None
    assert auroc([], [0.1]) is None
    assert calibration_error([]) is None
    assert found_at([0.5], [], 0.01) is None
    nothing_done = Tally(phrases=7, damage=7, left=7)
    assert (nothing_done.precision, nothing_done.recall) == (None, 0.0)


def test_auroc_counts_ties_half() -> None:
    assert auroc([0.9, 0.5], [0.5, 0.1]) == pytest.approx(0.875)


def test_calibration_error_is_the_mean_gap() -> None:
    assert calibration_error([(0.95, True), (0.95, True), (0.15, False)]) == pytest.approx(
        (2 * 0.05 + 0.15) / 3
    )


@pytest.mark.parametrize(
    ("before", "after", "right"),
    [("mature", "used", True), ("mature", "ripe", False), ("tool mature", "used", False)],
)
def test_an_edit_is_right_when_its_words_are_the_authors_in_place(
    before: str, after: str, right: bool
) -> None:
    spun = "the tool mature for work"
    original = "the tool used for work".split()
    assert [r for _, r in judge(spun, [edit(spun, before, after)], original)] == [right]


def test_a_clean_pair_has_nothing_to_restore() -> None:
    text = "Nothing was changed in this sentence, and nothing should be."
    tally = evaluate_pair(Restorer(Settings(ranker="features")), Pair("1", "A", text, text))
    assert tally.damage_undone is None
    assert tally.edits == 0
    assert tally.harm == 0.0


def test_floors_and_ceilings() -> None:
    result = as_dict({"A": Tally(damage=10, left=4)}, Tally(clean_words=10_000, clean_edits=1))
    assert (
        broken_floors(result, {"A": {"damage_undone": 0.6}, "clean": {"max_edits_per_10k": 1}})
        == []
    )
    messages = broken_floors(result, {"A": {"damage_undone": 0.7, "precision": 0.1}})
    assert messages == [
        "A damage_undone: 0.6000 is below its floor 0.7",
        "A precision: n/a is below its floor 0.1",
    ]
    assert "0.600" in table({"A": Tally(damage=10, left=4)}, Tally())
