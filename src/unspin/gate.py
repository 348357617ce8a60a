"""Which of the proposed edits are applied where the user set no least confidence.

A wrong word put for a spun one leaves the text as bad as it was; put for the
author's own it makes it worse. So what an edit is worth is

    P(right) - 1.2 * P(its words were the author's)

and one worth anything is applied. The weight was chosen on dev: with 0.5 the same
damage is undone at a sixth more harm, with a threshold on P(right) at a third more.
A text that may well be clean, or is short, asks for more.
"""

from __future__ import annotations

import math

from unspin.records import Edit, EditKind

_HARM = 1.2
# Kinds that the document's spin score speaks for.
_SPUN_KINDS = frozenset({EditKind.SYNONYM, EditKind.TORTURED, EditKind.OPEN})
# In a document that may well be clean only sure edits are applied, and in a short
# one the score is less sure than it looks, unless it is as high as few clean passages
# have it: (score below, words and marks below, least confidence), chosen on dev and
# on clean prose of six kinds, whole and in passages.
_LEAST = (
    (math.inf, math.inf, 0.35),
    (0.5, math.inf, 0.82),
    (0.84, math.inf, 0.55),
    (0.84, 150, 0.82),
    (0.97, 120, 0.82),
    (0.97, 75, 0.94),
    (math.inf, 75, 0.9),
)


def worth(edit: Edit, confidence: float, spin_score: float) -> float:
    """What applying an edit of this ``confidence`` is expected to gain, -1.2 to 1."""
    changed = edit.evidence.changed
    # An edit of another kind of damage is right or harms.
    harm = 1 - (confidence if changed is None else spin_score * changed)
    return confidence - _HARM * harm


def is_applied(edit: Edit, threshold: float, spin_score: float, words: int) -> bool:
    """Whether an edit of at least ``threshold`` worth is applied in a text of so many words."""
    if worth(edit, edit.confidence, spin_score) < threshold:
        return False
    if edit.kind not in _SPUN_KINDS:
        return True
    least = (c for score, size, c in _LEAST if spin_score < score and words < size)
    return edit.confidence >= max(least, default=0.0)
