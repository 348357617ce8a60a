"""The second pass: what it sees of restored surroundings, and what it does to log odds."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from unspin.errors import DataError
from unspin.rank.fluency import HOPELESS
from unspin.rank.revision import Reviser
from unspin.rank.surroundings import FAMILIES, look
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

EVIDENCE = DocumentEvidence(0.99, "A", 0.9, 0.3, (True,))
# Columns of the look.
FLUENCY, TIMES, ELSEWHERE, AGREE = 3, 12, 13, 14


class Following:
    """A word after itself is likely, all else is not: shows what stands beside what."""

    def initial_state(self) -> Hashable:
        return ""

    def step(self, state: str, word: str) -> tuple[Hashable, float]:
        return word, 0.0 if word == state else -1.0

    def log_probs(self, state: str, words: Sequence[str]) -> list[float]:
        return [self.step(a, b)[1] for a, b in pairwise([state, *words])]


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
    return Ranking(log_odds, {(0, 1): 1.0}, None, parts=((0.5, 0.25),) * len(log_odds))


def still(inputs: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Layers that correct nothing."""
    sizes = (inputs, 4, 4, 1)
    return [(np.zeros((b, a), np.float32), np.zeros(b, np.float32)) for a, b in pairwise(sizes)]


def test_fluency_is_asked_among_restored_words() -> None:
    lattice, decoding = sentence("x y z", (0, 1, "b"), (1, 2, "b"), path=(0,))
    seen = look([lattice], [ranking(1.0, 1.0)], [decoding], EVIDENCE, Following())
    # As written nothing follows itself; "b" for "y" follows the "b" put for "x".
    assert seen.features[1, FLUENCY] == pytest.approx(1 / 4)
    assert seen.features[0, FLUENCY] == pytest.approx(0.0)


def test_what_reaches_into_the_span_is_not_written_beside_it() -> None:
    lattice, decoding = sentence("x y z", (0, 2, "b"), (1, 2, "b"), path=(0,))
    seen = look([lattice], [ranking(1.0, 1.0)], [decoding], EVIDENCE, Following())
    assert seen.features[1, FLUENCY] == pytest.approx(0.0)


def test_other_occurrences_of_a_phrase_are_counted_without_this_one() -> None:
    first = sentence("x y", (0, 1, "b"), path=(0,))
    second = sentence("x z", (0, 1, "b"))
    lattices, decodings = [first[0], second[0]], [first[1], second[1]]
    seen = look(lattices, [ranking(1.0)] * 2, decodings, EVIDENCE, Following())
    assert seen.features[:, TIMES] == pytest.approx(math.log(2))
    assert seen.features[:, ELSEWHERE] == pytest.approx([math.log1p(0.1), math.log1p(0.9)])
    assert seen.features[:, AGREE] == pytest.approx([0.1, 0.9])


def test_hopeless_arcs_are_not_looked_at() -> None:
    lattice, decoding = sentence("x y", (0, 1, "b"), (0, 1, "c"), (1, 2, "d"))
    odds = ranking(2.0, 2.0 - HOPELESS, -HOPELESS)
    seen = look([lattice], [odds], [decoding], EVIDENCE, Following())
    assert seen.at.tolist() == [0]
    assert seen.features.shape == (1, 29 + len(FAMILIES))
    assert np.isfinite(seen.features).all()


def test_nothing_to_look_at() -> None:
    lattice, decoding = sentence("x y")
    empty = Ranking((), {})
    reviser = Reviser(still(29 + len(FAMILIES)), (1.0, 0.0), Following())
    assert reviser.revise([lattice], [empty], [decoding], EVIDENCE) == [empty]
    assert reviser.revise([], [], [], EVIDENCE) == []


def test_corrections_are_added_and_the_unknown_is_scaled() -> None:
    layers = still(29 + len(FAMILIES))
    layers[-1][1][:] = 0.75
    lattice, decoding = sentence("x y", (0, 1, "b"), (0, 1, "c"))
    given = ranking(1.0, -7.0)
    [found] = Reviser(layers, (2.0, -0.5), Following()).revise(
        [lattice], [given], [decoding], EVIDENCE
    )
    assert found.log_odds == pytest.approx((1.75, -7.0))
    assert found.unknown == {(0, 1): pytest.approx(1.5)}
    assert found.parts == given.parts


def test_the_shipped_network_prefers_agreement_elsewhere() -> None:
    """The same arc gains when the phrase was read so elsewhere in the document."""
    reviser = Reviser.read(data_path("revision.npz"), Following())
    alone = sentence("x y", (0, 1, "big"))
    corrections = []
    for p in (0.02, 0.98):
        others = [sentence("x y", (0, 1, "big")) for _ in range(4)]
        decodings = [alone[1], *(Decoding((), (p,), {}, 0.0) for _ in others)]
        found = reviser.revise(
            [alone[0], *(o[0] for o in others)], [ranking(1.0)] * 5, decodings, EVIDENCE
        )
        corrections.append(found[0].log_odds[0])
    assert corrections[0] < corrections[1]


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
        Reviser.read(path, Following())
