"""What the second pass is trained on: the label of every span, and the bookkeeping of arcs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unspin.gold import parse_gold
from unspin.learn.looks import (
    KEEP,
    NONE,
    SKIP,
    Gold,
    Spans,
    align_pairs,
    collect,
    join,
    load,
    read_golds,
    save,
    write_golds,
)
from unspin.pairs import Pair
from unspin.restorer import Restorer

ROOT = Path(__file__).parents[1]
# What the spinner made of it, and the author's words.
SPUN = "we put up the story at the present time .".split()
ORIGINAL = "we post the story today .".split()
CHANGES = [(1, 3, 1, 2), (5, 9, 4, 5)]


@pytest.mark.parametrize(
    ("span", "originals", "label"),
    [
        ((0, 1), ["you"], KEEP),
        ((5, 9), ["now", "today"], 1),
        ((5, 9), ["now"], NONE),
        ((6, 8), ["this"], SKIP),  # within a longer change
        ((4, 6), ["story"], SKIP),  # half of one
        ((0, 3), ["we post"], 0),  # around one, and right
        ((0, 3), ["we run"], KEEP),  # around one: its parts are asked afterwards
    ],
)
def test_labels(span: tuple[int, int], originals: list[str], label: int) -> None:
    assert Gold(SPUN, ORIGINAL, CHANGES).label(*span, originals) == label


def seed_pair() -> Pair:
    """The regression article and its author's words."""
    gold = parse_gold(next((ROOT / "fixtures").glob("*.gold.txt")).read_text(encoding="utf-8"))
    source = next((ROOT / "seeds").glob("*.txt")).read_text(encoding="utf-8")
    original, at = "", 0
    for span in gold.spans:
        original += source[at : span.start] + span.accepted[0]
        at = span.end
    return Pair("seed", "A", original + source[at:], source)


@pytest.fixture(scope="module")
def spans() -> Spans:
    pair = seed_pair()
    return collect([(pair, align_pairs([pair])[0])], Restorer())


def test_a_text_is_collected(spans: Spans) -> None:
    sizes = np.diff(spans.arc_at)
    assert len(sizes) == len(spans.label) == len(spans.none) == len(spans.family)
    assert sizes.sum() == len(spans.odds) == len(spans.look)
    looked = spans.look[spans.look >= 0]
    assert len(set(looked.tolist())) == len(looked) <= len(spans.features)
    assert np.isfinite(spans.features).all()
    right = spans.label >= 0
    assert (spans.label[right] < sizes[right]).all()
    # Most of the article's 93 changed spans have their original among the arcs.
    assert right.sum() >= 70


def test_the_collection_is_saved_and_joined(spans: Spans, tmp_path: Path) -> None:
    save(spans, tmp_path / "seed.npz")
    again = load(tmp_path / "seed.npz")
    twice = join([spans, again])
    number, arcs = len(spans.label), len(spans.odds)
    assert np.array_equal(twice.arc_at[number:] - arcs, spans.arc_at)
    for name in ("label", "none", "family"):
        assert np.array_equal(getattr(twice, name)[number:], getattr(spans, name)), name
    assert np.array_equal(twice.odds[arcs:], spans.odds)
    rows = spans.look >= 0
    again_rows = twice.look[arcs:]
    assert np.array_equal(again_rows >= 0, rows)
    assert np.array_equal(twice.features[again_rows[rows]], spans.features[spans.look[rows]])


def test_what_cannot_be_aligned_is_not_learned_from(tmp_path: Path) -> None:
    gold = Gold(SPUN, ORIGINAL, CHANGES[:1], [(5, 9)])
    write_golds([gold], tmp_path / "gold.jsonl")
    for each in (gold, *read_golds(tmp_path / "gold.jsonl")):
        assert each.label(6, 8, ["this"]) == SKIP
        assert each.label(1, 3, ["post"]) == 0


def test_alignment_splits_changes_that_touch() -> None:
    pairs = [
        Pair(str(n), "A", f"the big {noun} ran", f"the immense {noun} sprinted")
        for n, noun in enumerate(["dog", "cat", "fox", "man", "horse"])
    ]
    pairs.append(Pair("5", "A", "he ran big risks", "he sprinted immense risks"))
    gold = align_pairs(pairs)[-1]
    assert gold.label(1, 2, ["walked", "ran"]) == 1
    assert gold.label(2, 3, ["big"]) == 0
