"""What only the whole document shows: is it spun, by which family, how much, and where.

The screen is a naive Bayes sum of word log ratios (:mod:`unspin.spinners`)
per family and paragraph. It costs a dictionary look-up a word and lets clean
text through before any model is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unspin.rank.own_rate import IMITATED
from unspin.records import DocumentEvidence
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
_TYPICAL = {"A": 0.14, "B": 0.07, "C": 0.11, "T": 0.12, "S": 0.08, "J": 0.03}
_TYPICAL_LIGHT = 0.0  # K and M change few words
_LIGHT = frozenset("KMJ")
# A text with more changes than a light spinner's words account for (mean P(changed)
# after a glance above 0.05 + 5 log ratio a word) is another's: with the encoder before,
# on dev and simulated spinners, 2 of 133 light texts, 159 of 222 of unknown spinners
# that resemble them.
_LIGHT_CHANGES, _PER_RATIO = 0.05, 5.0
# A paragraph this much likelier clean than spun, in a document that has
# clearly spun ones, was not touched (nats, summed).
_CLEAN_PARAGRAPH = -6.0
_SPUN_PARAGRAPH = 6.0
# The encoder first reads what looks most spun, and the rest if this is the verdict on
# that and the screen; from the other on it reads some more before that is decided.
GLANCE, GLANCE_ON = 0.025, 0.01
# Nats a word that no clean text of so many words came near (0.06).
_PLAIN, _PLAIN_WORDS = 0.1, 150
# Nats a word of a known family (not of a light one) from which on a short text is
# judged like a long one: of 713 clean passages of 100 words 15 reach it and none of these
# scores 0.7; of S's spun ones that reach it all do.
_LOUD, _LOUD_WORDS = 0.08, 75
# The nats a word that real texts of the imitated family have (0.14 and 0.17): the trees
# trust these less than they should.
_LOUDEST = 0.13
# The share of a text's changes that names the spinner no less surely.
_EXPLAINED = 0.5
# Without an encoder, a text is read from this probability on.
SCREEN = 0.008
# A log ratio per word (nats) that clean text of any genre seldom reaches, and how
# fast the odds grow beyond it: a long text's slight bias is no evidence.
_SELDOM, _STEEP = 0.065, 160.0
# The probability that a text is spun before anything of it is seen.
PRIOR = 0.05
# In short texts all of it is mostly chance: it counts by n / (n + 220) words.
_SHORT = 220


@dataclass(frozen=True, slots=True)
class Screening:
    """The screen's verdict: ``spin_score`` and the families' probabilities.

    ``families`` are sorted by probability (which sum to 1 given that the text
    is spun); ``paragraphs`` are log ratios (nats) of the likeliest family and
    ``typical`` whether they are as large as that family's text has them.
    ``ratio`` is their sum a word, of a mixed text its spun paragraphs only, of
    ``words`` words. ``mixed`` texts have plainly spun and plainly clean
    paragraphs; ``suspicious`` ones are worth reading in full. ``glance`` is
    P(changed) of the words that look most spun, repeated ones counted less
    often (:func:`by_word`), if they were looked at, and ``untold`` the same when the encoder
    is not told what the lexicon would put there, if the text is to be read; ``prior`` is the
    probability that a text is spun before anything is seen. ``explained`` is what share of
    the changes the first family explains, once the text was read (:mod:`unspin.recognition`).
    """

    spin_score: float
    families: tuple[tuple[str, float], ...]
    paragraphs: tuple[float, ...]
    typical: bool
    ratio: float
    words: int
    mixed: bool
    suspicious: bool
    prior: float = PRIOR
    glance: tuple[float, ...] = ()
    untold: tuple[float, ...] = ()
    explained: float = 0.0

    def after(self, norms: Sequence[str], changed: Sequence[float]) -> Screening:
        """The screening after a glance, which may show that the family is not the likeliest.

        ``changed`` is P(changed) of the words ``norms``.
        """
        most = _LIGHT_CHANGES + _PER_RATIO * max(self.ratio, 0.0)
        light = bool(self.families) and self.families[0][0] in _LIGHT
        many = sum(changed) > most * max(len(changed), 1)
        typical = self.typical and not (light and many)
        return replace(self, glance=tuple(by_word(norms, changed)), typical=typical)

    @property
    def plain(self) -> bool:
        """Whether the words alone say "spun" so loudly that a glance can be spared."""
        return self.ratio >= _PLAIN and self.words >= _PLAIN_WORDS and not self.mixed

    @property
    def spinner(self) -> str | None:
        """The family that spun the text, if it was spun; ``None``: unknown."""
        return self.families[0][0] if self.typical and self.families else None

    @property
    def size(self) -> int:
        """How many words the score rests on: of a short text as many as of a long one if
        its words alone name the spinner, or most of its changes do.
        """
        if self.explained >= _EXPLAINED and self.words >= _LOUD_WORDS:
            return max(self.words, _PLAIN_WORDS + 1)
        known = self.typical and self.families[0][0] not in _LIGHT
        if not known or self.ratio < _LOUD or self.words < _LOUD_WORDS:
            return self.words
        # One more is beyond what the gate asks of short texts with middling scores, too.
        return max(self.words, _PLAIN_WORDS + self.imitated)

    @property
    def imitated(self) -> bool:
        """Whether the words alone name a spinner that was learned from imitations."""
        named = self.typical and self.families[0][0] == IMITATED
        return named and self.ratio >= _LOUDEST and self.words >= _LOUD_WORDS


def by_word(norms: Sequence[str], values: Sequence[float]) -> list[float]:
    """The mean value of each norm, as often as the square root of its count says (rounded).

    What the encoder thinks of a word it tends to think wherever the text repeats it: eleven
    times "scheme" in a manual are not eleven observations. Of the powers 0, 0.3, 0.5 and 1 of
    the count, the root tells spun texts from clean ones best (five folds).

    >>> by_word(["a", "b", "a", "a", "a"], [0.25, 0.6, 0.25, 0.5, 0.5])
    [0.375, 0.375, 0.6]
    """
    found: dict[str, list[float]] = {}
    for norm, value in zip(norms, values, strict=True):
        found.setdefault(norm, []).append(value)
    return [
        mean
        for each in found.values()
        for mean in [sum(each) / len(each)] * round(math.sqrt(len(each)))
    ]


def screen(
    paragraphs: Sequence[Sequence[str]],
    table: SpinnerTable,
    prior: float,
    spinner: str | None = None,
) -> Screening:
    """The screen's verdict on the norms of a text's paragraphs (``tokens.paragraph_norms``).

    ``spinner`` names the family where it is known.
    """
    by_paragraph = table.paragraph_ratios(paragraphs)
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
    order = sorted(range(len(total)), key=lambda f: (f != best, -posterior[f], f))
    name = table.families[best]
    size = sum(len(w) for w, llr in zip(paragraphs, by_paragraph[:, best], strict=True) if llr > 0)
    gain = float(np.where(by_paragraph[:, best] > 0, by_paragraph[:, best], 0).sum())
    typical = spinner == name or (
        name != GENERIC and gain >= _TYPICAL.get(name, _TYPICAL_LIGHT) * max(size, 1)
    )
    mixed = bool(_mixed(by_paragraph)[best]) if len(by_paragraph) else False
    words = sum(map(len, paragraphs))
    ratio = gain / max(size, 1) if mixed else float(by_paragraph[:, best].sum()) / max(words, 1)
    if spinner is None:
        share = words / (words + _SHORT)
        odds = (1 - share) * odds + share * min(odds, _STEEP * (ratio - _SELDOM))
    score = sigmoid(odds)
    return Screening(
        score,
        tuple((table.families[f], float(posterior[f])) for f in order),
        tuple(by_paragraph[:, best].tolist()),
        typical,
        ratio,
        words,
        mixed,
        score >= SCREEN,
        prior,
    )


def _evidence(by_paragraph: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per family the log ratio of the document, or of its spun paragraphs if some are clean."""
    whole = by_paragraph.sum(0)
    parts = np.where(by_paragraph > 0, by_paragraph, 0).sum(0)
    # Choosing the best paragraphs after the fact is paid for by a log factor.
    price = np.log(max(len(by_paragraph), 1)) * 2
    result: NDArray[np.float64] = np.where(
        _mixed(by_paragraph), np.maximum(whole, parts - price), whole
    )
    return result


def _mixed(by_paragraph: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Per family whether some paragraphs are plainly its work and others plainly clean."""
    found: NDArray[np.bool_] = (by_paragraph.max(0, initial=0.0) > _SPUN_PARAGRAPH) & (
        by_paragraph.min(0, initial=0.0) < _CLEAN_PARAGRAPH
    )
    return found


def sigmoid(odds: float) -> float:
    """The probability of log odds (nats), never quite 0 or 1."""
    return 1 / (1 + math.exp(-min(max(odds, -_MAX_LOG_ODDS), _MAX_LOG_ODDS)))


def logit(probability: float) -> float:
    """The log odds (nats) of a probability that is neither 0 nor 1."""
    return math.log(probability / (1 - probability))


def evidence_of(screening: Screening, rate: float | None) -> DocumentEvidence:
    """The document's evidence once its rate has been estimated."""
    probability = screening.families[0][1] if screening.families else 0.0
    known = screening.spinner
    # What a family's words say of a paragraph holds for that family's texts, unless there is
    # no encoder to say more.
    telling = known is not None or not screening.glance
    some_spun = telling and any(p > _SPUN_PARAGRAPH for p in screening.paragraphs)
    active = tuple(not (some_spun and p < _CLEAN_PARAGRAPH) for p in screening.paragraphs)
    return DocumentEvidence(screening.spin_score, known, probability, rate, active, screening.size)
