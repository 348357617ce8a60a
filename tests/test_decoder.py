"""The decoder against brute force over every path of small random lattices."""

from __future__ import annotations

import math
import random
from collections.abc import Hashable, Iterator

import pytest

from unspin.decoder import decode
from unspin.records import Arc, EditKind, Lattice, Ranking, Rule, Sentence
from unspin.tokens import tokenize
from unspin.weights import path_weights

WORDS = ("a", "b", "c", "d")


class Trigram:
    """A random but fixed model whose state is the last two words."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._scores: dict[tuple[str, ...], float] = {}

    def initial_state(self) -> tuple[str, ...]:
        return ("<s>",)

    def step(self, state: tuple[str, ...], word: str) -> tuple[Hashable, float]:
        key = (*state, word)
        if key not in self._scores:
            self._scores[key] = self._rng.uniform(-5, 0)
        return key[-2:], self._scores[key]


def random_lattice(rng: random.Random) -> tuple[Lattice, Ranking]:
    tokens = tuple(tokenize(" ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 5)))))
    arcs = []
    for start in range(len(tokens)):
        for end in range(start + 1, min(len(tokens), start + 3) + 1):
            for original in rng.sample(["", "a", "b", "c d", "d a b"], rng.randint(0, 2)):
                rule = Rule(
                    " ".join(t.norm for t in tokens[start:end]),
                    original,
                    0.0,
                    EditKind.SYNONYM,
                    (),
                    "test",
                )
                arcs.append(Arc(start, end, rule))
    spans = sorted({(arc.start, arc.end) for arc in arcs})
    unknown = {span: rng.uniform(-3, 1) for span in spans if rng.random() < 0.5}
    odds = tuple(rng.uniform(-3, 3) for _ in arcs)
    return Lattice(Sentence(tokens, 0), tuple(arcs)), Ranking(odds, unknown)


def paths(lattice: Lattice, ranking: Ranking) -> Iterator[list[tuple[str, object]]]:
    """Every path as a list of ("keep", token), ("arc", number) and ("unknown", span)."""

    def grow(position: int) -> Iterator[list[tuple[str, object]]]:
        if position == len(lattice.sentence.tokens):
            yield []
            return
        steps: list[tuple[str, object, int]] = [("keep", position, position + 1)]
        for number, arc in enumerate(lattice.arcs):
            if arc.start == position:
                steps.append(("arc", number, arc.end))
        steps += [("unknown", span, span[1]) for span in ranking.unknown if span[0] == position]
        for kind, what, end in steps:
            for rest in grow(end):
                yield [(kind, what), *rest]

    yield from grow(0)


def weight_of(
    path: list[tuple[str, object]],
    lattice: Lattice,
    ranking: Ranking,
    model: Trigram,
    weight: float,
) -> float:
    norms = [t.norm for t in lattice.sentence.tokens]
    total = 0.0
    words: list[str] = []
    for kind, what in path:
        if kind == "keep":
            assert isinstance(what, int)
            words.append(norms[what])
        elif kind == "arc":
            assert isinstance(what, int)
            total += ranking.log_odds[what]
            words += lattice.arcs[what].rule.original.split()
        else:
            assert isinstance(what, tuple)
            total += ranking.unknown[what]
            words += norms[what[0] : what[1]]
    state: tuple[str, ...] = model.initial_state()
    for word in words:
        state, log_prob = model.step(state, word)  # type: ignore[assignment]
        total += weight * log_prob
    return total


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_viterbi_and_posteriors_equal_brute_force(seed: int, weight: float) -> None:
    rng = random.Random(seed)
    lattice, ranking = random_lattice(rng)
    model = Trigram(seed)
    every = list(paths(lattice, ranking))
    weights = [weight_of(p, lattice, ranking, model, weight) for p in every]
    total = sum(map(math.exp, weights))
    decoded = decode(lattice, ranking, model, weight)
    for number in range(len(lattice.arcs)):
        mass = sum(math.exp(w) for w, p in zip(weights, every, strict=True) if ("arc", number) in p)
        assert decoded.posterior[number] == pytest.approx(mass / total, abs=1e-9)
    for span in ranking.unknown:
        mass = sum(
            math.exp(w) for w, p in zip(weights, every, strict=True) if ("unknown", span) in p
        )
        assert decoded.unknown[span] == pytest.approx(mass / total, abs=1e-9)
    writing = [
        (w, [n for k, n in p if k == "arc"])
        for w, p in zip(weights, every, strict=True)
        if all(k != "unknown" for k, _ in p)
    ]
    best = max(w for w, _ in writing)
    keep = next(w for w, arcs in writing if not arcs)
    assert decoded.log_odds == pytest.approx(best - keep, abs=1e-9)
    assert any(
        arcs == list(decoded.path) and w == pytest.approx(best, abs=1e-9) for w, arcs in writing
    )


class Indifferent:
    """A model that likes all words equally, which has the decoder track its state."""

    def initial_state(self) -> None:
        return None

    def step(self, state: Hashable, word: str) -> tuple[Hashable, float]:
        return None, 0.0


@pytest.mark.parametrize("seed", range(20))
def test_a_long_sentence_decodes_alike_with_and_without_states(seed: int) -> None:
    rng = random.Random(seed)
    tokens = tuple(tokenize(" ".join(rng.choice(WORDS) for _ in range(100))))
    arcs, odds = [], []
    for start in range(len(tokens)):
        for end in range(start + 1, min(len(tokens), start + 6) + 1):
            for number in range(rng.choice((0, 0, 1, 3))):
                rule = Rule("a", f"x{number}", 0.0, EditKind.SYNONYM, (), "test")
                arcs.append(Arc(start, end, rule))
                # Some beyond what the decoder tells apart.
                odds.append(rng.choice((rng.uniform(-5, 5), rng.uniform(-90, 90))))
    unknown = {(n, n + 1): rng.uniform(-80, 80) for n in range(0, len(tokens), 3)}
    lattice, ranking = Lattice(Sentence(tokens, 0), tuple(arcs)), Ranking(tuple(odds), unknown)
    fast, slow = decode(lattice, ranking), decode(lattice, ranking, Indifferent(), 1.0)
    assert fast.path == slow.path
    assert fast.log_odds == pytest.approx(slow.log_odds, abs=1e-6)
    assert fast.posterior == pytest.approx(slow.posterior, abs=1e-9)
    assert fast.unknown == pytest.approx(slow.unknown, abs=1e-9)


def test_an_empty_sentence_decodes_to_nothing() -> None:
    decoded = decode(Lattice(Sentence((), 0), ()), Ranking((), {}))
    assert decoded.path == ()
    assert decoded.log_odds == 0.0


@pytest.mark.parametrize("seed", range(20))
def test_path_weights_are_products_of_the_spans_asked(seed: int) -> None:
    """Nested spans, one arc each: path probability by asking long spans first."""
    tokens = tuple(tokenize("a b"))
    rng = random.Random(seed)

    def rule(spun: str, original: str) -> Rule:
        return Rule(spun, original, 0.0, EditKind.SYNONYM, (), "test")

    arcs = (Arc(0, 1, rule("a", "x")), Arc(0, 2, rule("a b", "z")), Arc(1, 2, rule("b", "y")))
    odds = tuple(rng.uniform(-2, 2) for _ in arcs)
    lattice = Lattice(Sentence(tokens, 0), arcs)
    decoded = decode(lattice, path_weights(lattice, Ranking(odds, {})))
    p = [1 / (1 + math.exp(-o)) for o in odds]
    assert decoded.posterior[1] == pytest.approx(p[1], abs=1e-9)
    assert decoded.posterior[0] == pytest.approx((1 - p[1]) * p[0], abs=1e-9)
    assert decoded.posterior[2] == pytest.approx((1 - p[1]) * p[2], abs=1e-9)


def test_an_arc_is_never_lost_to_numbers_that_overflow() -> None:
    tokens = tuple(tokenize("a"))
    arc = Arc(0, 1, Rule("a", "x", 0.0, EditKind.SYNONYM, (), "test"))
    for odds in (1e300, -1e300):
        decoded = decode(Lattice(Sentence(tokens, 0), (arc,)), Ranking((odds,), {}))
        assert math.isfinite(decoded.posterior[0])
        assert bool(decoded.path) is (odds > 0)
