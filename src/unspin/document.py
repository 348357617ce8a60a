"""What only the whole document shows: is it spun, by which family, how much, and where.

The screen is a naive Bayes sum of word log ratios (:mod:`unspin.spinners`)
per family and paragraph. It costs a dictionary look-up a word and lets clean
text through before any model is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unspin.records import DocumentEvidence, Sentence
from unspin.spinners import SpinnerTable

# Words of a text are not independent, so their summed log ratio overstates the
# evidence; it is scaled by this (chosen by eye on dev, not fitted).
_TEMPER = 0.35
# A log odds below this is beyond what dev (410 documents) can show.
_MAX_LOG_ODDS = 16.0
# Stand-in for spinners no one has seen; not a family by itself.
GENERIC = "Y"
# Log ratio per word (nats) below which a text is not a family's, though it be
# the likeliest: another spinner's text resembles B at 0.055 a word. Between the
# first and the fifth percentile of each family on dev.
_TYPICAL = {"A": 0.14, "B": 0.07, "C": 0.11, "T": 0.10, "S": 0.04}
_TYPICAL_LIGHT = 0.0  # K, M, J change few words
# A paragraph this much likelier clean than spun, in a document that has
# clearly spun ones, was not touched (nats, summed).
_CLEAN_PARAGRAPH = -6.0
_SPUN_PARAGRAPH = 6.0
# Below this probability no model is asked.
SCREEN = 0.008
# The second opinion: log odds = a * screen's + b * (logit of the mean P(changed)
# + 2.5) + c, a logistic regression on dev whose c is lowered for the prior. A
# short text's mean is mostly chance, so it counts by n / (n + 150) words.
_SCREEN_WEIGHT, _CHANGED_WEIGHT, _OFFSET = 0.61, 1.07, 1.3
_CHANGED_CENTRE = 2.5
_SHORT = 150


@dataclass(frozen=True, slots=True)
class Screening:
    """The screen's verdict: ``spin_score`` and the families' probabilities.

    ``families`` are sorted by probability (which sum to 1 given that the text
    is spun); ``paragraphs`` are log ratios (nats) of the likeliest family and
    ``typical`` whether they are as large as that family's text has them.
    """

    spin_score: float
    families: tuple[tuple[str, float], ...]
    paragraphs: tuple[float, ...]
    typical: bool


def screen(
    sentences: Sequence[Sentence], table: SpinnerTable, prior: float, spinner: str | None = None
) -> Screening:
    """The screen's verdict on a text; ``spinner`` names the family where it is known."""
    count = sentences[-1].paragraph + 1 if sentences else 0
    words: list[list[str]] = [[] for _ in range(count)]
    for sentence in sentences:
        words[sentence.paragraph].extend(token.norm for token in sentence.tokens)
    by_paragraph = np.zeros((count, len(table.families)))
    for number, norms in enumerate(words):
        by_paragraph[number] = table.log_ratios(norms)
    # A clean article with one spun paragraph: the spun part speaks for itself,
    # the rest only as far as it is not plainly clean.
    total = _evidence(by_paragraph)
    tempered = np.clip(total * _TEMPER, -_MAX_LOG_ODDS, _MAX_LOG_ODDS)
    if spinner in table.families:
        best = table.families.index(spinner)
        posterior = np.zeros(len(total))
        posterior[best] = 1.0
        odds = float(tempered[best])
    else:
        posterior = np.exp(tempered - tempered.max(initial=0.0))
        posterior /= posterior.sum()
        odds = float(np.log(np.mean(np.exp(tempered)))) if len(tempered) else 0.0
        # Tempering serves the score; between families the raw sums decide.
        best = int(total.argmax()) if len(total) else 0
    odds += math.log(prior / (1 - prior))
    score = 1 / (1 + math.exp(-odds))
    order = sorted(range(len(total)), key=lambda f: (f != best, -posterior[f], f))
    name = table.families[best]
    size = sum(len(w) for w, llr in zip(words, by_paragraph[:, best], strict=True) if llr > 0)
    gain = float(np.where(by_paragraph[:, best] > 0, by_paragraph[:, best], 0).sum())
    typical = spinner == name or (
        name != GENERIC and gain >= _TYPICAL.get(name, _TYPICAL_LIGHT) * max(size, 1)
    )
    return Screening(
        score,
        tuple((table.families[f], float(posterior[f])) for f in order),
        tuple(by_paragraph[:, best].tolist()),
        typical,
    )


def _evidence(by_paragraph: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per family the log ratio of the document, or of its spun paragraphs if some are clean."""
    whole = by_paragraph.sum(0)
    parts = np.where(by_paragraph > 0, by_paragraph, 0).sum(0)
    mixed = (by_paragraph.max(0, initial=0.0) > _SPUN_PARAGRAPH) & (
        by_paragraph.min(0, initial=0.0) < _CLEAN_PARAGRAPH
    )
    # Choosing the best paragraphs after the fact is paid for by a log factor.
    price = np.log(max(len(by_paragraph), 1)) * 2
    result: NDArray[np.float64] = np.where(mixed, np.maximum(whole, parts - price), whole)
    return result


def second_opinion(score: float, changed: Sequence[float]) -> float:
    """The spin score after the ranker's P(changed) of every word has been seen.

    >>> second_opinion(0.5, []) == 0.5
    True
    >>> second_opinion(0.5, [0.01] * 500) < 0.4 < 0.7 < second_opinion(0.5, [0.2] * 500)
    True
    """
    if not changed:
        return score
    mean = min(max(sum(changed) / len(changed), 1e-2), 0.9)
    odds = _logit(min(max(score, 1e-7), 1 - 1e-7))
    seen = _SCREEN_WEIGHT * odds + _CHANGED_WEIGHT * (_logit(mean) + _CHANGED_CENTRE) + _OFFSET
    share = len(changed) / (len(changed) + _SHORT)
    return 1 / (1 + math.exp(-((1 - share) * odds + share * seen)))


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def evidence_of(screening: Screening, rate: float) -> DocumentEvidence:
    """The document's evidence once its rate has been estimated."""
    spinner, probability = screening.families[0] if screening.families else (None, 0.0)
    known = spinner if screening.typical else None
    some_spun = any(p > _SPUN_PARAGRAPH for p in screening.paragraphs)
    active = tuple(not (some_spun and p < _CLEAN_PARAGRAPH) for p in screening.paragraphs)
    return DocumentEvidence(screening.spin_score, known, probability, rate, active)
