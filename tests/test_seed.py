"""The seed article, restored with default settings, against its gold text."""

from __future__ import annotations

from pathlib import Path

import pytest

from unspin import Restoration, Restorer
from unspin.files import read_text
from unspin.gold import GoldText, parse_gold, score_edits

ROOT = Path(__file__).parents[1]
SEED = ROOT / "seeds" / "000_a26bbb09311a0bb2.txt"
GOLD = ROOT / "fixtures" / "000_a26bbb09311a0bb2.gold.txt"
LEAST_EXACT = 86


@pytest.fixture(scope="module")
def gold() -> GoldText:
    return parse_gold(read_text(GOLD).text)


@pytest.fixture(scope="module")
def restoration() -> Restoration:
    return Restorer().restore(read_text(SEED).text)


def test_gold_marks_the_seed(gold: GoldText) -> None:
    assert gold.marks(read_text(SEED).text)
    assert len(gold.spans) == 93


def test_seed_is_found_spun(restoration: Restoration) -> None:
    assert restoration.is_spun
    assert restoration.spin_score > 0.95


def test_seed_is_restored(
    gold: GoldText, restoration: Restoration, capsys: pytest.CaptureFixture[str]
) -> None:
    score = score_edits(gold, restoration.edits)
    with capsys.disabled():
        print(f"\nseed: {score}")
    assert [edit.before for edit in score.outside] == []
    assert len(score.exact) >= LEAST_EXACT


def test_nothing_between_the_spans_changes(gold: GoldText, restoration: Restoration) -> None:
    rest = restoration.text
    position = 0
    for span in gold.spans:
        between = gold.spun_text[position : span.start]
        assert between in rest
        rest = rest[rest.index(between) + len(between) :]
        position = span.end
    assert rest.endswith(gold.spun_text[position:].removesuffix("\n"))
