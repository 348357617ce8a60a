"""P(changed) under the rate of the text at hand.

The encoder has learned how often spinners change a word on average; of one that it
does not know it has no better guess, and of SpinBot, which it read imitations of, a wrong
one. What it sees in the whole text tells its rate: expectation maximization for a
shifted prior (Saerens, Latinne and Decaestecker 2002).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# The share of changed words among those that the encoder was trained on.
TRAINED_RATE = 0.12
# The family that was learned from imitations (SpinBot). In its two real passages P(changed)
# falls short of the truth by 1.7 and 1.35 nats a word; their own rates add 1.27 and 1.59.
IMITATED = "S"
# A shorter text of it has too few changes to tell (a sentence on cheese had two).
_ENOUGH = 75
# Spinners rarely change more, and a rate above it would be a guess about style.
_MOST = 0.4
_STEPS = 20
_EDGE = 1e-6


def has_own_rate(spinner: str | None, tokens: int) -> bool:
    """Whether no parallel text tells how often the spinner of a text changes words, but the
    text, of so many ``tokens``, may.
    """
    return spinner is None or (spinner == IMITATED and tokens >= _ENOUGH)


def log_shift(changed: Sequence[Floats]) -> float:
    """What a text's own rate adds to the log odds (nats) of every change in it, 0 at least.

    ``changed`` is P(changed) of each sentence's tokens. A rate below the usual one
    is left to the verdict: it is no reason to doubt single words.
    """
    flat = np.concatenate(changed) if changed else np.zeros(0, np.float32)
    if not len(flat):
        return 0.0
    odds = np.exp(_logit(flat))
    rate = TRAINED_RATE
    for _ in range(_STEPS):
        moved = odds * math.exp(_step(rate))
        rate = min(max(float(np.mean(moved / (1 + moved))), TRAINED_RATE), _MOST)
    return _step(rate)


def shifted(changed: Sequence[Floats], shift: float) -> list[Floats]:
    """P(changed) of each sentence's tokens with ``shift`` added to its log odds."""
    return [(1 / (1 + np.exp(-_logit(p) - shift))).astype(np.float32) for p in changed]


def _logit(p: Floats) -> NDArray[np.float64]:
    bounded = np.clip(np.asarray(p, np.float64), _EDGE, 1 - _EDGE)
    return np.log(bounded / (1 - bounded))


def _step(rate: float) -> float:
    return math.log(rate / (1 - rate)) - math.log(TRAINED_RATE / (1 - TRAINED_RATE))
