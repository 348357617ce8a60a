"""A conditional logit: which of several alternatives, by a few features of each.

McFadden 1974, "Conditional logit analysis of qualitative choice behavior";
fitted by Newton's method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One choice: (alternatives, features) and the number of the right alternative."""

    features: Doubles
    right: int


def shares(case: Case, weights: Doubles) -> Doubles:
    """The probability of each alternative."""
    logits = case.features @ weights
    odds = np.exp(logits - logits.max())
    result: Doubles = odds / odds.sum()
    return result


def fit(cases: Sequence[Case], start: Doubles, ridge: float = 1.0) -> Doubles:
    """The weights with the best likelihood; ``ridge`` is a weak prior toward ``start``.

    >>> one = np.array([[1.0], [0.0]])
    >>> found = fit([Case(one, 0)] * 30 + [Case(one, 1)] * 10, np.zeros(1), 1e-9)
    >>> round(float(np.exp(found[0])), 3)
    3.0
    """
    weights = start.copy()
    for _ in range(60):
        gradient, hessian = ridge * (start - weights), ridge * np.eye(len(start))
        for case in cases:
            share = shares(case, weights)
            mean = share @ case.features
            gradient += case.features[case.right] - mean
            hessian += (case.features.T * share) @ case.features - np.outer(mean, mean)
        step = np.linalg.solve(hessian, gradient)
        # Far from the optimum a full step overshoots; its direction is kept.
        step /= max(1.0, float(np.abs(step).max()))
        weights = weights + step
        if float(np.abs(step).max()) < 1e-6:
            break
    return weights


def log_loss(cases: Sequence[Case], weights: Doubles) -> float:
    """Mean log loss (nats) of the right alternatives."""
    return -float(np.mean([np.log(shares(c, weights)[c.right]) for c in cases]))
