"""How well words stand in their place, by an n-gram model, against those that stand there."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

# Candidates this many nats behind the best one (or keep) are not worth asking about.
HOPELESS = 6.0
# Words of context: what a model of order 4 sees on either side.
_BEFORE, _AFTER = 3, 3


class WordModel(Protocol):
    """What is asked of a language model; log-probabilities in nats."""

    def initial_state(self) -> Hashable:
        """The state at the start of a sentence."""

    def step(self, state: Any, word: str) -> tuple[Hashable, float]:
        """The state after ``word`` and its log-probability."""

    def log_probs(self, state: Any, words: Sequence[str]) -> list[float]:
        """The log-probability of each of ``words`` after ``state``."""


def fluency(
    model: WordModel, norms: Sequence[str], start: int, end: int, originals: Sequence[str]
) -> list[float]:
    """By how much (nats) each original is likelier than the words ``norms[start:end]``.

    Originals are norms joined by spaces; an empty one deletes the words. Only
    the words nearby are looked at, as they stand.
    """
    if not originals:
        return []
    before = model.initial_state()
    for word in norms[max(0, start - _BEFORE) : start]:
        before, _ = model.step(before, word)
    after = norms[end : end + _AFTER - 1]

    def score(words: Sequence[str]) -> float:
        return sum(model.log_probs(before, [*words, *after]))

    kept = score(norms[start:end])
    return [score(o.split(" ") if o else ()) - kept for o in originals]
