"""The second pass: what it sees of restored surroundings, and what it does to log odds."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from unspin.errors import DataError
from unspin.rank.counts import spun_share
from unspin.rank.fluency import HOPELESS
from unspin.rank.revision import Correction, Reviser
from unspin.rank.surroundings import WIDTH, look
from unspin.records import (
    Arc,
    Decoding,
    DocumentEvidence,
    EditKind,
    Lattice,
    Ranking,
    Rule,
    Sentence,
)
from unspin.resources import data_path
from unspin.tokens import tokenize

EVIDENCE = DocumentEvidence(0.99, "A", 0.9, 0.3, (True,), 300)
# Columns of the look.
FLUENCY, TIMES, ELSEWHERE, AGREE = 3, 12, 13, 14
GUESS, AHEAD, SPUN, SEEN = 26, 27, 28, 29


class Following:
    """A word after itself is likely, all else is not: shows what stands beside what."""

    def initial_state(self) -> Hashable:
        return ""

    def step(self, state: str, word: str) -> tuple[Hashable, float]:
        return word, 0.0 if word == state else -1.0

    def log_probs(self, state: str, words: Sequence[str]) -> list[float]:
        return [self.step(a, b)[1] for a, b in pairwise([state, *words])]


class Guessing:
    """Words answer any query as well as they are told to, others not at all."""

    def __init__(self, **scores: float) -> None:
        self._scores = scores

    def scores(self, queries: np.ndarray, words: Sequence[str]) -> np.ndarray:
        assert len(queries) == len(words)
        return np.array([self._scores.get(word, 0.0) for word in words], np.float32)


def arc(words: list[str], start: int, end: int, original: str) -> Arc:
    rule = Rule(" ".join(words[start:end]), original, -1.0, EditKind.SYNONYM, (), "test")
    return Arc(start, end, rule)


def sentence(text: str, *arcs: tuple[int, int, str], path: tuple[int, ...] = ()):
    tokens = tuple(tokenize(text))
    words = [t.norm for t in tokens]
    lattice = Lattice(Sentence(tokens, 0), tuple(arc(words, *a) for a in arcs))
    posterior = tuple(0.9 if n in path else 0.1 for n in range(len(arcs)))
    return lattice, Decoding(path, posterior, {}, 0.0)


def ranking(*log_odds: float) -> Ranking:
    parts = ((0.5, 0.25),) * len(log_odds)
    queries = np.zeros((9, 128), np.float32)
    return Ranking(log_odds, {(0, 1): 1.0}, None, parts=parts, queries=queries)


def still(by: float = 0.0, unknown: tuple[float, float] = (1.0, 0.0)) -> Correction:
    """Corrects every arc by so much."""
    sizes = (WIDTH, 4, 4, 1)
    layers = [(np.zeros((b, a), np.float32), np.zeros(b, np.float32)) for a, b in pairwise(sizes)]
    layers[-1][1][:] = by
    return Correction(tuple(layers), unknown)


def reviser(familiar: Correction, unfamiliar: Correction | None = None) -> Reviser:
    return Reviser(familiar, unfamiliar or still(), Following(), Guessing())


def test_fluency_is_asked_among_restored_words() -> None:
    lattice, decoding = sentence("x y z", (0, 1, "b"), (1, 2, "b"), path=(0,))
    seen = look([lattice], [ranking(1.0, 1.0)], [decoding], EVIDENCE, Following(), Guessing())
    # As written nothing follows itself; "b" for "y" follows the "b" put for "x".
    assert seen.features[1, FLUENCY] == pytest.approx(1 / 4)
    assert seen.features[0, FLUENCY] == pytest.approx(0.0)


def test_what_reaches_into_the_span_is_not_written_beside_it() -> None:
    lattice, decoding = sentence("x y z", (0, 2, "b"), (1, 2, "b"), path=(0,))
    seen = look([lattice], [ranking(1.0, 1.0)], [decoding], EVIDENCE, Following(), Guessing())
    assert seen.features[1, FLUENCY] == pytest.approx(0.0)


def test_other_occurrences_of_a_phrase_are_counted_without_this_one() -> None:
    first = sentence("x y", (0, 1, "b"), path=(0,))
    second = sentence("x z", (0, 1, "b"))
    lattices, decodings = [first[0], second[0]], [first[1], second[1]]
    seen = look(lattices, [ranking(1.0)] * 2, decodings, EVIDENCE, Following(), Guessing())
    assert seen.features[:, TIMES] == pytest.approx(math.log(2))
    assert seen.features[:, ELSEWHERE] == pytest.approx([math.log1p(0.1), math.log1p(0.9)])
    assert seen.features[:, AGREE] == pytest.approx([0.1, 0.9])


def test_hopeless_arcs_are_not_looked_at() -> None:
    lattice, decoding = sentence("x y", (0, 1, "b"), (0, 1, "c"), (1, 2, "d"))
    odds = ranking(2.0, 2.0 - HOPELESS, -HOPELESS)
    seen = look([lattice], [odds], [decoding], EVIDENCE, Following(), Guessing())
    assert seen.at.tolist() == [0]
    assert seen.features.shape == (1, WIDTH)
    assert np.isfinite(seen.features).all()


def test_guesses_are_compared_with_the_words_and_with_rivals() -> None:
    guesser = Guessing(x=1.0, y=2.0, b=3.0, c=2.5, d=9.0)
    lattice, decoding = sentence("x y z", (0, 1, "b"), (0, 1, "c"), (0, 2, "d b"), (2, 3, ""))
    odds = ranking(1.0, 1.0, 1.0, 1.0)
    seen = look([lattice], [odds], [decoding], EVIDENCE, Following(), guesser).features
    # Two words for two count by their mean; a deletion is as good as the words.
    assert seen[:, GUESS] * 4 == pytest.approx([2.0, 1.5, 4.5, 0.0])
    assert seen[:2, AHEAD] * 4 == pytest.approx([0.5, -0.5])


def test_what_no_encoder_has_read_cannot_be_looked_at() -> None:
    lattice, decoding = sentence("x y", (0, 1, "b"))
    with pytest.raises(ValueError, match="context ranker"):
        look([lattice], [Ranking((1.0,), {})], [decoding], EVIDENCE, Following(), Guessing())


def counted(*families: tuple[str, int, int]) -> Rule:
    return Rule("x", "b", -1.0, EditKind.SYNONYM, families, "learned")


def test_counts_of_the_spinner_weigh_more_than_those_of_others() -> None:
    often, seldom = ("A", 300, 400), ("B", 3, 400)
    share_a, times_a = spun_share(counted(often, seldom), "A")
    share_b, times_b = spun_share(counted(often, seldom), "B")
    pooled, times = spun_share(counted(often, seldom), None)
    assert share_b < pooled < share_a
    assert (times_a, times_b, times) == (300, 3, 303)
    assert share_a == pytest.approx(math.log(300 / 400), abs=0.1)


def test_a_spinner_that_never_made_a_pair_may_be_too_little_known() -> None:
    pair = counted(("B", 60, 100))
    known, times = spun_share(pair, "A")  # of which there is more text than of B
    little_known, _ = spun_share(pair, "M")
    assert times == 0
    assert known < little_known < spun_share(pair, "B")[0]
    assert spun_share(counted(), "A") == spun_share(counted(), None)


def test_nothing_to_look_at() -> None:
    lattice, decoding = sentence("x y")
    empty = Ranking((), {})
    assert reviser(still()).revise([lattice], [empty], [decoding], EVIDENCE) == [empty]
    assert reviser(still()).revise([], [], [], EVIDENCE) == []


def test_corrections_are_added_and_the_unknown_is_scaled() -> None:
    lattice, decoding = sentence("x y", (0, 1, "b"), (0, 1, "c"))
    given = ranking(1.0, -7.0)
    [found] = reviser(still(0.75, (2.0, -0.5))).revise([lattice], [given], [decoding], EVIDENCE)
    assert found.log_odds == pytest.approx((1.75, -7.0))
    assert found.unknown == {(0, 1): pytest.approx(1.5)}
    assert found.parts == given.parts
    assert found.queries is None


def test_corrections_learned_from_imitations_count_half() -> None:
    lattice, decoding = sentence("x y", (0, 1, "b"))
    imitated = replace(EVIDENCE, spinner="S")
    both = reviser(still(0.75, (2.0, -0.5)), still(9.0))
    [found] = both.revise([lattice], [ranking(1.0)], [decoding], imitated)
    assert found.log_odds == pytest.approx((1.375,))
    assert found.unknown == {(0, 1): pytest.approx(1.25)}


def test_texts_of_unknown_spinners_are_corrected_by_a_network_of_their_own() -> None:
    lattice, decoding = sentence("x y", (0, 1, "b"))
    both = reviser(still(0.75), still(-0.5, (1.0, 0.25)))
    unknown = replace(EVIDENCE, spinner=None)
    [found] = both.revise([lattice], [ranking(1.0)], [decoding], unknown)
    assert found.log_odds == pytest.approx((0.5,))
    assert found.unknown == {(0, 1): pytest.approx(1.25)}


def test_corrections_are_written_and_read() -> None:
    rng = np.random.default_rng(3)
    layers = tuple(
        (rng.normal(size=w.shape).astype(np.float32), rng.normal(size=b.shape).astype(np.float32))
        for w, b in still().layers
    )
    given = Correction(layers, (0.5, 2.0))
    found = Correction.from_arrays(given.arrays("a_"), "a_")
    assert found.unknown == given.unknown
    features = rng.normal(size=(5, WIDTH)).astype(np.float32)
    assert found.of(features) == pytest.approx(given.of(features), abs=0.05)


def test_the_shipped_network_prefers_agreement_elsewhere() -> None:
    """The same arc gains when the phrase was read so elsewhere in the document."""
    shipped = Reviser.read(data_path("revision.npz"), Following(), Guessing())
    alone = sentence("x y", (0, 1, "big"))
    corrections = []
    for p in (0.02, 0.98):
        others = [sentence("x y", (0, 1, "big")) for _ in range(4)]
        decodings = [alone[1], *(Decoding((), (p,), {}, 0.0) for _ in others)]
        found = shipped.revise(
            [alone[0], *(o[0] for o in others)], [ranking(1.0)] * 5, decodings, EVIDENCE
        )
        corrections.append(found[0].log_odds[0])
    assert corrections[0] < corrections[1]


def test_a_network_for_other_features_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "revision.npz"
    with np.load(data_path("revision.npz")) as archive:
        arrays = dict(archive)
    np.savez(path, **(arrays | {"weight0": arrays["weight0"][:, 1:]}))
    with pytest.raises(DataError, match="fit it again"):
        Reviser.read(path, Following(), Guessing())


@pytest.mark.parametrize("damage", ["missing", "cut", "empty", "other"])
def test_damaged_files_are_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "revision.npz"
    whole = data_path("revision.npz").read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "other":
        path.write_bytes(data_path("verdict.npz").read_bytes())
    with pytest.raises(DataError, match="revision"):
        Reviser.read(path, Following(), Guessing())
