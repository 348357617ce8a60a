"""How often the spinner of a text makes a replacement, by the lexicon's counts.

The trained rankers know families by a hint beside each span; of a pair that they
seldom saw they remember little. The lexicon's counts are smoothed by those of all
families together.
"""

from __future__ import annotations

import math

from unspin.records import Rule

# Counts of all families together speak as if the original had been seen this often.
_POOLED = 20.0
# How much text of each family the lexicon was learned from, in thousands of occurrences of
# the original "a": where a row lacks a family, it is not because its original is rare there.
_SIZES = {"A": 135, "B": 78, "C": 81, "T": 25, "K": 12, "J": 10, "M": 5, "S": 43}


def spun_share(rule: Rule, spinner: str | None) -> tuple[float, int]:
    """Log P(spun | original) (nats) for a spinner, and how often it was seen to do so.

    For an unknown spinner, or one without parallel text, that of all families together.
    """
    aligned = sum(c for _, c, _ in rule.families)
    occurrences = float(sum(n for _, _, n in rule.families))
    pooled = (aligned + 0.5) / (occurrences + _POOLED)
    if spinner is not None and rule.families:
        own = {family: (c, n) for family, c, n in rule.families}
        size = sum(_SIZES.get(family, 0) for family in own)
        unseen = occurrences * _SIZES.get(spinner, 0) / size if size else 0.0
        aligned, occurrences = own.get(spinner, (0, unseen))
    return math.log((aligned + _POOLED * pooled) / (occurrences + _POOLED)), aligned
