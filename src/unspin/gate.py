"""Which of the proposed edits are applied where the user set no least confidence.

A wrong word put for a spun one leaves the text as bad as it was; put for the
author's own it makes it worse. So what an edit is worth is

    P(right) - harm * P(its words were the author's)

and the least worth that is applied was chosen on dev, for each ranker: with a harm
of 0.6 for the context ranker one worth anything is.
A text that may well be clean, or is short, asks for more. Of a spinner that nobody
knows words are seldom touched wrongly and seldom restored surely: there harm counts
less, lest nothing be undone.
"""

from __future__ import annotations

import math

from unspin.calibration import Calibration
from unspin.records import Edit, EditKind

# Kinds that the document's spin score speaks for.
_SPUN_KINDS = frozenset({EditKind.SYNONYM, EditKind.TORTURED, EditKind.OPEN})
# In a document that may well be clean only sure edits are applied, and in a short
# one the score is less sure than it looks, unless it is as high as few clean passages
# have it: (score below, words and marks below, least confidence), chosen on dev and
# on clean prose of six kinds, whole and in passages.
_LEAST = (
    (0.5, math.inf, 0.82),
    (0.7, math.inf, 0.67),
    (0.8, 150, 0.82),
    (0.92, 120, 0.82),
    (0.93, 151, 0.6),
    (0.99, 85, 0.9),
    (0.985, 75, 0.97),
    (math.inf, 75, 0.6),
)
# The least confidence anywhere, where the spinner is known and where it is not, and what
# harm counts in the second case. When it was chosen, 0.15 instead of 0.25 undid 0.179 instead
# of 0.169 of family G's damage, and touched 2.6 instead of 2.4 of 1,000 words wrongly.
_LEAST_KNOWN, _LEAST_UNKNOWN = 0.24, 0.15
# From so many words on a text is long: so much should have raised its score. What it asks for
# below which score, where the spinner is known: a manual that repeats a word has no surer edits.
LONG = 500
_DOUBTFUL, _LEAST_DOUBTFUL = 0.95, 0.5
_HARM_UNKNOWN = 0.3
# What short texts of no known spinner ask for, below which score and number of words and marks:
# in 2,108 clean passages of 40 to 180 words there are 32 edits then, of 68, and among passages of
# known spinners, which are recognized by their changes, none is lost.
_SHORT_UNKNOWN = 0.97, 250, 0.82
# Of other damage: a doubled noun (0.5) may be meant. And of terms, in whatever text: at 0.6 clean
# prose of six kinds has 0.62 changed words in 10,000, at 0.8 it has 0.41 (at 1.2, 0.30).
_HARM_ELSE, _HARM_TERM = 1.2, 0.8


def worth(edit: Edit, confidence: float, spin_score: float, harm: float) -> float:
    """What applying an edit of this ``confidence`` is expected to gain, -``harm`` to 1."""
    changed = edit.evidence.changed
    # An edit of another kind of damage is right or harms.
    author = 1 - (confidence if changed is None else spin_score * changed)
    return confidence - harm * author


def is_applied(
    edit: Edit, curve: Calibration, spin_score: float, words: int, known: bool = True
) -> bool:
    """Whether an edit is worth what ``curve`` asks for, in a text of so many words.

    ``known`` tells whether the text's spinner is one that the models know.
    """
    is_term = _is_term(edit)
    spinners = edit.kind in _SPUN_KINDS and not is_term
    harm = curve.harm
    if not spinners:
        # What is no spinner's work is an error in itself, or nothing is wrong.
        harm = max(harm, _HARM_TERM if is_term else _HARM_ELSE)
    elif not known:
        harm = min(harm, _HARM_UNKNOWN)
    if worth(edit, edit.confidence, spin_score, harm) < curve.threshold:
        return False
    if not spinners:
        return True
    least = [c for score, size, c in _LEAST if spin_score < score and words < size]
    if known and words >= LONG and spin_score < _DOUBTFUL:
        least.append(_LEAST_DOUBTFUL)
    score, size, asked = _SHORT_UNKNOWN
    if not known and spin_score < score and words < size:
        least.append(asked)
    return edit.confidence >= max(least, default=_LEAST_KNOWN if known else _LEAST_UNKNOWN)


def _is_term(edit: Edit) -> bool:
    """Whether an edit was made for what its words are (``terms``), not for the text's sake."""
    return edit.kind is EditKind.TORTURED and edit.evidence.changed is None
