"""Is the text spun? What the screen and the encoder saw in its words, weighed.

The mean of P(changed) alone tells a heavily spun article from a clean one, but
not a text with a few sure changes from a dense or old-fashioned clean one, nor
short texts from each other. So the distribution of P(changed) is described by
several numbers (:func:`word_evidence`), words that the text repeats counted less
often, and joined with the screen's verdict:

- after a glance at some sentences by a logistic regression, which also holds for
  spinners that nobody has seen;
- once the text is read, with what the ranker made of it, by small regression
  trees (Friedman 2001), fitted so that all but the estimated rate, the text's
  length and whether it is mixed can only raise the odds. They find light touches
  of known spinners, but take an unknown one's text for clean: the glance may
  overrule them, if it is as sure without being told what the lexicon proposes.

``training/verdict.py`` fits both; the data file is a numpy archive of
``glance`` (weights, the last a constant), ``trees`` (:mod:`unspin.trees`) and
``offset``, all giving log odds (nats).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from unspin.document import PRIOR, Screening, by_word, logit, sigmoid
from unspin.errors import DataError
from unspin.rank.own_rate import TRAINED_RATE
from unspin.records import DocumentEvidence, Lattice, Ranking, Token, TokenKind
from unspin.trees import Trees

Floats = NDArray[np.float64]

# Rates (share of words changed) whose likelihood is asked.
_RATES = (0.03, 0.08, 0.2, 0.4)
_HIGH = (0.5, 0.8, 0.95)
# The share of the highest P(changed) that are looked at by themselves.
_TOP = 30
# Of texts of no known genre fewer are spun than the trees were shown: what is added to log
# odds at the default prior, after the glance, after reading a text of some length, a short
# one, and what words alone call SpinBot's, whose texts the trees trust less than they should.
# Set by hand on clean prose of six kinds, whole, and short on hand-written negatives.
_OFFSET_GLANCE, _OFFSET, _OFFSET_SHORT, _OFFSET_IMITATED = -1.0, 0.1, -1.0, 0.4
_SHORT = 150
# How much surer than the trees both looks of the glance must be to overrule them (nats). Without
# simulated spinners in training, AUROC of their passages of 100 words 0.77 -> 0.90, with the
# look alone that is told what the lexicon proposes 0.88: one torn term makes it sure of a
# short text.
_OVERRULES = 0.5
# Log odds (nats) where no arc is.
_NO_ARC = -20.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What the encoder and the ranker made of a text that was read.

    ``changed`` is P(changed) of its words, ``arcs`` the highest log odds (nats) of the
    arcs over each of them, both as :func:`unspin.document.by_word` has them; ``rate`` is
    the estimated spin rate where a ``known`` family let it be estimated.
    """

    changed: Sequence[float]
    arcs: Sequence[float]
    rate: float
    known: bool

    @classmethod
    def of(
        cls,
        lattices: Sequence[Lattice],
        rankings: Sequence[Ranking],
        evidence: DocumentEvidence,
    ) -> Reading:
        """What is seen in a text that was ranked; no words without an encoder."""
        norms: list[str] = []
        changed: list[float] = []
        highest: list[float] = []
        for lattice, ranking in zip(lattices, rankings, strict=True):
            best = [_NO_ARC] * len(lattice.sentence.tokens)
            for arc, odds in zip(lattice.arcs, ranking.log_odds, strict=True):
                for number in range(arc.start, arc.end):
                    best[number] = max(best[number], odds)
            for number, token, p in _words(lattice, ranking):
                norms.append(token.norm)
                changed.append(p)
                highest.append(best[number])
        return cls(
            by_word(norms, changed),
            by_word(norms, highest),
            evidence.spin_rate or 0.0,
            evidence.spinner is not None,
        )


def share_changed(lattices: Sequence[Lattice], rankings: Sequence[Ranking]) -> float:
    """The mean P(changed) of all words, 0 without an encoder."""
    pairs = zip(lattices, rankings, strict=True)
    changed = [p for lattice, ranking in pairs for _, _, p in _words(lattice, ranking)]
    return sum(changed) / max(len(changed), 1)


def _words(lattice: Lattice, ranking: Ranking) -> Iterator[tuple[int, Token, float]]:
    """The number, token and P(changed) of each word."""
    for number, (token, p) in enumerate(
        zip(lattice.sentence.tokens, ranking.changed or (), strict=False)
    ):
        if token.kind is TokenKind.WORD:
            yield number, token, p


class Verdict:
    """The weights and the trees, see the module."""

    def __init__(
        self, glance: NDArray[np.float64], trees: NDArray[np.float32], offset: float
    ) -> None:
        """From the arrays of a data file; ValueError when they do not fit together."""
        if glance.shape != (len(GLANCE_RISES) + 1,):
            raise ValueError("made for other features")
        self._glance = glance
        self._trees = Trees(trees, offset, len(READ_RISES))

    @classmethod
    def read(cls, path: Path) -> Verdict:
        """The verdict model of a data file.

        Raises:
            DataError: when the file is missing or damaged.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                return cls(archive["glance"], archive["trees"], float(archive["offset"]))
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise DataError(f"verdict model {path} cannot be used: {error}") from error

    def glance(self, screening: Screening) -> float:
        """P(spun) after ``screening.glance`` was taken; the screen's where it was not."""
        if not screening.glance:
            return screening.spin_score
        return _score(self._after_glance(screening) + _OFFSET_GLANCE, screening.prior)

    def of(self, screening: Screening, reading: Reading) -> float:
        """P(spun) of a text that was read."""
        if not reading.changed:
            return self.glance(screening)
        odds = float(self._trees.log_odds(read_features(screening, reading)[None])[0])
        if screening.glance:
            odds = max(odds, self._glanced_twice(screening) - _OVERRULES)
        return _score(odds + _offset(screening), screening.prior)

    def _after_glance(self, screening: Screening) -> float:
        return float(glance_features(screening) @ self._glance[:-1] + self._glance[-1])

    def _glanced_twice(self, screening: Screening) -> float:
        """Log odds of the look that doubts more, where there were two."""
        told = self._after_glance(screening)
        if not screening.untold:
            return told
        return min(told, self._after_glance(replace(screening, glance=screening.untold)))


def _offset(screening: Screening) -> float:
    if screening.imitated:
        return _OFFSET_IMITATED
    return _OFFSET_SHORT if screening.words < _SHORT else _OFFSET


def word_evidence(changed: Sequence[float]) -> list[float]:
    """What P(changed) of words says of their text: nine numbers.

    The log odds of their mean and of the shares above 0.5, 0.8 and 0.95; per
    word the log likelihood ratio (nats) of four spin rates against none; the
    mean of the highest.
    """
    p = np.clip(np.asarray(changed, float), 0.0, 1.0)
    high = [logit(min(float((p > t).mean()) + 0.003, 0.95)) for t in _HIGH]
    bounded = np.clip(p, 1e-3, 0.995)
    unchanged, spun = (1 - bounded) / (1 - TRAINED_RATE), bounded / TRAINED_RATE
    ratios = [float(np.log((1 - r) * unchanged + r * spun).mean()) for r in _RATES]
    top = np.sort(p)[::-1][: max(1, len(p) // _TOP)]
    return [logit(min(max(float(p.mean()), 2e-3), 0.9)), *high, *ratios, float(top.mean())]


def glance_features(screening: Screening) -> Floats:
    """(13,): what a glance shows."""
    return np.array([*word_evidence(screening.glance), *_screened(screening)])


def read_features(screening: Screening, reading: Reading) -> Floats:
    """(27,): what reading shows."""
    best = 1 / (1 + np.exp(-np.clip(np.asarray(reading.arcs, float), -30, 30)))
    return np.array(
        [
            *word_evidence(screening.untold or reading.changed),
            *_screened(screening),
            *word_evidence(reading.changed),
            best.mean(),
            (best > 0.8).mean(),
            (best > 0.95).mean(),
            reading.rate,
            float(reading.known),
        ]
    )


# Which features may only raise the odds (1) and which may do as they like (0).
GLANCE_RISES = (*[1] * 9, 1, 1, 0, 0)
READ_RISES = (*GLANCE_RISES, *[1] * 9, 1, 1, 1, 0, 0)


def _screened(screening: Screening) -> list[float]:
    """The screen's nats a word and score, whether the text is mixed, and its length."""
    score = min(max(screening.spin_score, 1e-3), 1 - 1e-3)
    return [
        min(max(screening.ratio, -0.1), 0.3),
        logit(score),
        float(screening.mixed),
        math.log(max(screening.words, 1)),
    ]


def _score(odds: float, prior: float) -> float:
    return sigmoid(odds + logit(prior) - logit(PRIOR))
