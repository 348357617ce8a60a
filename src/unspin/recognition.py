"""Whose work a text is, once it has been read.

The screen goes by single words, and of a light touch or a short text these say too little:
of every fifth passage of 100 words it cannot tell the spinner, and it takes every sixth text of
an unknown one for a known one's. Once the ranker has read the text, there is better evidence:
what share of its expected changes could be the family's? A known spinner's replacements are
nearly all in the lexicon, and the ranker finds them likely; of an unknown one's few are.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from unspin.document import GENERIC, Screening
from unspin.records import Lattice, Ranking

# The share of the changes of a text, read as nobody's, that a family must explain to be
# recognized. On dev, whole texts and passages, and on simulated unknown spinners: of 86 texts
# of known families that the screen gives to nobody 65 are recognized, 6 taken for another
# family's, of 122 of unknown ones none.
_RECOGNIZED = {"K": 0.25, "J": 0.3, "M": 0.2, "B": 0.4, "S": 0.55}
_RECOGNIZED_ELSE = 0.5
# The share that it must explain of a text that was read as its own, or it is nobody's. Of 563
# texts so read 5 passages explain less, of 25 of unknown spinners all do.
_KEPT = {"K": 0.42, "J": 0.45, "M": 0.3}
_KEPT_ELSE = 0.5
# What the screen thinks of a family for it to be asked about, and how sure it is once recognized.
_CANDIDATE = 0.03
_SURE = 0.9
# Changes less likely than this are left out of account.
_LEAST_CHANGED = 0.05
_MAX_LOG_ODDS = 30.0


def explained(
    screening: Screening, lattices: Sequence[Lattice], rankings: Sequence[Ranking]
) -> dict[str, float]:
    """Per family that comes into question the share (0 to 1) of the changes that it explains.

    Each token counts with P(changed), and for a family with the probability of the
    arcs over it that the lexicon has of that family, each span looked at by itself. What a
    text repeats counts by the root of its number, as in :func:`unspin.document.by_word`.
    In the order of the screen; empty without an encoder's P(changed).
    """
    found = dict.fromkeys(_asked(screening), 0.0)
    if not found or not any(ranking.changed for ranking in rankings):
        return {}
    words: dict[str, list[tuple[float, dict[str, float]]]] = {}
    for lattice, ranking in zip(lattices, rankings, strict=True):
        changed = ranking.changed or ()
        shares = _shares(lattice, ranking, changed, found)
        for token, p, share in zip(lattice.sentence.tokens, changed, shares, strict=False):
            if p >= _LEAST_CHANGED:
                words.setdefault(token.norm, []).append((p, share))
    total = 0.0
    for seen in words.values():
        weight = round(math.sqrt(len(seen))) / len(seen)
        for p, share in seen:
            total += weight * p
            for name, value in share.items():
                found[name] += weight * p * value
    return {name: value / total if total else 0.0 for name, value in found.items()}


def _asked(screening: Screening) -> list[str]:
    """The families that may have spun a text, the likeliest first."""
    return [
        name
        for number, (name, probability) in enumerate(screening.families)
        if name != GENERIC and (number == 0 or probability >= _CANDIDATE)
    ]


def _shares(
    lattice: Lattice, ranking: Ranking, changed: Sequence[float], families: Collection[str]
) -> list[dict[str, float]]:
    """Per token and family the probability of its arcs over the token, where it counts."""
    odds = [1.0] * len(changed)
    own: list[dict[str, float]] = [{} for _ in changed]
    for arc, log_odds in zip(lattice.arcs, ranking.log_odds, strict=True):
        places = range(arc.start, arc.end)
        if max(changed[arc.start : arc.end], default=0.0) < _LEAST_CHANGED:
            continue
        value = math.exp(min(log_odds, _MAX_LOG_ODDS))
        makers = [name for name, _, _ in arc.rule.families if name in families]
        for at in places:
            odds[at] += value
            for name in makers:
                own[at][name] = own[at].get(name, 0.0) + value
    return [
        {name: value / total for name, value in theirs.items()}
        for theirs, total in zip(own, odds, strict=True)
    ]


def recognized(
    screening: Screening, lattices: Sequence[Lattice], rankings: Sequence[Ranking]
) -> Screening:
    """The screening as what was read by it says it should have been."""
    shares = explained(screening, lattices, rankings)
    if not shares:
        return screening
    if screening.typical:
        first = screening.families[0][0]
        share = shares.get(first, 0.0)
        kept = share >= _KEPT.get(first, _KEPT_ELSE)
        return replace(screening, explained=share) if kept else replace(screening, typical=False)
    for name, share in shares.items():
        if share >= _RECOGNIZED.get(name, _RECOGNIZED_ELSE):
            return _as_work_of(screening, name, share)
    return screening


def _as_work_of(screening: Screening, family: str, share: float) -> Screening:
    """The screening of a text that ``family`` spun, explaining a ``share`` of its changes."""
    others = tuple(entry for entry in screening.families if entry[0] != family)
    probability = max(_SURE, dict(screening.families)[family])
    paragraphs = screening.paragraphs
    if family != screening.families[0][0]:
        # These are another family's log ratios.
        paragraphs = (0.0,) * len(paragraphs)
    return replace(
        screening,
        families=((family, probability), *others),
        paragraphs=paragraphs,
        typical=True,
        explained=share,
    )
