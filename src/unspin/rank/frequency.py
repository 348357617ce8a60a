"""The frequency ranker: a noisy channel, nothing learned but counts.

    log odds(arc) = log (count + 1/2) / (left alone + 1), or the family's own
    P(spun | original) where the family is known

The n-gram language model joins in the decoder, where whole paths are known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from unspin.records import DocumentEvidence, Lattice, Ranking, Rule

# Log odds of a change at the rate of the training text, about a quarter of all
# words; the document's own rate moves all arcs by the difference.
_TRAINING_LOG_ODDS = math.log(0.25 / 0.75)


class FrequencyRanker:
    """Channel counts alone; the yardstick for the trained rankers."""

    def rank(
        self, lattices: Sequence[Lattice], evidence: DocumentEvidence, words: frozenset[str]
    ) -> list[Ranking]:
        """The log odds of every arc."""
        rate = min(max(evidence.spin_rate or 0.0, 1e-3), 0.6)
        shift = math.log(rate / (1 - rate)) - _TRAINING_LOG_ODDS
        return [
            Ranking(tuple(_odds(arc.rule, evidence.spinner) + shift for arc in lattice.arcs), {})
            for lattice in lattices
        ]


def _odds(rule: Rule, spinner: str | None) -> float:
    for family, aligned, occurrences in rule.families:
        if family == spinner:
            # The family's own rate, tempered with the pooled odds.
            return 0.5 * (rule.channel + math.log((aligned + 0.5) / (occurrences + 1)) + 1.5)
    return rule.channel
