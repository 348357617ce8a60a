import json
from functools import cache
from pathlib import Path

import pytest

import unspin
from unspin.records import EditKind

CASES = json.loads(
    (Path(__file__).parents[1] / "fixtures/cases/garble.json").read_text(encoding="utf-8")
)


@cache
def restorer(kinds):
    """One restorer for each set of kinds, since word lists take seconds to load."""
    return unspin.Restorer(unspin.Settings(kinds=kinds))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_garble(case):
    kinds = frozenset(map(EditKind, case["kinds"]))
    restoration = restorer(kinds).restore(case["text"])
    assert restoration.text == case["expected"]
    assert {edit.kind for edit in restoration.edits} <= kinds
    assert bool(restoration.edits) == (case["text"] != case["expected"])


def test_labels_are_unique_and_every_case_says_why():
    assert len({case["label"] for case in CASES}) == len(CASES)
    assert all(case["comment"] and case["kinds"] for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_label_says_whether_the_text_stays(case):
    assert ("stays" in case["label"]) == (case["text"] == case["expected"])
