"""The features ranker as trained in compiled code and as run in numpy are one."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from unspin.errors import DataError
from unspin.lattice import build_lattice
from unspin.learn import align, features
from unspin.learn.feature_table import Table, levels_of, write
from unspin.learn.lexicon import learn_rows, write_lexicon
from unspin.learn.parallel import ParallelText, load
from unspin.lexicon import SpinLexicon
from unspin.pairs import Pair
from unspin.protect import ProtectedIndex
from unspin.rank.arcs import arc_table
from unspin.rank.features import FeaturesRanker
from unspin.rank.hashing import TAG_BITS, TEMPLATES
from unspin.rank.wordpiece import WordPieces
from unspin.settings import DEFAULT_KINDS
from unspin.tokens import sentences

BITS = 16
WORDS = ["used", "post", "today", "company", "work", "news"]
SPUN = {"used": "mature", "post": "put up", "today": "on the present time"}


def pairs() -> list[Pair]:
    rng = np.random.default_rng(0)
    made = []
    for number in range(60):
        original = [str(rng.choice(WORDS)) for _ in range(30)]
        spun = [SPUN.get(w, w) if rng.random() < 0.7 else w for w in original]
        made.append(
            Pair(str(number), "A", f"It was {' '.join(original)}.", f"It was {' '.join(spun)}.")
        )
    return made


@pytest.fixture(scope="module")
def text() -> ParallelText:
    return load(pairs(), 1)


@pytest.fixture(scope="module")
def lexicon(text: ParallelText, tmp_path_factory: pytest.TempPathFactory) -> SpinLexicon:
    path = tmp_path_factory.mktemp("lexicon") / "spin.tsv"
    rows = learn_rows(text, align.align(text))
    write_lexicon(rows, path, ["test"])
    again = path.with_name("again.tsv")
    write_lexicon(learn_rows(text, align.align(text)), again, ["test"])
    assert path.read_bytes() == again.read_bytes()
    return SpinLexicon.read([path])


def test_alignment_learns_the_pairs(lexicon: SpinLexicon) -> None:
    for original, spun in SPUN.items():
        assert lexicon.rules(spun)[0].original == original


def test_training_lowers_the_loss_and_runtime_agrees(
    text: ParallelText, lexicon: SpinLexicon, tmp_path: Path
) -> None:
    candidates = features.candidates(lexicon)
    segments = align.align(text)
    matches = features.find_matches(text, segments, candidates)
    rates = features.document_rates(text, segments)
    hints = features.Hints(np.ones(len(rates), np.int64), np.full(len(rates), 3, np.int64))
    documents = np.arange(len(text.spinner), dtype=np.int64)
    empty = Table.empty(BITS)
    before, number, _ = features.run(text, candidates, matches, hints, documents, empty)
    table, _ = features.train(text, candidates, matches, hints, documents, BITS)
    after, _, _ = features.run(text, candidates, matches, hints, documents, table)
    assert number > 100
    assert after < 0.8 * before
    # One feature of a slot has a weight.
    slots = np.count_nonzero(table.weights.reshape(-1, 1 << TAG_BITS), axis=1)
    assert slots.max() == 1
    write(table, ["A"], tmp_path / "features.npy", {})
    ranker = FeaturesRanker.read(tmp_path / "features.npy")
    levels = json.loads((tmp_path / "features.json").read_text("utf-8"))["levels"]
    _, _, logits = features.run(text, candidates, matches, hints, documents[:1], table, store=True)
    split = sentences(pairs()[0].spun)
    words = frozenset(t.norm for s in split for t in s.tokens)
    lattices = [build_lattice(s, lexicon, ProtectedIndex(()), DEFAULT_KINDS) for s in split]
    found = ranker.logits(arc_table(lattices), "A", 0.06, words)
    assert len(found) >= 8
    # Features of an arc and of keep are rounded to half a step each.
    assert np.abs(found - logits[: len(found)]).max() < TEMPLATES * np.diff(levels).max()


def test_a_slot_answers_only_the_feature_that_has_it() -> None:
    table = Table.empty(8)
    table.weights[[3, 5, 40]] = 0.5, -2.0, 1.0
    table.squares[[3, 5, 40]] += 1.0
    kept = table.selected()
    assert np.flatnonzero(kept).tolist() == [5, 40]


def test_levels_are_near_the_weights_that_count() -> None:
    weights = np.array([-2.0, 0.0, 0.3, 0.31, 5.0], np.float32)
    levels = levels_of(weights, np.array([1, 1, 9, 9, 0.5], np.float32), 4)
    assert 0.0 in levels
    assert np.abs(levels[:, None] - weights).min(0).max() < 0.02


def test_a_damaged_model_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "features.npy"
    with pytest.raises(DataError, match="cannot be used"):
        FeaturesRanker.read(path)
    np.save(path, np.zeros(1 << 8, np.int16), allow_pickle=False)
    path.with_suffix(".json").write_text('{"levels": [], "families": []}', encoding="utf-8")
    with pytest.raises(DataError, match="of bytes"):
        FeaturesRanker.read(path)


def test_word_pieces_are_the_longest_known_from_the_left() -> None:
    pieces = WordPieces(
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##spin", "##s", "isn", "'", "t", "e"]
    )
    assert pieces.ids("unspins") == (4, 5, 6)
    assert pieces.ids("isn't") == (7, 8, 9)
    assert pieces.ids("é") == (10,)
    assert pieces.ids("xyz") == (1,)
    assert pieces.ids("\u200b") == (1,)
    assert pieces.phrase("un é") == (4, 10)


def test_channel_odds_of_the_shipped_lexicon_are_finite(lexicon: SpinLexicon) -> None:
    assert all(math.isfinite(r.channel) for p in lexicon.phrases() for r in lexicon.rules(p))
