"""What the second pass is trained on: the label of every span, and the bookkeeping of arcs."""

from __future__ import annotations

from dataclasses import replace
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
    unfamiliar,
    write_golds,
)
from unspin.lexicon import SpinLexicon, channel_odds
from unspin.pairs import Pair
from unspin.rank.surroundings import UNFAMILIAR
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


def test_spans_of_unknown_spinners_are_told_apart(spans: Spans) -> None:
    assert len(unfamiliar(spans).label) == 0
    features = spans.features.copy()
    features[:, UNFAMILIAR] = 1.0
    strange = replace(spans, features=features)
    found = unfamiliar(join([spans, strange]))
    sizes = np.diff(spans.arc_at)
    seen = np.add.reduceat(spans.look >= 0, spans.arc_at[:-1]) > 0
    assert np.array_equal(np.diff(found.arc_at), sizes[seen])
    assert np.array_equal(found.label, spans.label[seen])
    assert np.array_equal(found.odds, spans.odds[np.repeat(seen, sizes)])
    assert (found.features[found.look[found.look >= 0], UNFAMILIAR] == 1).all()


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


def lexicon(tmp_path: Path, *rows: str) -> SpinLexicon:
    path = tmp_path / "spin.tsv"
    head = "# unspin lexicon 1\n# columns: spun\toriginal\tfamilies\n"
    path.write_text(head + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return SpinLexicon.read([path])


def test_a_document_is_restored_without_what_it_taught(tmp_path: Path) -> None:
    whole = lexicon(
        tmp_path,
        "put up\tpost\tA:5/9 B:1/9",
        "put up\tpublish\tB:4/9",
        "put up\tput up\tA:3/3",
    )
    gold = Gold(SPUN, ORIGINAL, CHANGES)
    post, publish = gold.without_own(whole, "A").rules("put up")
    # Once aligned, of one occurrence of "post".
    assert (post.original, post.families) == ("post", (("A", 4, 8), ("B", 1, 9)))
    assert post.channel == pytest.approx(channel_odds(5, 3))
    assert publish == next(r for r in whole.rules("put up") if r.original == "publish")
    # Of another spinner the document taught nothing.
    assert gold.without_own(whole, "C").rules("put up") == whole.rules("put up")


def test_occurrences_that_were_left_alone_are_taken_out_too(tmp_path: Path) -> None:
    whole = lexicon(tmp_path, "big\tlarge\tA:6/9", "big\tbig\tA:4/9")
    gold = Gold("a big big man".split(), "a big large man".split(), [(2, 3, 2, 3)])
    (rule,) = gold.without_own(whole, "A").rules("big")
    assert rule.families == (("A", 5, 8),)
    assert rule.channel == pytest.approx(channel_odds(5, 3))


def test_a_pair_that_only_the_document_has_is_no_candidate(tmp_path: Path) -> None:
    whole = lexicon(tmp_path, "put up\tpost\tA:2/9", "put up\trun\tA:2/9")
    gold = Gold(SPUN, ORIGINAL, CHANGES)
    without = gold.without_own(whole, "A")
    assert [rule.original for rule in without.rules("put up")] == ["run"]
    assert list(without.matches(SPUN)) == list(whole.matches(SPUN))
    assert not without.forbids(SPUN, 1, 3, "post")


def test_texts_that_the_lexicon_knows_are_collected_without_their_counts(spans: Spans) -> None:
    pair = seed_pair()
    without = collect([(pair, align_pairs([pair])[0])], Restorer(), learned_from=True)
    assert without.features.shape[1] == spans.features.shape[1]
    assert not np.array_equal(without.features, spans.features)
