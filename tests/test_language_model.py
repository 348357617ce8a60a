from __future__ import annotations

import hashlib
import json
import math
import time
from pathlib import Path

import pytest

from unspin.errors import DataError
from unspin.language_model import (
    LONE_POSSESSIVE,
    SHIPPED,
    UNKNOWN_PENALTY,
    UNSEEN_FREQUENCY,
    LanguageModel,
    Mixture,
)
from unspin.resources import data_path
from unspin.tokens import phrase_norms

TINY = Path(__file__).parents[1] / "fixtures" / "tiny" / "model.arpa"
TINY_WORDS = ("the", "used", "being", "mature", "it", "it's")


@pytest.fixture(scope="module")
def tiny() -> LanguageModel:
    return LanguageModel(TINY)


@pytest.fixture(scope="module")
def general() -> LanguageModel:
    return LanguageModel()


def walk(model: LanguageModel, text: str):
    state = model.initial_state()
    for word in phrase_norms(text):
        state, _ = model.step(state, word)
    return state


@pytest.mark.parametrize(
    "history", ["", "the", "being", "the being", "being used", "it", "mature the", "xylograph"]
)
def test_every_history_sums_to_one(tiny, history):
    state = walk(tiny, history)
    total = sum(math.exp(tiny.step(state, word)[1]) for word in TINY_WORDS)
    assert total + math.exp(tiny.end(state)) == pytest.approx(1, abs=1e-6)


def test_known_values(tiny):
    state = walk(tiny, "the being")
    assert tiny.step(state, "used")[1] == pytest.approx(math.log(0.8), abs=1e-6)
    # Backs off from "the being" to "being mature".
    assert tiny.step(state, "mature")[1] == pytest.approx(math.log(0.5 * 0.1), abs=1e-6)
    assert tiny.score(["the", "being"]) == pytest.approx(math.log(0.5 * 0.4), abs=1e-6)
    assert tiny.order == 3


def test_steps_sum_to_the_score(general):
    words = phrase_norms("The company's contract isn't being used by 3 zorbulators, it's new.")
    state, total = general.initial_state(), 0.0
    for word in words:
        state, log_prob = general.step(state, word)
        total += log_prob
    assert total == pytest.approx(general.score(words))
    assert total == pytest.approx(sum(general.token_scores(words)))


def test_joined_possessive_is_the_joined_word(general):
    state = walk(general, "most of the")
    after, bare = general.step(state, "company")
    after, possessive = general.step(after, "'s")
    joined_after, joined = general.step(state, "company's")
    assert bare + possessive == pytest.approx(joined)
    assert after == joined_after


def test_lone_possessive_is_read_over(general):
    state = walk(general, "the zorbulator")
    assert general.step(state, "'s") == (state, LONE_POSSESSIVE)


def test_punctuation_costs_nothing(general):
    state = walk(general, "the contract")
    for mark in (",", "-", "”", "…", "_"):
        assert general.step(state, mark) == (state, 0.0)
    assert general.score(phrase_norms("in-depth, report")) == pytest.approx(
        general.score(["in", "depth", "report"])
    )


def test_states_are_hashable_and_merge(general):
    one, two = walk(general, "we know that it is"), walk(general, "they thought it is")
    assert one == two
    assert hash(one) == hash(two)
    assert len({one, two, walk(general, "they thought it was")}) == 2


def test_prefers_the_original_wording(general):
    used = general.score(phrase_norms("the contract isn't being used"))
    mature = general.score(phrase_norms("the contract isn't being mature"))
    assert used - mature > 3


def test_unknown_words_back_off_to_their_frequency(general):
    words = ["covid", "chatbots", "zorbulator"]
    assert not any(word in general for word in words)
    state = walk(general, "about")
    scores = [general.step(state, word)[1] for word in words]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[1] > scores[2]
    assert scores[2] == pytest.approx(UNKNOWN_PENALTY + math.log(UNSEEN_FREQUENCY))
    # What stood before an unknown word is forgotten.
    assert general.step(state, "covid")[0] == general.step(general.initial_state(), "zorbulator")[0]


def test_mixture_is_the_weighted_mean(tiny, general):
    mixture = Mixture(tiny, general, 0.25)
    words = ["the", "being", "mature"]
    states, both = (tiny.initial_state(), general.initial_state()), mixture.initial_state()
    total = 0.0
    for word in words:
        one = tiny.step(states[0], word)
        two = general.step(states[1], word)
        both, log_prob = mixture.step(both, word)
        assert math.exp(log_prob) == pytest.approx(
            0.25 * math.exp(one[1]) + 0.75 * math.exp(two[1])
        )
        states, total = (one[0], two[0]), total + log_prob
    assert hash(both) == hash(states)
    assert mixture.score(words) == pytest.approx(total)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Mixture(tiny, general, 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "the company's being used",
        "it's (the covid) zorbulator's 1,234 reasons",
        "used",
        "",
        "the zorbulator is being used, it is",
    ],
)
@pytest.mark.parametrize("mixed", [False, True])
def test_log_probs_are_those_of_the_steps(tiny, general, text, mixed):
    model = Mixture(tiny, general, 0.25) if mixed else general
    start = model.step(model.initial_state(), "the")[0]
    words, state, expected = phrase_norms(text), start, []
    for word in words:
        state, log_prob = model.step(state, word)
        expected.append(log_prob)
    assert model.log_probs(start, words) == expected


def test_missing_file():
    with pytest.raises(DataError, match=r"nowhere\.arpa cannot be read: No such file"):
        LanguageModel(Path("nowhere.arpa"))


def test_folder(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        LanguageModel(tmp_path)


@pytest.mark.parametrize("content", [b"", b"garbage\n" * 100, b"\x00" * 5000, b"mmap lm"])
def test_other_files_never_reach_kenlm(tmp_path, content):
    path = tmp_path / "model.kenlm"
    path.write_bytes(content)
    with pytest.raises(DataError, match="neither a KenLM binary nor an ARPA file"):
        LanguageModel(path)


@pytest.mark.parametrize("keep", [40, 100, 3000, 0.5, 0.8])
def test_truncated_binary(tmp_path, keep):
    whole = data_path(SHIPPED).read_bytes()
    path = tmp_path / "cut.kenlm"
    path.write_bytes(whole[: keep if keep > 1 else int(len(whole) * keep)])
    with pytest.raises(DataError, match="damaged or incomplete"):
        LanguageModel(path)


@pytest.mark.parametrize("keep", [10, 60, 200, 300])
def test_truncated_arpa(tmp_path, keep):
    path = tmp_path / "cut.arpa"
    path.write_bytes(TINY.read_bytes()[:keep])
    with pytest.raises(DataError, match="damaged or incomplete"):
        LanguageModel(path)


def test_manifest_matches_the_shipped_file():
    path = data_path(SHIPPED)
    manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == manifest["sha256"]
    assert path.stat().st_size == manifest["bytes"] <= 12_000_000
    assert manifest["license"] == "BSD-2-Clause"
    assert "Carnegie Mellon" in manifest["copyright"]
    assert manifest["perplexity"]["shipped"] < 1.3 * manifest["perplexity"]["source"]


def test_loads_at_once():
    begin = time.perf_counter()
    LanguageModel()
    assert time.perf_counter() - begin < 0.5
