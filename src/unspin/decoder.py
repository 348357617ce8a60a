"""The best path through a lattice (Viterbi) and every arc's posterior (forward-backward).

A node is (token index, language model state), so both are exact with any
n-gram model; without one a node is a token index, and the arcs of a span are
looked at together. A path's weight is the product of its arcs' odds against "keep"
times the language model's probability of its words raised to ``weight``.

The reading "changed from something that is not among the candidates" takes
part in the posteriors as an arc that writes what stands there already; it is
never on the best path, since there is nothing to write.

Rabiner 1989, "A tutorial on hidden Markov models", for both algorithms.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any, Protocol

from unspin.records import Decoding, Lattice, Ranking

_KEEP = -1
# Changed, but from nothing that could be written.
_UNKNOWN = -2
# Odds beyond this change no posterior that a float can tell from 0 or 1.
_MAX_LOG_ODDS = 60.0


class WordModel(Protocol):
    """What the decoder asks of a language model; log-probabilities in nats."""

    def initial_state(self) -> Hashable:
        """The state at the start of a sentence."""

    def step(self, state: Any, word: str) -> tuple[Hashable, float]:
        """The state after ``word`` and its log-probability."""


def decode(
    lattice: Lattice,
    ranking: Ranking,
    model: WordModel | None = None,
    weight: float = 0.0,
) -> Decoding:
    """The best path and the posteriors of one sentence's lattice."""
    if model is None or weight == 0.0:
        return _decode_alone(lattice, ranking)
    norms = [token.norm for token in lattice.sentence.tokens]
    size = len(norms)
    leaving: list[list[tuple[int, int, float, list[str]]]] = [[] for _ in range(size)]
    for number, (arc, odds) in enumerate(zip(lattice.arcs, ranking.log_odds, strict=True)):
        words = arc.rule.original.split(" ") if arc.rule.original else []
        bounded = max(-_MAX_LOG_ODDS, min(_MAX_LOG_ODDS, odds))
        leaving[arc.start].append((number, arc.end, bounded, words))
    unknown = list(ranking.unknown)
    for number, (start, end) in enumerate(unknown):
        odds = max(-_MAX_LOG_ODDS, min(_MAX_LOG_ODDS, ranking.unknown[start, end]))
        leaving[start].append((-2 - number, end, odds, norms[start:end]))
    # Per node: forward log weight, best log weight, (arc, previous node) of the best path.
    nodes: list[dict[Hashable, list[Any]]] = [{} for _ in range(size + 1)]
    nodes[0][model.initial_state()] = [0.0, 0.0, None]
    edges: list[tuple[int, Hashable, int, Hashable, float, int]] = []
    for position in range(size):
        for state, (forward, best, _) in nodes[position].items():
            for number, end, odds, words in (
                (_KEEP, position + 1, 0.0, norms[position : position + 1]),
                *leaving[position],
            ):
                after = state
                gain = odds
                for word in words:
                    after, log_prob = model.step(after, word)
                    gain += weight * log_prob
                edges.append((position, state, end, after, gain, number))
                node = nodes[end].get(after)
                if node is None:
                    node = nodes[end][after] = [-math.inf, -math.inf, None]
                node[0] = _log_add(node[0], forward + gain)
                if number >= _KEEP and best + gain > node[1]:
                    node[1] = best + gain
                    node[2] = (number, position, state)
    total = -math.inf
    top, last = -math.inf, None
    for state, (forward, best, _) in nodes[size].items():
        total = _log_add(total, forward)
        if best > top:
            top, last = best, state
    backward: list[dict[Hashable, float]] = [{} for _ in range(size + 1)]
    backward[size] = dict.fromkeys(nodes[size], 0.0)
    posterior = [0.0] * len(lattice.arcs)
    changed = dict.fromkeys(unknown, 0.0)
    # Edges are listed by where they start, so going backwards is in order.
    for position, state, end, after, gain, number in reversed(edges):
        through = gain + backward[end][after]
        here = backward[position].get(state, -math.inf)
        backward[position][state] = _log_add(here, through)
        if number != _KEEP:
            share = math.exp(min(0.0, nodes[position][state][0] + through - total))
            if number >= 0:
                posterior[number] += share
            else:
                changed[unknown[-2 - number]] += share
    path = []
    position, state = size, last
    while position > 0:
        number, position, state = nodes[position][state][2]
        if number != _KEEP:
            path.append(number)
    keep = _keep_weight(norms, model, weight)
    return Decoding(tuple(reversed(path)), tuple(posterior), changed, top - keep)


def _decode_alone(lattice: Lattice, ranking: Ranking) -> Decoding:
    """The same without a language model: what an arc weighs depends on no other."""
    size = len(lattice.sentence.tokens)
    odds = ranking.log_odds
    if odds and not -_MAX_LOG_ODDS <= min(odds) <= max(odds) <= _MAX_LOG_ODDS:
        odds = tuple(max(-_MAX_LOG_ODDS, min(_MAX_LOG_ODDS, value)) for value in odds)
    shares = list(map(math.exp, odds))
    # Per span its end, log weight, likeliest arc and that one's log odds.
    leaving: list[list[tuple[int, float, int, float]]] = [
        [(n + 1, 0.0, _KEEP, 0.0)] for n in range(size)
    ]
    found = lattice.runs
    for start, end, first, last in found:
        top = max(odds[first:last])
        weight = math.log(sum(shares[first:last]))
        leaving[start].append((end, weight, odds.index(top, first, last), top))
    unknown = {
        span: max(-_MAX_LOG_ODDS, min(_MAX_LOG_ODDS, value))
        for span, value in ranking.unknown.items()
    }
    for (start, end), value in unknown.items():
        leaving[start].append((end, value, _UNKNOWN, -math.inf))
    forward = [0.0] + [-math.inf] * size
    best = [0.0] + [-math.inf] * size
    # Per token index the arc that the best path arrives by, and where that starts.
    arrival = [(_KEEP, 0)] * (size + 1)
    for start in range(size):
        here, top_here = forward[start], best[start]
        for end, weight, number, top in leaving[start]:
            forward[end] = _log_add(forward[end], here + weight)
            if top_here + top > best[end]:
                best[end] = top_here + top
                arrival[end] = number, start
    backward = [-math.inf] * size + [0.0]
    for start in range(size - 1, -1, -1):
        here = -math.inf
        for end, weight, _, _ in leaving[start]:
            here = _log_add(here, weight + backward[end])
        backward[start] = here
    total = forward[size]
    posterior: list[float] = []
    for start, end, first, last in found:
        # Never above 1: keeping the span is one of the ways through.
        through = math.exp(min(0.0, forward[start] + backward[end] - total))
        posterior.extend([min(1.0, share * through) for share in shares[first:last]])
    changed = {
        (start, end): math.exp(min(0.0, forward[start] + value + backward[end] - total))
        for (start, end), value in unknown.items()
    }
    path = []
    position = size
    while position > 0:
        number, position = arrival[position]
        if number != _KEEP:
            path.append(number)
    return Decoding(tuple(reversed(path)), tuple(posterior), changed, best[size])


def _keep_weight(norms: Sequence[str], model: WordModel, weight: float) -> float:
    total = 0.0
    state = model.initial_state()
    for norm in norms:
        state, log_prob = model.step(state, norm)
        total += weight * log_prob
    return total


def _log_add(a: float, b: float) -> float:
    if a < b:
        a, b = b, a
    if b == -math.inf:
        return a
    return a + math.log1p(math.exp(b - a))
