import json
from pathlib import Path

import pytest

import unspin

CASES = json.loads(
    (Path(__file__).parents[1] / "fixtures/cases/negative.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_clean_text_is_left_alone(case):
    restoration = unspin.restore(case["text"])
    assert [(e.before, e.after, e.confidence) for e in restoration.edits] == []
    assert restoration.text == case["text"]


def test_labels_are_unique_and_every_case_says_why():
    assert len({case["label"] for case in CASES}) == len(CASES)
    assert all(set(case) == {"label", "comment", "text"} for case in CASES)
    assert all(case["comment"] and case["text"].strip() for case in CASES)
