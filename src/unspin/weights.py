"""Path weights from span-wise rankings.

Rankers look at each span by itself: given that no longer change cuts through
it, was it changed, and from what? So on the way from long spans to short ones,
and from sure changes to doubtful ones among equally long, every span is asked
unless an arc already chosen overlaps it, and a path's probability is

    product of P(chosen arc) * product of P(keep) of every span asked in vain

Shorter spans that overlap a chosen arc are not asked; longer ones were asked
before it. Relative to the path that keeps everything, an arc of span
``s`` thus weighs its log odds against keep, plus -log P(keep) of every span it
spares. Without that, three likely changes of parts would always beat the one
change of the whole that explains them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from unspin.records import Lattice, Ranking

Span = tuple[int, int]
_MAX = 60.0


def path_weights(lattice: Lattice, ranking: Ranking) -> Ranking:
    """The ranking with every span's log odds raised by what its choice spares."""
    log_odds = ranking.log_odds
    if max(log_odds, default=0.0) <= _MAX:
        odds = list(map(math.exp, log_odds))
    else:
        odds = [math.exp(min(value, _MAX)) for value in log_odds]
    found = lattice.runs
    total: dict[Span, float] = {}
    for start, end, first, last in found:
        span = start, end
        total[span] = total.get(span, 1.0) + sum(odds[first:last])
    for span, value in ranking.unknown.items():
        total[span] = total.get(span, 1.0) + math.exp(min(value, _MAX))
    spared = _spared({span: math.log(z) for span, z in total.items()})
    raised: list[float] = []
    for start, end, first, last in found:
        more = spared[start, end]
        raised.extend([value + more for value in log_odds[first:last]])
    return Ranking(
        tuple(raised),
        {span: value + spared[span] for span, value in ranking.unknown.items()},
        ranking.changed,
    )


def _spared(cost: Mapping[Span, float]) -> dict[Span, float]:
    """For each span the summed cost of overlapping spans that would be asked after it."""
    starting: dict[int, list[tuple[int, float]]] = {}
    longest = 1
    for (start, end), value in cost.items():
        starting.setdefault(start, []).append((end, value))
        longest = max(longest, end - start)
    result = {}
    for (start, end), own in cost.items():
        spared = 0.0
        for other in range(max(0, start - longest + 1), end):
            for other_end, value in starting.get(other, ()):
                after = (other_end - other, value, -other) < (end - start, own, -start)
                if other_end > start and after:
                    spared += value
        result[start, end] = spared
    return result
