"""The features ranker as trained in compiled code and as run in numpy are one."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from unspin.errors import DataError
from unspin.lattice import build_lattice
from unspin.learn import align, features
from unspin.learn.lexicon import learn_rows, write_lexicon
from unspin.learn.parallel import ParallelText, load
from unspin.lexicon import SpinLexicon
from unspin.pairs import Pair
from unspin.protect import ProtectedIndex
from unspin.rank.arcs import arc_table
from unspin.rank.features import FeaturesRanker
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
    weights = np.zeros(1 << BITS, np.float32)
    squares = np.full(1 << BITS, 1e-2, np.float32)
    documents = np.arange(len(text.spinner), dtype=np.int64)
    first, number, _ = features.run(
        text, candidates, matches, hints, documents, weights, squares, BITS
    )
    after, _, _ = features.run(text, candidates, matches, hints, documents, weights, None, BITS)
    assert number > 100
    assert after < 0.8 * first
    features.write(weights, ["A"], tmp_path / "features.npy", {})
    ranker = FeaturesRanker.read(tmp_path / "features.npy")
    scale = np.abs(weights).max() / 127
    _, _, logits = features.run(
        text, candidates, matches, hints, documents[:1], weights, None, BITS, store=True
    )
    split = sentences(pairs()[0].spun)
    words = frozenset(t.norm for s in split for t in s.tokens)
    lattices = [build_lattice(s, lexicon, ProtectedIndex(()), DEFAULT_KINDS) for s in split]
    found = ranker.logits(arc_table(lattices), "A", 0.06, words)
    assert len(found) >= 8
    # Seventeen features of an arc and of keep, each rounded to half a step.
    assert np.abs(found - logits[: len(found)]).max() < 34 * scale


def test_a_damaged_model_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "features.npy"
    with pytest.raises(DataError, match="cannot be used"):
        FeaturesRanker.read(path)
    np.save(path, np.zeros(1 << 8, np.int16), allow_pickle=False)
    path.with_suffix(".json").write_text('{"scale": 1, "families": []}', encoding="utf-8")
    with pytest.raises(DataError, match="signed bytes"):
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
