from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from unspin.errors import DataError
from unspin.language_model import LanguageModel
from unspin.learn.ngrams import history_log_probs, prune, read_arpa, write_arpa

TINY = Path(__file__).parents[1] / "fixtures" / "tiny" / "model.arpa"


def test_arpa_round_trip(tmp_path):
    model = read_arpa(TINY)
    assert model.counts == [8, 4, 1]
    write_arpa(model, tmp_path / "again.arpa")
    again = read_arpa(tmp_path / "again.arpa")
    assert again.vocabulary == model.vocabulary
    for one, two in zip(model.orders, again.orders, strict=True):
        assert np.array_equal(one.words, two.words)
        assert np.allclose(one.log_prob, two.log_prob, atol=1e-5)
        assert np.allclose(one.backoff, two.backoff, atol=1e-5)


def test_bad_arpa_names_the_line(tmp_path):
    path = tmp_path / "bad.arpa"
    path.write_text("\\data\\\nngram 1=1\n\n\\1-grams:\n-1\n")
    with pytest.raises(DataError, match="line 5: expected a 1-gram"):
        read_arpa(path)
    path.write_text("nothing\n")
    with pytest.raises(DataError, match="no n-gram section"):
        read_arpa(path)


def mass(path: Path, history: tuple[str, ...]) -> float:
    model = LanguageModel(path)
    state = model.initial_state()
    for word in history:
        state, _ = model.step(state, word)
    words = ("the", "used", "being", "mature", "it", "it's")
    return sum(math.exp(model.step(state, w)[1]) for w in words) + math.exp(model.end(state))


@pytest.mark.parametrize("thresholds", [[0.0, 0.0], [0.0, 1.0], [0.03, 1.0], [1.0, 1.0]])
def test_pruned_models_still_sum_to_one(tmp_path, thresholds):
    pruned = prune(read_arpa(TINY), thresholds)
    write_arpa(pruned, tmp_path / "pruned.arpa")
    for history in [(), ("the",), ("being",), ("the", "being"), ("it", "being")]:
        assert mass(tmp_path / "pruned.arpa", history) == pytest.approx(1, abs=1e-5)


def test_pruning_drops_the_least_informative_first():
    model = read_arpa(TINY)
    assert prune(model, [0.0, 0.0]).counts == model.counts
    assert prune(model, [1.0, 1.0]).counts == [8, 0, 0]
    # A kept trigram keeps the bigrams that begin and end it.
    kept = prune(model, [1.0, 0.0])
    grams = [tuple(model.vocabulary[i] for i in row) for row in kept.orders[1].words]
    assert grams == [("the", "being"), ("being", "used")]


def test_histories_follow_the_text():
    model = read_arpa(TINY)
    plain, _ = history_log_probs(model, [["used"]])
    text, pairs = history_log_probs(model, [["the", "being", "it", "'s"]] * 3)
    number = {word: i for i, word in enumerate(model.vocabulary)}
    assert text[number["it's"]] > text[number["it"]]
    assert text[number["being"]] > plain[number["being"]]
    assert all(np.isfinite(log_probs).all() for log_probs in (text, pairs))
