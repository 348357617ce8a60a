import json
from pathlib import Path

import pytest

import unspin

FOLDER = Path(__file__).parents[1] / "fixtures/cases"
CASES = json.loads((FOLDER / "negative.json").read_text(encoding="utf-8"))
KNOWN_FAILURES = json.loads((FOLDER / "known_failures.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def restorer():
    return unspin.Restorer()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_clean_text_is_left_alone(restorer, case):
    restoration = restorer.restore(case["text"])
    assert [(e.before, e.after, e.confidence) for e in restoration.edits] == []
    assert restoration.text == case["text"]


@pytest.mark.parametrize("case", KNOWN_FAILURES, ids=lambda case: case["label"])
def test_known_failures_still_fail(restorer, case):
    """A case that starts to pass belongs in negative.json."""
    assert restorer.restore(case["text"]).edits


def test_labels_are_unique_and_every_case_says_why():
    every = CASES + KNOWN_FAILURES
    assert len({case["label"] for case in every}) == len(every)
    assert all(set(case) == {"label", "comment", "text"} for case in every)
    assert all(case["comment"] and case["text"].strip() for case in every)
